import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect

from reconciler.emulator import streamfaults
from reconciler.emulator.faults import KINDS, Fault, Faults
from reconciler.emulator.inject import _PLAYS
from tests.emulator.stand import ROWS, Stand, stand


@pytest.fixture
def stood() -> Iterator[Stand]:
    with stand() as made:
        yield made


def raw(stood: Stand, method: str = "GET", path: str = "/rows", body: bytes = b"") -> bytes:
    """Ask over a bare socket and give every byte until the end; ConnectionResetError on a reset."""
    host, port = stood.url.removeprefix("http://").split(":")
    head = f"{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(head.encode() + body)
        received = b""
        while data := sock.recv(65536):
            received += data
        return received


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def ws(stood: Stand, path: str) -> str:
    return stood.url.replace("http", "ws") + path


WHOLE_ANSWERS: list[tuple[dict[str, Any], int, str | None, str]] = [
    ({"kind": "status", "status": 503}, 503, "application/json", '"code": 503'),
    ({"kind": "status", "status": 403, "json": {"code": 403}}, 403, "application/json", "403"),
    ({"kind": "status", "status": 502, "html": "<h1>bad</h1>"}, 502, "text/html; charset=utf-8", "<h1>"),
    ({"kind": "status", "text": "not found"}, 500, "text/plain; charset=utf-8", "not found"),
    ({"kind": "body", "json": {"next": 1}}, 200, "application/json", '{"next": 1}'),
    ({"kind": "body", "json": None}, 200, "application/json", "null"),
    ({"kind": "body"}, 200, None, ""),
    ({"kind": "login_page"}, 200, "text/html; charset=utf-8", "Sign in"),
    ({"kind": "empty_object"}, 200, "application/json", "{}"),
    ({"kind": "null"}, 200, "application/json", "null"),
    ({"kind": "empty_list"}, 200, "application/json", "[]"),
    ({"kind": "no_content"}, 204, None, ""),
    ({"kind": "wrong_type"}, 200, "text/plain", "workloads"),
    ({"kind": "no_rows"}, 200, "application/json", '{"workloads": [], "next": 3}'),
]


@pytest.mark.parametrize(("rules", "status", "content_type", "text"), WHOLE_ANSWERS)
def test_an_answer_is_replaced(
    stood: Stand, rules: dict[str, Any], status: int, content_type: str | None, text: str
) -> None:
    stood.spoil("GET /rows", **rules)

    answer = stood.get()

    assert answer.status_code == status
    assert answer.headers.get("content-type") == content_type
    assert text in answer.text
    assert answer.headers["x-emulator"] == "EMULATOR"
    assert stood.ledger.entries[-1].fault == rules["kind"]


def test_a_status_carries_its_headers(stood: Stand) -> None:
    stood.spoil("GET /rows", status=429, headers={"Retry-After": "7"})

    assert stood.get().headers["retry-after"] == "7"


@pytest.mark.parametrize("status", [199, 299, 520, 799])
def test_any_status_can_be_sent(stood: Stand, status: int) -> None:
    stood.spoil("GET /rows", status=status)

    assert raw_status(stood) == status


def raw_status(stood: Stand) -> int:
    host, port = stood.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(b"GET /rows HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return int(sock.makefile("rb").readline().split()[1])


def test_a_fault_before_the_effect_leaves_the_world_alone(stood: Stand) -> None:
    stood.spoil("POST /rows", status=503)

    assert stood.make().status_code == 503
    assert stood.made == []
    assert stood.ledger.effects() == []


def test_a_fault_after_the_effect_hides_it(stood: Stand) -> None:
    stood.spoil("POST /rows", status=504, phase="after_effect")

    assert stood.make().status_code == 504
    assert stood.made == ["a"]
    assert stood.ledger.entries[-1].effect is not None


@pytest.mark.parametrize(("kind", "made"), [("reset", []), ("lost", ["a"])])
def test_a_connection_is_reset_before_any_byte(stood: Stand, kind: str, made: list[str]) -> None:
    stood.spoil("POST /rows", kind=kind)

    with pytest.raises(ConnectionResetError):
        raw(stood, "POST", body=b'{"name": "a"}')

    assert stood.made == made
    assert stood.ledger.entries[-1].status == 0


def test_a_reset_can_be_an_ordinary_close(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="reset", ending="close")

    assert raw(stood) == b""


def test_a_body_is_reset_half_way(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="truncate")

    with pytest.raises(httpx.ReadError):
        stood.get()
    assert stood.ledger.entries[-1].status == 200


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_body_ends_half_way(stood: Stand, framing: str) -> None:
    stood.spoil("GET /rows", kind="truncate", framing=framing, ending="close")

    head, _, body = raw(stood).partition(b"\r\n\r\n")

    whole = json.dumps(ROWS, separators=(",", ":")).encode()
    half = whole[: len(whole) // 2]
    assert half in body
    assert whole[-5:] not in body
    assert (b"content-length" in head) == (framing == "length")
    assert (b"transfer-encoding" in head) == (framing == "chunked")


@pytest.mark.parametrize("by", [64, -10])
def test_a_content_length_lies(stood: Stand, by: int) -> None:
    stood.spoil("GET /rows", kind="length_lies", length_by=by)

    head, _, body = raw(stood).partition(b"\r\n\r\n")

    assert f"content-length: {len(body) + by}".encode() in head


def test_an_answer_is_delayed(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="delay", delay_s=0.05)

    start = time.monotonic()

    assert stood.get().json() == ROWS
    assert time.monotonic() - start >= 0.05


def test_an_effect_happens_before_the_delay(stood: Stand) -> None:
    stood.spoil("POST /rows", kind="delay", phase="after_effect", delay_s=30)

    with pytest.raises(httpx.ReadTimeout):
        stood.make(timeout=0.1)
    until(lambda: stood.made == ["a"])


def test_a_request_hangs(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="hang")

    with pytest.raises(httpx.ReadTimeout):
        stood.get(timeout=0.05)


def test_a_body_drips(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="drip", size=20, interval_s=0.001)

    assert stood.get().json() == ROWS


@pytest.mark.parametrize("status", [302, 307])
def test_a_request_is_redirected(stood: Stand, status: int) -> None:
    stood.spoil("GET /rows", kind="redirect", status=status, location="http://127.0.0.1:1/other")

    answer = stood.get()

    assert answer.status_code == status
    assert answer.headers["location"] == "http://127.0.0.1:1/other"


def test_a_body_is_compressed(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="gzip")

    head, _, body = raw_close(stood)

    assert b"content-encoding: gzip" in head
    assert json.loads(gzip.decompress(body)) == ROWS


def raw_close(stood: Stand) -> tuple[bytes, bytes, bytes]:
    host, port = stood.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(b"GET /rows HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return sock.makefile("rb").read().partition(b"\r\n\r\n")


def test_a_body_never_ends(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="endless")
    seen = 0

    with httpx.stream("GET", f"{stood.url}/rows", trust_env=False) as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        for chunk in answer.iter_raw():
            seen += len(chunk)
            if seen > 2_000_000:
                break

    assert stood.get().json() == ROWS


def test_an_error_echoes_the_request(stood: Stand) -> None:
    stood.spoil("POST /rows", kind="echo")

    answer = stood.make("s3cr3t", headers={"authorization": "Bearer t0k3n"})

    assert answer.status_code == 500
    assert "s3cr3t" in answer.text
    assert "t0k3n" in answer.text


def test_raw_bytes_go_out_as_they_are(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="raw", raw="HTTP/1.1 200 OK\r\n\r\n{} {}", ending="close")

    assert raw(stood) == b"HTTP/1.1 200 OK\r\n\r\n{} {}"


def test_rows_are_dropped_added_and_keys_changed(stood: Stand) -> None:
    stood.spoil(
        "GET /rows", kind="mutate", drop_rows=[0, -1], extra_rows=[{"id": "9"}], put={"total": 7},
        remove=["next"],
    )  # fmt: skip

    assert stood.get().json() == {"workloads": [{"id": "2"}, {"id": "9"}], "total": 7}


def test_a_body_is_changed_by_a_function(stood: Stand) -> None:
    stood.spoil("GET /rows", kind="mutate", mutate=lambda body: body["workloads"])

    assert stood.get().json() == ROWS["workloads"]


COUNTS: list[tuple[dict[str, Any], str]] = [
    ({}, "X....."),
    ({"nth": 3}, "..X..."),
    ({"nth": 2, "count": 2}, ".XX..."),
    ({"nth": 2, "every": 2}, ".X.X.X"),
    ({"every": 2, "count": 2}, "X.X..."),
    ({"nth": 4, "forever": True}, "...XXX"),
]


@pytest.mark.parametrize(("rules", "pattern"), COUNTS)
def test_a_fault_strikes_at_its_turns(rules: dict[str, Any], pattern: str) -> None:
    faults = Faults([Fault("GET /a", **rules)])

    struck = ["X" if faults.due("GET", "/a", "") else "." for _ in pattern]

    assert "".join(struck) == pattern
    assert len(faults.fired) == pattern.count("X")


@pytest.mark.parametrize(
    ("match", "request_", "hits"),
    [
        ("GET /a/.*", ("GET", "/a/b", ""), True),
        ("GET /a", ("GET", "/a/b", ""), False),
        ("POST|PATCH /a", ("PATCH", "/a", ""), True),
        ("* /a", ("WS", "/a", ""), True),
        ("GET /a", ("POST", "/a", ""), False),
        (r"GET /a\?.*limit=5.*", ("GET", "/a", "offset=0&limit=5"), True),
        (r"GET /a\?.*limit=5.*", ("GET", "/a", "limit=6"), False),
    ],
)
def test_a_fault_matches_method_and_whole_path(
    match: str, request_: tuple[str, str, str], hits: bool
) -> None:
    assert Fault(match).matches(*request_) is hits


def test_the_first_fault_due_strikes_and_all_count() -> None:
    faults = Faults([Fault("GET /a", name="one"), Fault("GET /a", nth=2, name="two")])

    titles = [fault and fault.title for fault in (faults.due("GET", "/a", "") for _ in range(3))]

    assert titles == ["one", "two", None]


def test_a_cleared_script_strikes_no_more(stood: Stand) -> None:
    stood.spoil("GET /rows", forever=True)
    assert stood.get().status_code == 500

    stood.faults.clear()

    assert stood.get().status_code == 200
    assert [fired.seq for fired in stood.faults.fired] == [1]


def test_a_script_is_read_from_data() -> None:
    faults = Faults.from_data(json.loads('[{"match": "GET /a", "kind": "body", "json": null}]'))

    fault = faults.due("GET", "/a", "")

    assert fault is not None
    assert fault.has_json


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "reset"}, "match is missing"),
        ({"match": "/a"}, 'write "METHOD path"'),
        ({"match": "GET /a", "kind": "boom"}, 'kind "boom"'),
        ({"match": "GET /a", "colour": 1}, '"colour" is not one of'),
        ({"match": "GET /a", "kind": "truncate", "phase": "before"}, "cannot strike in phase"),
        ({"match": "GET /a", "phase": "later"}, "phase is one of"),
        ({"match": "GET /a", "nth": 0}, "counted from 1"),
        ({"match": "GET /(", "kind": "reset"}, "fault 1"),
        ("GET /a", "not a mapping"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused(entry: Any, said: str) -> None:
    with pytest.raises(ValueError, match="fault 1") as caught:
        Faults.from_data([entry])

    assert said in str(caught.value)


def test_every_kind_has_a_player() -> None:
    assert set(_PLAYS) | streamfaults.KINDS == set(KINDS)
    assert not set(_PLAYS) & streamfaults.KINDS


def test_a_websocket_handshake_is_refused(stood: Stand) -> None:
    stood.spoil("WS /count", status=503)

    with pytest.raises(InvalidStatus) as caught, connect(ws(stood, "/count")):
        pass

    assert caught.value.response.status_code == 503


def test_a_websocket_is_closed_after_some_messages(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_close", code=1011, after=2)

    with connect(ws(stood, "/count")) as client:
        assert [client.recv(), client.recv()] == [b"line 0\n", b"line 1\n"]
        with pytest.raises(ConnectionClosed) as caught:
            client.recv()

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1011


def test_a_websocket_is_cut(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_cut", after=1)

    with connect(ws(stood, "/count")) as client:
        assert client.recv() == b"line 0\n"
        with pytest.raises(ConnectionClosed) as caught:
            client.recv()

    assert caught.value.rcvd is None


def test_a_websocket_speaks_text(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_text")

    with connect(ws(stood, "/count")) as client:
        assert client.recv() == "line 0\n"


def test_a_websocket_sends_bytes_of_its_own(stood: Stand) -> None:
    stood.spoil("WS /count", kind="ws_send", raw="\xff\xfe", after=1)

    with connect(ws(stood, "/count")) as client:
        assert [client.recv() for _ in range(3)] == [b"line 0\n", b"\xff\xfe", b"line 1\n"]


def test_a_websocket_handshake_is_reset(stood: Stand) -> None:
    stood.spoil("WS /count", kind="reset")

    with pytest.raises((OSError, InvalidHandshake)), connect(ws(stood, "/count")):
        pass

    assert stood.ledger.entries[-1].method == "WS"
    assert stood.ledger.entries[-1].status == 0
