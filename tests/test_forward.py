"""Programs on this machine reach ports of containers: every byte, many at once, and nothing is left open."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from reconciler.errors import UsageError
from reconciler.forward import HOST, End, Way, forwarding
from reconciler.provider import Forwards
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Scope
from tests.providers.runai.stage import Stage, only, stage

T = TypeVar("T")
ECHO, HTTP, CLOSED = 7, 8080, 4321
TUNNEL = "WS /cluster-api/.*/port-forward"


@contextmanager
def box() -> Iterator[Stage]:
    with stage() as made:
        made.add("box", kind="Workspace", spec={"image": "busybox", "command": "sleep infinity"})
        made.clock.advance(60)
        yield made


def played(made: Stage, act: Callable[[tuple[int, ...], list[str]], Awaitable[T]], *ports: int) -> T:
    """Forward ports of the box and play with them; what is told comes along."""

    async def play(provider: RunaiProvider, scope: Scope) -> T:
        told: list[str] = []
        assert isinstance(provider, Forwards)
        end = End(provider, await only(provider, scope, "Workspace", "box"))
        ways = tuple(Way(0, port) for port in ports)
        async with forwarding(end, ways, told.append) as open_:
            return await act(tuple(way.local for way in open_), told)

    return made.play(play)


@asynccontextmanager
async def dialled(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def echoed(port: int, data: bytes) -> bytes:
    async with dialled(port) as (reader, writer):
        writer.write(data)
        await writer.drain()
        return await reader.readexactly(len(data))


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0


def test_every_byte_comes_back_and_several_ports_are_apart() -> None:
    data = bytes(range(256)) * 2_000

    async def act(ports: tuple[int, ...], told: list[str]) -> Any:
        async with dialled(ports[1]) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n")
            page = await reader.read()
        return await echoed(ports[0], data), page, told

    with box() as made:
        back, page, told = played(made, act, ECHO, HTTP)

    assert back == data
    assert page.startswith(b"HTTP/1.1 200")
    assert told == []


def test_hundreds_of_connections_leave_nothing_open() -> None:
    async def act(ports: tuple[int, ...], _told: list[str]) -> tuple[int, int]:
        await echoed(ports[0], b"first")
        before = open_files()
        for _ in range(15):
            words = [b"%d" % number for number in range(20)]
            assert await asyncio.gather(*(echoed(ports[0], word) for word in words)) == words
        await asyncio.sleep(2.5)  # a tunnel listens on for a while when its program has gone
        return before, open_files()

    with box() as made:
        before, after = played(made, act, ECHO)

    assert after <= before + 20  # the emulator stands in this process, and closes a little later


def test_a_closed_port_ends_its_connection_and_no_other() -> None:
    async def act(ports: tuple[int, ...], told: list[str]) -> Any:
        async with dialled(ports[1]) as (reader, writer):
            writer.write(b"x")
            gone = await reader.read()
        return gone, await echoed(ports[0], b"still there"), told

    with box() as made:
        gone, back, told = played(made, act, ECHO, CLOSED)

    assert (gone, back) == (b"", b"still there")
    assert len(told) == 1
    assert "a connection to box:4321 ended: " in told[0]
    assert "refused" in told[0]


def test_a_connection_that_breaks_leaves_those_beside_it_open() -> None:
    async def act(ports: tuple[int, ...], told: list[str]) -> Any:
        async with dialled(ports[0]) as (reader, writer), dialled(ports[1]) as (lost, loses):
            writer.write(b"one")
            first = await asyncio.wait_for(reader.readexactly(3), 5)
            loses.write(b"x")
            await asyncio.wait_for(lost.read(), 5)
            writer.write(b"two")
            return first + await asyncio.wait_for(reader.readexactly(3), 5), told

    with box() as made:
        back, told = played(made, act, ECHO, CLOSED)

    assert (back, len(told)) == (b"onetwo", 1)


def test_after_a_drop_and_a_token_that_ran_out_the_next_connection_is_made() -> None:
    async def act(ports: tuple[int, ...], told: list[str]) -> Any:
        made.spoil(TUNNEL, kind="ws_close", code=1008, after=1)
        async with dialled(ports[0]) as (reader, writer):
            writer.write(b"one")
            first = await asyncio.wait_for(reader.readexactly(3), 5)
            writer.write(b"more")
            first += await asyncio.wait_for(reader.read(), 5)
        made.emulator.faults.clear()
        made.spoil(TUNNEL, status=401, json={"code": 401, "reason": "x", "message": "expired"})
        return first, await asyncio.wait_for(echoed(ports[0], b"two"), 5), told

    with box() as made:
        first, second, told = played(made, act, ECHO)

    assert (first, second) == (b"one", b"two")
    assert len(told) == 1


def test_a_port_that_is_taken_is_named() -> None:
    async def act(ports: tuple[int, ...], _told: list[str]) -> None:
        provider = made.provider()
        end = End(provider, None)  # type: ignore[arg-type]  # nothing is connected to
        with pytest.raises(UsageError, match=f"port {ports[0]} of this machine cannot be listened at"):
            async with forwarding(end, (Way(ports[0], 80),), lambda _: None):
                pass
        await provider.aclose()

    with box() as made:
        played(made, act, ECHO)
