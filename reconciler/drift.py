"""Drift: the plan read the other way, from live back to git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.cause import Diagnosis, diagnose, evidence_of
from reconciler.diff import FieldChange
from reconciler.errors import ExitCode, ProviderError, heaviest
from reconciler.health import Health, Level
from reconciler.mark import Owner
from reconciler.plan.change import Action, Change, Commit, Plan
from reconciler.plan.stopped import STATE, running_again
from reconciler.problem import Location
from reconciler.resource import EMPTY, Deleted, Life, Live, ResourceKey, StoppedBy, Summary

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
_FOREIGN = "belongs to fleet"
_OF_ACTION = {Action.UNKNOWN: "unknown", Action.ADOPT: "unclaimed"}


@dataclass(frozen=True, slots=True)
class DriftItem:
    """Tell one way in which an object is not as declared. `state` is one of STATES.

    In `fields`, `after` is git's value and `before` is live. `action` is what apply would do about it;
    `consent` the `--allow` word it would need first.

    `since` and `by` are the platform's own words, empty where it has none: of what is missing the delete,
    of what has changed the last update, of what is not ours its making, else when the phase began.
    `cause` is what the platform says led to it, `diagnosis` what kind of cause that is. `commit` brought
    the manifest into git, or took it out; `commits` last changed git's value, by pointer.
    """

    key: ResourceKey
    state: str
    fields: tuple[FieldChange, ...] = ()
    source: Location | None = None
    reason: str = ""
    hint: str = ""
    action: Action = Action.KEEP
    consent: str = ""
    since: datetime | None = None
    by: str = ""
    cause: str = ""
    diagnosis: Diagnosis | None = None
    commit: Commit | None = None
    commits: Mapping[str, Commit] = EMPTY


@dataclass(frozen=True, slots=True)
class Drift:
    """Hold all drift of a fleet, in key order, and what could not be read.

    `only` names the states that `items` is narrowed to, none for all; `unread` counts objects that could
    not be read, among `items` or not.
    """

    fleet: str
    targets: tuple[str, ...]
    declared: int
    items: tuple[DriftItem, ...]
    unknown: Mapping[str, str] = EMPTY
    failures: tuple[ProviderError, ...] = ()
    only: tuple[str, ...] = ()
    unread: int = 0

    def narrowed(self, states: Sequence[str]) -> Drift:
        """Keep the items in some states; without states, all. What could not be read counts anyhow."""
        if not states:
            return self
        items = tuple(item for item in self.items if item.state in states)
        return replace(self, items=items, only=tuple(state for state in STATES if state in states))

    def count(self, state: str) -> int:
        """Count the items in one state."""
        return sum(item.state == state for item in self.items)

    def exit_code(self) -> ExitCode:
        """Give 3 when anything drifted, 6 or 5 when something could not be read, else 0."""
        codes = [failure.exit_code for failure in self.failures]
        if self.unknown or self.unread:
            codes.append(ExitCode.UNOBSERVED)
        if any(item.state not in _QUIET | {"unknown"} for item in self.items):
            codes.append(ExitCode.CHANGES)
        return heaviest(codes)


def drift_of(
    plan: Plan,
    failures: tuple[ProviderError, ...] = (),
    *,
    ill: Mapping[ResourceKey, Health] = EMPTY,
    lives: Mapping[str, Live] = EMPTY,
) -> Drift:
    """Read a plan as drift: what would be created is missing, what would be updated has changed.

    `ill` holds the health of objects that are as declared and not well. `lives` remembers what was deleted.
    """
    items = [item for change in plan.changes if (item := _item(change, plan, ill, lives)) is not None]
    return Drift(
        fleet=plan.fleet,
        targets=plan.targets,
        declared=plan.declared,
        items=tuple(items),
        unknown=plan.unknown,
        failures=failures,
        unread=sum(item.state == "unknown" for item in items),
    )


def _item(
    change: Change, plan: Plan, ill: Mapping[ResourceKey, Health], lives: Mapping[str, Live]
) -> DriftItem | None:
    state, reason = _state(change), change.reason
    if not state:
        sick = ill.get(change.key)
        if sick is None:
            return None
        said = ": ".join(part for part in (sick.reason, sick.message) if part)
        why = diagnose(evidence_of(sick))
        found = DriftItem(
            change.key, "degraded", source=change.source, reason=sick.why, cause=said, diagnosis=why
        )
    else:
        found = DriftItem(
            change.key,
            state,
            _fields(change),
            change.source,
            reason,
            change.hint,
            change.action,
            change.consent,
        )
    since, by = _since(found, change, deleted_row(change, plan.fleet_id, lives))
    return replace(found, since=since, by=by)


def deleted_row(change: Change, fleet_id: str, lives: Mapping[str, Live]) -> Deleted | None:
    """Find the newest row that the platform remembers as deleted under a missing object's key."""
    live = lives.get(change.key.target)
    read = live.scopes.get(change.key.scope) if live else None
    if read is None or change.observed is not None or read.named(change.key.name):
        return None
    rows = [row for row in read.deleted if row.key == change.key and row.deleted_at]
    rows = [row for row in rows if row.mark is None or row.mark.fleet_id == fleet_id]
    return max(rows, key=lambda row: row.deleted_at.timestamp() if row.deleted_at else 0.0, default=None)


def _since(item: DriftItem, change: Change, gone: Deleted | None) -> tuple[datetime | None, str]:
    """Give since when and by whom, as far as the rows that were read say so."""
    row = _row(change)
    if item.state == "missing":
        return (gone.deleted_at, gone.deleted_by) if gone else (None, "")
    if row is None:
        return None, ""
    stands = any(field.pointer == STATE for field in item.fields)  # it began, or ceased, to run
    if item.state == "changed" and not stands:
        is_news = _is_after_us(change) and any(field.origin != "git" for field in item.fields)
        return (row.updated_at, row.updated_by) if is_news else (None, "")
    if item.state in ("unclaimed", "refused"):
        return (row.created_at, row.submitted_by) if _is_strange(change) else (None, "")
    if item.state == "degraded" and row.level is Level.HEALTHY:
        return None, ""  # its phase is fine: that began before the trouble did
    is_of_phase = stands or item.state in ("degraded", "stopped", "finished")
    return (row.since, "") if is_of_phase else (None, "")


def _is_after_us(change: Change) -> bool:
    """Tell whether the last update came after the create, and after the commit that we applied last."""
    row, mark = (change.observed.summary, change.observed.mark) if change.observed else (None, None)
    if row is None or row.updated_at is None or row.created_at is None or row.updated_at <= row.created_at:
        return False
    try:
        return mark is None or row.updated_at > datetime.fromisoformat(mark.commit_time)
    except (TypeError, ValueError):  # outside git there is no time, and marks hold what anybody wrote
        return True


def _is_strange(change: Change) -> bool:
    """Tell whether what is live was made by somebody else."""
    return _is_unclaimed(change) or change.reason.startswith(_FOREIGN)


def _state(change: Change) -> str:
    """Name the drift of one change; empty where it is as declared or nobody's business."""
    if state := _OF_ACTION.get(change.action):
        return state
    if change.action is Action.CREATE and not change.is_new_run:
        return "missing"
    if change.resource is None or change.resource.is_absent:
        return "orphaned" if _is_unwanted(change) else ""
    if change.action is Action.REFUSED and not _fields(change):
        return "unclaimed" if _is_unclaimed(change) else "refused"
    if _differs(change):
        return "changed"
    return _by_life(change)


def _fields(change: Change) -> tuple[FieldChange, ...]:
    """Give what differs; of what is made anew beside a run that was stopped, that this one does not run."""
    return running_again(change) if _is_stopped_for_good(change) else change.fields


def _is_stopped_for_good(change: Change) -> bool:
    return change.last is not None and change.last.life is Life.STOPPED


def _row(change: Change) -> Summary | None:
    """Give the row of an object, or of the ended run beside which it is made anew."""
    return change.observed.summary if change.observed else change.last


def _differs(change: Change) -> bool:
    """Tell whether an object is otherwise than git has it; one that has ended or stands still may be."""
    if _is_stopped_for_good(change):
        return True
    if change.observed is None or change.observed.summary.life is Life.FINISHED:
        return False
    stopped, may_wait = change.observed.stopped, change.action in (Action.KEEP, Action.RESUME)
    is_by_platform = stopped is not None and stopped.by is StoppedBy.PLATFORM
    return bool(change.fields) and not (may_wait and (is_by_platform or _shall_stand_still(change)))


def _shall_stand_still(change: Change) -> bool:
    return change.resource is not None and change.resource.is_stopped


def _is_unwanted(change: Change) -> bool:
    """Tell whether an object is there that git does not want, kept for want of consent or not."""
    wants_absent = change.resource is not None and change.observed is not None
    return wants_absent or change.action in (Action.STOP, Action.DELETE) or bool(change.consent)


def _is_unclaimed(change: Change) -> bool:
    return change.reason.startswith(Owner.UNCLAIMED.value)


def _by_life(change: Change) -> str:
    if _shall_stand_still(change):
        return ""
    row = _row(change)
    if row is None:
        return "finished" if change.action is Action.KEEP or change.is_new_run else ""
    if row.life is Life.FAILED or (row.life is Life.ACTIVE and row.level is Level.DEGRADED):
        return "degraded"
    return {Life.STOPPED: "stopped", Life.FINISHED: "finished"}.get(row.life, "")
