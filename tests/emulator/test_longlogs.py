"""Logs of any length are served without being held, and are cut where a script says so."""

import contextlib
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Habits
from reconciler.emulator.runai.logquery import read_query
from reconciler.emulator.runai.logs import lines
from reconciler.emulator.runai.logstream import blocks
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.wire import Ending
from tests.emulator.sites import LOGS, Cluster, cluster, said

MIB = 1024 * 1024


@pytest.fixture
def at() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def heard(client: ClientConnection) -> list[bytes]:
    """Collect every message until the stream is over."""
    messages: list[bytes] = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            messages.append(said(client))
    return messages


def flooded(at: Cluster, words: str) -> None:
    at.start("Workspace", "flood", image="busybox", command=f"flood {words}")


def test_a_flood_prints_so_many_lines_of_so_many_bytes(at: Cluster) -> None:
    flooded(at, "--lines 300 --width 64")

    log = at.get("workspace/runai/flood/logs/download").content

    assert len(log) == 300 * 64
    assert {len(line) for line in log.splitlines(keepends=True)} == {64}
    assert log.splitlines()[-1].split()[0] == b"300"


def test_a_flood_is_printed_at_its_rate(at: Cluster) -> None:
    flooded(at, "--lines 1000 --rate 10")

    assert len(at.get("workspace/runai/flood/logs/download").content.splitlines()) == 640


def test_a_long_download_is_not_held_in_memory() -> None:
    """64 MiB, written and thrown away; the figures for 1 GiB are in docs/emulator.md."""
    clock = ManualClock()
    pod = PodView("p", "Running", "c", command="flood --lines 65536 --width 1024 --rate 1000000")
    life = Life(clock.now())

    tracemalloc.start()
    try:
        size = sum(len(b) for b in blocks(read_query({}), pod, life, clock.now() + timedelta(60)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size == 64 * MIB
    assert peak < MIB


def test_a_long_tail_is_not_held_either() -> None:
    clock = ManualClock()
    pod = PodView("p", "Running", "c", command="flood --lines 50000 --rate 1000000")
    later, life = clock.now() + timedelta(60), Life(clock.now())
    query = read_query({"tailLines": "20000"})

    tracemalloc.start()
    try:
        picked = query.pick(lambda: lines(pod, life, later), later)
        count, first = 1, next(picked)
        count += sum(1 for _ in picked)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (count, first.text.split()[0]) == (20_000, "30001")
    assert peak < MIB


def test_a_client_that_reads_slowly_does_not_fill_the_server() -> None:
    """Of 60 MB no more is generated than fits into the buffers between the two."""
    with cluster() as at:
        flooded(at, "--lines 600000 --width 100 --rate 1000000")
        with at.dial(
            "workspace/runai/flood/logs", compression=None, max_queue=1, close_timeout=0.1
        ) as client:
            client.recv(timeout=5)
            sent = at.stalled().sent

            assert sent < 20_000_000
            assert at.get("/cluster-api/status").status_code == 200


def test_a_client_that_reads_nothing_is_cut_off_when_its_token_expires(at: Cluster) -> None:
    flooded(at, "--lines 600000 --width 100 --rate 1000000")
    at.emulator.tokens.token_ttl_s = 60
    options: dict[str, Any] = {"max_queue": 1, "close_timeout": 0.1, "compression": None}
    with at.dial("workspace/runai/flood/logs", **options) as client:
        client.recv(timeout=5)
        at.stalled()
        at.clock.advance(60)
        stream = at.ended()

    assert stream.ending == Ending(1006, "server")


def test_a_client_that_has_said_goodbye_and_reads_nothing_does_not_keep_the_server() -> None:
    with contextlib.ExitStack() as sockets:
        with cluster() as at:
            flooded(at, "--lines 600000 --width 100 --rate 1000000")
            sock = sockets.enter_context(at.raw("workspace/runai/flood/logs"))
            at.stalled()
            sock.sendall(b"\x88\x80\0\0\0\0")
            assert at.get("/cluster-api/status").status_code == 200  # by then the close was read

        assert at.ended().ending == Ending(1005, "client")


def test_many_lines_are_followed_in_order_while_others_are_served(at: Cluster) -> None:
    flooded(at, "--lines 6000 --rate 100")
    with at.dial("workspace/runai/flood/logs", "follow=true&tailLines=1", compression=None) as client:
        first = int(said(client).split()[0])
        assert first == 6000
    with at.dial("workspace/runai/flood/logs", "follow=true", compression=None) as client:
        numbers = [int(said(client).split()[0]) for _ in range(6000)]

    assert numbers == list(range(1, 6001))


def test_a_followed_log_is_cut_at_the_nth_line(at: Cluster) -> None:
    flooded(at, "--lines 100")
    at.faults.add(Fault(f"WS {LOGS}", kind="ws_cut", after=7))

    with at.dial("workspace/runai/flood/logs", "follow=true") as client:
        assert len(heard(client)) == 7
    assert at.ended().ending == Ending(1006, "server")


def test_a_download_is_cut_at_the_nth_byte_and_then_is_whole(at: Cluster) -> None:
    flooded(at, "--lines 5000 --width 100")
    at.faults.add(Fault(f"GET {LOGS}/download", kind="cut", after_bytes=123_456, ending="close"))

    got = b""
    with (
        at.client() as client,
        contextlib.suppress(httpx.RemoteProtocolError),
        client.stream("GET", at.path("workspace/runai/flood/logs/download")) as answer,
    ):
        for chunk in answer.iter_raw():
            got += chunk

    whole = at.get("workspace/runai/flood/logs/download").content
    assert got == whole[:123_456]
    assert len(whole) == 500_000


def test_a_followed_log_is_cut_at_the_nth_second(at: Cluster) -> None:
    at.start("Workspace", "quiet", image="busybox", command="sleep infinity")
    at.faults.add(Fault(f"WS {LOGS}", kind="ws_close", code=1011, after_s=60))
    with at.dial("workspace/runai/quiet/logs", "follow=true") as client:
        at.clock.advance(60)
        heard(client)

        assert client.close_code == 1011


def test_a_silent_log_is_closed_after_five_minutes(at: Cluster) -> None:
    at.start("Workspace", "flood", image="busybox", command="flood --lines 1")
    with at.dial("workspace/runai/flood/logs", "follow=true") as client:
        client.recv(timeout=5)
        at.clock.advance(299)
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.1)
        at.clock.advance(1)
        heard(client)

        assert (client.close_code, client.close_reason) == (1001, "idle timeout")


@pytest.mark.parametrize("code", [1000, 1008])
def test_how_a_silent_log_is_closed_is_a_switch(code: int) -> None:
    with cluster(Habits(idle_s=10, idle_code=code)) as at:
        flooded(at, "--lines 1")
        with at.dial("workspace/runai/flood/logs", "follow=true") as client:
            assert said(client).startswith(b"           1 ")
            at.clock.advance(10)
            heard(client)

            assert client.close_code == code


def test_a_stream_may_have_a_greatest_age() -> None:
    with cluster(Habits(max_s=30)) as at:
        at.start("Training", "train", image="pytorch", command="python train.py")
        with at.dial("training/runai/train/logs", "follow=true") as client:
            for _ in range(10):
                at.clock.advance(3)
                client.recv(timeout=5)
            heard(client)

            assert (client.close_code, client.close_reason) == (1001, "maximum duration reached")


def test_a_client_that_answers_no_ping_is_closed() -> None:
    with cluster(ping_s=0.1) as at:
        at.start("Workspace", "quiet", image="busybox", command="sleep infinity")
        with at.raw("workspace/runai/quiet/logs?follow=true") as sock:
            got = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := sock.recv(4096):
                    got += chunk

            assert at.ended().ending == Ending(1011, "server")

        assert b"\x89\x04" in got  # a ping, with four bytes to send back
        assert b"\x88\x18\x03\xf3keepalive ping timeout" in got
