"""Reach under HTTP: write raw bytes, hang up, reset.

The server puts a `Wire` into the scope of every request; a fault that the rules of HTTP forbid
is played on it. In-process callers have no wire.
"""

import asyncio
import contextlib
import socket
import struct

from starlette.types import Scope

_WIRE = "emulator.wire"
_LINGER_NONE = struct.pack("ii", 1, 0)


class ConnectionCut(ConnectionError):
    """Raised in place of a cut where there is no connection: the caller is in this process."""


class Wire:
    """The connection of one client."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._gone = asyncio.Event()

    @property
    def is_gone(self) -> bool:
        """Whether the connection is over."""
        return self._gone.is_set() or self.transport.is_closing()

    def lost(self) -> None:
        """Take note that the connection is over; the server calls this."""
        self._gone.set()

    def write(self, data: bytes) -> None:
        """Send bytes past the HTTP layer; only `reset` or `close` may follow."""
        self.transport.write(data)

    async def reset(self) -> None:
        """Cut the connection so that the client sees a reset (RST), at once."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self.transport.abort()
        await self._gone.wait()

    async def close(self) -> None:
        """Send what is written, then hang up in the ordinary way (FIN)."""
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
    wire = scope.get(_WIRE)
    if not isinstance(wire, Wire):
        raise ConnectionCut("the emulator cut this connection")
    return wire
