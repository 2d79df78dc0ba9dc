"""Attaching to the main process of a container, as the document of the cluster API describes it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.emulator.runai import Habits
from reconciler.emulator.wire import Ending
from tests.emulator.sites import Cluster, cluster, heard, said

BOX = "workspace/runai/box/attach"


def box(at: Cluster, command: str = "sleep infinity", **spec: Any) -> None:
    at.start("Workspace", "box", image="busybox", command=command, **spec)


def test_what_is_printed_from_now_on_is_shown() -> None:
    with cluster() as at:
        box(at)
        with at.dial(BOX) as client:
            at.clock.advance(60)
            printed = said(client) + said(client)

        log = at.get("workspace/runai/box/logs/download").content
        assert printed in log
        assert not log.startswith(printed)
        assert printed.count(b"\n") == 2


def test_at_a_terminal_lines_return() -> None:
    with cluster() as at:
        box(at)
        with at.dial(BOX, "tty=true&stdin=true") as client:
            client.send(b"ab\r")
            assert said(client) == b"ab\r\n"
            at.clock.advance(30)
            assert said(client).endswith(b" s\r\n")


def test_a_main_process_that_is_a_shell_reads_what_is_typed() -> None:
    with cluster() as at:
        box(at, "/bin/bash")
        with at.dial(BOX, "stdin=true") as client:
            client.send(b"echo hello\n")
            assert said(client) == b"hello\n"
            client.send(b"exit\n")
            assert heard(client) == b""
            assert client.close_code == 1000


def test_without_stdout_nothing_is_shown() -> None:
    with cluster() as at:
        box(at, "cat")
        with at.dial(BOX, "stdin=true&stdout=false") as client:
            client.send(b"x\n")
            at.clock.advance(60)
            with pytest.raises(TimeoutError):
                client.recv(timeout=0.1)


def test_a_training_holds_its_stdio() -> None:
    with cluster() as at:
        at.start("Training", "train", image="pytorch", command="python train.py")

        status, body = at.refused("training/runai/train/attach")

        assert (status, body["reason"]) == (503, "Service Unavailable")
        assert "holds stdio" in body["message"]


def test_a_training_may_share_its_stdio() -> None:
    with cluster(Habits(stdio_taken="never")) as at:
        at.start("Training", "train", image="pytorch", command="python train.py")
        with at.dial("training/runai/train/attach") as client:
            at.clock.advance(2)
            assert b"loss" in said(client)
        with (
            at.dial("training/runai/train/attach", "stdin=true"),
            at.dial("training/runai/train/attach", "stdin=true"),
        ):
            pass


def test_every_container_may_hold_its_stdio() -> None:
    with cluster(Habits(stdio_taken="always")) as at:
        box(at)

        assert at.refused(BOX)[0] == 503


def test_only_one_holds_the_standard_input() -> None:
    with cluster() as at:
        box(at)
        with at.dial(BOX, "stdin=true"):
            assert at.refused(BOX, "stdin=true")[0] == 503
        at.ended()

        with at.dial(BOX, "stdin=true"):
            pass


def test_the_last_lines_are_shown_before_the_end() -> None:
    with cluster(Habits(stdio_taken="never")) as at:
        at.start("Training", "job", image="busybox", command="sleep 100")
        with at.dial("training/runai/job/attach") as client:
            at.clock.advance(60)
            printed = heard(client)

            assert printed.splitlines()[-1] == b"job: finished after 100 s"
            assert client.close_code == 1000
        assert at.ended().ending == Ending(1000, "server")


def test_a_pod_that_goes_away_ends_it() -> None:
    with cluster() as at:
        box(at)
        with at.dial(BOX) as client:
            at.emulator.world.remove(at.emulator.world.live()[0].id)
            heard(client)

            assert (client.close_code, client.close_reason) == (1001, "pod terminated")


def test_a_token_that_expires_ends_it() -> None:
    with cluster() as at:
        box(at)
        at.emulator.tokens.token_ttl_s = 10
        with at.dial(BOX) as client:
            at.clock.advance(10)
            heard(client)

            assert client.close_code == 1008


def test_silence_ends_it() -> None:
    with cluster(Habits(idle_s=20)) as at:
        box(at, "cat")
        with at.dial(BOX) as client:
            at.clock.advance(20)
            heard(client)

            assert client.close_code == 1001


@pytest.mark.parametrize("query", ["stdin=x", "stdout=false&stderr=false", "tty=2"])
def test_a_query_that_makes_no_sense_is_400(query: str) -> None:
    with cluster() as at:
        box(at)

        assert at.refused(BOX, query)[0] == 400


def test_channels_mark_what_is_printed() -> None:
    with cluster(Habits(framing="channels")) as at:
        box(at)
        with at.dial(BOX) as client:
            at.clock.advance(30)
            assert said(client)[:1] == b"\x01"
