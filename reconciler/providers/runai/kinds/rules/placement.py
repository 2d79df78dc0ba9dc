"""Rules for placement: tolerations, affinity and priority."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    VALUE,
    Part,
    found,
    is_open,
    items,
    items_of,
    missing,
    part,
)
from reconciler.problem import Problem

PRIORITIES = ("very-low", "low", "medium-low", "medium", "medium-high", "high", "very-high")
FORMER_PRIORITIES = ("build", "interactive-preemptible", "train")
"""Names that control planes up to 2.21 know."""


def priority(spec: Part) -> Iterator[Problem]:
    """Warn of a priority that is none of the platform's. An installation may have named its own."""
    for field in ("priorityClass", "priority"):
        stated = spec.get(field)
        if isinstance(stated, str) and not is_open(stated) and stated not in PRIORITIES + FORMER_PRIORITIES:
            yield found(
                VALUE,
                spec.at(field),
                f'is "{stated}", none of the platform\'s own priorities',
                f"write {', '.join(PRIORITIES[:-1])} or {PRIORITIES[-1]}",
                warning=True,
            )


def tolerations(pod: Part) -> Iterator[Problem]:
    """Ask that a toleration is whole, and that its fields go together."""
    for toleration in items(pod, "tolerations"):
        yield from missing(toleration, "key", "operator", "effect")
        operator, effect = toleration.get("operator"), toleration.get("effect")
        if toleration.get("value") and operator == "Exists":
            yield found(
                COMBINATION,
                toleration.at("value"),
                "stands with operator: Exists, which compares no value",
                "remove value, or write operator: Equal",
            )
        if toleration.has("seconds") and effect not in ("NoExecute", None):
            yield found(
                COMBINATION,
                toleration.at("seconds"),
                f"stands with effect: {effect}",
                "remove seconds, or write effect: NoExecute",
            )


def affinity(pod: Part) -> Iterator[Problem]:
    """Ask that comparisons have the values they need."""
    for term in items(pod, "nodeAffinityRequired", "nodeSelectorTerms"):
        for expression in items_of(term, "matchExpressions"):
            operator, values = expression.get("operator"), expression.get("values")
            count = len(values) if isinstance(values, list) else 0
            if operator in ("In", "NotIn") and not count:
                yield found(
                    NEEDED, expression.at("values"), f"is missing: {operator} compares values", "add values:"
                )
            if operator in ("Exists", "DoesNotExist") and count:
                yield found(COMBINATION, expression.at("values"), f"stands with {operator}", "remove values")
            if operator in ("Gt", "Lt") and count != 1:
                yield found(COMBINATION, expression.at("values"), f"must hold one number for {operator}", "")
    near = part(pod, "podAffinity")
    if near.fields:
        yield from missing(near, "type", "key")
