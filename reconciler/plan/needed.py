"""Keep what running objects need: it is not replaced under them without consent to that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.mark import Owner
from reconciler.plan.change import Action, Change
from reconciler.plan.known import Known, Policy
from reconciler.resource import Life, ResourceKey

_SHOWN = 3
_RUNNING = (Life.ACTIVE, Life.UNKNOWN)
_NO_POLICY = Policy()


def keep_needed(
    decided: Mapping[ResourceKey, Change], settled: Mapping[ResourceKey, Change], known: Known
) -> dict[ResourceKey, Change]:
    """Refuse to replace a running object that others need which run on, unless consent names those as well.

    Who is replaced, stopped or deleted in the plan as `settled` does not run on. Consent to replace an
    object, in git or by `--allow`, is none to take it from others. The words name all that are missing.
    What the platform holds back for an object fails with it, so that this counts for jobs as well. What could
    not be read may run.
    """
    users: dict[ResourceKey, list[ResourceKey]] = {}
    followed: set[ResourceKey] = set()
    for change in settled.values():
        if _runs_on(change, known) and not known.consents.allows_replace(change.key):
            followed |= change.follows
            for need in change.needs:
                users.setdefault(need, []).append(change.key)
    taken = {key for key, change in decided.items() if _takes_away(change, is_followed=key in followed)}
    return {
        key: _kept(change, [settled[user] for user in sorted(users.get(key, ()))], known)
        if key in taken
        else change
        for key, change in decided.items()
    }


def keep_under(gone: Sequence[Change], known: Known) -> list[Change]:
    """Keep what lost its manifest and is needed by what lost its own as well, but stays and runs on."""
    kept = list(gone)
    while users := _users_that_stay(kept, known):
        kept = [_stays(change, users.get(change.key, "")) for change in kept]
    return kept


def _users_that_stay(gone: Sequence[Change], known: Known) -> dict[ResourceKey, str]:
    """Name, for each object that would be deleted without consent, one that needs it and stays."""
    doomed = {change.key for change in gone if change.action is Action.DELETE}
    return {
        need: str(change.key)
        for change in gone
        if change.action is Action.KEEP and change.observed and change.observed.summary.life in _RUNNING
        for need in known.last_policies.get(change.key, _NO_POLICY).needs
        if need in doomed and not known.consents.allows_delete(need)
    }


def _stays(change: Change, user: str) -> Change:
    if not user:
        return change
    consent = f"delete={change.key}"
    return replace(
        change,
        action=Action.KEEP,
        reason=f"{user} needs it, stays and runs",
        impact=None,
        needs=(),
        is_destructive=False,
        hint=f"to delete it: reconciler apply --allow {consent}",
        consent=consent,
    )


def _kept(change: Change, using: Sequence[Change], known: Known) -> Change:
    users = [user.key for user in using]
    own, is_consented = f"replace={change.key}", known.consents.allows_replace(change.key)
    is_meant = change.action is Action.REPLACE or (change.action is Action.REFUSED and change.consent == own)
    if not users or not is_meant:
        return change
    by_words = is_consented or change.action is Action.REFUSED
    words = [*([own] if by_words else ()), *(f"replace={user}" for user in users)]
    under = "it" if len(users) == 1 else "them"
    return replace(
        change,
        action=Action.REFUSED,
        reason=f"{change.reason}; {_named(users)} and {_runs(using)}",
        hint=f"To replace it under {under}, once:\nreconciler apply --allow {','.join(words)}",
        consent=",".join(words),
    )


def _runs(users: Sequence[Change]) -> str:
    if any(user.action is Action.UNKNOWN for user in users):
        return "may run"
    return "runs" if len(users) == 1 else "run"


def _named(users: Sequence[ResourceKey]) -> str:
    who = ", ".join(str(key) for key in users[:_SHOWN])
    more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
    return f"{who}{more} {'needs' if len(users) == 1 else 'need'} it"


def _takes_away(change: Change, *, is_followed: bool) -> bool:
    """Tell whether a replacement ends something that others can be using: what has ended serves nobody.

    A job serves nobody either, but those that the platform holds back for it.
    """
    if change.observed is None or change.observed.summary.life not in _RUNNING:
        return False
    return is_followed or change.kind is None or not change.kind.ends(change.observed.spec)


def _runs_on(change: Change, known: Known) -> bool:
    """Tell whether an object of ours runs now, or may, and goes on after this plan."""
    if change.action is Action.UNKNOWN:
        return True
    if change.observed is None or change.observed.summary.life not in _RUNNING:
        return False
    is_ours = change.is_adopted or known.owner(change.observed) is Owner.OURS
    return is_ours and not (change.action.recreates or change.action.destroys)
