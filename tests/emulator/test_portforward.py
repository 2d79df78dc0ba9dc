"""Forwarding ports of containers, as the document of the cluster API describes it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Habits
from reconciler.emulator.wire import Ending
from tests.emulator.sites import PREFIX, Cluster, cluster, heard, said

BOX = "workspace/runai/box/port-forward"


@contextlib.contextmanager
def box(habits: Habits | None = None, **spec: Any) -> Iterator[Cluster]:
    with cluster(habits or Habits()) as made:
        made.start("Workspace", "box", image="busybox", command="sleep infinity", **spec)
        yield made


@pytest.fixture
def at() -> Iterator[Cluster]:
    with box() as made:
        yield made


@contextlib.contextmanager
def forwarded(at: Cluster, port: int) -> Iterator[int]:
    """Listen on this machine and forward each connection over a WebSocket of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(at, server, port), daemon=True)
        thread.start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def serve(at: Cluster, server: socket.socket, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            sock, _ = server.accept()
            threading.Thread(target=carry, args=(at, sock, port), daemon=True).start()


def carry(at: Cluster, sock: socket.socket, port: int) -> None:
    with sock, at.dial(BOX, f"port={port}", compression=None) as client:
        threading.Thread(target=upwards, args=(sock, client), daemon=True).start()
        with contextlib.suppress(ConnectionClosed, OSError):
            for message in client:
                assert isinstance(message, bytes)
                sock.sendall(message)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def upwards(sock: socket.socket, client: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := sock.recv(65536):
            client.send(data)
        client.close()


def test_an_echo_gives_back_every_byte(at: Cluster) -> None:
    data = bytes(range(256)) * 2048
    with at.dial(BOX, "port=7", compression=None) as client:
        sender = threading.Thread(target=client.send, args=(data[:300_000],))
        sender.start()
        got = b""
        while len(got) < 300_000:
            got += said(client)
        sender.join()
        client.send(data[300_000:])
        while len(got) < len(data):
            got += said(client)

    assert got == data
    stream = at.ended()
    assert (stream.sent, stream.received) == (len(data), len(data))
    assert stream.ending == Ending(1000, "client")


def test_a_web_server_answers_a_client_that_is_not_ours(at: Cluster) -> None:
    with (
        forwarded(at, 8080) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client,
    ):
        first = client.get("/")
        assert (first.text, first.headers["x-pod"]) == ("hello from box-0 at port 8080\n", "box-0")
        assert client.get("/headers", headers={"X-Mine": "1"}).json()["x-mine"] == "1"
        assert client.get("/nowhere").status_code == 404
        assert client.get("/status/418").status_code == 418
        assert client.get("/status/204").content == b""
        assert client.head("/bytes/10").headers["content-length"] == "10"
        assert client.post("/", content=b"x" * 100_000).content == b"x" * 100_000
        assert client.post("/", content=iter([b"a", b"b"])).content == b"ab"
        big = client.get("/bytes/3000000").content
        assert big == (b"0123456789" * 300_000)

    assert len(at.ledger.streams()) == 1  # it was kept alive


def test_a_request_may_close_the_connection(at: Cluster) -> None:
    with at.dial(BOX, "port=8080") as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

        assert heard(client).endswith(b"\r\n\r\nhello from box-0 at port 8080\n")
        assert client.close_code == 1000


def test_a_request_may_come_in_pieces_and_two_in_one(at: Cluster) -> None:
    with at.dial(BOX, "port=8080") as client:
        for piece in (b"GE", b"T / HTTP/1.1\r\nHo", b"st: a\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"):
            client.send(piece)
        got = b""
        while not got.endswith(b"not found\n"):
            got += said(client)

    assert got.count(b"HTTP/1.1 ") == 2


def test_a_client_that_waits_to_send_is_told_to_go_on(at: Cluster) -> None:
    with at.dial(BOX, "port=8080") as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert said(client).startswith(b"HTTP/1.1 100 ")
        client.send(b"hi")
        got = b""
        while b"hi" not in got:
            got += said(client)


def test_what_is_not_http_is_refused(at: Cluster) -> None:
    with at.dial(BOX, "port=8080") as client:
        client.send(b"\x16\x03\x01 this is TLS\r\n\r\n")

        assert heard(client).startswith(b"HTTP/1.1 400 ")
        assert client.close_code == 1000


@pytest.mark.parametrize(
    ("spec", "port"),
    [
        ({"exposedUrls": [{"container": 5000}]}, 5000),
        ({"ports": [{"container": 9000, "serviceType": "NodePort"}]}, 9000),
        ({}, 80),
        ({}, 8090),
    ],
)
def test_the_ports_that_a_workload_asks_for_are_served(spec: dict[str, Any], port: int) -> None:
    with box(**spec) as at, at.dial(BOX, f"port={port}") as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")

        assert f"at port {port}".encode() in heard(client)


def test_an_inference_serves_where_it_says() -> None:
    with cluster() as at:
        at.start("Inference", "chat", image="vllm/vllm-openai:v1", servingPort={"container": 8000})
        with at.dial("inference/runai/chat/port-forward", "port=8000") as client:
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            assert heard(client).startswith(b"HTTP/1.1 200 ")


def test_a_port_at_which_nobody_listens_ends_the_stream(at: Cluster) -> None:
    with at.dial(BOX, "port=9999") as client:
        assert heard(client) == b""
        assert client.close_code == 1011
        assert client.close_reason == "failed to connect to localhost:9999: connection refused"


def test_a_port_at_which_nobody_listens_may_refuse_the_handshake() -> None:
    with box(Habits(closed_port="handshake")) as at:
        status, body = at.refused(BOX, "port=9999")

    assert (status, body["reason"]) == (503, "Service Unavailable")


@pytest.mark.parametrize(
    "query", ["", "port=", "port=0", "port=65536", "port=http", "port=-1", "port=80,81", "port=80&port=x"]
)
def test_ports_that_make_no_sense_are_400(at: Cluster, query: str) -> None:
    status, body = at.refused(BOX, query)

    assert (status, body["reason"]) == (400, "Bad Request")


def test_of_several_ports_the_first_is_served(at: Cluster) -> None:
    with at.dial(BOX, "port=8090&port=7") as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert b"at port 8090" in heard(client)


def test_several_ports_may_be_refused() -> None:
    with box(Habits(many_ports="refused")) as at:
        assert at.refused(BOX, "port=8090&port=7")[0] == 400
        with at.dial(BOX, "port=7&port=7") as client:
            client.send(b"x")
            assert said(client) == b"x"


def test_channels_carry_several_ports() -> None:
    with box(Habits(framing="channels")) as at, at.dial(BOX, "port=7&port=9999&port=8080") as client:
        announced = [said(client) for _ in range(7)]
        client.send(b"\x00ping")
        echoed = said(client)
        client.send(b"\x02lost")
        client.send(b"\x04GET / HTTP/1.0\r\n\r\n")
        web = b""
        while not web.endswith(b"8080\n"):
            message = said(client)
            assert message[:1] == b"\x04"
            web += message[1:]
        client.send(b"\x00pong")
        assert said(client) == b"\x00pong"

    assert announced[:2] == [b"\x00\x07\x00", b"\x01\x07\x00"]
    assert announced[2:4] == [b"\x02\x0f\x27", b"\x03\x0f\x27"]
    assert announced[4].startswith(b"\x03failed to connect to localhost:9999")
    assert echoed == b"\x00ping"


def test_a_client_that_reads_slowly_does_not_fill_the_server(at: Cluster) -> None:
    options: dict[str, Any] = {"max_queue": 1, "close_timeout": 0.1, "compression": None}
    with at.dial(BOX, "port=8080", **options) as client:
        client.send(b"GET /bytes/100000000 HTTP/1.0\r\n\r\n")
        sent = at.stalled().sent

        assert 0 < sent < 20_000_000


def test_many_connections_live_side_by_side(at: Cluster) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(at.dial(BOX, "port=7")) for _ in range(30)]
        for number, client in enumerate(clients):
            client.send(f"{number}".encode())

        assert [said(client) for client in clients] == [f"{n}".encode() for n in range(30)]


def test_a_forward_ends_with_its_token_its_pod_and_silence() -> None:
    with box() as at, at.dial(BOX, "port=7") as client:
        at.clock.advance(300)
        heard(client)
        assert client.close_code == 1001
    with box() as at, at.dial(BOX, "port=7") as client:
        at.emulator.tokens.revoke_all()
        heard(client)
        assert client.close_code == 1008
    with box() as at, at.dial(BOX, "port=7") as client:
        at.emulator.world.remove(at.emulator.world.live()[0].id)
        heard(client)
        assert client.close_code == 1001


def test_a_forward_is_cut_within_an_answer(at: Cluster) -> None:
    at.faults.add(Fault(f"WS {PREFIX}/.*/port-forward", kind="ws_cut", after_bytes=5000))
    with at.dial(BOX, "port=8080") as client:
        client.send(b"GET /bytes/100000 HTTP/1.1\r\nHost: a\r\n\r\n")

        assert len(heard(client)) == 5000
        assert client.close_code == 1006
    assert at.ended().ending == Ending(1006, "server")


def test_two_hundred_forwards_leave_nothing_behind(at: Cluster) -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(200):
        with at.dial(BOX, "port=7") as client:
            client.send(b"x")
            assert said(client) == b"x"
    at.ended()
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    assert after - before < 10
