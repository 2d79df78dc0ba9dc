"""A log is streamed as it is, and every bad end of it is told apart."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import struct

import pytest

from reconciler.errors import (
    Forbidden,
    Malformed,
    NotFound,
    ProviderError,
    Unauthenticated,
    Unavailable,
)
from reconciler.stream import follow
from reconciler.transport import Lines
from tests.wire import FakeClock, Play, Wire, says, transport, wire

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, data: bytes) -> bytes:
    size = bytes([len(data)]) if len(data) < 126 else struct.pack("!BH", 126, len(data))
    return bytes([0x80 | opcode]) + size + data


def close(code: int) -> bytes:
    return frame(8, struct.pack("!H", code))


def upgrades(*frames: bytes, cut: bool = False) -> Play:
    """Shake hands, send frames, and wait for the other side to leave, or cut the line."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(handshake())
        for one in frames:
            writer.write(one)
        await writer.drain()
        if not cut:
            await reader.read(64)

    return play


heads: list[str] = []


def handshake() -> bytes:
    """Agree to the last upgrade that was asked for."""
    key = next(line for line in heads[-1].splitlines() if line.lower().startswith("sec-websocket-key:"))
    digest = hashlib.sha1((key.partition(": ")[2].strip() + _MAGIC).encode()).digest()
    accept = base64.b64encode(digest).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept}\r\n\r\n"
    ).encode()


def followed(play: Play) -> tuple[list[str], ProviderError | None, Wire]:
    """Follow a stream to its end; give the lines, the error and the server."""

    async def noting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await play(reader, writer)

    async def run() -> tuple[list[str], ProviderError | None, Wire]:
        got: list[str] = []
        async with wire(noting) as server:
            heads.clear()
            server.heads = heads
            carrier = transport(server.url, FakeClock())
            lines = follow(
                f"{server.url}/logs?follow=true",
                speech=carrier.speech,
                subject="a/Training/t",
                token="jwt",
                tls=lambda: carrier.tls,
            )
            try:
                async for line in lines:
                    got.append(line)
            except ProviderError as err:
                return got, err, server
            return got, None, server

    return asyncio.run(run())


def test_each_message_is_a_line_until_the_stream_ends_well() -> None:
    lines, error, server = followed(
        upgrades(frame(2, b"one"), frame(2, b"two\n"), frame(2, b""), close(1000))
    )

    assert (lines, error) == (["one", "two"], None)
    assert "authorization: bearer jwt" in server.heads[0].lower()
    assert "permessage-deflate" not in server.heads[0]


def test_a_character_split_over_messages_is_put_together() -> None:
    data = "ab✓cd".encode()

    lines, _, _ = followed(upgrades(frame(2, data[:3]), frame(2, data[3:]), close(1000)))

    assert lines == ["ab✓cd"]


def test_a_line_split_over_messages_is_put_together_where_lines_say_their_end() -> None:
    frames = [frame(2, data) for data in (b"one\n", b"tw", b"o\nth", b"ree\n", b"end")]

    lines, _, _ = followed(upgrades(*frames, close(1000)))

    assert lines == ["one", "two", "three", "end"]


def test_pings_are_answered() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(handshake() + frame(9, b"hi"))
        pong = await reader.readexactly(2 + 4 + 2)
        writer.write(frame(2, b"ponged" if pong[0] == 0x8A else b"no") + close(1000))
        await reader.read(64)

    assert followed(play)[0] == ["ponged"]


CLOSES = {1001: Unavailable, 1002: Malformed, 1008: Unauthenticated, 1011: Unavailable, 4000: Unavailable}


@pytest.mark.parametrize(("code", "kind"), CLOSES.items())
def test_a_close_code_tells_what_went_wrong(code: int, kind: type[ProviderError]) -> None:
    lines, error, _ = followed(upgrades(frame(2, b"one"), close(code)))

    assert lines == ["one"]
    assert type(error) is kind


def test_a_line_that_is_cut_is_not_a_good_end() -> None:
    lines, error, _ = followed(upgrades(frame(2, b"one"), cut=True))

    assert (lines, type(error)) == (["one"], Unavailable)


def test_a_text_message_is_refused() -> None:
    assert type(followed(upgrades(frame(1, b"one")))[1]) is Malformed


def test_a_message_over_one_mebibyte_is_refused() -> None:
    big = b"\x82\x7f" + struct.pack("!Q", 1024 * 1024 + 1) + b"a" * 70_000

    assert type(followed(upgrades(big))[1]) is Malformed


REFUSALS = {401: Unauthenticated, 403: Forbidden, 404: NotFound, 426: Unavailable, 500: Unavailable}


@pytest.mark.parametrize(("status", "kind"), REFUSALS.items())
def test_a_refused_handshake_is_told_in_the_platforms_words(status: int, kind: type[ProviderError]) -> None:
    _, error, _ = followed(says(status, {"code": status, "reason": "X", "message": "no such pod"}))

    assert type(error) is kind
    assert isinstance(error, kind)
    assert "no such pod" in error.said


def test_a_redirected_handshake_is_followed_nowhere() -> None:
    _, error, server = followed(says(302, headers="location: wss://evil.example/login\r\n"))

    assert type(error) is Unauthenticated
    assert server.connections == 1


def test_nobody_there_is_unavailable() -> None:
    async def run() -> None:
        carrier = transport("http://127.0.0.1:9", FakeClock())
        lines = follow(
            "http://127.0.0.1:9/", speech=carrier.speech, subject="t", token="", tls=lambda: carrier.tls
        )
        with pytest.raises(Unavailable):
            await anext(lines)

    asyncio.run(run())


PIECES: dict[str, tuple[list[bytes], list[str]]] = {
    "lines in one piece": ([b"a\nb\n"], ["a", "b"]),
    "a line in pieces": ([b"a", b"b\nc"], ["ab", "c"]),
    "carriage returns": ([b"a\r\nb\r"], ["a", "b"]),
    "bytes that are no text": ([b"\xff\n\xc3"], ["\ufffd", "\ufffd"]),
    "an end within a character": (["✓".encode()[:2]], ["\ufffd"]),
}


@pytest.mark.parametrize(("pieces", "expected"), PIECES.values(), ids=PIECES)
def test_lines_are_cut_out_of_any_pieces(pieces: list[bytes], expected: list[str]) -> None:
    lines = Lines()

    found = [line for piece in pieces for line in lines.feed(piece)]

    assert [*found, *lines.finish()] == expected


def test_a_line_without_end_comes_in_parts() -> None:
    lines = Lines()

    parts = [part for _ in range(3) for part in lines.feed(b"a" * 600_000)]

    assert [len(part) for part in parts] == [1_200_000]
    assert [len(part) for part in lines.finish()] == [600_000]
