"""The laws that hold on either platform, each a function that gives what breaks it, or nothing.

`invariants` adds those that a platform has to be known for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.plan import Action, Plan
from tests.soak import sent
from tests.soak.ground import Ran

NOTHING_CHANGED = frozenset(
    {
        ExitCode.CHANGES,
        ExitCode.REJECTED,
        ExitCode.DENIED,
        ExitCode.UNOBSERVED,
        ExitCode.STALE,
        ExitCode.REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Say which law was broken, and how."""

    law: str
    what: str

    def __str__(self) -> str:
        return f"{self.law}: {self.what}"


def check_i2(rans: Sequence[Ran]) -> Violation | None:
    """Eventual and stable: after the last fault and the last edit of D, at most 3 applies reach I1's
    fixpoint; the next 2 applies have eff(L) = nothing. `rans` are those applies, five or fewer.
    """
    idle = [not ran.effects for ran in rans]
    if len(idle) < 2 or not all(idle[-2:]):
        return Violation("I2", f"{len(rans)} applies did not come to rest: {[ran.effects for ran in rans]}")
    return Violation("I2", f"the fourth apply still changes {rans[3].effects}") if not all(idle[3:]) else None


def check_i3(second: Ran) -> Violation | None:
    """Idempotence: apply; apply, so the second sends zero mutating requests."""
    said = [f"{entry.method} {entry.path}" for entry in second.entries if sent.is_write(entry)]
    return Violation("I3", f"a second apply sent {said}") if said else None


def check_i7(ran: Ran) -> Violation | None:
    """Plan completeness: exit 0, so every change has its effects exactly once, or a recorded proof that it
    was already satisfied.
    """
    if ran.code is not ExitCode.IN_ORDER or ran.applied is None or ran.planned is None:
        return None
    proofs = {outcome.key: outcome.why for outcome in ran.applied.outcomes}
    for change in ran.planned.plan.writes:
        made = Counter(sent.effects_on(ran, change))
        due = sent.VERBS.get(change.action.value, made)
        is_proven = proofs.get(change.key) or sent.was_so(ran, change)
        if made != due and not (is_proven and made <= due):
            return Violation("I7", f"exit 0, and {change.action} of {change.key} had {dict(made)}")
    return None


def check_i8(ran: Ran) -> Violation | None:
    """Validity gate: any invalid document, so zero requests with an effect; validation comes before any read,
    so zero requests at all. `ran` is a run over such a document.
    """
    if not ran.entries and ran.code is ExitCode.REJECTED:
        return None
    return Violation("I8", f"a document is invalid, and {len(ran.entries)} requests left ({ran.code!r})")


def check_i11(ran: Ran, moved: Collection[str]) -> Violation | None:
    """Staleness: digest(live) is not the pre-image of a change when it is checked, so no effect on that
    object. `moved` are the ids of what changed between the plan and the apply.
    """
    struck = [effect for effect in ran.effects if effect.verb != "create" and effect.id in moved]
    return Violation("I11", f"{struck} although it had moved since the plan") if struck else None


def check_i18(plans: Sequence[str]) -> Violation | None:
    """Determinism: plan bytes are equal under permutation of files and of the rows of lists."""
    if len({*plans}) <= 1:
        return None
    pairs = zip(plans[0].splitlines(), plans[-1].splitlines(), strict=False)
    return Violation(
        "I18", f"one state, two plans: {next((pair for pair in pairs if pair[0] != pair[1]), '')}"
    )


def check_i19(ran: Ran, fresh: Plan | None = None) -> Violation | None:
    """Exit truth: the exit code is a function of (L, W): 0, so a fixpoint; 3-8, so eff(L) = nothing; 9, so
    some change failed and none is unresolved; 10 where and only where one is; and the effects we report
    are those of L.

    `fresh` is a plan made at once afterwards, for the same request. A job that has ended in the meantime,
    and that git wants to run again, is no work that was left.
    """
    if ran.code in NOTHING_CHANGED and ran.effects:
        return Violation("I19", f"exit {ran.code}, and {ran.effects}")
    left = [change for change in fresh.writes if not change.is_new_run] if fresh else []
    if ran.code is ExitCode.IN_ORDER and fresh is not None and (left or fresh.unknown):
        return Violation("I19", f"exit 0, and a plan finds {[(c.action, str(c.key)) for c in left]}")
    if ran.applied is None or ran.planned is None or ran.is_killed:
        return None
    results = {outcome.result for outcome in ran.applied.outcomes}
    if (ran.code is ExitCode.UNKNOWN) != (Result.UNRESOLVED in results):
        return Violation("I19", f"exit {ran.code}, and the outcomes are {results}")
    if ran.code is ExitCode.PARTIAL and not sent.has_failed(ran):
        return Violation("I19", f"exit 9, and the outcomes are {results}")
    changes = {change.key: change for change in ran.planned.plan.changes}
    lies = (sent.is_untrue(outcome, changes[outcome.key], ran) for outcome in ran.applied.outcomes)
    return next((Violation("I19", lie) for lie in lies if lie), None)


def check_i22(narrow: Plan, whole: Plan) -> Violation | None:
    """Flags are monotone: with `--no-prune` no delete from prune; adding a flag that narrows never enlarges
    the destructive set.
    """
    ends = {change.key for change in whole.changes if change.action.destroys}
    more = [str(c.key) for c in narrow.changes if c.action.destroys and c.key not in ends]
    pruned = [str(change.key) for change in narrow.having(Action.DELETE) if change.resource is None]
    return Violation("I22", f"a narrower plan ends {more or pruned}") if more or pruned else None


def check_i23(ran: Ran) -> Violation | None:
    """Read-only commands: plan, drift, health: zero mutating methods."""
    said = [f"{entry.method} {entry.path}" for entry in ran.entries if sent.is_write(entry)]
    return Violation("I23", f"{ran.verb} sent {said}") if said and ran.verb != "apply" else None


def check_i29(ran: Ran) -> Violation | None:
    """Replace: between delete and create of one key no other change of that key; the new object appears or
    the exit is not 0.
    """
    for change in ran.planned.plan.having(Action.REPLACE, Action.RERUN) if ran.planned else ():
        verbs = sent.effects_on(ran, change)
        if verbs not in ([], ["delete"], ["delete", "create"]):
            return Violation("I29", f"the replacement of {change.key} was {verbs}")
        if verbs == ["delete"] and ran.code is ExitCode.IN_ORDER:
            return Violation("I29", f"{change.key} was deleted, not created, and the exit is 0")
    return None


def told(ran: Ran) -> list[str]:
    if ran.applied:
        left = [one for one in ran.applied.outcomes if one.result is not Result.DONE]
        return [f"{one.action} {one.key}: {one.result} {one.why}" for one in left]
    changes = ran.planned.plan.having(Action.REFUSED, Action.UNKNOWN) if ran.planned else ()
    return [f"{change.action} {change.key}: {change.reason}" for change in changes]
