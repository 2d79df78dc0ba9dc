"""Put the emulated server together: world, routes, ledger, faults."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp

from reconciler.emulator import server
from reconciler.emulator.clock import Clock, ScaledClock
from reconciler.emulator.faults import Faults
from reconciler.emulator.inject import Injector
from reconciler.emulator.ledger import Ledger, Recorder
from reconciler.emulator.primus_safe import lookups, people, podlogs, secrets, spaces, workloads
from reconciler.emulator.primus_safe.call import Platform
from reconciler.emulator.primus_safe.errors import ApiError, Panic, not_found, render
from reconciler.emulator.primus_safe.generations import GENERATIONS
from reconciler.emulator.primus_safe.phases import Pace
from reconciler.emulator.primus_safe.seed import plant
from reconciler.emulator.primus_safe.switches import Switches
from reconciler.emulator.primus_safe.tokens import Tokens
from reconciler.emulator.primus_safe.world import World


class Emulator:
    """A Primus-SaFE server and one cluster, in memory.

    `world` is the state, for looking and for changing it behind everybody's back; `ledger` tells
    what was asked and what it did; `faults` is the script of what goes wrong. `root` is the
    administrator, `demo` a member of every workspace, by password or by an API key.
    """

    def __init__(
        self,
        *,
        seed: str = "empty",
        clock: Clock | None = None,
        generation: int = 1,
        switches: Switches | None = None,
        pace: Pace | None = None,
    ) -> None:
        if generation not in GENERATIONS:
            raise ValueError(f"generation {generation!r} is none of {', '.join(map(str, GENERATIONS))}")
        self.clock = clock or ScaledClock(1)
        self.switches = switches or Switches()
        self.generation = GENERATIONS[generation]
        self.ledger = Ledger()
        self.faults = Faults()
        self.world = World(self.clock, self.generation, self.switches, pace)
        self.tokens = Tokens(self.clock, self.world.users, self.generation, self.switches)
        plant(self.world, self.tokens, seed)
        self.platform = Platform(self.world, self.tokens, self.switches, self.generation)
        self.app: ASGIApp = self._app()

    @contextmanager
    def serve(self, port: int = 0, *, tls: server.Tls | None = None) -> Iterator[str]:
        """Serve on loopback from a thread and give the URL; port 0 takes any free one.

        `tls` is a certificate and a key, as file names.
        """
        with server.serve(self.app, port, clock=self.clock, tls=tls) as url:
            yield url

    def _app(self) -> ASGIApp:
        core = Starlette(
            routes=list(self._routes()),
            exception_handlers={ApiError: render, Panic: render, HTTPException: self._on_http},
        )
        core.router.redirect_slashes = False
        injector = Injector(core, self.faults, envelope=_fault_body)
        return Recorder(injector, self.ledger, self.clock, self.tokens.name_of)

    def _routes(self) -> Iterator[BaseRoute]:
        """Yield all routes, the literal ones before those with an id."""
        yield from people.routes(self.platform)
        yield from lookups.routes(self.platform)
        yield from spaces.routes(self.platform)
        yield from secrets.routes(self.platform)
        yield from podlogs.routes(self.platform)
        yield from workloads.routes(self.platform)

    async def _on_http(self, request: Request, _: Exception) -> Response:
        """Answer an unknown route or method: 404, or a redirect to the path without its last slash."""
        path = request.url.path
        shorter = path.rstrip("/")
        if path.endswith("/") and self._is_served(request, shorter):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(shorter + query, 301 if request.method == "GET" else 307)
        asked = path + (f"?{request.url.query}" if request.url.query else "")
        error = not_found(asked)
        return JSONResponse(error.body(), status_code=error.status)

    def _is_served(self, request: Request, path: str) -> bool:
        scope = {**request.scope, "path": path}
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes())


def _fault_body(status: int, message: str) -> dict[str, str]:
    return {"errorCode": "InternalError" if status >= 500 else "BadRequest", "errorMessage": message}
