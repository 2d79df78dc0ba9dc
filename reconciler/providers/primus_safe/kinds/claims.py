"""Claims: what a spec asks of the scheduler when it starts. Pure; takes a declared or a live spec."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from reconciler.capacity import Claim, growth
from reconciler.providers.primus_safe.kinds.weight import gpus_of, gpus_of_pod
from reconciler.resource import Json

_SURGE = 0.25


def claim_of(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of all pods: a workload starts with all of them or not at all."""
    priority = spec.get("priority")
    return Claim(
        gpus=gpus_of(spec),
        largest=gpus_of_pod(spec),
        type="workload",
        priority=str(priority) if isinstance(priority, int) else "",
    )


def rolled(before: Claim, after: Claim) -> Claim | None:
    """Give what an update of a Deployment asks: a quarter of its pods, rounded up, beside the old ones."""
    more = growth(before, after)
    if not after.largest:
        return more
    pods = round(after.gpus / after.largest)
    asked = math.ceil(pods * _SURGE) * after.largest
    return more if more and more.gpus > asked else replace(after, gpus=asked)
