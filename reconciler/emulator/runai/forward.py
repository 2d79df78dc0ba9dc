"""Forward ports of a container over one WebSocket.

The document says no more than "binary frames": bytes as they are for one port, or the channels of
Kubernetes' port-forward protocol, two for each port: one for data, one for what went wrong.
"""

import struct

from reconciler.emulator.runai.listeners import Listener, listener
from reconciler.emulator.runai.session import Close, Session

_PIECE = 32 * 1024


def refused(port: int) -> str:
    """Say that nobody listens at a port."""
    return f"failed to connect to localhost:{port}: connection refused"


class Forward:
    """The connections of one port-forward session."""

    def __init__(self, session: Session, ports: tuple[int, ...]) -> None:
        self.session = session
        self.has_channels = session.gate.habits.framing == "channels"
        self.ports = ports if self.has_channels else ports[:1]
        self.ends: dict[int, Listener] = {}
        for index, port in enumerate(self.ports):
            found = listener(session.pod, port)
            if found is not None:
                self.ends[2 * index] = found

    async def run(self) -> Close | None:
        """Carry bytes both ways until every connection is over; None if the client left."""
        if self.has_channels:
            await self._announce()
        if not self.ends:
            return Close(1011, refused(self.ports[0]))
        while (message := await self.session.receive()) is not None:
            data = message.encode() if isinstance(message, str) else message
            await self._carry(*(_parted(data) if self.has_channels else (0, data)))
            if not self.ends:
                return Close()
        return None

    async def _announce(self) -> None:
        """Name the port of each channel, and those at which nobody listens."""
        for index, port in enumerate(self.ports):
            for channel in (2 * index, 2 * index + 1):
                await self.session.send(bytes([channel]) + struct.pack("<H", port))
            if 2 * index not in self.ends:
                await self.session.send(bytes([2 * index + 1]) + refused(port).encode())

    async def _carry(self, channel: int, data: bytes) -> None:
        end = self.ends.get(channel)
        if end is None or not data:
            return
        lead = bytes([channel]) if self.has_channels else b""
        for answer in end.feed(data):
            for start in range(0, len(answer), _PIECE):
                await self.session.send(lead + answer[start : start + _PIECE])
        if end.is_over:
            del self.ends[channel]


def _parted(message: bytes) -> tuple[int, bytes]:
    return (message[0], message[1:]) if message else (-1, b"")
