"""The routes of NIM services: written and read as a spec, deleted like any v2 workload."""

from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai import defaults
from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import bad_request, forbidden, not_found
from reconciler.emulator.runai.fields import SPECS
from reconciler.emulator.runai.kinds import NIM
from reconciler.emulator.runai.merge import merge
from reconciler.emulator.runai.records import Project, Spec, Sync, Workload
from reconciler.emulator.runai.registry import NIM_GVK
from reconciler.emulator.runai.rules import clashes
from reconciler.emulator.runai.shapes import ANY, FLAG, SOME, Block, flaws
from reconciler.emulator.runai.strict import check_names_used, known, policy_flaws, refuse_flaws
from reconciler.emulator.runai.v2 import ROOT, accepted_name, metadata, project_of, rewrite

Json = Any
BASE = f"{ROOT}/{NIM.plural}"
_SHAPE = SPECS[NIM.type]
_CREATE = Block(
    {
        "metadata": Block(
            {"name": ANY, "useGivenNameAsPrefix": FLAG, "projectId": SOME}, ("name", "projectId")
        ),
        "spec": _SHAPE,
    },
    ("metadata", "spec"),
)


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes of this API level; literal, so they stand before those with an id."""
    if platform.level >= (2, 24):
        yield route(platform, "POST", BASE, create)
        yield route(platform, "GET", f"{BASE}/{{id}}", show)
        yield route(platform, "PATCH", f"{BASE}/{{id}}", update)


def create(call: Call) -> Response:
    """Accept a NIM service."""
    if not call.principal.can_write:
        raise forbidden()
    body = call.fields()
    refuse_flaws(list(flaws(body, _CREATE, "")))
    meta = body["metadata"]
    project = project_of(call, meta["projectId"])
    is_prefix = bool(meta.get("useGivenNameAsPrefix"))
    name = accepted_name(call, project, meta["name"], is_prefix=is_prefix)
    call.world.must_be_ready(NIM_GVK.kind, project.cluster)
    spec = _checked(call, project, body["spec"])
    refuse_flaws(list(policy_flaws(project, spec)))
    made = call.world.submit(
        NIM.type, project, name, spec, call.principal.name,
        requested_name=meta["name"], sync=Sync(call.world.clock.now()), shown_as=call.switches.nim_type,
    )  # fmt: skip
    call.note("create", made)
    return JSONResponse(_body(call, made), status_code=202)


def _checked(call: Call, project: Project, asked: Spec) -> Spec:
    spec: Spec = known(asked, _SHAPE)
    refuse_flaws(list(clashes(NIM.type, spec, call.switches)))
    check_names_used(call.world, project, spec)
    return spec


def _body(call: Call, one: Workload) -> dict[str, Json]:
    return {
        "metadata": metadata(call, one, NIM_GVK),
        "desiredPhase": one.desired,
        "spec": defaults.shown(one, call.switches),
    }


def show(call: Call) -> Response:
    """Show a NIM service with its spec."""
    one = call.workload(kind=NIM.type)
    if one.is_gone and call.switches.gone_status != 200:
        raise not_found(f"workload {one.id} was not found")
    return JSONResponse(_body(call, one))


def update(call: Call) -> Response:
    """Change any field of the spec; absent keeps, null clears, objects merge, lists replace."""
    one = call.workload(kind=NIM.type, write=True)
    if one.is_gone:
        raise not_found(f"workload {one.id} was not found")
    changes = call.fields().get("spec")
    if not isinstance(changes, dict):
        raise bad_request("spec is required")
    spec = merge(one.spec, changes)
    refuse_flaws(list(flaws(spec, _SHAPE, "spec")))
    spec = _checked(call, one.project, spec)
    if spec != one.spec:
        one = rewrite(call, one, spec, Sync(call.world.clock.now()))
    return JSONResponse(_body(call, one), status_code=202)
