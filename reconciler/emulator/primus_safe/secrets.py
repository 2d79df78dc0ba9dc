"""The routes of secrets: the administrator's in the first generation, everybody's own in the second."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from starlette.routing import Route

from reconciler.emulator.primus_safe import moments
from reconciler.emulator.primus_safe.call import Answer, Call, Platform, route
from reconciler.emulator.primus_safe.decode import Map, Slice, Struct
from reconciler.emulator.primus_safe.errors import ApiError, bad_request, kubernetes_not_found
from reconciler.emulator.primus_safe.names import generated, normalised
from reconciler.emulator.primus_safe.records import Secret
from reconciler.emulator.primus_safe.users import must_be_admin

Json = Any
_TYPES = {1: ("image", "ssh"), 2: ("image", "ssh", "general")}
_NEW = Struct(
    "CreateSecretRequest",
    {
        "name": str, "type": str, "params": Slice(Map(str)), "bindAllWorkspaces": bool,
        "workspaceIds": Slice(str),
    },
)  # fmt: skip


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", "/secrets", _list)
    yield route(platform, "POST", "/secrets", _create)
    yield route(platform, "GET", "/secrets/{id}", _get)
    yield route(platform, "PATCH", "/secrets/{id}", _patch)
    yield route(platform, "DELETE", "/secrets/{id}", _delete)


def _list(call: Call) -> Answer:
    _must_be_first_admin(call)
    type_ = call.query.get("type", "")
    found = [
        one
        for _, one in sorted(call.world.secrets.items())
        if type_ in {"", one.type} and _is_seen(call, one)
    ]
    with_params = call.generation.is_first
    return Answer({"totalCount": len(found), "items": [_spelt(call, one, with_params) for one in found]})


def _must_be_first_admin(call: Call) -> None:
    if call.generation.is_first:
        must_be_admin(call.user)


def _is_seen(call: Call, one: Secret) -> bool:
    me = call.user
    shared = one.workspaces is None or bool({*one.workspaces} & {*me.workspaces, *me.managed})
    return me.is_admin or one.user_id == me.id or shared


def _create(call: Call) -> Answer:
    _must_be_first_admin(call)
    body = call.body(_NEW)
    if not body.get("name"):
        raise bad_request("the name of the secret is empty")
    if body.get("type") not in _TYPES[call.generation.number]:
        raise bad_request(f"the type of the secret only supports {', '.join(_TYPES[call.generation.number])}")
    id_ = normalised(generated(body["name"], "secret", call.world.ticket()))
    spaces = None if body.get("bindAllWorkspaces") else tuple(body.get("workspaceIds", ()))
    made = Secret(
        id_, body["name"], body["type"], tuple(body.get("params", ())), call.user.id,
        call.world.clock.now(), spaces,
    )  # fmt: skip
    call.world.secrets[id_] = made
    call.note_on("create", "Secret", id_, made.name)
    return Answer({"secretId": id_})


def _get(call: Call) -> Answer:
    return Answer(_spelt(call, _of(call), True))


def _of(call: Call, *, write: bool = False) -> Secret:
    """Find the secret of the path.  Raises ApiError 404 if there is none, 403 out of reach."""
    _must_be_first_admin(call)
    me, one = call.user, call.world.secrets.get(call.param("id"))
    if one is None:
        raise kubernetes_not_found("secrets", call.param("id"))
    if not _is_seen(call, one) or (write and not me.is_admin and one.user_id != me.id):
        call.must("update" if write else "get", kind="secret")
    return one


def _patch(call: Call) -> Answer:
    one = _of(call, write=True)
    body = call.body(_NEW)
    changed = one
    if "params" in body:
        changed = replace(changed, params=tuple(body["params"]))
    if "workspaceIds" in body:
        changed = replace(changed, workspaces=tuple(body["workspaceIds"]))
    if body.get("bindAllWorkspaces"):
        changed = replace(changed, workspaces=None)
    call.world.secrets[one.id] = changed
    call.note_on("update", "Secret", one.id, one.name)
    return Answer(None)


def _delete(call: Call) -> Answer:
    one = _of(call, write=True)
    users = [space.id for space in call.world.workspaces.values() if one.id in space.image_secrets]
    if users:
        raise ApiError(403, "00003", f"the secret is used by the workspace {users[0]}")
    del call.world.secrets[one.id]
    call.note_on("delete", "Secret", one.id, one.name)
    return Answer(None)


def _spelt(call: Call, one: Secret, with_params: bool) -> dict[str, Json]:
    told: dict[str, Json] = {
        "secretId": one.id,
        "secretName": one.name,
        "type": one.type,
        "creationTime": moments.naive(one.created_at),
    }
    if with_params:
        told["params"] = [dict(each) for each in one.params]
    if call.generation.is_first:
        return told | {"bindAllWorkspaces": one.workspaces is None}
    user = call.world.users.get(one.user_id)
    return told | {
        "workspaceIds": list(one.workspaces or ()),
        "userId": one.user_id,
        "userName": user.name if user else "",
    }
