"""Support: what may be changed in place, at each stage of a workload: the server's generation, and how far.

Everything else needs a new workload. A job is fixed once the server has scheduled it (first generation) or
dispatched it (second); one that a failover or a preemption sent back into the queue is open again. Nothing of
what has ended can be changed. Source: the server's update handler and its validating webhook.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.resource import Json

Stages = Mapping[str, tuple[str, ...]]

ALWAYS = ("/cronJobs", "/description", "/maxRetry", "/priority", "/timeout")
"""What changes while a workload is there, whatever it does."""

_PROGRAM = ("/entryPoint", "/env", "/image", "/resource")

JOB: Stages = {
    "1 queued": (*ALWAYS, *_PROGRAM),
    "1 started": (*ALWAYS, "/resource/sharedMemory"),
    "2 queued": (*ALWAYS, *_PROGRAM, "/service"),
    "2 started": ALWAYS,
}
APPLICATION: Stages = {
    "1 queued": (*ALWAYS, *_PROGRAM),
    "1 started": (*ALWAYS, *_PROGRAM),
    "2 queued": (*ALWAYS, *_PROGRAM, "/service"),
    "2 started": (*ALWAYS, *_PROGRAM, "/service"),
}
"""What serves rolls to a new spec."""

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
"""Fields that a server of the first generation drops without a word."""


def later_fields(kind: str, spec: Mapping[str, Json]) -> tuple[str, ...]:
    """Name what a spec states that a server of the first generation would drop."""
    stated = {name for name, value in spec.items() if value is not None}
    dropped = stated & NEEDS_SECOND
    if kind == "Authoring" and "timeout" in stated:
        dropped |= {"timeout"}
    service = spec.get("service")
    if isinstance(service, Mapping) and service.get("extraSelectors"):
        dropped |= {"service.extraSelectors"}
    return tuple(sorted(dropped))
