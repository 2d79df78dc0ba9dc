"""Support: what may be changed in place, by generation of the server, class of kind, and how far it has come.

Everything else needs a new workload. A workload has started once the server has scheduled it (generation 1)
or dispatched it (generation 2): `dispatchCount` above 0, or the condition AdminScheduled or AdminDispatched
of the coming run. One that was set back by a failover or a preemption is queued again. Nothing of what has
ended can be changed. Source: the server's update handler and its validating webhook.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

FIRST, SECOND = 1, 2


class Stage(StrEnum):
    """Name how far a workload has come, as far as that decides what may change."""

    QUEUED = "queued"
    STARTED = "started"
    ENDED = "ended"


ALWAYS = ("/cronJobs", "/description", "/maxRetry", "/priority", "/timeout")
"""What changes while a workload is there, whatever it does."""

_SHARED_MEMORY = "/resource/sharedMemory"
_PROGRAM = ("/entryPoint", "/env", "/image", "/resource")

APPLICATIONS = frozenset({"Deployment", "StatefulSet"})
"""Kinds that roll to a new spec; of the others it is fixed once they have started."""

JOB_UPDATABLE: Mapping[tuple[int, Stage], tuple[str, ...]] = {
    (FIRST, Stage.QUEUED): (*ALWAYS, *_PROGRAM),
    (FIRST, Stage.STARTED): (*ALWAYS, _SHARED_MEMORY),
    (SECOND, Stage.QUEUED): (*ALWAYS, *_PROGRAM, "/service"),
    (SECOND, Stage.STARTED): ALWAYS,
}
APPLICATION_UPDATABLE: Mapping[tuple[int, Stage], tuple[str, ...]] = {
    (FIRST, Stage.QUEUED): (*ALWAYS, *_PROGRAM),
    (FIRST, Stage.STARTED): (*ALWAYS, *_PROGRAM),
    (SECOND, Stage.QUEUED): (*ALWAYS, *_PROGRAM, "/service"),
    (SECOND, Stage.STARTED): (*ALWAYS, *_PROGRAM, "/service"),
}

NEEDS_SECOND = frozenset(
    {
        "annotations",
        "excludedNodes",
        "forceHostNetwork",
        "labels",
        "nodesAffinity",
        "preheat",
        "privileged",
        "secrets",
        "useWorkspaceStorage",
    }
)
"""Fields that a server of the first generation drops without a word, whatever the kind."""


def updatable(kind: str, generation: int, stage: Stage) -> tuple[str, ...]:
    """Give the spec pointers below which a kind changes in place at a stage of its life."""
    table = APPLICATION_UPDATABLE if kind in APPLICATIONS else JOB_UPDATABLE
    return table.get((generation, stage), ())
