"""The routes of clusters."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.ledger import note_effect
from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import bad_request, forbidden, not_found
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


def _found(call: Call, *, write: bool = False) -> Cluster:
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
    """List the clusters: a bare array without pages."""
    flag(call.query, "includeRequestedForDelete")
    verbosity = _verbosity(call)
    return JSONResponse([_body(call, one, verbosity) for one in _present(call)])


def show(call: Call) -> Response:
    """Show one cluster."""
    return JSONResponse(_body(call, _found(call), _verbosity(call)))


def show_all_minimal(call: Call) -> Response:
    """List what a submission needs to know about clusters."""
    conditions = read_filter(call.query.get("filterBy"), _FIELDS, most=MAX_FILTERS)
    page, _ = paged(matching(_present(call), conditions, _FIELDS), call.query)
    return JSONResponse([_minimal(call, one) for one in page])


def show_minimal(call: Call) -> Response:
    """Show what a submission needs to know about one cluster."""
    return JSONResponse(_minimal(call, _found(call)))


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
        "deleteRequestedAt": None,
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
                "status": "True" if one.state == "Connected" else "Unknown",
                "reason": one.state,
                "message": "",
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
    if any(one.name == body["name"] for one in _present(call)):
        raise bad_request(f"cluster with name '{body['name']}' already exists")
    one = Cluster(
        call.world.fresh_id("cluster"), body["name"], body.get("domain"), body.get("version"),
        call.world.clock.now(), "WaitingToConnect",
    )  # fmt: skip
    call.world.clusters[one.uuid] = one
    _note(call, "create", one)
    return JSONResponse(_body(call, one, "full"), status_code=201)


def rename(call: Call) -> Response:
    """Change the name, which is all that can change; other keys are silently ignored."""
    one = _found(call, write=True)
    body = call.body()
    refuse_flaws(list(shape_flaws(body, _RENAME, "")))
    if body["name"] != one.name:
        one = replace(one, name=body["name"])
        call.world.clusters[one.uuid] = one
        _note(call, "update", one)
    return Response(status_code=204)


def delete(call: Call) -> Response:
    """Delete a cluster: 204 if forced, else 202."""
    one = _found(call, write=True)
    is_forced = flag(call.query, "force")
    call.world.clusters[one.uuid] = replace(one, deleted_at=call.world.clock.now())
    _note(call, "delete", one)
    if is_forced:
        return Response(status_code=204)
    return JSONResponse({"code": 202, "message": "Cluster is being deleted"}, status_code=202)


def show_install(call: Call) -> Response:
    """Show how to install the chart; holds a secret."""
    one = _found(call)
    if not call.query.get("version"):
        raise bad_request("version is required")
    secret = "emulated-client-secret"
    return JSONResponse(
        {
            "installationStr": f"helm upgrade -i runai-cluster runai/runai-cluster -n runai "
            f"--set cluster.uid={one.uuid} --set controlPlane.clientSecret={secret}",
            "repositoryName": "runai",
            "chartRepoURL": "https://runai.emulator.invalid/charts",
            "clientSecret": secret,
        }
    )
