"""Streams that go wrong, seen by clients that are not ours, and what the ledger says of them."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from reconciler.emulator.faults import Fault
from reconciler.emulator.ledger import Stream
from reconciler.emulator.wire import Ending
from tests.emulator.stand import Stand, stand

LINES = [f"line {number}\n".encode() for number in range(5)]


@pytest.fixture
def stood() -> Iterator[Stand]:
    with stand() as made:
        yield made


def dial(stood: Stand, path: str = "/count", **options: Any) -> ClientConnection:
    connection: ClientConnection = connect(stood.url.replace("http", "ws") + path, proxy=None, **options)
    return connection


def heard(client: ClientConnection) -> list[Any]:
    """Collect every message until the stream is over."""
    messages: list[Any] = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            messages.append(client.recv(timeout=5))
    return messages


def ended(stood: Stand) -> Stream:
    """Wait until the newest stream is over on the server's side, too."""
    for _ in range(500):
        stream = stood.ledger.streams()[-1]
        if stream.ending is not None:
            return stream
        time.sleep(0.01)
    raise AssertionError("the stream did not end")


def test_a_close_carries_code_and_reason(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_close", code=1001, text="pod terminated", after=2)

    with dial(stood) as client:
        assert heard(client) == LINES[:2]
        assert (client.close_code, client.close_reason) == (1001, "pod terminated")


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1008, 1011])
def test_every_close_code_of_the_document_can_be_scripted(stood: Stand, code: int) -> None:
    stood.spoil("WS /count", kind="ws_close", code=code)

    with dial(stood) as client:
        assert heard(client) == []
        assert client.close_code == code
    assert ended(stood).ending == Ending(code, "server")


@pytest.mark.parametrize("ending", ["reset", "close"])
@pytest.mark.parametrize("count", [0, 6, 7, 17, 34])
def test_a_stream_is_cut_at_the_nth_byte(stood: Stand, count: int, ending: str) -> None:
    stood.spoil("WS /count", kind="ws_cut", after_bytes=count, ending=ending)

    with dial(stood) as client:
        assert b"".join(heard(client)) == b"".join(LINES)[:count]
        assert client.close_code == 1006
    assert ended(stood).ending == Ending(1006, "server")
    assert ended(stood).sent == count


def test_a_stream_is_cut_at_the_nth_second_though_nothing_is_sent(stood: Stand) -> None:
    stood.spoil("WS /wait", kind="ws_cut", after_s=30)

    with dial(stood, "/wait") as client:
        stood.clock.advance(29)
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.1)
        stood.clock.advance(1)
        assert heard(client) == []
        assert client.close_code == 1006


def test_a_frame_may_end_half_way(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_half", after=1, ending="close")

    with dial(stood) as client:
        assert heard(client) == LINES[:1]
        assert client.close_code == 1006


def test_half_a_frame_promises_more_than_it_holds(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_half", ending="close")

    assert raw_answer(stood, UPGRADE) == b"\x82\x40" + LINES[0][:3]


UPGRADE = (
    "GET /count HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


def raw_answer(stood: Stand, head: str) -> bytes:
    """Ask by hand and give all bytes that follow the head of the answer."""
    host, port = stood.url.removeprefix("http://").split(":")
    got = b""
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(f"{head}\r\n".encode())
        with contextlib.suppress(ConnectionResetError):
            while chunk := sock.recv(4096):
                got += chunk
    return got.partition(b"\r\n\r\n")[2]


def test_messages_are_split_within_a_character(stood: Stand) -> None:
    stood.spoil("WS /words", kind="ws_split")

    with dial(stood, "/words") as client:
        messages = heard(client)

    assert messages == [b"gr\xc3", b"\xbc\xc3\x9fe\n", b"pla", b"in\n"]


def test_a_message_may_come_in_fragments(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_fragments", after=3)

    with dial(stood) as client:
        assert heard(client) == LINES
    with dial(stood, compression=None) as client:
        assert heard(client) == LINES


def test_a_malformed_frame_makes_the_client_close_with_1002(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_raw", after=1)

    with dial(stood) as client:
        assert heard(client) == LINES[:1]
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(timeout=5)

    assert caught.value.sent is not None
    assert caught.value.sent.code == 1002
    assert ended(stood).ending == Ending(1002, "client")


def test_a_peer_that_hangs_answers_no_ping(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_hang", after=1)

    with dial(stood, ping_interval=0.05, ping_timeout=0.1, close_timeout=0.1) as client:
        assert heard(client) == LINES[:1]
        assert client.close_code in {1006, 1011}


def test_a_small_frame_may_unpack_to_more_than_a_client_takes(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_send", size=5_000_000, after=1)

    with dial(stood, max_size=2**20) as client:
        assert heard(client) == LINES[:1]
        assert client.protocol.close_sent is not None
        assert client.protocol.close_sent.code == 1009


def test_messages_drip(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_drip", interval_s=0.02)

    began = time.monotonic()
    with dial(stood) as client:
        assert heard(client) == LINES
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("ending", ["reset", "close"])
def test_a_download_is_cut_at_the_nth_byte(stood: Stand, ending: str) -> None:
    stood.spoil("GET /rows", kind="cut", after_bytes=10, ending=ending, count=2)

    assert raw_answer(stood, "GET /rows HTTP/1.1\r\nHost: a\r\n") == b'{"workload'
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        stood.get()


def test_the_two_marks_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        Fault("WS /count", kind="ws_cut", after_bytes=1, after_s=1)


def test_the_ledger_counts_a_stream_that_the_server_ends(stood: Stand) -> None:
    with dial(stood) as client:
        heard(client)

    stream = ended(stood)
    assert (stream.sent, stream.received) == (35, 0)
    assert stream.ending == Ending(1000, "server")
    assert stream.opened_at == stream.ended_at == stood.clock.now()


def test_the_ledger_counts_a_stream_that_the_client_ends(stood: Stand) -> None:
    with dial(stood, "/echo") as client:
        client.send(b"12345")
        assert client.recv(timeout=5) == b"12345"
        client.send("ü")
        assert client.recv(timeout=5) == b"\xc3\xbc"
        stood.clock.advance(7)
        client.close(1001)

    stream = ended(stood)
    assert (stream.sent, stream.received) == (7, 7)
    assert stream.ending == Ending(1001, "client")
    assert stream.ended_at is not None
    assert (stream.ended_at - stream.opened_at).total_seconds() == 7


def test_the_ledger_tells_a_client_that_vanished(stood: Stand) -> None:
    with dial(stood, "/wait") as client:
        client.socket.shutdown(socket.SHUT_RDWR)

    assert ended(stood).ending == Ending(1006, "client")


def test_a_stream_that_is_still_open_has_no_ending(stood: Stand) -> None:
    with dial(stood, "/wait"):
        assert stood.ledger.streams()[-1].ending is None
        assert stood.ledger.entries[-1].stream is stood.ledger.streams()[-1]


def test_a_handshake_that_is_refused_is_no_stream(stood: Stand) -> None:
    stood.spoil("WS /count", status=503)
    with pytest.raises(Exception, match="503"), dial(stood):
        pass

    assert stood.ledger.streams() == []


def test_a_server_that_goes_away_says_1001() -> None:
    with contextlib.ExitStack() as stack:
        with stand() as stood:
            client = stack.enter_context(dial(stood, "/wait"))
        assert heard(client) == []
        assert client.close_code == 1001
    assert ended(stood).ending == Ending(1001, "server")


def test_malformed_frames_of_a_client_are_closed_with_1002(stood: Stand) -> None:
    with dial(stood, "/wait") as client:
        client.socket.sendall(b"\x83\x80\x00\x00\x00\x00")
        assert heard(client) == []
        assert client.close_code == 1002
    assert ended(stood).ending == Ending(1002, "server")
