"""The read-only surroundings of workloads: projects, departments, node pools, nodes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.claims import pool_id
from reconciler.emulator.runai.errors import not_found
from reconciler.emulator.runai.holdings import quota_status, quota_statuses
from reconciler.emulator.runai.listing import (
    Getter,
    matching,
    ordered,
    page_body,
    paged,
    read_filter,
)
from reconciler.emulator.runai.records import Department, Pool, Project, made_id
from reconciler.emulator.runai.rows import stamp

Json = Any
PROJECTS = "/api/v1/org-unit/projects"
_EPOCH = datetime.fromisoformat("2026-01-05T08:00:00+00:00")
_BY_ADMIN: Mapping[str, Json] = {
    "createdBy": "admin@wattfield.example",
    "createdAt": stamp(_EPOCH),
    "updatedBy": "admin@wattfield.example",
    "updatedAt": stamp(_EPOCH),
}

_PROJECT_FIELDS: Mapping[str, Getter[Project]] = {
    "name": lambda one: one.name,
    "clusterId": lambda one: one.cluster,
    "departmentId": lambda one: one.department.id,
    "parentId": lambda one: one.department.id,
    "parentName": lambda one: one.department.name,
    "phase": lambda _: "Ready",
    "totalGpuQuota": lambda one: sum(one.quotas.values()),
    "createdAt": lambda one: one.created_at,
}
_DEPARTMENT_FIELDS: Mapping[str, Getter[Department]] = {
    "name": lambda one: one.name,
    "clusterId": lambda one: one.cluster,
    "createdAt": lambda _: _EPOCH,
}
_POOL_FIELDS: Mapping[str, Getter[Pool]] = {
    "name": lambda one: one.name,
    "clusterId": lambda one: one.cluster,
    "phase": lambda _: "Ready",
    "createdAt": lambda _: _EPOCH,
    "updatedAt": lambda _: _EPOCH,
}
_NODE_FIELDS: Mapping[str, Getter[dict[str, Json]]] = {
    "name": lambda one: one["name"],
    "status": lambda one: one["status"],
    "nodePool": lambda one: one["nodePool"],
    "gpuType": lambda one: (one["gpuInfo"] or {}).get("gpuType"),
    "clusterUuid": lambda one: one["clusterUuid"],
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", PROJECTS, show_projects)
    yield route(platform, "GET", f"{PROJECTS}/count", count_projects)
    yield route(platform, "GET", f"{PROJECTS}/{{id}}", show_project)
    yield route(platform, "GET", "/api/v1/org-unit/departments", show_departments)
    yield route(platform, "GET", "/api/v1/node-pools", show_pools)
    yield route(platform, "GET", "/api/v1/nodes", show_nodes)


def _projects(call: Call) -> list[Project]:
    conditions = read_filter(call.query.get("filterBy"), _PROJECT_FIELDS, most=None)
    visible = [p for p in call.world.projects.values() if call.principal.can_see(p.name)]
    found = matching(visible, conditions, _PROJECT_FIELDS)
    search = (call.query.get("search") or "").lower()
    return [one for one in found if search in one.name]


def show_projects(call: Call) -> Response:
    """List the projects that the caller may see."""
    found = ordered(_projects(call), call.query, _PROJECT_FIELDS, default="createdAt")
    page, following = paged(found, call.query)
    shown = [_project_body(call, one) for one in page]
    return JSONResponse(page_body("projects", shown, following))


def count_projects(call: Call) -> Response:
    """Count the projects that the caller may see."""
    return JSONResponse({"count": len(_projects(call))})


def show_project(call: Call) -> Response:
    """Show one project."""
    one = call.world.projects.get(call.param("id"))
    if one is None:
        raise not_found(f"project {call.param('id')} was not found")
    call.must_reach(one)
    return JSONResponse(_project_body(call, one))


def _project_body(call: Call, one: Project) -> dict[str, Json]:
    statuses = quota_statuses(call.world, one)
    parent = {"id": one.department.id, "name": one.department.name}
    total = {"gpuQuota": sum(one.quotas.values()), "cpuQuota": None, "memoryQuota": None}
    return {
        "id": one.id,
        "name": one.name,
        "description": "",
        "clusterId": one.cluster,
        "parentId": one.department.id,
        "parent": parent,
        "requestedNamespace": None,
        "enforceRunaiScheduler": True,
        "schedulingRules": None,
        "defaultNodePools": list(one.default_pools),
        "nodeTypes": {"training": [], "workspace": []},
        "resources": [
            _quota(one.cluster, name, deserved, one.limits.get(name)) for name, deserved in one.quotas.items()
        ],
        "totalResources": total,
        "effective": {"defaultNodePools": list(one.default_pools), "schedulingRules": None},
        "status": {
            "namespace": one.namespace,
            "phase": "Ready",
            "phaseMessage": "",
            "nodePoolQuotaStatuses": statuses,
            "quotaStatus": quota_status(statuses),
        },
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.created_at),
        "createdBy": "admin@wattfield.example",
        "updatedBy": "admin@wattfield.example",
        "overtimeData": {},
    }


def _quota(cluster: str, name: str, deserved: float, limit: float | None) -> dict[str, Json]:
    return {
        "nodePool": {"id": pool_id(cluster, name), "name": name},
        "gpu": {"deserved": deserved, "limit": limit, "overQuotaWeight": 2},
        "cpu": {"deserved": None, "limit": None, "overQuotaWeight": 2},
        "memory": {"deserved": None, "limit": None, "overQuotaWeight": 2, "units": "Mib"},
    }


def show_departments(call: Call) -> Response:
    """List the departments."""
    conditions = read_filter(call.query.get("filterBy"), _DEPARTMENT_FIELDS, most=None)
    found = matching(call.world.departments.values(), conditions, _DEPARTMENT_FIELDS)
    page, following = paged(found, call.query)
    shown = [_department_body(call, one) for one in page]
    return JSONResponse(page_body("departments", shown, following))


def _department_body(call: Call, one: Department) -> dict[str, Json]:
    children = [p for p in call.world.projects.values() if p.department == one]
    quotas: dict[str, float] = defaultdict(float)
    for child in children:
        for name, deserved in child.quotas.items():
            quotas[name] += deserved
    body: dict[str, Json] = {
        "id": one.id,
        "name": one.name,
        "description": "",
        "clusterId": one.cluster,
        "children": [{"id": child.id, "name": child.name} for child in children],
        "resources": [_quota(one.cluster, name, deserved, None) for name, deserved in quotas.items()],
        "totalResources": {"gpuQuota": sum(quotas.values()), "cpuQuota": None, "memoryQuota": None},
        "createdAt": stamp(_EPOCH),
        "updatedAt": stamp(_EPOCH),
    }
    if call.query.get("verbosity") == "verbose":
        statuses = [status for child in children for status in quota_statuses(call.world, child)]
        body["status"] = {"quotaStatus": quota_status(statuses)}
    return body


def show_pools(call: Call) -> Response:
    """List node pools; a page does not tell whether there is another."""
    conditions = read_filter(call.query.get("filterBy"), _POOL_FIELDS, most=None)
    found = matching(call.world.pools.values(), conditions, _POOL_FIELDS)
    page, _ = paged(ordered(found, call.query, _POOL_FIELDS, default="name"), call.query)
    return JSONResponse({"nodepools": [_pool_body(call, one) for one in page]})


def _pool_body(call: Call, one: Pool) -> dict[str, Json]:
    return {
        "id": one.id,
        "name": one.name,
        "clusterId": one.cluster,
        "clusterName": call.world.clusters[one.cluster].name,
        "tenantId": call.world.tenant_id,
        "labelKey": one.label[0],
        "labelValue": one.label[1],
        "isDefault": one.is_default,
        "phase": "Ready",
        "phaseMessage": "",
        "status": {"conditions": [], "nodes": list(one.node_names)},
        **_BY_ADMIN,
    }


def show_nodes(call: Call) -> Response:
    """List the nodes of all clusters; a page does not tell whether there is another."""
    nodes = [_node_body(pool, name) for pool in call.world.pools.values() for name in pool.node_names]
    conditions = read_filter(call.query.get("filterBy"), _NODE_FIELDS, most=None)
    found = ordered(matching(nodes, conditions, _NODE_FIELDS), call.query, _NODE_FIELDS, default="name")
    page, _ = paged(found, call.query)
    return JSONResponse({"nodes": page})


def _node_body(pool: Pool, name: str) -> dict[str, Json]:
    maker = f"NVIDIA-{pool.name.partition('-')[0].upper()}"
    return {
        "id": made_id(pool.id, name),
        "name": name,
        "clusterUuid": pool.cluster,
        "status": "Ready",
        "conditions": [],
        "taints": [],
        "nodePool": pool.name,
        "gpuInfo": {"gpuType": maker, "gpuCount": pool.gpus_per_node} if pool.gpus else None,
        "createdAt": stamp(_EPOCH),
        "updatedAt": stamp(_EPOCH),
    }
