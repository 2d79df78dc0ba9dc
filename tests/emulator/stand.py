"""A small emulated service to spoil: one list, one counter, the token endpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault, Faults
from reconciler.emulator.inject import Injector
from reconciler.emulator.ledger import Ledger, Recorder, note_effect
from reconciler.emulator.server import serve
from reconciler.emulator.tokens import Tokens

ROWS = {"workloads": [{"id": "1"}, {"id": "2"}, {"id": "3"}], "next": 3}


@dataclass
class Stand:
    url: str
    clock: ManualClock
    ledger: Ledger
    faults: Faults
    tokens: Tokens
    made: list[str] = field(default_factory=list)

    def spoil(self, match: str, **rules: object) -> None:
        self.faults.add(Fault(match, **rules))  # type: ignore[arg-type]  # the rows of the tables

    def get(self, path: str = "/rows", **options: object) -> httpx.Response:
        return self.ask("GET", path, **options)

    def make(self, name: str = "a", **options: object) -> httpx.Response:
        return self.ask("POST", "/rows", json={"name": name}, **options)

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=5) as client:
            return client.request(method, path, **options)  # type: ignore[arg-type]


@contextmanager
def stand() -> Iterator[Stand]:
    clock = ManualClock()
    made = Stand("", clock, Ledger(), Faults(), Tokens(clock))

    async def rows(_: Request) -> Response:
        return JSONResponse(ROWS)

    async def make(request: Request) -> Response:
        name = (await request.json())["name"]
        made.made.append(name)
        note_effect(request.scope, "create", "training", "id-1", name)
        return JSONResponse({"id": "id-1"}, status_code=202)

    async def count(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(5):
            await socket.send_bytes(f"line {number}\n".encode())
        await socket.close(1000)

    async def words(socket: WebSocket) -> None:
        await socket.accept()
        for word in ("grüße\n", "plain\n"):
            await socket.send_bytes(word.encode())
        await socket.close(1000)

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        while (message := await socket.receive())["type"] == "websocket.receive":
            data = message.get("bytes")
            await socket.send_bytes(message["text"].encode() if data is None else data)

    async def wait(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()

    routes = [
        *made.tokens.routes(),
        Route("/rows", rows, methods=["GET"]),
        Route("/rows", make, methods=["POST"]),
        WebSocketRoute("/count", count),
        WebSocketRoute("/words", words),
        WebSocketRoute("/echo", echo),
        WebSocketRoute("/wait", wait),
    ]
    app = Injector(Starlette(routes=routes), made.faults, clock)
    recorded = Recorder(app, made.ledger, clock, made.tokens.name_of)
    with serve(recorded, clock=clock) as made.url:
        yield made
