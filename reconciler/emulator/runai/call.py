"""One request to the control plane: who asks, what for, and with which body."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.ledger import note_effect
from reconciler.emulator.runai import clusterlife
from reconciler.emulator.runai.errors import ApiError, bad_request, forbidden, not_found
from reconciler.emulator.runai.records import Project, Workload
from reconciler.emulator.runai.switches import Switches
from reconciler.emulator.runai.world import World
from reconciler.emulator.tokens import Principal, Tokens

Json = Any


@dataclass(frozen=True, slots=True)
class Platform:
    """What the handlers work on."""

    world: World
    tokens: Tokens
    switches: Switches
    level: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request; the world's lock is held while it is handled."""

    request: Request
    platform: Platform
    principal: Principal
    raw: bytes

    @property
    def world(self) -> World:
        """Give the world."""
        return self.platform.world

    @property
    def switches(self) -> Switches:
        """Give the switches."""
        return self.platform.switches

    @property
    def level(self) -> tuple[int, int]:
        """Give the API level."""
        return self.platform.level

    @property
    def query(self) -> Mapping[str, str]:
        """Give the query parameters."""
        return self.request.query_params

    def param(self, name: str) -> str:
        """Give a part of the path."""
        return str(self.request.path_params[name])

    def body(self) -> Json:
        """Parse the body.  Raises ApiError 400 if it is not JSON."""
        try:
            return json.loads(self.raw)
        except (ValueError, RecursionError):
            raise ApiError(400, "Failed to read request body") from None

    def fields(self) -> dict[str, Json]:
        """Parse the body as an object.  Raises ApiError 400."""
        body = self.body()
        if not isinstance(body, dict):
            raise ApiError(400, "Failed to read request body")
        return body

    def note(self, verb: str, one: Workload) -> None:
        """Write an effect on a workload into the ledger."""
        note_effect(self.request.scope, verb, one.type, one.id, one.name)

    def must_reach(self, project: Project, *, write: bool = False) -> None:
        """Raise ApiError 403 if the caller may not do this in the project."""
        if not self.principal.can_see(project.name) or (write and not self.principal.can_write):
            raise forbidden()

    def workload(self, *, kind: str | None = None, write: bool = False) -> Workload:
        """Find the workload of the path, as the submission service knows it.

        Raises ApiError 404 if there is none of that type, 403 if it is out of reach.
        """
        id_ = read_id(self.param("id"))
        one = self.world.get(id_)
        if one is None or kind not in (None, one.kind):
            raise not_found(f"workload {id_} was not found")
        self.must_reach(one.project, write=write)
        self._must_own(one, write=write)
        return one

    def _must_own(self, one: Workload, *, write: bool) -> None:
        protects = self.world.clusters[one.project.cluster].ownership_protection
        if write and protects and one.created_by != self.principal.name:
            raise forbidden()


Handler = Callable[[Call], Response]


def read_id(text: str) -> str:
    """Read a uuid of a path.  Raises ApiError 400 if it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        raise bad_request(f"invalid id '{text}'") from None


def accepted(message: str) -> Response:
    """Answer 202 as suspend, resume and delete do."""
    return JSONResponse({"code": 202, "message": message}, status_code=202)


def route(platform: Platform, method: str, path: str, handler: Handler) -> Route:
    """Put a handler behind the door: a body read, a principal known, the world settled."""

    async def answer(request: Request) -> Response:
        principal = platform.tokens.principal_of(request)
        raw = await request.body()
        with platform.world.lock:
            platform.world.settle()
            clusterlife.settle(platform.world)
            return handler(Call(request, platform, principal, raw))

    endpoint: Callable[[Request], Awaitable[Response]] = answer
    return Route(path, endpoint, methods=[method])
