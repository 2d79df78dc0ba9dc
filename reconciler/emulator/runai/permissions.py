"""What the caller may do: for each action the scopes in which it is permitted."""

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import bad_request

Json = Any
_WRITING = ("create", "update", "delete")
_NOWHERE: Mapping[str, Json] = {
    "system": False,
    "tenants": [],
    "clusters": [],
    "departments": [],
    "projects": [],
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "POST", "/api/v1/authorization/permitted-scopes", show_permitted)


def show_permitted(call: Call) -> Response:
    """Show where the caller may create, read, update and delete a type of resource."""
    if not isinstance(call.fields().get("resourceType"), str):
        raise bad_request("resourceType is required")
    here = _scopes(call)
    writing = dict.fromkeys(_WRITING, here if call.principal.can_write else _NOWHERE)
    return JSONResponse({"read": here, **writing})


def _scopes(call: Call) -> Mapping[str, Json]:
    """Give the caller's projects, or the whole tenant where it sees all of them."""
    if call.principal.projects is None:
        return {**_NOWHERE, "tenants": [str(call.world.tenant_id)]}
    mine = [one.id for one in call.world.projects.values() if call.principal.can_see(one.name)]
    return {**_NOWHERE, "projects": mine}
