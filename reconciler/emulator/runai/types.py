"""The routes of workload types, priorities and categories: the platform's own, and Kubernetes' kinds."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, read_id, route
from reconciler.emulator.runai.errors import not_found
from reconciler.emulator.runai.kinds import CATEGORIES, NIM, PRIORITIES, Kind
from reconciler.emulator.runai.listing import Getter, flag, matching, ordered, read_filter
from reconciler.emulator.runai.records import made_id
from reconciler.emulator.runai.registry import TYPES, own_kinds
from reconciler.emulator.runai.rows import stamp
from reconciler.emulator.runai.seed import FOUNDED

Json = Any
ROOT = "/api/v1/workload-types"
CATEGORY_ROOT = "/api/v1/workload-categories"
_OWN_GROUP = "run.ai"
_FIELDS: Mapping[str, Getter[dict[str, Json]]] = {
    "name": lambda row: row["name"],
    "group": lambda row: row["group"],
}

_PRIORITY_FIELDS: Mapping[str, Getter[dict[str, Json]]] = {
    "name": lambda row: row["name"],
    "source": lambda row: row["source"],
    "value": lambda row: row["value"],
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", ROOT, show_all)
    yield route(platform, "GET", f"{ROOT}/{{id}}", show)
    yield route(platform, "GET", "/api/v1/workload-priorities", show_priorities)
    yield route(platform, "GET", CATEGORY_ROOT, show_categories)
    yield route(platform, "GET", f"{CATEGORY_ROOT}/{{id}}", show_category)


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


def show_priorities(call: Call) -> Response:
    """List the priorities, the lowest first."""
    conditions = read_filter(call.query.get("filterBy"), _PRIORITY_FIELDS, most=None)
    found = matching((_priority(call, *pair) for pair in PRIORITIES.items()), conditions, _PRIORITY_FIELDS)
    return JSONResponse({"priorities": ordered(found, call.query, _PRIORITY_FIELDS, default="value")})


def _priority(call: Call, name: str, value: int) -> dict[str, Json]:
    return {
        "id": made_id("priority", name),
        "name": name,
        "value": value,
        "source": "Run:ai",
        "aggregatedPhase": "Ready",
        "status": [{"clusterId": uuid, "phase": "Ready"} for uuid in call.world.clusters],
        "scopeType": "tenant",
        "scopeId": str(call.world.tenant_id),
        "createdAt": stamp(FOUNDED),
        "updatedAt": stamp(FOUNDED),
    }


def show_categories(_: Call) -> Response:
    """List the categories."""
    return JSONResponse({"categories": [_category(name) for name in CATEGORIES]})


def show_category(call: Call) -> Response:
    """Show one category."""
    id_ = read_id(call.param("id"))
    found = next((each for each in map(_category, CATEGORIES) if each["id"] == id_), None)
    if found is None:
        raise not_found(f"category {id_} was not found")
    return JSONResponse(found)


def _category(name: str) -> dict[str, Json]:
    return {
        "id": made_id("category", name),
        "name": name,
        "createdAt": stamp(FOUNDED),
        "createdBy": "Run:ai",
    }
