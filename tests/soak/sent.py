"""What a run sent, what that did, and whether the run tells so: on either platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.emulator.ledger import Effect, Entry
from reconciler.outcome import Outcome, Result
from reconciler.plan import Action, Change
from tests.soak.ground import Ran
from tests.soak.inside import Strike

WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429})
"""Answers by which a platform says that a write had no effect; 429 only where it struck before it."""


VERBS: Mapping[str, Counter[str]] = {
    "create": Counter(create=1),
    "update": Counter(update=1),
    "delete": Counter(delete=1),
    "replace": Counter(delete=1, create=1),
    "rerun": Counter(delete=1, create=1),
    "stop": Counter(stop=1),
    "resume": Counter(resume=1),
}
"""What each action comes to on a platform, in our words for it."""
_CALLED = {"suspend": "stop"}
"""What a platform's ledger calls otherwise than we do."""
UNSENT = frozenset({Result.REFUSED, Result.DEFERRED, Result.NOT_ATTEMPTED, Result.SKIPPED})


def struck(ran: Ran) -> list[tuple[Strike, Effect, Any]]:
    """Give every effect of a run with its write and its object, as it was before or is after."""
    found = []
    for strike in ran.strikes:
        for effect in strike.entry.effects:
            one = strike.after.get(effect.id) or strike.before.get(effect.id)
            if one is not None:
                found.append((strike, effect, one))
    return found


def effects_on(ran: Ran, change: Change) -> list[str]:
    """Name what a run did to the object of one change, in order."""
    key = change.key
    return [
        called(effect)
        for _, effect, one in struck(ran)
        if ran.place_of(one) == (key.scope, key.kind, key.name)
    ]


def called(effect: Effect) -> str:
    """Give our word for what an effect did."""
    return _CALLED.get(effect.verb, effect.verb)


def was_so(ran: Ran, change: Change) -> bool:
    """Tell whether an update was answered well and changed nothing: it was so, and no read showed it."""
    id_ = change.observed.id if change.observed else "?"
    told = [one.entry for one in ran.strikes if one.entry.path.endswith(id_) and not one.entry.effects]
    return change.action is Action.UPDATE and any(one.status == 200 and one.fault is None for one in told)


def is_untrue(outcome: Outcome, change: Change, ran: Ran) -> str:
    """Say what an outcome tells that the ledger does not; nothing where it is true."""
    made = Counter(effects_on(ran, change))
    if outcome.result in UNSENT and made:
        return f"{outcome.key} is said to be {outcome.result}, and had {dict(made)}"
    due = VERBS.get(change.action.value, made)
    if outcome.result is Result.FAILED and change.action is Action.CREATE and made == due:
        return f"the create of {outcome.key} is said to have failed ({outcome.why}), and had {dict(made)}"
    is_done = outcome.result is Result.DONE and not outcome.why and not was_so(ran, change)
    if is_done and change.action.writes and made != due:
        return f"{outcome.action} of {outcome.key} is said to be done, and had {dict(made)}"
    return ""


def has_failed(ran: Ran) -> bool:
    """Tell whether a run says of anything that it did not come to what was planned."""
    if ran.applied is None:
        return False
    left = {outcome.result for outcome in ran.applied.outcomes} - {Result.DONE, Result.DEFERRED}
    return bool(left or ran.applied.not_taken or ran.applied.replan_problem)


def is_write(entry: Entry) -> bool:
    """Tell whether a request asks for a change; a login does not."""
    return entry.method in WRITES and not entry.is_login


def is_refused(entry: Entry) -> bool:
    """Tell whether the answer to a write says that nothing happened, and is true."""
    return entry.status in REFUSALS and not entry.effects


def first_write(entries: Iterable[Entry]) -> int:
    """Give the sequence number of the first write, or of no request at all."""
    return min((entry.seq for entry in entries if is_write(entry)), default=1 << 60)
