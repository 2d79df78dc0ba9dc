"""Claims: what a spec asks of the scheduler when it starts. Pure; takes a declared or a live spec."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from reconciler.capacity import Claim, growth
from reconciler.providers.primus_safe.kinds.weight import gpus_of, gpus_of_pod, pods_of
from reconciler.quantity import quantity_value
from reconciler.resource import Json

_SURGE = 0.25
_AMOUNTS: Mapping[str, tuple[str, Json]] = {
    "gpu": ("gpu", None),
    "cpu": ("cpu", None),
    "memory": ("memory", None),
    "ephemeralStorage": ("ephemeral-storage", "50Gi"),
}
"""What a scheduler goes by: the name it has on nodes, and what the server fills in."""

_UNLESS: Mapping[str, str] = {
    "dependencies": "it waits for its dependencies first",
    "cronJobs": "it waits for its start time first",
    "specifiedNodes": "it goes on the nodes that it names alone",
    "excludedNodes": "some nodes are excluded",
    "customerLabels": "it goes on nodes with its customerLabels alone",
    "isTolerateAll": "it may use nodes that are out of order as well",
}


def claim_of(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of all pods: a workload starts with all of them or not at all."""
    priority = spec.get("priority")
    return Claim(
        gpus=gpus_of(spec),
        largest=gpus_of_pod(spec),
        type="workload",
        priority=str(priority) if isinstance(priority, int) else "",
        pod=_pod(spec),
        pods=pods_of(spec),
        unless=next((why for field, why in _UNLESS.items() if spec.get(field)), ""),
    )


def _pod(spec: Mapping[str, Json]) -> Mapping[str, float]:
    """Count what one pod asks for in whole units, as the server counts it."""
    resource = spec.get("resource")
    stated = resource if isinstance(resource, Mapping) else {}
    asked = {name: quantity_value(stated.get(field, least)) for field, (name, least) in _AMOUNTS.items()}
    return {name: float(math.ceil(amount)) for name, amount in asked.items() if amount}


def rolled(before: Claim, after: Claim) -> Claim | None:
    """Give what an update of a Deployment asks: a quarter of its pods, rounded up, beside the old ones."""
    more = growth(before, after)
    if not after.largest:
        return more
    pods = round(after.gpus / after.largest)
    asked = math.ceil(pods * _SURGE) * after.largest
    return more if more and more.gpus > asked else replace(after, gpus=asked)
