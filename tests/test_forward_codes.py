"""Every HTTP code and every close code of a port-forward ends one connection, and says why."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reconciler.emulator.ledger import Stream
from tests.test_forward import ECHO, TUNNEL, box, dialled, echoed, played

WORDS = "words of the cluster"
WHOSE = "a connection to box:7 ended: prod: cannot forward a port of team-a/Workspace/box"


def answer(code: int) -> dict[str, Any]:
    return {"status": code, "json": {"code": code, "reason": "X", "message": WORDS}}


# What is answered, what is told, and how often the handshake is tried: a token is renewed once.
CODES: dict[str, tuple[dict[str, Any], str, int]] = {
    "400": (answer(400), f"{WHOSE} (400): {WORDS}", 1),
    "401": (answer(401), f"{WHOSE} (401): {WORDS}", 2),
    "403": (answer(403), f"{WHOSE} (403): {WORDS}", 1),
    "404": (answer(404), f"{WHOSE} (404): {WORDS}", 1),
    "409": (answer(409), f"{WHOSE} (409): {WORDS}", 1),
    "426": (answer(426), f"{WHOSE} (426): {WORDS}", 1),
    "500": (answer(500), f"{WHOSE} (500): {WORDS}", 1),
    "500 in plain text": (
        {"status": 500, "text": "failed to get workload: not found", "content_type": "text/plain"},
        f"{WHOSE} (500): failed to get workload: not found",
        1,
    ),
    "503": (answer(503), f"{WHOSE} (503): {WORDS}", 1),
}


@pytest.mark.parametrize("row", CODES.values(), ids=CODES)
def test_a_refused_tunnel_ends_its_connection_and_the_next_is_made(
    row: tuple[dict[str, Any], str, int],
) -> None:
    fault, words, tries = row

    async def act(ports: tuple[int, ...], told: list[str]) -> tuple[bytes, bytes, list[str]]:
        made.spoil(TUNNEL, count=tries, **fault)
        async with dialled(ports[0]) as (reader, _):
            gone = await asyncio.wait_for(reader.read(), 5)
        return gone, await asyncio.wait_for(echoed(ports[0], b"next"), 5), told

    with box() as made:
        gone, back, told = played(made, act, ECHO)

    assert (gone, back) == (b"", b"next")
    assert told == [words]


# How the tunnel ends after one message, and what is told; nothing is where it ends well.
ENDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "1000": ({"kind": "ws_close", "code": 1000}, []),
    "1001": (
        {"kind": "ws_close", "code": 1001, "text": "pod terminated"},
        [f"{WHOSE}: the server went away, or the pod ended: pod terminated"],
    ),
    "1002": ({"kind": "ws_close", "code": 1002}, [f"{WHOSE}: the server broke the WebSocket protocol"]),
    "1006 reset": ({"kind": "ws_cut"}, [f"{WHOSE}: the connection broke off"]),
    "1006 no close frame": ({"kind": "ws_cut", "ending": "close"}, [f"{WHOSE}: the connection broke off"]),
    "1008": ({"kind": "ws_close", "code": 1008}, [f"{WHOSE}: the token ran out"]),
    "1011": (
        {"kind": "ws_close", "code": 1011, "text": "connection refused"},
        [f"{WHOSE}: the server failed: connection refused"],
    ),
    "4000 of no table": (
        {"kind": "ws_close", "code": 4000},
        [f"{WHOSE}: the stream was closed with code 4000"],
    ),
}


@pytest.mark.parametrize("row", ENDS.values(), ids=ENDS)
def test_a_closed_tunnel_ends_its_connection_and_is_never_made_again(
    row: tuple[dict[str, Any], list[str]],
) -> None:
    fault, words = row

    async def act(ports: tuple[int, ...], told: list[str]) -> tuple[bytes, list[Stream], list[str]]:
        made.spoil(TUNNEL, after=1, **fault)
        async with dialled(ports[0]) as (reader, writer):
            writer.write(b"one")
            first = await asyncio.wait_for(reader.readexactly(3), 5)
            writer.write(b"two")
            first += await asyncio.wait_for(reader.read(), 5)
        return first, made.emulator.ledger.streams(), told

    with box() as made:
        got, streams, told = played(made, act, ECHO)

    assert got == b"one"
    assert told == words
    assert len(streams) == 1
