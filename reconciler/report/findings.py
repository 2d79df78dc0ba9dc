"""Read results as problems: what a reviewer must look at, each with its place in the repository.

Code scanning, code quality and annotations show these. A change that merely waits to be applied is no
finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.capacity import Chance
from reconciler.drift import Drift, DriftItem
from reconciler.errors import ProviderError
from reconciler.outcome import Applied, Verdict
from reconciler.plan.change import Action, Change, FieldChange, Plan
from reconciler.problem import Location, Problem, Severity
from reconciler.report.cause import advice
from reconciler.report.drift import drift_sides
from reconciler.report.platform import failure_problems
from reconciler.report.values import key_text, sides
from reconciler.resource import EMPTY, ResourceKey

_DRIFTED = {
    "changed": ("RC340", "is not as git says"),
    "missing": ("RC341", "is declared and not there"),
    "orphaned": ("RC342", "is live, and git no longer declares it"),
    "unclaimed": ("RC430", "is not ours"),
    "refused": ("RC343", "differs, and the change is refused"),
    "degraded": ("RC507", "is not well"),
    "unknown": ("RC412", "could not be read"),
}


def plan_findings(
    plan: Plan,
    *,
    refusals: Sequence[Problem] = (),
    failures: Sequence[ProviderError] = (),
    warnings: Sequence[Problem] = (),
) -> list[Problem]:
    """List what stands in a plan's way, what it refuses, what will never fit, and its warnings."""
    refused = [_refused(change, len(plan.targets)) for change in plan.having(Action.REFUSED)]
    return [*refusals, *failure_problems(failures), *refused, *_unfit(plan), *plan.notes, *warnings]


def _unfit(plan: Plan) -> Iterator[Problem]:
    """Find what a forecast says will never start."""
    never = {each.key: each for each in plan.forecast.outlooks} if plan.forecast else {}
    for change in plan.changes:
        outlook = never.get(change.key)
        if outlook is not None and outlook.chance is Chance.NEVER:
            yield Problem(
                "RC344",
                f"{key_text(change.key, len(plan.targets))} never fits: {outlook.why}",
                change.source,
                why=outlook.reason,
                hint="ask for less, or name another node pool",
                severity=Severity.WARNING,
                subject=change.key.full,
            )


def _refused(change: Change, targets: int) -> Problem:
    first = change.fields[0] if change.fields else None
    return Problem(
        "RC343",
        f"{key_text(change.key, targets)}: the change is refused: {change.reason}",
        (first.place if first else None) or change.source,
        why="\n".join(_moved(field) for field in change.fields),
        hint=change.hint,
        severity=Severity.WARNING,
        subject=change.key.full,
        pointer=first.pointer if first else "",
    )


def _moved(field: FieldChange) -> str:
    before, after = sides(field)
    return f"{field.pointer}: {before} -> {after}"


def drift_findings(drift: Drift) -> list[Problem]:
    """List what is live and not as git says, each field by itself, and what could not be read."""
    found = [problem for item in drift.items for problem in _drifted(item, len(drift.targets))]
    unread = [
        Problem("RC412", f"{scope} could not be read", why=why, subject=scope)
        for scope, why in sorted(drift.unknown.items())
        if not drift.failures
    ]
    return [*failure_problems(drift.failures), *unread, *found]


def _drifted(item: DriftItem, targets: int) -> Iterator[Problem]:
    if item.state not in _DRIFTED:
        return
    code, words = _DRIFTED[item.state]
    severity = Severity.ERROR if item.state == "unknown" else Severity.WARNING
    what = f"{key_text(item.key, targets)} {words}"
    told = "\n".join(filter(None, (item.reason, item.cause, advice(item.diagnosis))))
    for field in item.fields:
        live, git = drift_sides(field)
        yield Problem(
            code,
            f"{what}: {field.pointer}",
            field.place or item.source,
            why=f"git {git}, live {live}",
            hint=item.hint,
            severity=severity,
            subject=item.key.full,
            pointer=field.pointer,
        )
    if not item.fields:
        yield Problem(
            code, what, item.source, why=told, hint=item.hint, severity=severity, subject=item.key.full
        )


def applied_findings(applied: Applied, plan: Plan | None = None) -> list[Problem]:
    """List what an apply could not do, and what is not well after it."""
    places = {change.key: change.source for change in plan.changes} if plan else EMPTY
    failed = [outcome.problem for outcome in applied.outcomes if outcome.problem]
    return [*failed, *verdict_findings(applied.verdicts, places)]


def verdict_findings(
    verdicts: Sequence[Verdict], places: Mapping[ResourceKey, Location | None] = EMPTY
) -> list[Problem]:
    """List what is not well. `places` tells where each object is declared."""
    return [_unwell(verdict, places.get(verdict.key)) for verdict in verdicts if not verdict.is_good]


def _unwell(verdict: Verdict, place: Location | None) -> Problem:
    health = verdict.health
    return verdict.problem or Problem(
        "RC507", f"{verdict.key} is {health.level.lower()}", place, why=health.why, subject=verdict.key.full
    )
