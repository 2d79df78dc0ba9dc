"""The way in: our transport led straight into the emulator, in one loop, with no socket and no thread.

Nothing but the injected clock moves time, so the same script gives the same run, request by request. A run
can be killed at any request: from that moment on nothing of it is sent and nothing is noted any more, and
the journal's lock is freed, as the kernel does for a process that is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
from starlette.types import ASGIApp

from reconciler.emulator.ledger import Entry, Ledger, page_of
from reconciler.emulator.wire import Wire, attach
from reconciler.journal import Journal
from reconciler.transport import Transport

POINTS = ("before send", "before answer", "before journal", "after journal")
"""Where around a request a run can be killed: before it leaves, after its effect and before its answer,
after its answer and before the journal's next line, and after that line."""

World = Mapping[str, Any]
"""What is live, by id; each platform has records of its own."""
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


class Killed(BaseException):
    """Go down without a word; nothing of ours may catch it."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Say at which request of a run, counted from 1, and where around it the run ends.

    `of_writes` counts only the requests to change a workload.
    """

    number: int
    point: str
    of_writes: bool = False


@dataclass(frozen=True, slots=True)
class Strike:
    """Keep a write as it happened: its entry, the live world before it and after it, by id."""

    entry: Entry
    before: World
    after: World


@dataclass
class Run:
    """Follow one run of ours: what it sent, what that did, and when it is to die.

    `order` mixes its requests with those of other runs.
    """

    kill: Kill | None = None
    order: Random | None = None
    requests: int = 0
    writes: int = 0
    seqs: list[int] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)
    is_dead: bool = False
    is_marked: bool = False

    def send(self, *, is_write: bool) -> bool:
        """Take note that a request is about to leave; tell whether it is the one to die at."""
        self._live_on()
        if self.is_marked:
            self.die()
        self.requests += 1
        self.writes += is_write
        is_last = self.kill is not None and self._is_at(self.kill, is_write=is_write)
        if is_last and self.kill and self.kill.point == "before send":
            self.die()
        return is_last

    def _is_at(self, kill: Kill, *, is_write: bool) -> bool:
        if kill.of_writes:
            return is_write and self.writes == kill.number
        return self.requests == kill.number

    def answer(self, *, is_last: bool) -> None:
        """Take note that the answer to a request is about to arrive."""
        self._live_on()
        if is_last:
            if self.kill and self.kill.point == "before answer":
                self.die()
            self.is_marked = True

    def note(self) -> None:
        """Take note that a line is about to be written to the journal."""
        self._live_on()
        if self.is_marked and self.kill and self.kill.point == "before journal":
            self.die()

    def noted(self) -> None:
        """Take note that a line stands in the journal."""
        if self.is_marked:
            self.die()

    def die(self) -> None:
        """End the run here and now."""
        self.is_dead = True
        raise Killed

    def _live_on(self) -> None:
        if self.is_dead:
            raise Killed


RUN: ContextVar[Run] = ContextVar("run")


class Cord(Wire):
    """Be the connection of a request that comes from this process: keeps what goes past HTTP."""

    def __init__(self) -> None:
        self._gone = asyncio.Event()
        self.raw = bytearray()
        self.is_cut = False

    @property
    def is_gone(self) -> bool:
        """Whether the connection is over."""
        return self._gone.is_set()

    def write(self, data: bytes) -> None:
        """Take bytes past the HTTP layer."""
        self.raw += data

    async def reset(self) -> None:
        """Cut the connection."""
        self.is_cut = True
        self._gone.set()

    async def close(self) -> None:
        """Hang up; an answer that is shorter than it said is cut all the same."""
        await self.reset()


class Torn(httpx.AsyncByteStream):
    """Give a body, and break off at its end where that is not the whole."""

    def __init__(self, body: bytes, *, is_cut: bool) -> None:
        self._body, self._is_cut = body, is_cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body in one piece."""
        yield self._body
        if self._is_cut:
            raise httpx.RemoteProtocolError("the connection was cut")


class Door(httpx.AsyncBaseTransport):
    """Carry requests into the application of the emulator, for whichever run is under way."""

    def __init__(self, app: ASGIApp, ledger: Ledger, live: Callable[[], World]) -> None:
        self._app, self._ledger, self._live = app, ledger, live

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; its effect, its faults and its end of the run are played here."""
        run = RUN.get()
        is_last = run.send(is_write=request.method in _WRITES and "/workloads" in request.url.path)
        await _mixed(run.order)
        await _trace(request)
        try:
            return await self._answer(run, request)
        finally:
            run.answer(is_last=is_last)
            await _mixed(run.order)

    async def _answer(self, run: Run, request: httpx.Request) -> httpx.Response:
        scope, parts, cord = _scope(request), list[MutableMapping[str, Any]](), Cord()
        waiting = [{"type": "http.request", "body": await request.aread(), "more_body": False}]
        before = self._live() if request.method in _WRITES else {}

        async def receive() -> MutableMapping[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            parts.append(message)

        attach(scope, cord)
        await self._app(scope, receive, send)
        if page := page_of(scope):
            self._keep(run, page.seq, before)
        return _response(parts, cord)

    def _keep(self, run: Run, seq: int, before: World) -> None:
        run.seqs.append(seq)
        entry = self._ledger.since(seq - 1)[0]
        if entry.method in _WRITES and not entry.is_login:
            run.strikes.append(Strike(entry, before, self._live()))


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": (request.url.host, request.url.port or 80),
    }


async def _mixed(order: Random | None) -> None:
    for _ in range(order.randrange(4) if order else 0):
        await asyncio.sleep(0)


async def _trace(request: httpx.Request) -> None:
    """Tell the transport that its request goes out, as the client of a real connection does."""
    if trace := request.extensions.get("trace"):
        method = SimpleNamespace(method=request.method.encode())
        await trace("http11.send_request_headers.started", {"request": method})


def _response(parts: list[MutableMapping[str, Any]], cord: Cord) -> httpx.Response:
    if cord.raw:
        return _raw_response(bytes(cord.raw))
    if cord.is_cut or not parts:
        raise httpx.ReadError("the connection was reset")
    body = b"".join(part.get("body", b"") for part in parts[1:])
    return httpx.Response(
        parts[0]["status"], headers=parts[0].get("headers", []), stream=Torn(body, is_cut=False)
    )


def _raw_response(raw: bytes) -> httpx.Response:
    """Read what went past HTTP, as far as it goes: only whole answers have the length they say."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    said = dict(headers).get(b"content-length")
    is_cut = said is None or len(body) != int(said)
    return httpx.Response(int(status.split()[1]), headers=headers, stream=Torn(body, is_cut=is_cut))


@contextmanager
def inside(app: ASGIApp, ledger: Ledger, live: Callable[[], World]) -> Iterator[None]:
    """Lead every session opened in this block into the emulator, and let its run die where it is to.

    `live` gives what is live there, which is kept around every write.
    """
    door, append = Door(app, ledger, live), Journal._append

    def client(_: Transport, _call: object) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=door, trust_env=False)

    def noting(journal: Journal, record: Mapping[str, Any]) -> None:
        run = RUN.get()
        run.note()
        append(journal, record)
        run.noted()

    with patch.object(Transport, "_new_client", client), patch.object(Journal, "_append", noting):
        yield
