"""The routes of workload types: the platform's own, and the Kubernetes kinds that it knows."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, read_id, route
from reconciler.emulator.runai.errors import not_found
from reconciler.emulator.runai.kinds import NIM, Kind
from reconciler.emulator.runai.listing import Getter, flag, matching, read_filter
from reconciler.emulator.runai.records import made_id
from reconciler.emulator.runai.registry import TYPES, own_kinds
from reconciler.emulator.runai.rows import stamp
from reconciler.emulator.runai.seed import FOUNDED

Json = Any
ROOT = "/api/v1/workload-types"
_OWN_GROUP = "run.ai"
_FIELDS: Mapping[str, Getter[dict[str, Json]]] = {
    "name": lambda row: row["name"],
    "group": lambda row: row["group"],
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", ROOT, show_all)
    yield route(platform, "GET", f"{ROOT}/{{id}}", show)


def _rows(call: Call) -> Iterator[dict[str, Json]]:
    if not flag(call.query, "externalTypesOnly"):
        for kind in own_kinds():
            if kind is not NIM:
                yield _body(call, kind, _OWN_GROUP, ("v2alpha1",))
    for found in TYPES.values():
        yield _body(call, found.kind, found.group, found.versions)


def show_all(call: Call) -> Response:
    """List the workload types with their default priority and category."""
    conditions = read_filter(call.query.get("filterBy"), _FIELDS, most=None)
    return JSONResponse({"types": matching(_rows(call), conditions, _FIELDS)})


def show(call: Call) -> Response:
    """Show one workload type."""
    id_ = read_id(call.param("id"))
    found = next((row for row in _rows(call) if row["id"] == id_), None)
    if found is None:
        raise not_found(f"workload type {id_} was not found")
    return JSONResponse(found)


def _body(call: Call, kind: Kind, group: str, versions: tuple[str, ...]) -> dict[str, Json]:
    return {
        "id": made_id("type", group, kind.type),
        "name": kind.type,
        "group": group or "core",
        "categoryId": made_id("category", kind.category),
        "categoryName": kind.category,
        "priorityId": made_id("priority", kind.priority),
        "priorityName": kind.priority,
        "clusterStatuses": [_status(call, kind, uuid, versions[-1]) for uuid in call.world.clusters],
    }


def _status(call: Call, kind: Kind, cluster: str, version: str) -> dict[str, Json]:
    phase = call.world.unready.get((cluster, kind.type), "Ready")
    return {
        "clusterId": cluster,
        "version": version,
        "phase": phase,
        "conditions": [],
        "updatedAt": stamp(FOUNDED),
    }
