"""The route that counts over all workloads."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import bad_request
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.runai.rows import category, current_pools, gpus, stamp
from reconciler.emulator.runai.workloads import ROOT

Json = Any
MOST_GROUPS = 2
_TYPES: Mapping[str, Callable[[Workload], float]] = {
    "WORKLOADS_COUNT": lambda _: 1,
    "GPU_ALLOCATION": gpus,
}
_GROUPS: Mapping[str, Callable[[Workload], str]] = {
    "ClusterId": lambda one: one.project.cluster,
    "DepartmentId": lambda one: one.project.department.id,
    "ProjectId": lambda one: one.project.id,
    "Type": lambda one: one.type,
    "CurrentNodepools": lambda one: ",".join(current_pools(one)),
    "Phase": lambda one: one.phase,
    "Category": category,
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the route."""
    yield route(platform, "GET", f"{ROOT}/telemetry", show)


def show(call: Call) -> Response:
    """Count workloads or their GPUs, in at most two groups; values are strings."""
    asked = call.query.get("telemetryType") or ""
    if asked not in _TYPES:
        raise bad_request(f"telemetryType '{asked}' is not available")
    groups = [name for name in (call.query.get("groupBy") or "").split(",") if name]
    if len(groups) > MOST_GROUPS or not set(groups) <= set(_GROUPS):
        raise bad_request("groupBy takes at most two known groups")
    sums: dict[tuple[str, ...], float] = defaultdict(float)
    for one in _counted(call):
        sums[tuple(_GROUPS[name](one) for name in groups)] += _TYPES[asked](one)
    values = [
        {
            "value": f"{total:g}",
            "groups": [{"key": k, "value": v} for k, v in zip(groups, found, strict=True)],
        }
        for found, total in sorted(sums.items())
    ]
    now = stamp(call.world.clock.now())
    return JSONResponse({"type": asked, "timestamp": now, "values": values})


def _counted(call: Call) -> Iterator[Workload]:
    cluster = call.query.get("clusterId")
    for one in call.world.seen():
        is_meant = cluster in (None, one.project.cluster) and not one.is_gone
        if is_meant and call.principal.can_see(one.project.name):
            yield one
