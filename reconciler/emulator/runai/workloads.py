"""The routes of workloads: list, count, submit, read, suspend, resume, delete."""

from collections.abc import Iterator
from functools import partial

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai import acts, rows
from reconciler.emulator.runai.call import Call, Platform, accepted, read_id, route
from reconciler.emulator.runai.endpoints import endpoints
from reconciler.emulator.runai.errors import ApiError, bad_request, forbidden, not_found
from reconciler.emulator.runai.fields import SPECS
from reconciler.emulator.runai.kinds import KINDS, Kind
from reconciler.emulator.runai.levels import as_known_at, too_new
from reconciler.emulator.runai.listing import (
    MAX_FILTERS,
    flag,
    matching,
    ordered,
    page_body,
    paged,
    read_filter,
)
from reconciler.emulator.runai.merge import merge
from reconciler.emulator.runai.records import Json, Workload
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.rules import clashes
from reconciler.emulator.runai.shapes import flaws
from reconciler.emulator.runai.strict import (
    check_names_used,
    known,
    read_submission,
    refuse_flaws,
)

ROOT = "/api/v1/workloads"
_ACTIONS = frozenset({"delete", "suspend", "resume"})


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes; the literal ones stand before those with an id."""
    yield route(platform, "GET", ROOT, show_list)
    yield route(platform, "GET", f"{ROOT}/count", show_count)
    yield route(platform, "POST", f"{ROOT}/batch", run_batch)
    for kind in KINDS.values():
        path = f"{ROOT}/{kind.plural}"
        yield route(platform, "POST", path, partial(create, kind))
        yield route(platform, "GET", f"{path}/{{id}}", partial(show, kind))
        yield route(platform, "DELETE", f"{path}/{{id}}", partial(delete, kind))
        if kind.can_suspend:
            yield route(platform, "POST", f"{path}/{{id}}/suspend", partial(suspend, kind))
            yield route(platform, "POST", f"{path}/{{id}}/resume", partial(resume, kind))
        if kind.updatable:
            yield route(platform, "PATCH", f"{path}/{{id}}", partial(update, kind))


def detail_routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes that would swallow literal ones."""
    if platform.level >= (2, 25):
        yield route(platform, "GET", f"{ROOT}/{{id}}/endpoints", show_endpoints)
    yield route(platform, "GET", f"{ROOT}/{{id}}", show_any)


def selected(call: Call) -> list[Workload]:
    """Pick the workloads that a list request means, out of those the caller may see."""
    deleted = flag(call.query, "deleted")
    most = MAX_FILTERS if call.level >= (2, 25) else None
    conditions = read_filter(call.query.get("filterBy"), rows.FIELDS, most=most)
    search = (call.query.get("search") or "").lower()
    within = (
        one
        for one in call.world.seen()
        if one.is_gone == deleted and call.principal.can_see(one.project.name) and search in rows.tags_of(one)
    )
    return matching(within, conditions, rows.FIELDS)


def show_list(call: Call) -> Response:
    """List workloads of all types together."""
    found = ordered(selected(call), call.query, rows.FIELDS, default="createdAt")
    page, following = paged(found, call.query)
    shown = [_at_level(call, rows.listed(call.world, one, call.switches)) for one in page]
    return JSONResponse(page_body("workloads", shown, following))


def _at_level(call: Call, row: dict[str, Json]) -> dict[str, Json]:
    """Leave out what servers of this level do not show yet."""
    newer = () if call.level >= (2, 25) else ("endpoints",)
    if newer or call.world.clusters[row["clusterId"]].is_at_least((2, 25)):
        return {key: value for key, value in row.items() if key not in newer}
    return row | {"endpoints": []}


def show_count(call: Call) -> Response:
    """Count workloads."""
    return JSONResponse({"count": len(selected(call))})


def show_any(call: Call) -> Response:
    """Show a workload of any type without its spec."""
    one = seen(call)
    return JSONResponse(_at_level(call, rows.detailed(call.world, one, call.switches)))


def seen(call: Call) -> Workload:
    """Find the workload of the path as the cluster reports it.

    Raises ApiError 404, also while the report lags.
    """
    one = call.world.seen_one(read_id(call.param("id")))
    if one is None or one.is_gone:
        raise not_found(f"workload {call.param('id')} was not found")
    call.must_reach(one.project)
    return one


def show_endpoints(call: Call) -> Response:
    """Show where a workload can be reached; an older cluster does not report it."""
    one = seen(call)
    is_reported = call.world.clusters[one.project.cluster].is_at_least((2, 25))
    return JSONResponse({"endpoints": endpoints(one) if is_reported else []})


def create(kind: Kind, call: Call) -> Response:
    """Accept a workload; the answer leaves before anything runs."""
    if not call.principal.can_write:
        raise forbidden()
    body = as_known_at(call.level, kind.type, call.body())
    asked = read_submission(call.world, kind.type, body, call.switches)
    refuse_flaws(list(too_new(call.level, kind.type, asked.spec)))
    call.must_reach(asked.project, write=True)
    if call.world.holder(asked.project.id, asked.name):
        raise ApiError(
            call.switches.duplicate_name_status,
            f"workload with name '{asked.name}' already exists in this project",
        )
    made = call.world.submit(
        kind.type, asked.project, asked.name, asked.spec, call.principal.name,
        requested_name=asked.requested_name, master=asked.master,
        master_asked=asked.master_asked, master_same=asked.master_same,
    )  # fmt: skip
    call.note("create", made)
    return JSONResponse(rows.asked(made, call.switches), status_code=202)


def show(kind: Kind, call: Call) -> Response:
    """Show a workload of this type with its spec."""
    one = call.workload(kind=kind.type)
    if one.is_gone and call.switches.gone_status != 200:
        raise not_found(f"workload {one.id} was not found")
    return JSONResponse(rows.asked(one, call.switches))


def _present(kind: Kind, call: Call) -> Workload:
    one = call.workload(kind=kind.type, write=True)
    if one.is_gone:
        raise not_found(f"workload {one.id} was not found")
    return one


def delete(kind: Kind, call: Call) -> Response:
    """Begin to delete; asking again meanwhile is no error."""
    one = _present(kind, call)
    begin_to_delete(call, one)
    return accepted(f"Workload {one.name} is being deleted")


def begin_to_delete(call: Call, one: Workload) -> Workload:
    """Delete a workload that is not being deleted yet, and give it as it is then."""
    if one.desired == "Deleted":
        return one
    by = call.principal.name
    one = call.world.change(one.id, lambda old, at: acts.deleting(old, at, by))
    call.note("delete", one)
    return one


def suspend(kind: Kind, call: Call) -> Response:
    """Begin to stop."""
    one = _present(kind, call)
    _suspend(call, one)
    return accepted(f"Workload {one.name} is being suspended")


def _suspend(call: Call, one: Workload) -> None:
    if one.desired == "Running":
        call.world.change(one.id, acts.suspended)
        call.note("suspend", one)


def resume(kind: Kind, call: Call) -> Response:
    """Begin to run again."""
    one = _present(kind, call)
    _resume(call, one)
    return accepted(f"Workload {one.name} is being resumed")


def _resume(call: Call, one: Workload) -> None:
    if one.desired == "Stopped":
        call.world.change(one.id, acts.resumed)
        call.note("resume", one)


def update(kind: Kind, call: Call) -> Response:
    """Change what can change in place; everything else in the body is silently ignored.

    Absent keeps, null clears, objects merge, lists replace.
    """
    one = _present(kind, call)
    body = as_known_at(call.level, kind.type, call.body())
    changes = body.get("spec") if isinstance(body, dict) else None
    if not isinstance(changes, dict):
        raise bad_request("spec is required")
    changes = {key: value for key, value in changes.items() if key in kind.updatable}
    spec = merge(one.spec, changes)
    refuse_flaws(list(flaws(spec, SPECS[kind.type], "spec")))
    spec = known(spec, SPECS[kind.type])
    refuse_flaws(list(clashes(kind.type, spec, call.switches)))
    check_names_used(call.world, one.project, spec)
    if spec != one.spec:
        one = call.world.change(one.id, lambda old, at: acts.respec(old, spec, at))
        call.note("update", one)
    return JSONResponse(rows.asked(one, call.switches), status_code=202)


def run_batch(call: Call) -> Response:
    """Do one thing to several workloads; failures of some are still a 200."""
    body = call.body()
    ids = body.get("ids") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not ids or body.get("action") not in _ACTIONS:
        raise bad_request("ids and action are required")
    done: list[str] = []
    failed: list[dict[str, Json]] = []
    for id_ in ids:
        try:
            _one_of_batch(call, read_id(str(id_)), body["action"])
            done.append(str(id_))
        except ApiError as error:
            failed.append({"id": str(id_), "code": error.status, "message": error.message})
    return JSONResponse({"id": call.world.fresh_id("batch"), "succeeded": done, "failed": failed})


def _one_of_batch(call: Call, id_: str, action: str) -> None:
    one = call.world.get(id_)
    if one is None or one.is_gone:
        raise not_found(f"workload {id_} was not found")
    call.must_reach(one.project, write=True)
    if action != "delete" and not kind_of(one.kind).can_suspend:
        raise bad_request(f"{action} is not supported for {one.kind}")
    {"delete": begin_to_delete, "suspend": _suspend, "resume": _resume}[action](call, one)
