"""A peer that is gone without a word is noticed in time, and one that is only slow is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from reconciler import stream
from reconciler.errors import Unavailable
from reconciler.stream import Channel, channel, follow
from tests.test_stream import close, frame, handshake, heads
from tests.wire import FakeClock, Play, Wire, transport, wire

T = TypeVar("T")
PING_S = 0.1
LONG_S = PING_S * 8
WORDS = f"nothing came for {2 * PING_S:g} seconds, not even an answer to a ping"
MUCH = bytes(64 * 1024)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING_S", PING_S)


def met(play: Play, act: Callable[[Channel], Awaitable[T]]) -> T:
    """Open a channel to a server that plays, and act with it."""

    async def run() -> T:
        async with wire(play) as server, asyncio.timeout(20):
            made = await _opened(server)
            try:
                return await act(made)
            finally:
                await made.close()

    return asyncio.run(run())


async def _opened(server: Wire) -> Channel:
    server.heads = heads
    carrier = transport(server.url, FakeClock())
    return await channel(
        server.url, speech=carrier.speech, subject="t", token="", tls=lambda: carrier.tls, verb="enter"
    )


def shaking_hands(then: Play) -> Play:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(handshake())
        await then(reader, writer)

    return play


async def _deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read nothing and say nothing; the line stays open."""
    await asyncio.sleep(15)


async def _busy(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read nothing, and ask now and then whether somebody is there."""
    for _ in range(100):
        writer.write(frame(9, b"?"))
        await asyncio.sleep(PING_S)


async def _pouring(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send more than is taken at once, and after it say goodbye."""
    for _ in range(200):
        writer.write(frame(2, MUCH[:60_000]))
        await writer.drain()
    writer.write(close(1000))
    await reader.read(64)


async def _send_without_end(made: Channel) -> None:
    while True:
        await made.send(MUCH)


def test_a_peer_that_is_gone_is_noticed_by_who_waits_for_it() -> None:
    with pytest.raises(Unavailable, match=WORDS):
        met(shaking_hands(_deaf), Channel.receive)


def test_a_peer_that_is_gone_is_noticed_by_who_sends() -> None:
    with pytest.raises(Unavailable, match=WORDS):
        met(shaking_hands(_deaf), _send_without_end)


def test_a_log_whose_peer_is_gone_breaks_off() -> None:
    async def run() -> None:
        async with wire(shaking_hands(_deaf)) as server, asyncio.timeout(20):
            server.heads = heads
            carrier = transport(server.url, FakeClock())
            lines = follow(server.url, speech=carrier.speech, subject="t", token="", tls=lambda: carrier.tls)
            with pytest.raises(Unavailable, match=WORDS):
                await anext(lines)

    asyncio.run(run())


@pytest.mark.parametrize("act", [Channel.receive, _send_without_end], ids=["receiving", "sending"])
def test_a_peer_that_asks_is_there_however_long_it_says_nothing(
    act: Callable[[Channel], Awaitable[None]],
) -> None:
    async def wait(made: Channel) -> bool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(LONG_S):
                await act(made)
        return True

    assert met(shaking_hands(_busy), wait)


def test_who_takes_nothing_for_long_does_not_take_the_peer_for_gone() -> None:
    async def read_late(made: Channel) -> int:
        await asyncio.sleep(LONG_S)
        size = 0
        while (data := await made.receive()) is not None:
            size += len(data)
        return size

    assert met(shaking_hands(_pouring), read_late) == 200 * 60_000


def test_leaving_waits_for_no_peer_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING_S", 60.0)

    async def leave(made: Channel) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(PING_S):
                await _send_without_end(made)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await made.close()
        return loop.time() - began

    assert met(shaking_hands(_deaf), leave) < 5
