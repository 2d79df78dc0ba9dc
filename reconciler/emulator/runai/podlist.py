"""The routes of pods: those of one workload, of all of them, and their count."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.listing import (
    Getter,
    flag,
    matching,
    one_of,
    ordered,
    page_body,
    paged,
    read_filter,
)
from reconciler.emulator.runai.pods import deleted_pods, pods
from reconciler.emulator.runai.workloads import ROOT, seen

Json = Any
Pod = dict[str, Json]


def _time(key: str) -> Getter[Pod]:
    return lambda pod: datetime.fromisoformat(pod[key]) if pod.get(key) else None


_FIELDS: Mapping[str, Getter[Pod]] = {
    "clusterId": lambda pod: pod["clusterId"],
    "workloadId": lambda pod: pod["workloadId"],
    "revisionId": lambda pod: pod.get("revisionId"),
    "nodeName": lambda pod: pod.get("nodeName"),
    "currentNodepool": lambda pod: pod.get("currentNodePool"),
    "createdAt": _time("createdAt"),
    "completedAt": _time("completedAt"),
    "deletedAt": _time("deletedAt"),
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes; those of all pods are literal and must stand first."""
    yield route(platform, "GET", f"{ROOT}/pods", show_all)
    yield route(platform, "GET", f"{ROOT}/pods/count", count_all)
    yield route(platform, "GET", f"{ROOT}/{{id}}/pods", show)


def show(call: Call) -> Response:
    """List the pods of a workload, or those it no longer has."""
    one = seen(call)
    list_pods = deleted_pods if flag(call.query, "deleted") else pods
    page, following = paged(_searched(call, list_pods(call.world, one)), call.query)
    return JSONResponse(page_body("pods", page, following))


def show_all(call: Call) -> Response:
    """List the pods of all workloads."""
    is_full = one_of(call.query, "verbosity", ("brief", "full")) == "full"
    completed = one_of(call.query, "completed", ("all", "true", "false"))
    kept = [
        pod
        for pod in _everywhere(call, is_full=is_full)
        if completed == "all" or (completed == "true") == bool(pod["completedAt"])
    ]
    found = ordered(kept, call.query, _FIELDS, default="createdAt")
    page, following = paged(found, call.query)
    return JSONResponse(page_body("pods", page, following))


def count_all(call: Call) -> Response:
    """Count the pods of all workloads."""
    return JSONResponse({"count": len(_everywhere(call))})


def _everywhere(call: Call, *, is_full: bool = False) -> list[Pod]:
    conditions = read_filter(call.query.get("filterBy"), _FIELDS, most=None)
    list_pods = deleted_pods if flag(call.query, "deleted") else pods
    found = (
        pod | {"projectName": one.project.name, "workloadName": one.name} if is_full else pod
        for one in call.world.seen()
        if call.principal.can_see(one.project.name)
        for pod in list_pods(call.world, one)
    )
    return matching(_searched(call, found), conditions, _FIELDS)


def _searched(call: Call, found: Iterator[Pod]) -> list[Pod]:
    """Keep the pods whose name or node holds the text of `search`."""
    text = (call.query.get("search") or "").lower()
    return [pod for pod in found if text in f"{pod['name']} {pod.get('nodeName') or ''}".lower()]
