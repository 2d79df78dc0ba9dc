"""What the ledger and the world say about one run on Primus-SaFE, in the terms of the invariants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.emulator.ledger import Entry
from reconciler.emulator.primus_safe.records import Workload
from reconciler.plan import Change
from tests.soak.ground import Place, Ran
from tests.soak.inside import Strike
from tests.soak.primus_safe.truth import (
    asks_for,
    ids_in,
    is_create,
    key_in,
    key_of,
    looks_up,
    mark_of,
    runs_of,
    succeeded,
)
from tests.soak.primus_safe.wishes import Wish
from tests.soak.sent import is_refused

_DIGITS = 12
_LEAVES_OUT = frozenset({"no_rows", "mutate", "emptied"})
_SENT_BY = {"PATCH": {"update", "adopt"}, "DELETE": {"delete", "replace"}, "POST": {"stop"}}


def is_for(entry: Entry, change: Change) -> bool:
    """Tell whether a write is what a change says: the object by id, or by key and mark."""
    action, key = change.action.value, change.key
    if is_create(entry):
        mark = change.mark.digest[: _DIGITS + 2] if change.mark else "?"
        is_named = key_in(entry) == (key.scope, key.kind, key.name)
        return action in {"create", "replace"} and is_named and mark in str(entry.body)
    is_meant = change.observed is not None and change.observed.id in ids_in(entry)
    return is_meant and action in _SENT_BY[entry.method]


def is_read(ran: Ran, workspace: str, until: int) -> bool:
    """Tell whether a run listed a workspace before a write, and the answer was whole."""
    lists = [entry for entry in ran.entries if entry.seq < until and asks_for(entry, workspace)]
    if not lists or lists[-1].status != 200:
        return False
    has_some = any(one.spec.workspace == workspace for one in ran.before.values())
    return lists[-1].fault is None or (lists[-1].fault in _LEAVES_OUT and not has_some)


def reads_before(strike: Strike, ran: Ran, earlier: Sequence[Ran]) -> int:
    """Count a run's reads about the key of a create, after the last write that may have changed it."""
    key, until = key_in(strike.entry), strike.entry.seq
    seen = [one for each in (*earlier, ran) for world in (each.before, each.after) for one in world.values()]
    ids = {one.id for one in seen if key_of(one) == key}
    writes = [each.entry for one in (*earlier, ran) for each in one.strikes if each.entry.seq < until]
    since = max((entry.seq for entry in writes if _concerns(entry, key, ids)), default=0)
    return sum(
        since < read.seq < until
        and (read.method, read.status in (200, 404)) == ("GET", True)
        and (asks_for(read, key[0]) or looks_up(read, key[0], key[2]) or _names(read, ids))
        for read in ran.entries
    )


def _concerns(entry: Entry, key: Place, ids: set[str]) -> bool:
    if is_refused(entry):
        return False
    return key_in(entry) == key if is_create(entry) else not ids.isdisjoint(ids_in(entry))


def _names(entry: Entry, ids: set[str]) -> bool:
    return any(id_ in f"{entry.path}?{entry.query}" for id_ in ids)


def done_before(made: Workload, past: Mapping[str, Workload]) -> Workload | None:
    """Give the run that a create comes after: ours, finished well, and its row was not hidden."""
    before = [one for one in runs_of(key_of(made), past) if one.number < made.number]
    return before[-1] if before and succeeded(before[-1]) else None


def is_asked_for(made: Workload, last: Workload, wish: Wish) -> bool:
    """Tell whether git asks for a run after one that finished: always, by a new runId, or by another spec."""
    old, new = mark_of(last), mark_of(made)
    is_other = old is not None and new is not None and old.digest != new.digest
    is_new = bool(wish.run_id) and old is not None and old.run_id != wish.run_id
    return wish.run == "Always" or is_new or (wish.run == "OnChange" and is_other)


def waits(wish: Wish, past: Mapping[str, Workload]) -> bool:
    """Tell whether what git wants waits for a job that has not succeeded."""
    return bool(wish.needs) and not any(succeeded(one) for one in runs_of(wish.needed, past))
