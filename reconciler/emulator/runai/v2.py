"""The v2 API's routes: workloads as Kubernetes manifests, and their way to the cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import ApiError, forbidden, not_found
from reconciler.emulator.runai.kinds import NIM
from reconciler.emulator.runai.kubernetes import objection, objection_to_change
from reconciler.emulator.runai.manifests import (
    PREEMPTIBILITY_LABEL,
    PRIORITY_LABEL,
    check_manifest,
    label,
    placed,
    read_manifest,
    refused,
)
from reconciler.emulator.runai.phases import Pace
from reconciler.emulator.runai.podspecs import policy
from reconciler.emulator.runai.records import Project, Spec, Sync, Workload
from reconciler.emulator.runai.registry import NIM_GVK, TYPES, Gvk
from reconciler.emulator.runai.rows import category, preemptibility, priority, stamp
from reconciler.emulator.runai.shapes import ANY, FLAG, Block, Text, choice, flaws
from reconciler.emulator.runai.strict import name_flaw, refuse_flaws, suffixed, unavailable
from reconciler.emulator.runai.workloads import begin_to_delete

Json = Any
ROOT = "/api/v2/workloads"
_METADATA: dict[str, Any] = {
    "name": ANY,
    "useGivenNameAsPrefix": FLAG,
    "projectId": ANY,
    "clusterId": Text(form="uuid"),
    "priority": ANY,
    "category": ANY,
    "preemptibility": choice("preemptible", "non-preemptible"),
}
_CREATE = Block({"metadata": Block(_METADATA)}, ("metadata",))
_UPDATE = Block({"metadata": Block({"priority": ANY, "category": ANY})})
# What servers of 2.23 do not know yet, and silently drop.
_SINCE_2_24 = frozenset({"useGivenNameAsPrefix", "clusterId", "preemptibility"})


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes of this API level."""
    yield route(platform, "POST", ROOT, create)
    yield route(platform, "GET", f"{ROOT}/{{id}}", show)
    yield route(platform, "DELETE", f"{ROOT}/{{id}}", delete)
    if platform.level >= (2, 24):
        yield route(platform, "PUT", f"{ROOT}/{{id}}", update)


# -- reading -----------------------------------------------------------------------------------


def sync_status(one: Workload, now: datetime, pace: Pace) -> str:
    """Tell how far the newest request is on its way to the cluster."""
    if one.is_gone:
        return "Deleted"
    if one.phase == "Deleting":
        return "Deleting"
    assert one.sync  # noqa: S101 - all workloads of this API have it
    if not one.sync.done:
        return "Queued" if (now - one.sync.at).total_seconds() < pace.queued_s else "Applying"
    return "Failed" if one.sync.refusal else "Synced"


def metadata(call: Call, one: Workload, gvk: Gvk) -> dict[str, Json]:
    """Spell what the v2 API says about a workload beside its manifest or spec."""
    project = one.project
    return {
        "name": one.name,
        "projectId": project.id,
        "priority": priority(one),
        "category": category(one),
        "preemptibility": preemptibility(one),
        "id": one.id,
        "gvk": gvk._asdict(),
        "projectName": project.name,
        "clusterId": project.cluster,
        "tenantId": call.world.tenant_id,
        "departmentId": project.department.id,
        "departmentName": project.department.name,
        "createdAt": stamp(one.created_at),
        "createdBy": one.created_by,
        "updatedAt": stamp(one.updated_at),
        "updatedBy": one.updated_by or one.created_by,
        "deletedAt": stamp(one.deleted_at),
        "deletedBy": one.deleted_by,
    }


def _body(call: Call, one: Workload) -> dict[str, Json]:
    manifest = _nim_manifest(one) if one.kind == NIM.type else one.spec["manifest"]
    group, _, version = str(manifest["apiVersion"]).rpartition("/")
    return {
        "metadata": metadata(call, one, Gvk(group, version, manifest["kind"])),
        "desiredPhase": one.desired,
        "workloadManifest": placed(manifest, one.name, one.project, one.spec),
        "rawManifest": manifest,
    }


def _nim_manifest(one: Workload) -> Spec:
    image, _, tag = str(one.spec.get("image") or "").rpartition(":")
    return {
        "apiVersion": f"{NIM_GVK.group}/{NIM_GVK.version}",
        "kind": NIM_GVK.kind,
        "metadata": {"name": one.name},
        "spec": {"image": {"repository": image, "tag": tag}, "replicas": one.spec.get("replicas", 1)},
    }


def _found(call: Call, *, write: bool = False, with_nim: bool = True) -> Workload:
    one = call.workload(write=write)
    is_ours = one.kind in TYPES or (with_nim and one.kind == NIM.type)
    if not is_ours or (one.is_gone and (write or call.switches.gone_status != 200)):
        raise not_found(f"workload {one.id} was not found")
    return one


def show(call: Call) -> Response:
    """Show a workload with its manifest, and how far it is on its way."""
    one = _found(call, with_nim=call.switches.nim_by_v2)
    return JSONResponse({"workload": _body(call, one), "syncInfo": sync_info(call, one)})


def sync_info(call: Call, one: Workload) -> dict[str, Json]:
    """Spell how the newest request fares; the message is Kubernetes' own."""
    status = sync_status(one, call.world.clock.now(), call.world.pace)
    message = one.sync.refusal if one.sync and status == "Failed" else ""
    return {"status": status, "message": message}


# -- writing -----------------------------------------------------------------------------------


def create(call: Call) -> Response:
    """Accept a manifest; the answer leaves before the cluster knows of it."""
    if not call.principal.can_write:
        raise forbidden()
    body = call.fields()
    refuse_flaws(list(flaws(body, _CREATE, "")))
    meta = _known(call, body["metadata"])
    manifest = read_manifest(body)
    gvk = check_manifest(manifest)
    project = _project(call, meta, manifest)
    asked_name = meta.get("name", (manifest.get("metadata") or {}).get("name") or "")
    name = accepted_name(call, project, asked_name, is_prefix=bool(meta.get("useGivenNameAsPrefix")))
    call.world.must_be_ready(gvk.kind, project.cluster)
    made = call.world.submit(
        gvk.kind, project, name, _spec(call, project, manifest, meta), call.principal.name,
        requested_name=asked_name, sync=_sync(call, objection(manifest)),
    )  # fmt: skip
    call.note("create", made)
    return JSONResponse(_body(call, made), status_code=202)


def accepted_name(call: Call, project: Project, asked: str, *, is_prefix: bool) -> str:
    """Give the name a new workload gets in a project that the caller may write to.

    Raises ApiError 403, 400 for a name that cannot be, 409 for one that is taken.
    """
    call.must_reach(project, write=True)
    if flaw := name_flaw(asked):
        raise refused(flaw)
    name = suffixed(call.world, asked) if is_prefix else asked
    if call.world.holder(project.id, name):
        raise ApiError(409, f"workload with name '{name}' already exists in this project")
    return name


def _sync(call: Call, refusal: str) -> Sync:
    return Sync(call.world.clock.now(), refusal, call.switches.refused_shows)


def _known(call: Call, meta: Mapping[str, Json]) -> dict[str, Json]:
    newer = _SINCE_2_24 if call.level < (2, 24) else frozenset()
    return {key: value for key, value in meta.items() if value is not None and key not in newer}


def _project(call: Call, meta: Mapping[str, Json], manifest: Spec) -> Project:
    """Find the project: by id, or in a cluster by the manifest's namespace."""
    by_id, cluster = meta.get("projectId"), meta.get("clusterId")
    if by_id and cluster:
        raise refused("projectId and clusterId are mutually exclusive, provide only one")
    if not by_id and not cluster:
        raise refused("either projectId or clusterId must be provided")
    if by_id:
        return project_of(call, by_id)
    namespace = (manifest.get("metadata") or {}).get("namespace")
    for one in call.world.projects.values():
        if one.cluster == str(cluster).lower() and one.namespace == namespace:
            return one
    raise refused(f"no project of cluster '{cluster}' has the namespace '{namespace or ''}'")


def project_of(call: Call, id_: str) -> Project:
    """Find a project.  Raises ApiError 400."""
    if id_ not in call.world.projects:
        raise refused(f"project '{id_}' was not found")
    return call.world.projects[id_]


def _spec(call: Call, project: Project, manifest: Spec, meta: Mapping[str, Json]) -> Spec:
    """Keep what is asked: the manifest, and how it is to be scheduled."""
    asked = {
        "priorityClass": meta.get("priority") or label(manifest, PRIORITY_LABEL),
        "preemptibility": meta.get("preemptibility") or label(manifest, PREEMPTIBILITY_LABEL),
        "category": meta.get("category"),
    }
    spec = {key: value for key, value in asked.items() if value is not None}
    if flaw := unavailable(call.world, project, spec):
        raise refused(flaw)
    return {**spec, **policy(manifest), "manifest": manifest}


def update(call: Call) -> Response:
    """Change priority, category or manifest; other keys are silently ignored."""
    one = _found(call, write=True, with_nim=False)
    body = call.fields()
    refuse_flaws(list(flaws(body, _UPDATE, "")))
    meta, old = body.get("metadata") or {}, one.spec["manifest"]
    is_new = body.get("manifest") is not None or body.get("manifestBase64Encoded") is not None
    manifest = read_manifest(body) if is_new else old
    if check_manifest(manifest).kind != one.kind:
        raise refused(f"the type of workload '{one.name}' is {one.kind} and cannot be changed")
    kept = {"priority": one.spec.get("priorityClass"), "category": one.spec.get("category")}
    asked = {**kept, "preemptibility": one.spec.get("preemptibility"), **_changeable(meta)}
    spec = _spec(call, one.project, manifest, asked)
    if spec != one.spec:
        applied = one.sync.applied if one.sync else None
        refusal = objection(manifest) or (objection_to_change(applied, manifest) if applied else "")
        sync = replace(_sync(call, refusal), applied=applied)
        one = rewrite(call, one, spec, sync)
    return JSONResponse(_body(call, one), status_code=202)


def _changeable(meta: Mapping[str, Json]) -> dict[str, Json]:
    return {key: meta[key] for key in ("priority", "category") if meta.get(key) is not None}


def rewrite(call: Call, one: Workload, spec: Spec, sync: Sync) -> Workload:
    """Change what is asked; the pods follow once the cluster knows."""
    by = call.principal.name
    one = call.world.change(
        one.id, lambda old, at: replace(old, spec=spec, sync=sync, updated_at=at, updated_by=by)
    )
    call.note("update", one)
    return one


def delete(call: Call) -> Response:
    """Begin to delete; asking again meanwhile is no error."""
    one = begin_to_delete(call, _found(call, write=True))
    return JSONResponse(_body(call, one), status_code=202)
