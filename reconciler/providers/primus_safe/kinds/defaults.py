"""Defaults: what the server fills in, and what a field that nobody states therefore means.

NOTHING where it hangs on how a server or a workspace is configured: such a field is not compared where git
does not state it. None where the server adds nothing: what is there and not stated was put there.
Source: the server's mutating webhook, both generations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.kind import NOTHING
from reconciler.providers.primus_safe.kinds.weight import pods_of
from reconciler.quantity import quantity, quantity_value
from reconciler.resource import Json

_ANY: Mapping[str, Json] = {
    "/spec/isTolerateAll": False,
    "/spec/priority": 0,
    "/spec/resource/ephemeralStorage": "50Gi",
    "/spec/resource/gpu": "0",
    "/spec/service/protocol": "TCP",
    "/spec/privileged": False,
    "/spec/useWorkspaceStorage": True,
    "/spec/forceHostNetwork": False,
    "/spec/preheat": False,
}
_PROBES: Mapping[str, Json] = {
    f"/spec/{probe}/{field}": value
    for probe in ("liveness", "readiness")
    for field, value in (("initialDelaySeconds", 600), ("periodSeconds", 3), ("failureThreshold", 3))
}

PYTORCH_JOB: Mapping[str, Json] = {**_ANY, "/spec/isSupervised": False, "/spec/maxRetry": 0}
APPLICATION: Mapping[str, Json] = {**_ANY, **_PROBES}
AUTHORING: Mapping[str, Json] = {**_ANY, "/spec/resource/replica": 1}

_NONE = frozenset(
    {
        "cronJobs",
        "customerLabels",
        "description",
        "excludedNodes",
        "liveness",
        "readiness",
        "service",
        "specifiedNodes",
        "timeout",
    }
)
"""Fields to which the server adds nothing; a limit of the workspace on the time is not the workload's."""


def default_of(spec: Mapping[str, Json], pointer: str) -> Json:
    """Give the defaults that hang on the rest of the spec, and those of what is not filled in at all."""
    field, *below = pointer.removeprefix("/spec/").split("/")
    path = "/".join((field, *below))
    if path in _DEPENDENT:
        return _DEPENDENT[path](spec)
    if field == "env" and below:
        return _of_variable(spec, below[0])
    return None if field in _NONE else NOTHING


def _pods(spec: Mapping[str, Json]) -> Json:
    return pods_of(spec) if spec.get("specifiedNodes") else NOTHING


def _affinity(spec: Mapping[str, Json]) -> Json:
    return "required" if spec.get("specifiedNodes") else None


def _ttl(spec: Mapping[str, Json]) -> Json:
    """Take 0 for stated where it is: the server keeps it and shows none."""
    return 0 if spec.get("ttlSecondsAfterFinished") == 0 else NOTHING


def _half_of_memory(spec: Mapping[str, Json]) -> Json:
    resource = spec.get("resource")
    memory = quantity_value(resource.get("memory")) if isinstance(resource, Mapping) else None
    return NOTHING if memory is None else quantity(str(-(-memory // 1) // 2))


def _target_port(spec: Mapping[str, Json]) -> Json:
    service = spec.get("service")
    return service.get("targetPort", NOTHING) if isinstance(service, Mapping) else NOTHING


def _of_variable(spec: Mapping[str, Json], name: str) -> Json:
    """Take an empty variable for one that is not set: servers of the first generation drop it."""
    env = spec.get("env")
    stated = env.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(env, Mapping) else None
    return "" if stated == "" else None


def _rolling(_: Mapping[str, Json]) -> Json:
    return "25%"


_DEPENDENT: Mapping[str, Callable[[Mapping[str, Json]], Json]] = {
    "nodesAffinity": _affinity,
    "resource/replica": _pods,
    "resource/sharedMemory": _half_of_memory,
    "service/extends/maxSurge": _rolling,
    "service/extends/maxUnavailable": _rolling,
    "service/port": _target_port,
    "ttlSecondsAfterFinished": _ttl,
}
