"""The revisions of inference workloads: which one serves, and which one never will."""

from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, read_id, route
from reconciler.emulator.runai.crew import size
from reconciler.emulator.runai.errors import not_found
from reconciler.emulator.runai.events import events_page, history
from reconciler.emulator.runai.fates import env_map
from reconciler.emulator.runai.listing import flag, page_body, paged
from reconciler.emulator.runai.pods import deleted_pods, has_pods, pods
from reconciler.emulator.runai.records import Run, Workload
from reconciler.emulator.runai.rows import ACTIVE, devices, requested, stamp
from reconciler.emulator.runai.scheduler import pool_names
from reconciler.emulator.runai.tales import revision_name
from reconciler.emulator.runai.workloads import ROOT

Json = Any
BASE = f"{ROOT}/inferences"


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes; those by revision id are literal and must stand first."""
    yield route(platform, "GET", f"{BASE}/revisions/{{revision}}", show_revision)
    yield route(platform, "GET", f"{BASE}/revisions/{{revision}}/pods", show_revision_pods)
    yield route(platform, "GET", f"{BASE}/revisions/{{revision}}/events", show_revision_events)
    yield route(platform, "GET", f"{BASE}/revisions/{{revision}}/history", show_revision_history)
    yield route(platform, "GET", f"{BASE}/{{id}}/revisions", show_revisions)
    yield route(platform, "GET", f"{BASE}/{{id}}/revisions/count", count_revisions)


def _revisions(call: Call) -> list[dict[str, Json]]:
    one = call.workload(kind="Inference")
    if one.is_gone:
        raise not_found(f"workload {one.id} was not found")
    is_deleted = flag(call.query, "deleted")
    return [
        _body(call, one, run)
        for run in reversed(one.runs)
        if (run.phase == "Stopped" and one.phase != "Stopped") == is_deleted
    ]


def show_revisions(call: Call) -> Response:
    """List the revisions that exist, newest first; replaced ones count as deleted."""
    return JSONResponse({"revisions": _revisions(call)})


def count_revisions(call: Call) -> Response:
    """Count the revisions."""
    return JSONResponse({"count": len(_revisions(call))})


def _found(call: Call) -> tuple[Workload, Run]:
    id_ = read_id(call.param("revision"))
    for one in call.world.seen():
        for run in one.runs:
            if one.kind == "Inference" and run.id == id_ and not one.is_gone:
                call.must_reach(one.project)
                return one, run
    raise not_found(f"revision {id_} was not found")


def show_revision(call: Call) -> Response:
    """Show one revision."""
    return JSONResponse(_body(call, *_found(call)))


def show_revision_pods(call: Call) -> Response:
    """List the pods of one revision, or those it no longer has; there are no pages."""
    one, run = _found(call)
    list_pods = deleted_pods if flag(call.query, "deleted") else pods
    return JSONResponse({"pods": list(list_pods(call.world, one, revision=run.id))})


def show_revision_events(call: Call) -> Response:
    """List the events since one revision was made."""
    one, run = _found(call)
    return events_page(call, one, [event for event in one.events if event.at >= run.created_at])


def show_revision_history(call: Call) -> Response:
    """List what happened since one revision was made, newest first."""
    one, run = _found(call)
    page, following = paged(history(one, since=run.created_at), call.query)
    return JSONResponse(page_body("records", page, following))


def _body(call: Call, one: Workload, run: Run) -> dict[str, Json]:
    count = size(run)
    compute = run.spec.get("compute") or {}
    is_held = run.pool is not None and has_pods(one, run)
    return {
        "type": "Revision",
        "id": run.id,
        "name": revision_name(one, run),
        "workloadId": one.id,
        "tenantId": call.world.tenant_id,
        "clusterId": one.project.cluster,
        "departmentId": one.project.department.id,
        "projectId": one.project.id,
        "createdAt": stamp(run.created_at),
        "deletedAt": stamp(run.ended_at) if run.phase == "Stopped" else None,
        "phase": run.phase,
        "phaseMessage": run.message,
        "phaseUpdatedAt": stamp(run.since),
        "revisionRequestedResources": requested(compute),
        "podsRequestedResources": requested(compute),
        "allocatedResources": {"gpu": devices(compute) * count if is_held else 0},
        "requestedPods": {"number": count},
        "requestedNodePools": list(pool_names(one, run.spec)),
        "currentNodePools": [run.pool] if is_held else [],
        "runningPods": count if run.phase == "Running" else 0,
        "images": [run.spec["image"]] if run.spec.get("image") else [],
        "environmentVariables": env_map(run.spec),
        "command": run.spec.get("command") or "",
        "arguments": run.spec.get("args") or "",
        "conditions": list(_conditions(one, run)),
        "additionalFields": {},
    }


def _conditions(one: Workload, run: Run) -> Iterator[dict[str, Json]]:
    told = {
        "Ready": run.phase in ACTIVE,
        "Active": run.id == one.serving,
        "ResourcesAvailable": run.phase in ACTIVE | {"Initializing"},
    }
    for name, holds in told.items():
        yield {
            "type": name,
            "status": "True" if holds else "False",
            "reason": run.phase,
            "message": run.message,
            "lastTransitionTime": stamp(run.since),
        }
