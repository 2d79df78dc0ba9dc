"""Loopback servers that answer raw bytes, and a clock that never takes time: for transport and stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.transport import Hosts, Transport

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FakeClock:
    """Stand still unless someone waits; note every wait."""

    at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at + timedelta(seconds=sum(self.waits))

    def monotonic(self) -> float:
        return sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(max(0.0, seconds))


@dataclass
class Wire:
    """Answer the n-th connection with the n-th play, the last one for ever; note the requests."""

    plays: list[Play]
    url: str = ""
    heads: list[str] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        play = self.plays[min(self.connections, len(self.plays) - 1)]
        self.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode("latin-1"))
            await play(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wire(*plays: Play, **options: Any) -> AsyncIterator[Wire]:
    made = Wire(list(plays))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, **options)
    scheme = "https" if "ssl" in options else "http"
    made.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await asyncio.sleep(0)


def says(
    status: int = 200, body: bytes | str | Any = b"", *, headers: str = "", kind: str = "application/json"
) -> Play:
    """Answer with a status and a body, properly framed, and close."""
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else _json(body)

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(data)}\r\n{headers}"
        writer.write(head.encode() + b"connection: close\r\n\r\n" + data)
        await writer.drain()

    return play


def raw(data: bytes, *, resets: bool = False) -> Play:
    """Answer with these bytes and close, or reset the connection."""

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if resets:
            writer.transport.abort()

    return play


def drips(data: bytes) -> Play:
    """Answer a byte at a time, then hang."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        await reader.read()

    return play


def transport(url: str, clock: FakeClock, **options: Any) -> Transport:
    hosts = options.pop("hosts", None) or Hosts.of(url, environ={})
    return Transport("prod", url, hosts=hosts, clock=clock, jitter=lambda: 1.0, **options)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
