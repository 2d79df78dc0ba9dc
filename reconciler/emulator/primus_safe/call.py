"""One request to the server: who asks, what for, and with which body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.ledger import note_effect
from reconciler.emulator.primus_safe.decode import Struct, decode
from reconciler.emulator.primus_safe.errors import TOO_LARGE, ApiError, not_registered
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.switches import Switches
from reconciler.emulator.primus_safe.tokens import Tokens
from reconciler.emulator.primus_safe.users import User, Wish, must_allow
from reconciler.emulator.primus_safe.world import World

Json = Any
PREFIX = "/api/v1"
_LARGEST = 2 * 1024 * 1024


class Answer(JSONResponse):
    """JSON as the server writes it; a success that has nothing to say is `null`."""

    media_type = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Platform:
    """What the handlers work on."""

    world: World
    tokens: Tokens
    switches: Switches
    generation: Generation


@dataclass(frozen=True, slots=True)
class Call:
    """A request that says who asks; the world's lock is held while it is handled."""

    request: Request
    platform: Platform
    user_id: str
    raw: bytes

    @property
    def world(self) -> World:
        """Give the world."""
        return self.platform.world

    @property
    def generation(self) -> Generation:
        """Give the generation of the server."""
        return self.platform.generation

    @property
    def query(self) -> Mapping[str, str]:
        """Give the query parameters."""
        return self.request.query_params

    @property
    def user(self) -> User:
        """Give the account of the one who asks.  Raises ApiError 401 if it has none."""
        user = self.world.users.get(self.user_id)
        if user is None:
            raise not_registered(self.user_id)
        return user

    def param(self, name: str) -> str:
        """Give a part of the path, without the blanks around it."""
        return str(self.request.path_params[name]).strip()

    def body(self, struct: Struct) -> dict[str, Json]:
        """Read the body.  Raises ApiError 400, or 413 above 2 MiB."""
        if len(self.raw) > _LARGEST:
            raise ApiError(413, TOO_LARGE, f"Request body is too large, the limit is {_LARGEST} bytes")
        return decode(self.raw, struct)

    def must(self, verb: str, *, kind: str = "workload", workspace: str = "", owner: str = "") -> None:
        """Raise ApiError 403 if the caller may not do this."""
        must_allow(self.user, Wish(verb, kind, workspace, owner), self.generation)

    def note(self, verb: str, one: Workload) -> None:
        """Write an effect on a workload into the ledger."""
        self.note_on(verb, one.spec.kind, one.id, one.display_name)

    def note_on(self, verb: str, kind: str, id_: str, name: str) -> None:
        """Write an effect into the ledger."""
        note_effect(self.request.scope, verb, kind, id_, name)


Handler = Callable[[Call], Response]


def route(platform: Platform, method: str, path: str, handler: Handler, *, is_open: bool = False) -> Route:
    """Put a handler behind the door; `is_open` lets everybody in."""

    async def answer(request: Request) -> Response:
        with platform.world.lock:
            user_id = "" if is_open else platform.tokens.id_of(request)
        raw = await request.body()
        with platform.world.lock:
            platform.world.settle()
            return handler(Call(request, platform, user_id, raw))

    return Route(PREFIX + path, answer, methods=[method])
