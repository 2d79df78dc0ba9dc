"""Verdicts: when a wait ends, and what is wrong in words and a code. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import shortened
from reconciler.health import DROPPED, Health, Level
from reconciler.problem import Location, Problem
from reconciler.resource import HealthPolicy, Resource

GOOD = frozenset({Level.HEALTHY, Level.SUSPENDED})

_IMAGE = re.compile(
    r"ErrImage\w*|ImagePullBackOff|InvalidImageName|RegistryUnavailable"
    r"|[Ff]ailed to pull image|pull access denied"
)
_MEMORY = re.compile(r"OOMKilled|[Oo]ut of memory|OutOfMemory|Cannot allocate memory")
_GPU_MEMORY = re.compile(r"\b(?:CUDA|HIP)\b")
_COMPUTE = "/spec/compute"


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


def problem_of(resource: Resource, health: Health, *, cause: str, timed_out: bool, waited: float) -> Problem:
    """Say what is wrong with an object that is not well: code, place, the platform's words, the way out."""
    code, what, pointer, hint = _case(health, cause, timed_out=timed_out, waited=waited)
    pointer = _memory_field(resource, cause) if pointer == _COMPUTE else pointer
    told = [shortened(words) for words in (health.message or health.reason, cause)]
    return Problem(
        code,
        f"{resource.key} {what}",
        location=_place(resource, pointer),
        why="; ".join(dict.fromkeys(words for words in told if words)),
        hint=hint,
        subject=str(resource.key),
        pointer=pointer,
    )


def _memory_field(resource: Resource, cause: str) -> str:
    """Find the declared amount of memory that was too small; none where it was that of a GPU."""
    fields = (
        () if _GPU_MEMORY.search(cause) else (f"{_COMPUTE}/cpuMemoryLimit", f"{_COMPUTE}/cpuMemoryRequest")
    )
    return next((field for field in fields if field in resource.places), "")


def _place(resource: Resource, pointer: str) -> Location:
    return resource.place(pointer) if pointer else resource.source


def _case(health: Health, cause: str, *, timed_out: bool, waited: float) -> tuple[str, str, str, str]:
    """Pick code, words, the field to look at, and a hint: the first case that fits."""
    reasons = " ".join([health.reason, *(pod.reason for pod in health.pods)])
    told, state = f"{reasons} {health.message} {cause}", health.phase or health.level.value
    stuck = health.reason or "the queue cannot move"
    cases = (
        (health.is_stuck, ("RC505", f"cannot start: {stuck}", "", _ASK_LESS)),
        (health.reason == DROPPED, ("RC506", "was updated, but the old revision still serves", "", _AGAIN)),
        (health.level is Level.MISSING, ("RC504", "is gone: it was deleted while it settled", "", _PLAN)),
        (_IMAGE.search(told), ("RC501", "cannot pull its image", "/spec/image", _CHECK_TAG)),
        (health.level is Level.UNKNOWN, ("RC504", "could not be judged", "", _LATER)),
        (_MEMORY.search(told), ("RC502", "ran out of memory", _COMPUTE, _MORE_MEMORY)),
        (timed_out, ("RC504", f"is not healthy after {waited:.0f}s: {state}", "", _LONGER)),
    )
    return next((case for fits, case in cases if fits), ("RC503", f"failed: {state}", "", _LOGS))


_ASK_LESS = "raise the quota, ask for less, or make it preemptible; waiting cannot help"
_AGAIN = "apply again, or replace it"
_PLAN = "plan shows what is there now"
_CHECK_TAG = "check the tag, and the credentials for the registry"
_LATER = "reconciler health shows it once the platform answers"
_MORE_MEMORY = "ask for more memory, or make the program use less"
_LONGER = "raise health.timeout if it needs longer; it was left as it is"
_LOGS = "reconciler logs shows what is left of its log"
