"""The routes of clusters."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.ledger import note_effect
from reconciler.emulator.runai import clusterlife
from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import ApiError, bad_request, forbidden, not_found
from reconciler.emulator.runai.listing import (
    MAX_FILTERS,
    Getter,
    flag,
    matching,
    paged,
    read_filter,
)
from reconciler.emulator.runai.records import Cluster
from reconciler.emulator.runai.rows import stamp
from reconciler.emulator.runai.shapes import Block, Text
from reconciler.emulator.runai.shapes import flaws as shape_flaws
from reconciler.emulator.runai.strict import refuse_flaws

Json = Any
ROOT = "/api/v1/clusters"
_NEW = Block({"name": Text(1, 253), "domain": Text(1, 253), "version": Text(1, 50)}, ("name",))
_RENAME = Block({"name": Text(1, 253)}, ("name",))
_CLEANS_UP = (2, 20)
_FIELDS: Mapping[str, Getter[Cluster]] = {
    "name": lambda one: one.name,
    "uuid": lambda one: one.uuid,
    "domain": lambda one: one.domain,
    "version": lambda one: one.version,
    "state": lambda one: one.state,
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes of this API level."""
    yield route(platform, "GET", ROOT, show_all)
    yield route(platform, "POST", ROOT, create)
    if platform.level >= (2, 25):
        yield route(platform, "GET", f"{ROOT}/minimal", show_all_minimal)
        yield route(platform, "GET", f"{ROOT}/{{uuid}}/minimal", show_minimal)
    yield route(platform, "GET", f"{ROOT}/{{uuid}}", show)
    yield route(platform, "PUT", f"{ROOT}/{{uuid}}", rename)
    yield route(platform, "DELETE", f"{ROOT}/{{uuid}}", delete)
    yield route(platform, "GET", f"{ROOT}/{{uuid}}/cluster-install-info", show_install)


def _present(call: Call) -> list[Cluster]:
    return [one for one in call.world.clusters.values() if one.deleted_at is None]


def found(call: Call, *, write: bool = False, is_short: bool = False) -> Cluster:
    """Find the cluster of the path.  Raises ApiError 404, or 403 if the caller may not."""
    if not call.principal.reads_clusters and not is_short:
        raise forbidden()
    one = call.world.clusters.get(call.param("uuid").lower())
    if one is None or one.deleted_at is not None:
        raise not_found(f"cluster {call.param('uuid')} was not found")
    if write and not call.principal.can_write:
        raise forbidden()
    return one


def _verbosity(call: Call) -> str:
    asked = call.query.get("verbosity") or "full"
    if asked not in {"full", "metadata"}:
        raise bad_request(f"verbosity '{asked}' is neither full nor metadata")
    return asked


def show_all(call: Call) -> Response:
    """List the clusters: a bare array without pages; those that are asked to go only on demand."""
    with_leaving = flag(call.query, "includeRequestedForDelete")
    verbosity = _verbosity(call)
    if not call.principal.reads_clusters:
        raise forbidden()
    shown = [one for one in _present(call) if with_leaving or one.delete_requested_at is None]
    return JSONResponse([_body(call, one, verbosity) for one in shown])


def show(call: Call) -> Response:
    """Show one cluster."""
    return JSONResponse(_body(call, found(call), _verbosity(call)))


def show_all_minimal(call: Call) -> Response:
    """List what a submission needs to know about clusters."""
    conditions = read_filter(call.query.get("filterBy"), _FIELDS, most=MAX_FILTERS)
    staying = [one for one in _present(call) if one.delete_requested_at is None]
    page, _ = paged(matching(staying, conditions, _FIELDS), call.query)
    return JSONResponse([_minimal(call, one) for one in page])


def show_minimal(call: Call) -> Response:
    """Show what a submission needs to know about one cluster."""
    return JSONResponse(_minimal(call, found(call, is_short=True)))


def domain(call: Call, one: Cluster) -> str | None:
    """Give the cluster's host name; the cluster that lives in this emulator has its host."""
    if one.domain != "":
        return one.domain
    return urlsplit(str(call.request.base_url)).hostname


def _minimal(call: Call, one: Cluster) -> dict[str, Json]:
    return {
        "uuid": one.uuid,
        "name": one.name,
        "tenantId": call.world.tenant_id,
        "version": one.version,
        "domain": domain(call, one),
        "state": one.state,
        "ingressClass": "nginx",
    }


def _body(call: Call, one: Cluster, verbosity: str) -> dict[str, Json]:
    is_connected = one.state == "Connected"
    body = {
        "uuid": one.uuid,
        "tenantId": call.world.tenant_id,
        "name": one.name,
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.created_at),
        "deletedAt": None,
        "deleteRequestedAt": stamp(one.delete_requested_at) if one.delete_requested_at else None,
        "domain": domain(call, one),
        "version": one.version,
        "lastLiveness": stamp(call.world.clock.now()) if is_connected else None,
    }
    return body if verbosity == "metadata" else body | {"status": _status(one)}


def _status(one: Cluster) -> dict[str, Json]:
    return {
        "state": one.state,
        "conditions": [
            {
                "type": "Available",
                "status": "False" if one.trouble else "True" if one.state == "Connected" else "Unknown",
                "reason": one.state,
                "message": one.trouble,
                "lastTransitionTime": stamp(one.created_at),
            }
        ],
        "operands": {},
        "platform": {"type": "vanilla", "kubeVersion": "v1.34.2"},
        "config": {
            "workloadOwnershipProtection": one.ownership_protection,
            "subdomainEnabled": False,
            "ingressClass": "nginx",
        },
        "dependencies": {"required": {}, "optional": {}},
    }


def _note(call: Call, verb: str, one: Cluster) -> None:
    note_effect(call.request.scope, verb, "Cluster", one.uuid, one.name)


def create(call: Call) -> Response:
    """Register a cluster; it waits to connect until somebody installs the chart in it."""
    if not call.principal.can_write:
        raise forbidden()
    body = call.body()
    refuse_flaws(list(shape_flaws(body, _NEW, "")))
    _must_be_free(call, body["name"])
    now, wait = call.world.clock.now(), call.switches.connect_after_s
    one = Cluster(
        call.world.fresh_id("cluster"), body["name"], body.get("domain"), body.get("version"),
        now, "WaitingToConnect", connects_at=None if wait is None else now + timedelta(seconds=wait),
    )  # fmt: skip
    call.world.clusters[one.uuid] = one
    _note(call, "create", one)
    return JSONResponse(_body(call, one, "full"), status_code=201)


def _must_be_free(call: Call, name: str) -> None:
    status = call.switches.duplicate_cluster_status
    if status and any(one.name == name for one in _present(call)):
        raise ApiError(status, f"cluster with name '{name}' already exists")


def rename(call: Call) -> Response:
    """Change the name, which is all that can change; other keys are silently ignored."""
    one = found(call, write=True)
    body = call.body()
    refuse_flaws(list(shape_flaws(body, _RENAME, "")))
    if body["name"] != one.name:
        _must_be_free(call, body["name"])
        one = replace(one, name=body["name"])
        call.world.clusters[one.uuid] = one
        _note(call, "update", one)
    return Response(status_code=204)


def delete(call: Call) -> Response:
    """Delete a cluster: at once (204) if forced or older than 2.20, else once it has cleaned up (202)."""
    one = found(call, write=True)
    if flag(call.query, "force") or not one.is_at_least(_CLEANS_UP):
        clusterlife.gone(call.world, one)
        _note(call, "delete", one)
        return Response(status_code=204)
    if one.delete_requested_at is None:
        call.world.clusters[one.uuid] = replace(one, delete_requested_at=call.world.clock.now())
        _note(call, "delete", one)
    return JSONResponse({"code": 202, "message": "Cluster is being deleted"}, status_code=202)


def show_install(call: Call) -> Response:
    """Show how to install the chart; holds a secret of the cluster's own."""
    one = found(call, write=True)
    version = call.query.get("version")
    if not version:
        raise bad_request("version is required")
    secret = hashlib.sha256(f"emulated {one.uuid}".encode()).hexdigest()[:32]
    url = call.query.get("remoteClusterUrl") or (f"https://{one.domain}" if one.domain else "")
    where = f" --set cluster.url={url}" if url else ""
    return JSONResponse(
        {
            "installationStr": f"helm upgrade -i runai-cluster runai/runai-cluster -n runai "
            f"--version {version} --set cluster.uid={one.uuid}{where} "
            f"--set controlPlane.clientSecret={secret}",
            "repositoryName": "runai",
            "chartRepoURL": "https://runai.emulator.invalid/charts",
            "clientSecret": secret,
        }
    )
