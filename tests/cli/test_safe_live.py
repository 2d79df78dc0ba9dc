"""The live commands on Primus-SaFE: logs as its API has them, and no way into its containers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator
from tests.cli.conftest import Run
from tests.cli.test_clone import made, prepared

LOG = "GET /api/v1/workloads/.*/pods/train-0/logs"


@pytest.fixture
def safe(here: Path) -> Iterator[Emulator]:
    emulator, fleet = prepared(here, 1)
    with emulator.serve() as url:
        (here / "reconciler.yaml").write_text(fleet.replace("URL", url))
        made(emulator)
        yield emulator


def test_a_download_keeps_the_text_as_it_is(run: Run, safe: Emulator, here: Path) -> None:
    safe.faults.add(Fault(LOG, kind="body", json={"logs": ["one\r", "tw\0o \ufffd", "end"]}))

    ended = run("logs", "train", "--pod", "train-0", "--download", "train.log")

    assert ended.code == 0, ended.err
    assert (here / "train.log").read_bytes() == "one\r\ntw\0o \ufffd\nend".encode()


def test_a_log_that_is_too_much_for_one_answer_is_told_with_a_way_out(run: Run, safe: Emulator) -> None:
    safe.faults.add(Fault(LOG, kind="endless", forever=True))

    ended = run("logs", "train", "--pod", "train-0")

    assert ended.code == 6
    assert "larger than 32 MiB" in ended.err
    assert "--tail or --since asks for less" in ended.err


def test_the_log_before_a_restart_is_not_to_be_had(run: Run, safe: Emulator) -> None:
    ended = run("logs", "train", "--previous")

    assert ended.code == 2
    assert "error: primus-safe keeps no log from before a restart; leave --previous out" in ended.err


def test_times_that_nobody_tells_are_refused(run: Run, safe: Emulator) -> None:
    ended = run("logs", "train", "--timestamps")

    assert (ended.code, ended.out) == (2, "")
    assert "error: primus-safe tells no times of lines; leave --timestamps out" in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("exec", "train", "--", "ls"), "primus-safe lets nobody into its containers"),
        (("attach", "train"), "primus-safe lets nobody into its containers"),
        (("port-forward", "train", "80"), "primus-safe forwards no ports"),
    ],
    ids=["exec", "attach", "port-forward"],
)
def test_what_this_platform_cannot_do_is_a_usage_error(
    run: Run, safe: Emulator, words: tuple[str, ...], told: str
) -> None:
    ended = run(*words)

    assert (ended.code, told in ended.err) == (2, True)
