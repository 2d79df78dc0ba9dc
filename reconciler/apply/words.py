"""Explain failed changes: from the platform's error to a problem with its code and the way out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    NotSent,
    ProviderError,
    Rejected,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from reconciler.outcome import Outcome, Result
from reconciler.plan.change import Change
from reconciler.problem import Problem
from reconciler.resource import Summary

_REFUSALS: tuple[tuple[type[ProviderError], str, str], ...] = (
    (Unauthenticated, "RC401", "the credentials were not accepted"),
    (Forbidden, "RC420", "not allowed"),
    (NotFound, "RC403", "not found"),
    (Conflict, "RC421", "the state forbids it"),
    (Rejected, "RC421", "rejected"),
    (Throttled, "RC423", "the platform asks to slow down"),
    (Malformed, "RC412", "the answer is not what the platform documents"),
    (Unknown, "RC431", "the outcome is not known"),
)


_HINTS = {
    "RC401": "run apply again; if it stays, the key was deleted or regenerated",
    "RC420": "give the credentials a role that may do this there, then run apply again",
    "RC423": "run apply again later; it does what is left",
    "RC422": "run apply again; it does what is left",
    "RC410": "run apply again; it does what is left",
}


def refused(change: Change, verb: str, error: ProviderError) -> Outcome:
    """Make the outcome of a request that was turned down, quoting the platform where it was asked."""
    if isinstance(error, NotSent):
        why = error.problem.what
        held = replace(error.problem, what=f"{change.key}: the {verb} was not sent: {why}")
        return failed(change, f"{verb}: not sent: {why}", held)
    code, words = _named(error)
    status = f" ({error.status})" if error.status else ""
    problem = Problem(
        code,
        f"{change.key}: {verb}: {words}{status}",
        why=f'{_platform(change)} says: "{error.said}"' if error.status and error.said else error.said,
        hint=error.hint or _HINTS.get(code, ""),
    )
    said = f": {error.said}" if error.said else ""
    return failed(change, f"{verb}: {words}{status}{said}", problem)


def _named(error: ProviderError) -> tuple[str, str]:
    if isinstance(error, Unavailable):
        return (
            ("RC422", "the platform failed") if error.status else ("RC410", "the platform cannot be reached")
        )
    return next(
        ((code, words) for kind, code, words in _REFUSALS if isinstance(error, kind)), ("RC422", "failed")
    )


def _platform(change: Change) -> str:
    kind = change.kind
    return (kind.platform or kind.provider) if kind else change.key.target


def failed(change: Change, why: str, problem: Problem | None = None, *, object_id: str = "") -> Outcome:
    """Make a failed outcome; the problem gets the place of the manifest."""
    placed = replace(problem, location=change.source, subject=str(change.key)) if problem else None
    return Outcome(change.key, change.action, Result.FAILED, id=object_id, why=why, problem=placed)


def stale(change: Change, what: str) -> Outcome:
    """Make the outcome of a change whose object is not what the plan saw."""
    return failed(change, f"changed since the plan: {what}")


def not_taken(change: Change, paths: Sequence[str], object_id: str) -> Outcome:
    """Make the outcome of a write that was accepted and had no or half an effect."""
    names = ", ".join(paths)
    problem = Problem(
        "RC432",
        f"{change.key}: {change.action} was accepted, but did not take: {names}",
        why="the object was read back and does not show it",
        hint="look at the object on the platform; a policy or an older server may drop these fields",
        pointer=paths[0] if paths else "",
    )
    return failed(change, f"accepted, but did not take: {names}", problem, object_id=object_id)


def taken(change: Change, holder: Summary) -> Outcome:
    """Make the outcome of a create whose name somebody else holds."""
    source = f", {holder.source}" if holder.source else ""
    what = f"{holder.key} exists but is not ours (made by {holder.submitted_by or 'somebody'}{source})"
    problem = Problem("RC430", what, hint="rename the manifest, or remove the live object")
    return failed(change, what, problem)


def unresolved(change: Change, why: str, *, object_id: str = "") -> Outcome:
    """Make the outcome of a write of which nobody can tell whether it had an effect."""
    problem = Problem(
        "RC431",
        f"{change.key}: the outcome of the {change.action} is not known",
        location=change.source,
        why=why,
        hint="run plan in a minute: it shows what is really there; nothing is sent twice",
        subject=str(change.key),
    )
    return Outcome(change.key, change.action, Result.UNRESOLVED, id=object_id, why=why, problem=problem)


def done(change: Change, object_id: str, why: str = "") -> Outcome:
    """Make the outcome of a change that took."""
    return Outcome(change.key, change.action, Result.DONE, id=object_id, why=why)


def leaving(change: Change, object_id: str, why: str = "") -> Outcome:
    """Make the outcome of a delete that was accepted, while reads still show the object on its way out."""
    return replace(done(change, object_id, why), is_leaving=True)


def half_done(outcome: Outcome) -> Outcome:
    """Say of a replacement whose second half failed that the first half is done."""
    lead = "deleted, but not created again; the next apply creates it"
    return replace(outcome, why=f"{lead} ({outcome.why})" if outcome.why else lead)
