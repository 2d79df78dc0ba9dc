"""The routes about who asks: login, accounts and API keys."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.routing import Route

from reconciler.emulator.primus_safe import moments
from reconciler.emulator.primus_safe.call import Answer, Call, Platform, route
from reconciler.emulator.primus_safe.decode import Slice, Struct
from reconciler.emulator.primus_safe.errors import (
    BAD_REQUEST,
    UNREGISTERED,
    ApiError,
    bad_request,
    not_found,
    unauthorized,
)
from reconciler.emulator.primus_safe.tokens import ApiKey
from reconciler.emulator.primus_safe.users import User

Json = Any
_FORM = "application/x-www-form-urlencoded"
_LOGIN = Struct("UserLoginRequest", {"type": str, "name": str, "password": str, "code": str})
_NEW = Struct("CreateUserRequest", {"name": str, "password": str, "email": str, "workspaces": Slice(str)})
_KEY = Struct("CreateApiKeyRequest", {"name": str, "ttlDays": int, "whitelist": Slice(str)})
_LONGEST_NAME, _DAYS = 100, (1, 366)
_LOCAL = frozenset({"localhost", "127.0.0.1"})


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "POST", "/login", _login, is_open=True)
    yield route(platform, "POST", "/logout", _logout, is_open=platform.generation.is_first)
    yield route(platform, "POST", "/users", _register, is_open=True)
    yield route(platform, "GET", "/users/self", _self)
    yield route(platform, "GET", "/users", _users)
    if platform.generation.takes_api_key:
        yield route(platform, "POST", "/apikeys", _add_key)
        yield route(platform, "GET", "/apikeys", _keys)
        yield route(platform, "GET", "/apikeys/current", _current_key)
        yield route(platform, "DELETE", "/apikeys/{id}", _remove_key)


def _login(call: Call) -> Answer:
    """Sign somebody in; only a form sets cookies."""
    is_form = call.request.headers.get("content-type", "").startswith(_FORM)
    body = dict(parse_qsl(call.raw.decode("utf-8", "replace"))) if is_form else call.body(_LOGIN)
    if body.get("type") == "teams" and call.generation.is_first:
        return Answer(None)
    name = body.get("name", "")
    if not name:
        raise bad_request("the userName is empty")
    user = next((one for one in call.world.users.all() if one.name == name), None)
    if user is None:
        raise ApiError(401, UNREGISTERED, f"user({name}) is not registered")
    skips = call.generation.is_first and not user.password
    if not skips and user.password != body.get("password", ""):
        raise unauthorized("the userName or password is incorrect")
    token, ends = call.platform.tokens.issue(user)
    answer = Answer({**_short(call, user), "expire": ends, "token": token})
    if is_form:
        _set_cookies(call, answer, user, token)
    return answer


def _short(call: Call, user: User) -> dict[str, Json]:
    """Spell an account as a login of the first generation does, which fills in little."""
    if not call.generation.is_first:
        return _spelt(call, user)
    empty = {"workspaces": None, "managedWorkspaces": None, "creationTime": "", "restrictedType": 0}
    return _spelt(call, user) | empty


def _set_cookies(call: Call, answer: Answer, user: User, token: str) -> None:
    host = (call.request.headers.get("host") or "").partition(":")[0]
    domain = None
    if call.generation.is_first:
        domain = host if host in _LOCAL else "." + ".".join(host.split(".")[-2:])
    cookies = {"Token": quote(token, safe=""), "userId": user.id}
    if not call.generation.is_first:
        cookies["userType"] = "default"
    for name, value in cookies.items():
        answer.set_cookie(name, value, path="/", domain=domain, httponly=True, samesite=None)


def _logout(_: Call) -> Answer:
    answer = Answer(None)
    for name in ("Token", "userId", "userType"):
        answer.delete_cookie(name, path="/")
    return answer


def _register(call: Call) -> Answer:
    body = call.body(_NEW)
    if not body.get("name"):
        raise bad_request("the userName is empty")
    if any(one.name == body["name"] for one in call.world.users.all()):
        raise ApiError(409, "AlreadyExists", f'users.amd.com "{body["name"]}" already exists')
    user = call.world.users.add(
        body["name"], body.get("password", ""), call.world.clock.now(), workspaces=body.get("workspaces", [])
    )
    call.note_on("create", "User", user.id, user.name)
    return Answer({"id": user.id})


def _self(call: Call) -> Answer:
    return Answer(_spelt(call, call.user))


def _users(call: Call) -> Answer:
    """List those one shares a workspace with; an administrator sees all."""
    me, query = call.user, call.query
    mine = {*me.workspaces, *me.managed}
    asked = query.get("workspaceId", "")
    shown = [
        user
        for user in call.world.users.all()
        if (me.is_admin or user.id == me.id or mine & {*user.workspaces, *user.managed})
        and query.get("name", "") in {"", user.name}
        and query.get("email", "") in {"", user.email}
        and (not asked or asked in {*user.workspaces, *user.managed})
    ]
    return Answer({"totalCount": len(shown), "items": [_spelt(call, user) for user in shown] or None})


def _spelt(call: Call, user: User) -> dict[str, Json]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "type": "default",
        "roles": list(user.roles),
        "workspaces": _named(call, (*user.workspaces, *user.managed)),
        "managedWorkspaces": _named(call, user.managed),
        "creationTime": moments.naive(user.created_at),
        "restrictedType": user.restricted,
    }


def _named(call: Call, ids: tuple[str, ...]) -> list[dict[str, str]] | None:
    spaces = (call.world.workspaces.get(id_) for id_ in dict.fromkeys(ids))
    return [{"id": space.id, "name": space.name} for space in spaces if space] or None


# -- API keys ----------------------------------------------------------------------------------


def _add_key(call: Call) -> Answer:
    user, body = call.user, call.body(_KEY)
    name, days = body.get("name", ""), body.get("ttlDays", 0)
    if not name or len(name) > _LONGEST_NAME:
        raise ApiError(400, BAD_REQUEST, f"Bad request. the name must have 1 to {_LONGEST_NAME} characters")
    if not _DAYS[0] <= days <= _DAYS[1]:
        raise bad_request(f"ttlDays must be between {_DAYS[0]} and {_DAYS[1]}")
    nets = body.get("whitelist", [])
    key = call.platform.tokens.add_key(user, name, timedelta(days=days), whitelist=nets)
    call.note_on("create", "ApiKey", str(key.id), key.name)
    return Answer(_key(key) | {"apiKey": key.text})


def _keys(call: Call) -> Answer:
    user = call.user
    mine = [_key(key) for key in call.platform.tokens.keys.values() if key.user_id == user.id]
    return Answer({"totalCount": len(mine), "items": mine})


def _current_key(call: Call) -> Answer:
    key = call.platform.tokens.key_of(call.request)
    if key is None:
        raise not_found("the current API key")
    return Answer(_key(key))


def _remove_key(call: Call) -> Answer:
    number = call.param("id")
    if not number.isdigit() or not call.platform.tokens.remove_key(call.user, int(number)):
        raise not_found(f"API key {number}")
    call.note_on("delete", "ApiKey", number, number)
    return Answer(None)


def _key(key: ApiKey) -> dict[str, Json]:
    return {
        "id": key.id,
        "name": key.name,
        "userId": key.user_id,
        "expirationTime": moments.naive(key.expires_at),
        "creationTime": moments.naive(key.created_at),
        "whitelist": list(key.whitelist),
        "deleted": False,
    }
