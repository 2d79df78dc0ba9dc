"""Weight: how many pods a spec has, and the GPUs they hold. Pure; takes a declared or a live spec."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.quantity import quantity_value
from reconciler.resource import Json


def pods_of(spec: Mapping[str, Json]) -> int:
    """Count the pods: one on each of the specified nodes, else as many as are stated, else one."""
    nodes = spec.get("specifiedNodes")
    if isinstance(nodes, list | tuple) and nodes:
        return len(nodes)
    replica = _resource(spec).get("replica")
    return replica if isinstance(replica, int) and not isinstance(replica, bool) else 1


def gpus_of_pod(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of one pod."""
    return float(quantity_value(_resource(spec).get("gpu")) or 0)


def gpus_of(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of all pods."""
    return gpus_of_pod(spec) * pods_of(spec)


def _resource(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    resource = spec.get("resource")
    return resource if isinstance(resource, Mapping) else {}
