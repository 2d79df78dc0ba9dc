"""The routes of workloads: list, get, patch, stop, delete, one by one and in batches."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from starlette.routing import Route

from reconciler.emulator.primus_safe import creating, forms, listing, phases, rows
from reconciler.emulator.primus_safe.admission import Bench, admit_change
from reconciler.emulator.primus_safe.asked import patched
from reconciler.emulator.primus_safe.call import Answer, Call, Platform, route
from reconciler.emulator.primus_safe.errors import ApiError, Panic, bad_request, internal, no_workload
from reconciler.emulator.primus_safe.kinds import KINDS
from reconciler.emulator.primus_safe.mutate import Ground, on_update
from reconciler.emulator.primus_safe.records import ENDED, Workload
from reconciler.emulator.primus_safe.users import priority_kind

Json = Any
_HOUR_S = 3600


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes, the literal ones before those with an id."""
    yield route(platform, "POST", "/workloads", creating.create)
    yield route(platform, "GET", "/workloads", _list)
    yield route(platform, "POST", "/workloads/delete", _batch(_delete_one))
    yield route(platform, "POST", "/workloads/stop", _batch(_stop_one))
    if platform.generation.is_first:
        yield route(platform, "POST", "/workloads/clone", _batch(creating.clone))
    yield route(platform, "GET", "/workloads/{id}", _get)
    yield route(platform, "PATCH", "/workloads/{id}", _patch)
    yield route(platform, "DELETE", "/workloads/{id}", _single(_delete_one))
    yield route(platform, "POST", "/workloads/{id}/stop", _single(_stop_one))
    if platform.generation.is_plural:
        yield route(platform, "POST", "/workloads/{id}/resume", creating.resume)


def _list(call: Call) -> Answer:
    _ = call.user
    listing.must_be_valid(call.query, call.generation)
    call.must("list", workspace=call.query.get("workspaceId", "").strip())
    world, now = call.world, call.world.clock.now()
    page = listing.page_of(call.query)
    all_ = listing.found(world.rows.values(), call.query, call.generation)
    shown = [
        rows.item(row, world.resources.get(row.workload.id), now, call.generation)
        for row in all_[page.offset : page.offset + page.limit]
    ]
    items = shown or (None if call.generation.is_first else [])
    return Answer({"totalCount": len(all_), "items": items})


def _get(call: Call) -> Answer:
    _ = call.user
    row = call.world.row(call.param("id"))
    if row is None:
        raise no_workload(call.param("id"))
    one = row.workload
    call.must("get", workspace=one.spec.workspace, owner=one.user_id)
    reader = rows.Reader(
        nodes=_by_name(call),
        hidden=_hidden(call, one),
        shows_secrets=call.user.is_admin or call.user.id == one.user_id,
        ssh_as=call.user.id if call.world.switches.ssh else "",
    )
    live = call.world.resources.get(one.id)
    return Answer(rows.detail(row, live, call.world.clock.now(), call.generation, reader))


def _by_name(call: Call) -> dict[str, Json]:
    return {node.name: node for node in call.world.nodes.values()}


def _hidden(call: Call, one: Workload) -> frozenset[str]:
    """Collect the dependencies that the second generation does not show."""
    if call.generation.is_first:
        return frozenset()
    found = ((id_, call.world.rows.get(id_)) for id_ in one.spec.dependencies or ())
    return frozenset(
        id_ for id_, row in found if row and (row.is_deleted or row.workload.description == creating.HIDDEN)
    )


# -- patch -------------------------------------------------------------------------------------


def _patch(call: Call) -> Answer:
    _ = call.user
    old = call.world.cached(call.param("id"))
    if old is None:
        raise internal("The workload can only be edited when it is running.")
    body = _patch_body(call)
    call.must("update", workspace=old.spec.workspace, owner=old.user_id)
    _must_rank(call, old, body)
    new = patched(old, body, call.generation)
    if old.deleting_at is not None:
        call.world.change(old.id, lambda *_: new)
        return Answer(None)
    new = _tidied(call, new)
    admit_change(old, new, _bench(call, old))
    call.world.respec(old.id, new)
    if new != old:
        call.note("update", new)
    return Answer(None)


def _patch_body(call: Call) -> dict[str, Json]:
    """Read a patch; whatever is wrong with it is a bad request. Nothing changes nothing."""
    if not call.raw.strip():
        return {}
    try:
        return call.body(forms.PATCH[call.generation.number])
    except ApiError as wrong:
        raise bad_request(wrong.message) from None


def _must_rank(call: Call, old: Workload, body: dict[str, Json]) -> None:
    """Check the right to a priority: the first generation as soon as it is mentioned."""
    where: dict[str, str] = {"workspace": old.spec.workspace, "owner": old.user_id}
    stated = body.get("priority")
    if stated is not None and (call.generation.is_first or stated != old.spec.priority):
        call.must("update", kind=priority_kind(stated), **where)
    limit, space = body.get("timeout"), call.world.workspaces.get(old.spec.workspace)
    if call.generation.is_first or limit is None or space is None:
        return
    kind = KINDS.get(old.spec.kind)
    most = space.max_runtime.get(kind.scope, 0) * _HOUR_S if kind else 0
    if most and not 0 < limit <= most:
        call.must("update", kind="workload/high", **where)


def _tidied(call: Call, one: Workload) -> Workload:
    space = call.world.workspaces.get(one.spec.workspace)
    flavor = call.world.flavor_of(one.spec.workspace)
    ground = Ground(call.generation, space, flavor, call.world.switches.ttl_s)
    return replace(one, spec=on_update(one.spec, ground))


def _bench(call: Call, one: Workload) -> Bench:
    world = call.world
    space, flavor = world.workspaces.get(one.spec.workspace), world.flavor_of(one.spec.workspace)
    return Bench(call.generation, world.switches, world.clock.now(), space, flavor, world.ports())


# -- stop and delete ---------------------------------------------------------------------------


def _single(do: Callable[[Call, str], None]) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        _ = call.user
        do(call, call.param("id"))
        return Answer(None)

    return handler


def _stop_one(call: Call, id_: str) -> None:
    """Stop a workload; one that is not known is stopped well."""
    live = call.world.cached(id_)
    if live is not None:
        if call.generation.is_plural and live.is_ended:
            return
        call.must("delete", workspace=live.spec.workspace, owner=live.user_id)
        _end(call, live, "stop", "stopped")
        return
    row = call.world.row(id_)
    if row is None:
        return
    one = row.workload
    ends = ENDED if call.generation.is_plural else {"Stopped"}
    if one.phase in ends:
        return
    call.must("delete", workspace=one.spec.workspace, owner=one.user_id)
    call.world.stop_row(id_)
    call.note("stop", one)


def _delete_one(call: Call, id_: str) -> None:
    """Stop a workload if it lives, and hide its row if there is one yet."""
    live = call.world.cached(id_)
    if live is not None:
        call.must("delete", workspace=live.spec.workspace, owner=live.user_id)
        _end(call, live, "delete", "deleted")
    row = call.world.row(id_)
    if row is None:
        return
    one = row.workload
    call.must("delete", workspace=one.spec.workspace, owner=one.user_id)
    call.world.hide(id_)
    if live is None:
        call.note("delete", one)


def _end(call: Call, live: Workload, verb: str, word: str) -> None:
    why = f"the workload is {word} by {call.user.name}"
    call.note(verb, call.world.change(live.id, lambda one, at: phases.stopped(one, at, why)))


# -- batches -----------------------------------------------------------------------------------


def _batch(do: Callable[[Call, str], None]) -> Callable[[Call], Answer]:
    """Do something to many: one success hides all failures, and no ids at all are a panic."""

    def handler(call: Call) -> Answer:
        _ = call.user
        ids = call.body(forms.BATCH).get("workloadIds", []) if call.raw.strip() else []
        if not ids:
            raise Panic
        failures = [wrong for id_ in ids if (wrong := _tried(do, call, id_)) is not None]
        if len(failures) == len(ids):
            raise internal(failures[0].message)
        return Answer(None)

    return handler


def _tried(do: Callable[[Call, str], None], call: Call, id_: str) -> ApiError | None:
    try:
        do(call, id_)
    except ApiError as wrong:
        return wrong
    return None
