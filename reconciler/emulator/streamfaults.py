"""Spoil an answer that streams: a WebSocket session, or the body of a long download.

A fault lets through what its mark says, so many messages, payload bytes or emulated seconds, and
strikes then: within a message if a byte was named, and without waiting for one if a second was.
"""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from reconciler.emulator.clock import Clock
from reconciler.emulator.stage import Stage
from reconciler.emulator.wire import wire_of

_POLL_S = 0.01
_FLUSH_S = 2.0
_CONTINUES, _BINARY, _FIN = 0x0, 0x2, 0x80
_TO_COME = 64  # how much more than it holds the half frame promises at least
_STARTS = frozenset({"websocket.accept", "http.response.start"})
_PARTS: Mapping[str, str] = MappingProxyType({"websocket.send": "bytes", "http.response.body": "body"})


async def play(stage: Stage, clock: Clock) -> None:
    """Run the handler, and spoil what it streams."""
    spoiler = _Spoiler(stage, clock)
    session = asyncio.ensure_future(stage.app(stage.scope, stage.receive, spoiler.send))
    timer = asyncio.ensure_future(spoiler.strike_in_time())
    try:
        await session
    except (OSError, WebSocketDisconnect):
        if not spoiler.is_over:
            raise
    finally:
        timer.cancel()
        session.cancel()
        with contextlib.suppress(asyncio.CancelledError, OSError, WebSocketDisconnect):
            await session


class _Spoiler:
    """One struck stream: what went through so far, and whether the fault has ended it."""

    def __init__(self, stage: Stage, clock: Clock) -> None:
        self.stage = stage
        self.fault = stage.fault
        self.clock = clock
        self.opened_at: datetime | None = None
        self.messages = self.bytes = 0
        self.has_struck = self.is_over = False

    async def send(self, message: Message) -> None:
        """Pass on what the mark lets through, and spoil the rest."""
        if self.is_over:
            raise ConnectionResetError("a scripted fault has ended the stream")
        if message["type"] in _STARTS:
            self.opened_at = self.clock.now()
        part = _PARTS.get(message["type"])
        if part is None or message.get(part) is None:
            await self.stage.send(message)
            return
        free = self._free(len(message[part]))
        if free is None:
            await self._pass(message, part)
            return
        if free:
            await self._pass({**message, part: message[part][:free]}, part)
            message = {**message, part: message[part][free:]}
        if message[part] or not free or self.fault.kind in _ENDINGS:
            await self._spoil(message, part)

    async def strike_in_time(self) -> None:
        """End the stream at its second, whether anything is sent or not."""
        if self.fault.after_s is None or self.fault.kind not in _ENDINGS:
            return
        while not self.is_over:
            if self._seconds >= self.fault.after_s and self.opened_at is not None:
                await self._end(b"")
                return
            await asyncio.sleep(_POLL_S)

    @property
    def _seconds(self) -> float:
        return (self.clock.now() - self.opened_at).total_seconds() if self.opened_at else 0.0

    def _free(self, size: int) -> int | None:
        """Tell how many bytes of the next message go through; None for all of it."""
        if self.fault.after_bytes is not None:
            left = max(0, self.fault.after_bytes - self.bytes)
            return None if left > size else left
        if self.fault.after_s is not None:
            return 0 if self._seconds >= self.fault.after_s else None
        return 0 if self.messages >= self.fault.after else None

    async def _pass(self, message: Message, part: str) -> None:
        self.messages += 1
        self.bytes += len(message[part])
        await self.stage.send(message)

    async def _spoil(self, message: Message, part: str) -> None:
        data: bytes = message[part]
        if self.fault.kind in _ENDINGS:
            await self._end(data)
            raise ConnectionResetError("a scripted fault has ended the stream")
        if self.fault.kind in _ONCE and self.has_struck:
            await self._pass(message, part)
            return
        self.has_struck = True
        self.messages += 1
        self.bytes += len(data)
        await _SPOILING[self.fault.kind](self.stage, data)

    async def _end(self, rest: bytes) -> None:
        self.is_over = True
        await _ENDINGS[self.fault.kind](self.stage, rest)


# -- what ends a stream ------------------------------------------------------------------------


async def _close(stage: Stage, _: bytes) -> None:
    reason = stage.fault.text or ""
    await stage.send({"type": "websocket.close", "code": stage.fault.code, "reason": reason})


async def _cut(stage: Stage, _: bytes) -> None:
    """Hang up without a word: as a reset, or with `ending` close as an orderly end of TCP."""
    wire = wire_of(stage.scope)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FLUSH_S):
            await wire.flush()
    await (wire.close() if stage.fault.ending == "close" else wire.reset())


async def _half(stage: Stage, rest: bytes) -> None:
    """Promise a whole frame, send half of it, and hang up."""
    promised = frame(_BINARY | _FIN, rest, length=max(len(rest), _TO_COME))
    wire_of(stage.scope).write(promised[: len(promised) - (len(rest) + 1) // 2])
    await _cut(stage, b"")


async def _raw(stage: Stage, _: bytes) -> None:
    """Write bytes that are no frame; by default one of an opcode that nobody has given a meaning."""
    stated = stage.fault.raw if stage.fault.raw is not None else b"\x83\x00"
    wire = wire_of(stage.scope)
    wire.write(stated if isinstance(stated, bytes) else stated.encode("latin-1"))
    await wire.wait_gone()


async def _hang(stage: Stage, _: bytes) -> None:
    """Say nothing more and hear nothing more, pings included, until the client gives up."""
    wire = wire_of(stage.scope)
    wire.fall_silent()
    await wire.wait_gone()


# -- what spoils the messages that follow --------------------------------------------------------


async def _text(stage: Stage, data: bytes) -> None:
    await stage.send({"type": "websocket.send", "text": data.decode("utf-8", "replace")})


async def _send(stage: Stage, data: bytes) -> None:
    """Send bytes of the fault's own first: what it states, or so many blanks."""
    stated = stage.fault.raw or " " * (stage.fault.size or 0)
    own = stated if isinstance(stated, bytes) else stated.encode("latin-1")
    await stage.send({"type": "websocket.send", "bytes": own})
    await stage.send({"type": "websocket.send", "bytes": data})


async def _split(stage: Stage, data: bytes) -> None:
    """Make two messages of one, cut within a character if it has one of several bytes."""
    middle = _within(data)
    for part in (data[:middle], data[middle:]):
        await stage.send({"type": "websocket.send", "bytes": part})


async def _fragments(stage: Stage, data: bytes) -> None:
    """Send one message as several frames, cut like those that are split."""
    middle = _within(data)
    wire = wire_of(stage.scope)
    wire.write(frame(_BINARY, data[:middle]))
    wire.write(frame(_CONTINUES, b""))
    wire.write(frame(_CONTINUES | _FIN, data[middle:]))
    await wire.flush()


async def _drip(stage: Stage, data: bytes) -> None:
    """Wait `interval_s` before each message."""
    await asyncio.sleep(stage.fault.interval_s)
    await stage.send({"type": "websocket.send", "bytes": data})


def frame(head: int, payload: bytes, *, length: int | None = None) -> bytes:
    """Write one frame as a server does, unmasked; `length` is what it claims to hold."""
    size = len(payload) if length is None else length
    if size < 126:
        return struct.pack("!BB", head, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", head, 126, size) + payload
    return struct.pack("!BBQ", head, 127, size) + payload


def _within(data: bytes) -> int:
    inner = next((i for i, byte in enumerate(data) if byte & 0xC0 == 0x80), None)
    return len(data) // 2 if inner is None else inner


_Play = Callable[[Stage, bytes], Awaitable[None]]
_ENDINGS: Mapping[str, _Play] = MappingProxyType(
    {
        "cut": _cut,
        "ws_close": _close,
        "ws_cut": _cut,
        "ws_half": _half,
        "ws_raw": _raw,
        "ws_hang": _hang,
    }
)
_SPOILING: Mapping[str, _Play] = MappingProxyType(
    {"ws_text": _text, "ws_send": _send, "ws_split": _split, "ws_fragments": _fragments, "ws_drip": _drip}
)
_ONCE = frozenset({"ws_send"})
KINDS = frozenset({*_ENDINGS, *_SPOILING})
