"""Put the emulated control plane together: world, routes, ledger, faults."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from reconciler.emulator import server
from reconciler.emulator.clock import Clock, ScaledClock
from reconciler.emulator.faults import Faults
from reconciler.emulator.inject import Injector
from reconciler.emulator.ledger import Ledger, Recorder
from reconciler.emulator.runai import (
    cluster_api,
    clustermetrics,
    clusters,
    elements,
    events,
    gate,
    inference,
    lookups,
    metrics,
    nims,
    permissions,
    podlist,
    policies,
    telemetry,
    types,
    v2,
    workloads,
)
from reconciler.emulator.runai.call import Platform
from reconciler.emulator.runai.containers import WorldView
from reconciler.emulator.runai.errors import ApiError, render
from reconciler.emulator.runai.habits import Habits
from reconciler.emulator.runai.phases import Pace
from reconciler.emulator.runai.seed import plant
from reconciler.emulator.runai.switches import Switches
from reconciler.emulator.runai.world import World
from reconciler.emulator.tokens import Tokens, Unauthenticated, on_unauthenticated

LEVELS = {"2.23": (2, 23), "2.24": (2, 24), "2.25": (2, 25)}


class Emulator:
    """A Run:ai control plane and one cluster, in memory.

    `world` is the state, for looking and for changing it behind everybody's back; `ledger` tells
    what was asked and what it did; `faults` is the script of what goes wrong. `tokens` adds
    principals; `demo` with `demo-secret` is there. `switches` and `habits` answer what the documents
    of the control plane and of the cluster API leave open.
    """

    def __init__(
        self,
        *,
        seed: str = "empty",
        clock: Clock | None = None,
        api_level: str = "2.25",
        switches: Switches | None = None,
        pace: Pace | None = None,
        habits: Habits | None = None,
    ) -> None:
        if api_level not in LEVELS:
            raise ValueError(f"api_level {api_level!r} is none of {', '.join(LEVELS)}")
        self.clock = clock or ScaledClock(1)
        self.switches = switches or Switches()
        self.api_level = api_level
        self.ledger = Ledger()
        self.faults = Faults()
        self.tokens = Tokens(self.clock, api_level=api_level)
        self.world = World(self.clock, pace=pace)
        plant(self.world, seed)
        # Set after planting: what was there from the start has long been reported.
        self.world.lag_s = self.switches.lag_s
        self.habits = habits or Habits()
        self.platform = Platform(self.world, self.tokens, self.switches, LEVELS[api_level])
        self.app: ASGIApp = self._app()

    @contextmanager
    def serve(self, port: int = 0, *, tls: server.Tls | None = None, ping_s: float = 30.0) -> Iterator[str]:
        """Serve on loopback from a thread and give the URL; port 0 takes any free one.

        `tls` is a certificate and a key, as file names. A WebSocket is pinged every `ping_s`
        seconds of this machine, and closed if no pong comes within as many.
        """
        with server.serve(self.app, port, clock=self.clock, tls=tls, ping_s=ping_s) as url:
            yield url

    def _app(self) -> ASGIApp:
        core = Starlette(
            routes=list(self._routes()),
            exception_handlers={
                ApiError: render,
                Unauthenticated: on_unauthenticated,
                HTTPException: _on_http,
            },
        )
        core.router.redirect_slashes = False
        injector = Injector(core, self.faults, self.clock)
        return Recorder(injector, self.ledger, self.clock, self.tokens.name_of)

    def _routes(self) -> Iterator[BaseRoute]:
        """Yield all routes, the literal ones before those with an id."""
        yield from self.tokens.routes()
        yield from clusters.routes(self.platform)
        yield from clustermetrics.routes(self.platform)
        yield from lookups.routes(self.platform)
        yield from permissions.routes(self.platform)
        yield from types.routes(self.platform)
        yield from policies.routes(self.platform)
        yield from telemetry.routes(self.platform)
        yield from metrics.routes(self.platform)
        yield from inference.routes(self.platform)
        yield from workloads.routes(self.platform)
        yield from nims.routes(self.platform)
        yield from v2.routes(self.platform)
        yield from podlist.routes(self.platform)
        yield from events.routes(self.platform)
        yield from elements.routes(self.platform)
        yield from workloads.detail_routes(self.platform)
        yield from cluster_api.routes(self.tokens, WorldView(self.world), self.clock, self.habits)


async def _on_http(request: Request, error: Exception) -> Response:
    """Answer an unknown route or method in the envelope of whose it would be."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    if request.url.path.startswith("/cluster-api/"):
        answer = gate.error(error.status_code, error.detail)
        answer.headers.update(error.headers or {})
        return answer
    body = ApiError(error.status_code, error.detail).body()
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
