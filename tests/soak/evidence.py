"""What the ledger and the world say about one run, in the terms of the invariants."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reconciler.emulator.ledger import Effect, Entry
from reconciler.emulator.runai.records import Workload
from reconciler.plan import Change
from tests.soak.ground import Ran
from tests.soak.inside import Strike, World
from tests.soak.sent import is_refused
from tests.soak.truth import (
    Key,
    asks_for,
    is_ours,
    key_of,
    looks_up,
    mark_of,
    name_in,
    project_in,
    stands,
)
from tests.soak.wishes import Wish, kind_of

_SENT_BY = {"DELETE": {"delete", "replace", "rerun"}, "POST": {"create", "replace", "rerun"}}
_ORDERS = {"suspend": {"stop"}, "resume": {"resume"}}
_LEAVES_OUT = frozenset({"no_rows", "mutate"})
_MEMORY_DAYS = 14


def is_for(entry: Entry, change: Change) -> bool:
    """Tell whether a write is what a change says: the object by id, or by name and mark."""
    action, order = change.action.value, entry.path.rpartition("/")[2]
    if order in _ORDERS:
        named = f"{entry.path} {entry.body}"  # several go by one request, named in its body
        return action in _ORDERS[order] and change.observed is not None and change.observed.id in named
    if action not in _SENT_BY.get(entry.method, {"update"}):
        return False
    if entry.method != "POST":
        return change.observed is not None and entry.path.endswith(change.observed.id)
    digest, scope = change.mark.digest if change.mark else "", change.scope.id if change.scope else ""
    is_named = (project_in(entry), name_in(entry)) == (scope, change.key.name)
    return is_named and digest in str(entry.body)


def looked(ran: Ran, name: str, since: int, until: int) -> bool:
    """Tell whether a run looked a name up between two entries."""
    return any(looks_up(entry, name) for entry in ran.entries if since < entry.seq < until)


def is_believable(entry: Entry, effect: Effect, project: str, world: World) -> bool:
    """Tell whether a list may lead to an effect: whole, or short of nothing.

    A delete does not hang on what a list leaves out: its object was in it, and is read again.
    """
    if entry.status != 200 or (entry.fault is not None and entry.fault not in _LEAVES_OUT):
        return False
    has_some = any(one.project.name == project for one in world.values())
    return entry.fault is None or effect.verb == "delete" or not has_some


def reads_before(strike: Strike, ran: Ran, earlier: Sequence[Ran]) -> int:
    """Count a run's reads about the key of a create, after the last write that may have changed it."""
    name, project, until = name_in(strike.entry), project_in(strike.entry), strike.entry.seq
    seen = [one for each in (*earlier, ran) for world in (each.before, each.after) for one in world.values()]
    ids = {one.id for one in seen if (one.name, one.project.id) == (name, project)}
    writes = [
        other.entry
        for each in (*earlier, ran)
        for other in each.strikes
        if other.entry.seq < until and not is_refused(other.entry)
    ]
    since = max((entry.seq for entry in writes if _concerns(entry, name, project, ids)), default=0)
    return sum(
        since < read.seq < until
        and read.method == "GET"
        and (asks_for(read, project) or looks_up(read, name) or any(id_ in read.path for id_ in ids))
        for read in ran.entries
    )


def _concerns(entry: Entry, name: str, project: str, ids: Collection[str]) -> bool:
    if entry.method == "POST":
        return (name_in(entry), project_in(entry)) == (name, project)
    return entry.method == "DELETE" and any(id_ in entry.path for id_ in ids)


def completed(one: Workload) -> bool:
    """Tell whether a workload ever came to its good end."""
    return any(change.phase == "Completed" for change in one.history)


def has_finished(key: Key, past: World) -> bool:
    """Tell whether an object of ours under this key has ended, well or not."""
    return any(key_of(one) == key and one.completed_at and is_ours(one) for one in past.values())


def waits(wish: Wish, past: World) -> bool:
    """Tell whether what git wants waits for a job that has not completed; what runs stays as it was."""
    need = (wish.project, wish.needs)
    return bool(wish.needs) and not any(
        key_of(one) == need and is_ours(one) and completed(one) for one in past.values()
    )


def done_before(made: Workload, strike: Strike, past: World) -> Workload | None:
    """Give the run that a create comes after: ours, finished well, and still remembered by the platform."""
    before = [one for one in past.values() if key_of(one) == key_of(made) and one.number < made.number]
    last = max(before, key=lambda one: one.number, default=None)
    if last is None or not is_ours(last) or not completed(last) or kind_of(last) != kind_of(made):
        return None
    is_known = last.deleted_at is None or (strike.entry.at - last.deleted_at).days < _MEMORY_DAYS
    return last if is_known else None


def is_asked_for(made: Workload, last: Workload, wish: Wish) -> bool:
    """Tell whether git asks for a run after one that finished: always, by a new runId, or by another spec."""
    old, new = mark_of(last), mark_of(made)
    is_other = old is not None and new is not None and old.digest != new.digest
    is_new = bool(wish.run_id) and old is not None and old.run_id != wish.run_id
    return wish.run == "Always" or is_new or (wish.run == "OnChange" and is_other)


def may_end(done: Workload, wish: Wish) -> bool:
    """Tell whether git asks to delete a finished job, which is done to run it again."""
    old = mark_of(done)
    is_new = bool(wish.run_id) and old is not None and old.run_id != wish.run_id
    return wish.run in ("Always", "OnChange") or is_new


def is_presumed(last: Workload, world: World) -> bool:
    """Tell whether a run whose mark no list shows is known as ours: by who made what else its project has."""
    beside = [one for one in world.values() if one.project == last.project and stands(one)]
    return any(is_ours(one) and one.created_by == last.created_by for one in beside)
