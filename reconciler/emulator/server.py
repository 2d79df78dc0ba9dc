"""Serve an emulated control plane on loopback, fast to start and quick to stop.

Binds to 127.0.0.1 only. Every answer carries `X-Emulator: EMULATOR`, so that nobody mistakes
it for a platform, and a Date header in emulated time.
"""

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from reconciler.emulator.clock import Clock
from reconciler.emulator.wire import Ending, Wire, attach

HOST = "127.0.0.1"
MARK = (b"x-emulator", b"EMULATOR")
_HEADED = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_START_S = 10.0
_STOP_S = 5.0
_GRACE_S = 0.2
_TURNS = 4
"""So many turns of the loop make a connection of a socket that was accepted."""
_GOING_AWAY, _ABNORMAL = 1001, 1006
_TOO_LONG_BODY = (
    b'{"code":400,"reason":"Bad Request","message":"a line of the request is longer than 8192 bytes"}'
)
_TOO_LONG = (
    b"HTTP/1.1 400 Bad Request\r\nx-emulator: EMULATOR\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_TOO_LONG_BODY), _TOO_LONG_BODY)
)

Tls = tuple[str, str]


class Stamp:
    """ASGI middleware: put the emulator's mark and the emulated date on every answer."""

    def __init__(self, app: ASGIApp, clock: Clock | None = None) -> None:
        self.app = app
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, stamped."""

        async def stamped(message: Message) -> None:
            if message["type"] in _HEADED:
                message = {**message, "headers": self._stamp(list(message.get("headers", [])))}
            await send(message)

        await self.app(scope, receive, stamped)

    def _stamp(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in headers}
        added = [h for h in stamps(self.clock) if h[0] not in names]
        return [*headers, *added]


def stamps(clock: Clock | None) -> list[tuple[bytes, bytes]]:
    """Give the headers that every answer carries."""
    now = clock.now() if clock else datetime.now(UTC)
    return [MARK, (b"date", format_datetime(now, usegmt=True).encode())]


@contextlib.contextmanager
def serve(
    app: ASGIApp,
    port: int = 0,
    *,
    tls: Tls | None = None,
    clock: Clock | None = None,
    ping_s: float = 30.0,
    keep_alive_s: int = 75,
) -> Iterator[str]:
    """Serve `app` from a background thread and give its URL; port 0 takes any free one.

    `tls` is a certificate and a key, as file names. Open connections, WebSockets included, are
    cut when the block ends.  Raises OSError if the port is taken.
    """
    config = _config(Stamp(app, clock), tls, ping_s, keep_alive_s)
    with _bound(port) as sock:
        server = _Server(config)
        thread = threading.Thread(target=server.run, args=([sock],), name="emulator", daemon=True)
        thread.start()
        try:
            if not server.ready.wait(_START_S):
                raise RuntimeError(f"the emulator did not start within {_START_S:.0f} s")
            yield _url(sock, tls)
        finally:
            server.stop()
            thread.join(_STOP_S)


def run_forever(
    app: ASGIApp,
    port: int,
    on_ready: Callable[[str], None],
    *,
    tls: Tls | None = None,
    clock: Clock | None = None,
) -> None:
    """Serve `app` from this thread until interrupted; `on_ready` is called once with the URL."""
    config = _config(Stamp(app, clock), tls, 30.0, 75)
    with _bound(port) as sock:
        url = _url(sock, tls)
        server = _Server(config, on_ready=lambda: on_ready(url))
        with contextlib.suppress(KeyboardInterrupt):
            server.run([sock])


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Leave out that a client went away before its WebSocket was accepted: clients may."""
    return not record.getMessage().startswith("ASGI callable returned without completing handshake")


logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)


def _config(app: ASGIApp, tls: Tls | None, ping_s: float, keep_alive_s: int) -> uvicorn.Config:
    cert, key = tls or (None, None)
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_Http,
        ws=_WebSocket,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws_ping_interval=ping_s,
        ws_ping_timeout=ping_s,
        timeout_keep_alive=keep_alive_s,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )


@contextlib.contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    # With the protocol stated, asyncio sends small answers at once; else each waits 40 ms for an ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        yield sock


def _url(sock: socket.socket, tls: Tls | None) -> str:
    scheme = "https" if tls else "http"
    return f"{scheme}://{HOST}:{sock.getsockname()[1]}"


class _Server(uvicorn.Server):
    """uvicorn, woken at once to stop, and never waiting for a client that stays."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def stop(self) -> None:
        """Ask the server to end; any thread may."""
        self.should_exit = True
        if self._loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
                self._loop.call_soon_threadsafe(self._wake.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End on a signal."""
        super().handle_exit(sig, frame)
        self.stop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)
        self.ready.set()
        if self._on_ready is not None:
            self._on_ready()

    async def main_loop(self) -> None:
        """Wait for the word to stop."""
        if self._wake is not None and not self.should_exit:
            await self._wake.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is idle, cut what is not."""
        await self._accept_no_more()
        for server in self.servers:
            server.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(list(state.tasks), timeout=_GRACE_S)
        for connection in list(state.connections):
            connection.transport.abort()
        await self._until_cut()
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept_no_more(self) -> None:
        """Stop listening, and let what was accepted become connections: a closed server loses them."""
        for listening in (each for server in self.servers for each in server.sockets):
            asyncio.get_running_loop().remove_reader(listening)
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def _until_cut(self) -> None:
        for _ in range(50):
            if not self.server_state.connections:
                return
            await asyncio.sleep(0.002)


class _Http(H11Protocol):
    """HTTP that hands each request the wire it came on."""

    wire: Wire

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app = _wired(self.app, lambda: self.wire)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        self.wire = Wire(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.wire.lost()


class _WebSocket(WebSocketsSansIOProtocol):
    """WebSockets that hand each session the wire it runs on, and go away with 1001."""

    wire: Wire

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app = _wired(self.app, lambda: self.wire)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.wire = Wire(self.transport, self.stop_keepalive)

    def data_received(self, data: bytes) -> None:
        """Take bytes; refuse a handshake with a line that is too long, for which uvicorn has no answer."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not hasattr(self, "request"):
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.wire.lost(self._ending())

    def shutdown(self) -> None:
        """Say goodbye as the platform does; uvicorn would say 1012."""
        if not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        if not self.close_sent and self.conn.state.name == "OPEN":
            self.queue.put_nowait({"type": "websocket.disconnect", "code": _GOING_AWAY, "reason": ""})
            self.conn.send_close(_GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def _ending(self) -> Ending:
        sent, received = self.conn.close_sent, self.conn.close_rcvd
        if received is not None and (sent is None or self.conn.close_rcvd_then_sent):
            return Ending(received.code, "client")
        if sent is not None:
            return Ending(sent.code, "server")
        return Ending(_ABNORMAL, "server" if self.wire.is_cut else "client")


def _wired(app: Any, wire: Callable[[], Wire]) -> Any:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        attach(scope, wire())
        # Cancelled only by our own shutdown, after the connection was cut: nobody waits.
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return run
