"""Reach under HTTP: write raw bytes, hang up, reset.

The server puts a `Wire` into the scope of every request; a fault that the rules of HTTP forbid
is played on it. In-process callers have no wire.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.types import Scope

_WIRE = "emulator.wire"
_FLUSH_POLL_S = 0.002
_LINGER_NONE = struct.pack("ii", 1, 0)


class ConnectionCut(ConnectionError):
    """Raised in place of a cut where there is no connection: the caller is in this process."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a WebSocket ended: its close code, 1006 if none was sent, and who ended it."""

    code: int
    by: Literal["client", "server"]


class Wire:
    """The connection of one client; `is_cut` tells that this side ended it past the protocol."""

    def __init__(self, transport: asyncio.Transport, stop_pings: Callable[[], None] = lambda: None) -> None:
        self.transport = transport
        self._stop_pings = stop_pings
        self.is_cut = False
        self._gone = asyncio.Event()
        self._told: list[Callable[[Ending], None]] = []

    @property
    def is_gone(self) -> bool:
        """Whether the connection is over."""
        return self._gone.is_set() or self.transport.is_closing()

    def lost(self, ending: Ending | None = None) -> None:
        """Take note that the connection is over, a WebSocket in this way; the server calls this."""
        self._gone.set()
        if ending is not None:
            for tell in self._told:
                tell(ending)

    def when_lost(self, tell: Callable[[Ending], None]) -> None:
        """Call back when this connection, a WebSocket, is over."""
        self._told.append(tell)

    def fall_silent(self) -> None:
        """Take nothing in and ask for nothing from now on, so that not even a ping is answered."""
        self._stop_pings()
        self.transport.pause_reading()

    async def flush(self) -> None:
        """Wait until what was written has left this process, or can no longer."""
        while self.transport.get_write_buffer_size() and not self.is_gone:  # noqa: ASYNC110 - a transport tells nobody
            await asyncio.sleep(_FLUSH_POLL_S)

    def write(self, data: bytes) -> None:
        """Send bytes past the HTTP layer; only `reset` or `close` may follow."""
        self.transport.write(data)

    async def reset(self) -> None:
        """Cut the connection so that the client sees a reset (RST), at once."""
        self.is_cut = True
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self.transport.abort()
        await self._gone.wait()

    async def close(self) -> None:
        """Send what is written, then hang up in the ordinary way (FIN)."""
        self.is_cut = True
        self.transport.close()
        await self._gone.wait()

    async def wait_gone(self) -> None:
        """Wait until the client, or anybody else, has ended the connection."""
        await self._gone.wait()


def attach(scope: Scope, wire: Wire) -> None:
    """Put the wire into the scope of a request."""
    scope[_WIRE] = wire


def wire_of(scope: Scope) -> Wire:
    """Find the wire of a request.

    Raises ConnectionCut where there is none: that is the nearest thing to a cut.
    """
    wire = find_wire(scope)
    if wire is None:
        raise ConnectionCut("the emulator cut this connection")
    return wire


def find_wire(scope: Scope) -> Wire | None:
    """Find the wire of a request, None where the caller is in this process."""
    wire = scope.get(_WIRE)
    return wire if isinstance(wire, Wire) else None
