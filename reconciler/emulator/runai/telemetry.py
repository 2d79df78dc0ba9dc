"""The route that counts over all workloads."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, read_id, route
from reconciler.emulator.runai.errors import bad_request
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.runai.rows import category, current_pools, gpus, idle_gpus, stamp
from reconciler.emulator.runai.sampling import as_csv, wants_csv
from reconciler.emulator.runai.scheduler import pool_names
from reconciler.emulator.runai.workloads import ROOT

Json = Any
MOST_GROUPS, MOST_PHASES = 2, 10
_PENDING = "PENDING_TIME_DISTRIBUTION"
_TYPES: Mapping[str, Callable[[Workload], float]] = {
    "WORKLOADS_COUNT": lambda _: 1,
    "GPU_ALLOCATION": gpus,
    _PENDING: lambda _: 1,
    "IDLE_ALLOCATED_GPUS": idle_gpus,
}
# A group's value, and the name that people know it by.
_GROUPS: Mapping[str, Callable[[Workload], tuple[str, str]]] = {
    "ClusterId": lambda one: (one.project.cluster, ""),
    "DepartmentId": lambda one: (one.project.department.id, one.project.department.name),
    "ProjectId": lambda one: (one.project.id, one.project.name),
    "Type": lambda one: (one.type, ""),
    "CurrentNodepools": lambda one: (",".join(current_pools(one)), ""),
    "RequestedNodepools": lambda one: (",".join(pool_names(one, one.spec)), ""),
    "Phase": lambda one: (one.phase, ""),
    "Category": lambda one: (category(one), ""),
}
_SINCE = {_PENDING: (2, 24), "IDLE_ALLOCATED_GPUS": (2, 25), "RequestedNodepools": (2, 25)}
PHASES = (
    "Creating", "Initializing", "Resuming", "Pending", "Deleting", "Running", "Updating", "Stopped",
    "Stopping", "Degraded", "Failed", "Completed", "Terminating", "Unknown",
)  # fmt: skip
# The upper ends of the buckets of time in Pending, in seconds; the documents say only that there are four.
_BUCKETS: Mapping[str, float] = {"0-5m": 300, "5m-1h": 3600, "1h-24h": 86400, "24h+": float("inf")}

_Key = tuple[tuple[str, str, str], ...]


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the route."""
    yield route(platform, "GET", f"{ROOT}/telemetry", show)


def show(call: Call) -> Response:
    """Count workloads or their GPUs, in at most two groups; values are strings."""
    asked = call.query.get("telemetryType") or ""
    if asked not in _known(call, _TYPES):
        raise bad_request(f"telemetryType '{asked}' is not available")
    # The buckets are a group themselves, and an answer has no room for three.
    most = MOST_GROUPS - 1 if asked == _PENDING else MOST_GROUPS
    sums = _sums(call, asked, _listed(call, "groupBy", _known(call, _GROUPS), most))
    now = stamp(call.world.clock.now())
    if wants_csv(call):
        rows = [(asked, ";".join(f"{k}={v}" for k, v, _ in key), now, f"{n:g}") for key, n in sums]
        return as_csv(("type", "groups", "timestamp", "value"), rows)
    shown = [{"value": f"{total:g}", "groups": [_group(*each) for each in key]} for key, total in sums]
    return JSONResponse({"type": asked, "timestamp": now, "values": shown})


def _group(key: str, value: str, name: str) -> dict[str, str]:
    return {"key": key, "value": value, **({"name": name} if name else {})}


def _known(call: Call, names: Mapping[str, Json]) -> list[str]:
    return [name for name in names if _SINCE.get(name, (0, 0)) <= call.level]


def _listed(call: Call, parameter: str, known: list[str] | tuple[str, ...], most: int | None) -> list[str]:
    """Read a parameter that is a list of known words.  Raises ApiError 400."""
    found = [name for name in (call.query.get(parameter) or "").split(",") if name]
    if (most is not None and len(found) > most) or not set(found) <= set(known):
        raise bad_request(f"{parameter} takes at most {most} of {', '.join(known)}")
    return found


def _sums(call: Call, asked: str, groups: list[str]) -> list[tuple[_Key, float]]:
    """Add up by group; of pending times every bucket is there, be it empty."""
    sums: dict[_Key, float] = defaultdict(float)
    if asked == _PENDING and not groups:
        sums |= {(("PendingTime", bucket, ""),): 0.0 for bucket in _BUCKETS}
    for one in _counted(call):
        key = tuple((name, *_GROUPS[name](one)) for name in groups)
        if asked == _PENDING:
            if one.phase != "Pending":
                continue
            key = (("PendingTime", _bucket(call, one), ""), *key)
        sums[key] += _TYPES[asked](one)
    return sorted(sums.items(), key=_in_order)


def _in_order(pair: tuple[_Key, float]) -> list[Json]:
    order = list(_BUCKETS)
    return [(order.index(value) if key == "PendingTime" else 0, value) for key, value, _ in pair[0]]


def _bucket(call: Call, one: Workload) -> str:
    waited = (call.world.clock.now() - one.since).total_seconds()
    return next(name for name, end in _BUCKETS.items() if waited < end)


def _counted(call: Call) -> Iterator[Workload]:
    """Yield the workloads that the filters mean, out of those the caller may see."""
    query = call.query
    cluster = read_id(query["clusterId"]) if query.get("clusterId") else None
    most = MOST_PHASES if call.level >= (2, 25) else None
    phases = _listed(call, "filterByPhases", PHASES, most) if call.level >= (2, 24) else []
    for one in call.world.seen():
        pools = current_pools(one) or pool_names(one, one.spec)
        is_meant = (
            cluster in (None, one.project.cluster)
            and query.get("departmentId") in (None, "", one.project.department.id)
            and query.get("nodepoolName") in (None, "", *pools)
            and (not phases or one.phase in phases)
            and not one.is_gone
        )
        if is_meant and call.principal.can_see(one.project.name):
            yield one
