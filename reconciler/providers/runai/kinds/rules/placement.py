"""Rules for placement: tolerations and affinity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.problem import Problem
from reconciler.providers.runai.kinds.rules.finding import (
    COMBINATION,
    NEEDED,
    found,
    items,
    items_of,
    missing,
    part,
)
from reconciler.resource import Json


def tolerations(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Ask that a toleration is whole, and that its fields go together."""
    for toleration in items(spec, "tolerations"):
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


def affinity(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Ask that comparisons have the values they need."""
    for term in items(spec, "nodeAffinityRequired", "nodeSelectorTerms"):
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
    near = part(spec, "podAffinity")
    if near.fields:
        yield from missing(near, "type", "key")
