"""Drift: the plan read the other way, from live back to git."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.diff import FieldChange
from reconciler.errors import ExitCode, ProviderError, heaviest
from reconciler.health import Health, Level
from reconciler.mark import Owner
from reconciler.plan.change import Action, Change, Plan
from reconciler.problem import Location
from reconciler.resource import EMPTY, Life, ResourceKey

STATES = (
    "changed",
    "missing",
    "degraded",
    "unclaimed",
    "orphaned",
    "refused",
    "stopped",
    "finished",
    "unknown",
)
_QUIET = frozenset({"finished", "stopped"})


@dataclass(frozen=True, slots=True)
class DriftItem:
    """Tell one way in which an object is not as declared. `state` is one of STATES.

    In `fields`, `after` is git's value and `before` is live. `action` is what apply would do about it;
    `consent` the `--allow` word it would need first.
    """

    key: ResourceKey
    state: str
    fields: tuple[FieldChange, ...] = ()
    source: Location | None = None
    reason: str = ""
    hint: str = ""
    action: Action = Action.KEEP
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """Hold all drift of a fleet, in key order, and what could not be read."""

    fleet: str
    targets: tuple[str, ...]
    declared: int
    items: tuple[DriftItem, ...]
    unknown: Mapping[str, str] = EMPTY
    failures: tuple[ProviderError, ...] = ()

    def count(self, state: str) -> int:
        """Count the items in one state."""
        return sum(item.state == state for item in self.items)

    def exit_code(self) -> ExitCode:
        """Give 3 when anything drifted, 6 or 5 when something could not be read, else 0."""
        codes = [failure.exit_code for failure in self.failures]
        if self.unknown or self.count("unknown"):
            codes.append(ExitCode.UNOBSERVED)
        if any(item.state not in _QUIET | {"unknown"} for item in self.items):
            codes.append(ExitCode.CHANGES)
        return heaviest(codes)


def drift_of(
    plan: Plan,
    failures: tuple[ProviderError, ...] = (),
    *,
    ill: Mapping[ResourceKey, Health] = EMPTY,
) -> Drift:
    """Read a plan as drift: what would be created is missing, what would be updated has changed.

    `ill` holds the health of objects that are as declared and not well.
    """
    items = [item for change in plan.changes if (item := _item(change, ill)) is not None]
    return Drift(
        fleet=plan.fleet,
        targets=plan.targets,
        declared=plan.declared,
        items=tuple(items),
        unknown=plan.unknown,
        failures=failures,
    )


def _item(change: Change, ill: Mapping[ResourceKey, Health]) -> DriftItem | None:
    state = _state(change)
    if not state:
        sick = ill.get(change.key)
        return DriftItem(change.key, "degraded", source=change.source, reason=sick.why) if sick else None
    return DriftItem(
        change.key,
        state,
        change.fields,
        change.source,
        change.reason,
        change.hint,
        change.action,
        change.consent,
    )


def _state(change: Change) -> str:
    """Name the drift of one change; empty where it is as declared or nobody's business."""
    if change.action is Action.UNKNOWN:
        return "unknown"
    if change.action is Action.CREATE and not change.is_new_run:
        return "missing"
    if change.resource is None or change.resource.is_absent:
        return "orphaned" if _is_unwanted(change) else ""
    if change.action is Action.REFUSED and not change.fields:
        return "unclaimed" if _is_unclaimed(change) else "refused"
    if change.fields and change.observed and change.observed.summary.life is not Life.FINISHED:
        return "changed"
    return _by_life(change)


def _is_unwanted(change: Change) -> bool:
    """Tell whether an object is there that git does not want, kept for want of consent or not."""
    wants_absent = change.resource is not None and change.observed is not None
    return wants_absent or change.action is Action.DELETE or bool(change.consent)


def _is_unclaimed(change: Change) -> bool:
    return change.reason.startswith(Owner.UNCLAIMED.value)


def _by_life(change: Change) -> str:
    if change.observed is None:
        return "finished" if change.action is Action.KEEP or change.is_new_run else ""
    life, level = change.observed.summary.life, change.observed.summary.level
    if life is Life.FAILED or (life is Life.ACTIVE and level is Level.DEGRADED):
        return "degraded"
    return {Life.STOPPED: "stopped", Life.FINISHED: "finished"}.get(life, "")
