"""Verdicts: when a wait ends, and what is wrong in words and a code. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.cause import ABOUT, Cause
from reconciler.errors import shortened
from reconciler.health import DROPPED, Health, Level
from reconciler.outcome import Verdict, whereabouts
from reconciler.problem import Problem
from reconciler.resource import HealthPolicy, Resource

GOOD = frozenset({Level.HEALTHY, Level.SUSPENDED})

_COMPUTE = "/spec/compute"
_CODES = {
    Cause.IMAGE: "RC501",
    Cause.GPU_MEMORY: "RC502",
    Cause.HOST_MEMORY: "RC502",
    Cause.TRACEBACK: "RC503",
    Cause.COLLECTIVE: "RC508",
    Cause.DISK: "RC509",
    Cause.REFERENCE: "RC510",
    Cause.COMMAND: "RC511",
    Cause.NODE: "RC512",
    Cause.CRASH: "RC513",
    Cause.ASSERTION: "RC514",
    Cause.QUOTA: "RC515",
}
_FIELDS: Mapping[Cause, tuple[str, ...]] = {
    Cause.IMAGE: ("/spec/image",),
    Cause.HOST_MEMORY: (f"{_COMPUTE}/cpuMemoryLimit", f"{_COMPUTE}/cpuMemoryRequest"),
    Cause.COMMAND: ("/spec/command", "/spec/args"),
}
"""Where a manifest says what the cause is about, the likeliest first."""


class Ending(StrEnum):
    """Name the ways a wait ends."""

    GOOD = "settled"
    QUEUED = "queued"
    BAD = "unhealthy"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Hold for how many seconds a wait, the present level and the present queueing have lasted."""

    waited: float
    held: float
    queued: float


def ending(health: Health, policy: HealthPolicy, elapsed: Elapsed) -> Ending | None:
    """Tell whether a wait is over, and how; None while it goes on.

    Final words end it at once, anything else must hold. What waits for us and says that this is
    final (a cluster that has yet to connect) counts as queued.
    """
    if health.is_stuck:
        return Ending.BAD
    if health.is_final:
        return _FINAL.get(health.level, Ending.BAD)
    if health.level in _HOLDS and elapsed.held >= policy.hold_s:
        return _HOLDS[health.level]
    if health.is_queued and elapsed.queued >= policy.queue_timeout_s:
        return Ending.QUEUED
    if elapsed.waited >= policy.timeout_s and health.level not in GOOD:
        return Ending.TIMED_OUT
    return None


_FINAL = {Level.HEALTHY: Ending.GOOD, Level.SUSPENDED: Ending.GOOD, Level.PROGRESSING: Ending.QUEUED}
_HOLDS = {
    Level.HEALTHY: Ending.GOOD,
    Level.SUSPENDED: Ending.GOOD,
    Level.DEGRADED: Ending.BAD,
    Level.MISSING: Ending.BAD,
}


def problem_of(resource: Resource, verdict: Verdict, *, waited: float) -> Problem:
    """Say what is wrong with an object that is not well: code, place, the platform's words, the way out."""
    health, found = verdict.health, verdict.diagnosis
    code, what, hint = _case(verdict, waited=waited)
    fields = _FIELDS.get(found.cause, ()) if found and code == _CODES[found.cause] else ()
    pointer = next((field for field in fields if field in resource.places), "")
    told = (shortened(health.message or health.reason), *_quoted(verdict))
    return Problem(
        code,
        f"{resource.key} {what}",
        location=resource.place(pointer) if pointer else resource.source,
        why="; ".join(dict.fromkeys(words for words in told if words)),
        hint=hint,
        subject=str(resource.key),
        pointer=pointer,
    )


def _quoted(verdict: Verdict) -> Iterator[str]:
    """Give the causal line, after who printed it where there were several to print it."""
    if verdict.cause:
        where = whereabouts(verdict)
        yield f"{where}: {shortened(verdict.cause)}" if where else shortened(verdict.cause)


def _case(verdict: Verdict, *, waited: float) -> tuple[str, str, str]:
    """Pick code, words and a hint: the first case that fits."""
    health, found = verdict.health, verdict.diagnosis
    state, late = health.phase or health.level.value, f"is not healthy after {waited:.0f}s"
    stuck = health.reason or "the queue cannot move"
    if health.is_stuck:
        return "RC505", f"cannot start: {stuck}", _ASK_LESS
    if health.reason == DROPPED:
        return "RC506", "was updated, but the old revision still serves", _AGAIN
    if health.level is Level.MISSING:
        return "RC504", "is gone: it was deleted while it settled", _PLAN
    if health.level is Level.UNKNOWN:
        return "RC504", "could not be judged", _LATER
    if found:
        about = ABOUT[found.cause]
        return (
            _CODES[found.cause],
            f"{late}: it {about.words}" if verdict.timed_out else about.words,
            about.hint,
        )
    return (
        ("RC504", f"{late}: {state}", _LONGER) if verdict.timed_out else ("RC503", f"failed: {state}", _LOGS)
    )


_ASK_LESS = "raise the quota, ask for less, or make it preemptible; waiting cannot help"
_AGAIN = "apply again, or replace it"
_PLAN = "plan shows what is there now"
_LATER = "reconciler health shows it once the platform answers"
_LONGER = "raise health.timeout if it needs longer; it was left as it is"
_LOGS = "reconciler logs shows what is left of its log"
