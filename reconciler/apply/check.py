"""Comparisons around a write: is it still what the plan saw, and did it take. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.diff import ABSENT, FieldChange, projected
from reconciler.mark import Owner, is_same_digest, owner_of
from reconciler.plan.change import Action, Change
from reconciler.plan.declared import compare_with
from reconciler.pointer import is_below, leaves
from reconciler.provider import Edit
from reconciler.resource import Json, Life, Observed, Summary


def moved(change: Change, now: Observed, fleet_id: str) -> str:
    """Say what changed since the plan looked; "" if nothing that the plan rests on did."""
    before = change.observed
    if before is None or now.id != before.id:
        return "it is another object now"
    owner, expected = _owner(now, fleet_id), Owner.OURS
    if change.is_adopted:
        expected = _owner(before, fleet_id)
    if owner is not expected and _carries_mark(change):
        return f"its mark says {owner.value}"
    if now.summary.life is not before.summary.life:
        return f"it was {before.summary.life} and is {now.summary.life}"
    if change.resource and change.resource.is_absent:
        return _loaded(before, now)
    paths = _moved_fields(change, before, now) if change.resource else _moved_record(change, before, now)
    return ", ".join(paths)


def _owner(seen: Observed, fleet_id: str) -> Owner:
    return owner_of(seen.mark, fleet_id=fleet_id, identity=seen.summary.identity)


def _carries_mark(change: Change) -> bool:
    return change.kind is None or change.kind.support.carries_mark


def _loaded(before: Observed, now: Observed) -> str:
    """Say what runs on an object that ends, and did not when the plan weighed it."""
    known = {row.id for row in before.carries if row.life is not Life.LEAVING}
    new = [str(row.key) for row in now.carries if row.id not in known and row.life in _RUNS]
    return f"{len(new)} more run on it: {', '.join(new[:3])}" if new else ""


_RUNS = (Life.ACTIVE, Life.UNKNOWN)


def _moved_fields(change: Change, before: Observed, now: Observed) -> tuple[str, ...]:
    """Name the declared fields that compare otherwise than they did in the plan.

    A stop or resume leaves the spec alone, so its fields say nothing of it.
    """
    if change.resource is None or change.kind is None:
        return ()
    seen = compare_with(before, change.resource, change.kind).changes
    planned = _by_pointer(seen if change.action.is_halting else change.fields)
    changes = compare_with(now, change.resource, change.kind).changes
    found = _by_pointer(changes)
    fixed = {field.pointer for field in changes if not field.in_place}
    closed = fixed if change.action in (Action.UPDATE, Action.ADOPT) else frozenset()  # it has started since
    return tuple(sorted(p for p in planned | found if planned.get(p) != found.get(p) or p in closed))


def _by_pointer(fields: Iterable[FieldChange]) -> dict[str, tuple[Json, Json]]:
    return {field.pointer: (field.before, field.after) for field in fields}


def _moved_record(change: Change, before: Observed, now: Observed) -> tuple[str, ...]:
    """Name what moved on an object without a manifest: its mark, or fields that its record declares."""
    if before.mark is not None and now.mark is not None and before.mark.digest != now.mark.digest:
        return ("another apply changed it",)
    if change.kind is None or before.record is None:
        return ()
    declared = change.kind.canonical(before.record)
    then, since = (dict(leaves(projected(declared, change.kind.canonical(o.spec)))) for o in (before, now))
    return tuple(sorted(p for p in then | since if then.get(p, ABSENT) != since.get(p, ABSENT)))


def not_taken(change: Change, now: Observed) -> tuple[str, ...]:
    """Name what the object does not show although it was sent: the fields that still differ.

    After an update only the fields that were sent count; after a create all that is declared.
    """
    if change.resource is None or change.kind is None:
        return ()
    still = [field.pointer for field in compare_with(now, change.resource, change.kind).changes]
    if change.observed is None or change.action.recreates:
        return tuple(still)
    sent = [field.pointer for field in change.fields]
    dropped = tuple(p for p in still if any(_touches(p, other) for other in sent))
    is_unmarked = change.mark is not None and _owner(now, change.mark.fleet_id) is not Owner.OURS
    return (*dropped, "our mark") if change.action is Action.ADOPT and is_unmarked else dropped


def _touches(one: str, other: str) -> bool:
    return is_below(one, other) or is_below(other, one)


def edit_of(change: Change) -> Edit:
    """Turn field changes into what an update sends; removed fields go to their default, else to null."""
    declared: tuple[str, ...] = ()
    if change.resource is not None and change.kind is not None:
        declared = tuple(p for p, _ in leaves(change.kind.canonical(change.resource.spec)))
    changed, removed = [], {}
    for field in change.fields:
        is_stated = field.pointer.startswith("/metadata/")
        if is_stated or any(_touches(field.pointer, pointer) for pointer in declared):
            changed.append(field.pointer)
        else:
            removed[field.pointer] = None if field.after is ABSENT else field.after
    return Edit(changed=tuple(changed), removed=removed)


def is_in_the_way(change: Change, found: Observed, fleet_id: str) -> bool:
    """Tell whether an object holds the place of what this change would create, and no read showed it before.

    What lives and is ours holds it whatever its spec: a run that broke off may have made it from an older
    commit. Runs that have ended stay, and look like the next one: those up to the one that was seen are old.
    """
    last, made = change.last, found.summary.created_at
    if _is_over(found):
        is_old = last is not None and (found.id == last.id or not _is_after(made, last))
        return not is_old and is_twin(change, found, fleet_id)
    is_leaving = found.summary.life is Life.LEAVING
    return is_twin(change, found, fleet_id) or (not is_leaving and _owner(found, fleet_id) is Owner.OURS)


def _is_over(found: Observed) -> bool:
    return found.summary.life in (Life.FINISHED, Life.FAILED, Life.STOPPED)


def _is_after(made: datetime | None, last: Summary) -> bool:
    return made is None or last.created_at is None or made > last.created_at


def is_twin(change: Change, found: Observed, fleet_id: str) -> bool:
    """Tell whether an object is what this change would create: our mark, the same spec, not leaving."""
    mark, wanted = found.mark, change.mark
    if not _carries_mark(change):
        return found.summary.life is not Life.LEAVING  # all that tells it is its name
    if mark is None or wanted is None or found.summary.life is Life.LEAVING:
        return False
    is_ours = _owner(found, fleet_id) is Owner.OURS
    return is_ours and is_same_digest(mark.digest, wanted.digest) and mark.run_id == wanted.run_id
