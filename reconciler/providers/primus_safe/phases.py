"""The platform's phases: what may be done with a workload, and how well it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.health import Level
from reconciler.providers.primus_safe.generation import Generation, of_row
from reconciler.resource import Json, Life

PENDING = "Pending"
LIVES: Mapping[str, Life] = {
    "Pending": Life.ACTIVE,
    "Running": Life.ACTIVE,
    "Updating": Life.ACTIVE,
    "NotReady": Life.ACTIVE,
    "Succeeded": Life.FINISHED,
    "Failed": Life.FAILED,
    "Stopped": Life.STOPPED,
}
LEVELS: Mapping[str, Level] = {
    "Running": Level.HEALTHY,
    "Succeeded": Level.HEALTHY,
    "Pending": Level.PROGRESSING,
    "Updating": Level.PROGRESSING,
    "NotReady": Level.PROGRESSING,
    "Stopped": Level.SUSPENDED,
    "Failed": Level.DEGRADED,
}
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})
"""Phases that nothing leaves: such a row is history, and no call changes it."""

_SUCCEEDED, _FAILOVER = "K8sSucceeded", "AdminFailover"
_SCHEDULED, _DISPATCHED = "AdminScheduled", "AdminDispatched"


def phase_of(said: str) -> str:
    """Give the phase; a row that is written before its phase is set waits like any other."""
    return said or PENDING


def life_of(phase: str, conditions: Sequence[str] = ()) -> Life:
    """Class a phase; one we do not know is UNKNOWN.

    A stop overwrites the phase of what had already succeeded; `conditions`, by type, still tell.
    """
    if phase in ENDED and _SUCCEEDED in conditions:
        return Life.FINISHED
    return LIVES.get(phase, Life.UNKNOWN)


def level_of(phase: str) -> Level:
    """Grade a phase; one we do not know is UNKNOWN."""
    return LEVELS.get(phase, Level.UNKNOWN)


def stage_of(row: Mapping[str, Json]) -> str:
    """Name how far a run has got as rules for changes go: the form of the server, then `queued` or `started`.

    A job is fixed once SaFE has scheduled it (first generation) or dispatched it (second). Its phase does not
    tell, for it is Pending before and after; the conditions of its newest run do.
    """
    generation = of_row(row) or Generation.FIRST
    fixed = _DISPATCHED if generation.is_plural else _SCHEDULED
    return f"{generation} {'started' if _has_begun(row, fixed) else 'queued'}"


def is_queued(row: Mapping[str, Json]) -> bool:
    """Tell whether a workload waits for SaFE to let it through: for room, a time, or another one."""
    return not _has_begun(row, _SCHEDULED)


def _has_begun(row: Mapping[str, Json], fixed: str) -> bool:
    """Tell whether the coming run is fixed. Failovers and preemptions send it back into the queue."""
    told = {(str(one.get("type")), str(one.get("reason"))) for one in _conditions(row)}
    count = row.get("dispatchCount")
    dispatches = count if isinstance(count, int) else 0
    if row.get("phase") not in (None, "", PENDING):
        return True
    if row.get("schedulerOrder") or row.get("queuePosition"):
        return False
    if (_SCHEDULED, _run(dispatches + 1)) in told and fixed == _SCHEDULED:
        return True
    return (_DISPATCHED, _run(dispatches)) in told and (_FAILOVER, _run(dispatches)) not in told


def _run(number: int) -> str:
    return f"run_{number}_times"


def _conditions(row: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    listed = row.get("conditions")
    yield from (one for one in listed if isinstance(one, Mapping)) if isinstance(listed, list) else ()
