"""`clone`: asked, done once, and told by the id of the copy."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.clock import SystemClock
from reconciler.emulator.clock import ScaledClock
from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator
from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.emulator.primus_safe.users import user_id
from reconciler.journal import Journal
from reconciler.journal.lock import Lock
from reconciler.mark import Mark
from reconciler.providers.primus_safe import cloning
from reconciler.providers.primus_safe.marks import described
from reconciler.providers.primus_safe.provider import PrimusSafeProvider
from tests.cli.conftest import Run
from tests.scenarios.primus_safe.stage import a_manifest

_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: safe, id: 7f3a9c04d2b81e66}
targets:
  safe: {provider: primus-safe, url: "URL", auth: AUTH}
"""


MARK = Mark("7f3a9c04d2b81e66", "safe", "train-mi300/PyTorchJob/train", "1:0123456789abcdef")


def prepared(here: Path, generation: int) -> tuple[Emulator, str]:
    auth = "{userId: " + user_id("demo") + "}" if generation == 1 else '{apiKey: "${{ secrets.SAFE_KEY }}"}'
    (here / "manifests").mkdir()
    (here / "manifests" / "train.yaml").write_text(a_manifest())
    emulator = Emulator(seed="empty", clock=ScaledClock(50), generation=generation)
    return emulator, _FLEET.replace("AUTH", auth)


@pytest.fixture
def first(here: Path) -> Iterator[Emulator]:
    emulator, fleet = prepared(here, 1)
    with emulator.serve() as url:
        (here / "reconciler.yaml").write_text(fleet.replace("URL", url))
        yield emulator


def made(emulator: Emulator, text: str = "") -> str:
    """Make the workload that the manifest declares, behind everybody's back."""
    from tests.providers.primus_safe.stage import Stage

    clock = emulator.clock
    return Stage(emulator, clock, "").add("train", text=text)  # type: ignore[arg-type]  # any clock does


def test_a_copy_is_made_and_its_id_printed(run: Run, first: Emulator) -> None:
    original = made(first)

    ended = run("clone", "PyTorchJob/train", "--yes")

    (copy,) = set(first.world.resources) - {original}
    assert ended.code == 0, ended.err
    assert ended.out == f"train-mi300/PyTorchJob/train is copied as {copy}\n"


def records(here: Path) -> list[dict[str, Any]]:
    """Read what the journal has noted."""
    (file,) = (here / "state").rglob("journal.jsonl")
    return [json.loads(line.partition("\t")[0]) for line in file.read_text().splitlines()]


@pytest.fixture
def state(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(here / "state"))
    return here / "state" / "reconciler" / "7f3a9c04d2b81e66"


def test_a_copy_is_noted_before_it_is_sent_and_told_after(
    run: Run, here: Path, first: Emulator, state: Path
) -> None:
    original = made(first)

    run("clone", "train", "--yes")

    (copy,) = set(first.world.resources) - {original}
    start, intent, result, end = records(here)
    key = "safe:train-mi300/PyTorchJob/train"
    assert [one["do"] for one in (start, intent, result, end)] == ["start", "intent", "result", "end"]
    assert (intent["action"], intent["key"], intent["id"]) == ("clone", key, original)
    assert (result["state"], result["id"]) == ("ok", copy)
    assert not end["clean"]  # no run before it ended clean: what is live was never counted


@pytest.mark.parametrize(
    ("match", "fault", "code", "state_word"),
    [
        ("POST /api/v1/workloads/clone", {"status": 403}, 5, "failed"),
        ("POST /api/v1/workloads/clone", {"status": 502}, 10, "unknown"),
        ("PATCH /api/v1/workloads/.*", {"status": 403, "forever": True}, 9, "unknown"),
    ],
    ids=["refused", "lost", "marked"],
)
def test_what_came_of_a_copy_is_noted(
    run: Run,
    here: Path,
    first: Emulator,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    match: str,
    fault: dict[str, Any],
    code: int,
    state_word: str,
) -> None:
    monkeypatch.setattr(PrimusSafeProvider, "settle_s", 0.1)
    monkeypatch.setattr(cloning, "_POLL_S", 0.05)
    made(first, described("", MARK))
    first.faults.add(Fault(match, **fault))

    ended = run("clone", "train", "--yes")

    assert ended.code == code, ended.err
    assert [one["state"] for one in records(here) if one["do"] == "result"] == [state_word]


def test_nothing_is_copied_while_an_apply_runs(run: Run, first: Emulator, state: Path) -> None:
    original = made(first)
    state.mkdir(parents=True)
    lock = Lock.take(state / "lock")

    ended = run("clone", "train", "--yes")
    lock.free()

    assert ended.code == 7
    assert "another apply of this fleet is running" in ended.err
    assert set(first.world.resources) == {original}


def test_a_copy_leaves_the_counts_of_the_last_clean_run(
    run: Run, here: Path, first: Emulator, state: Path
) -> None:
    made(first)
    with Journal.open(state.name, clock=SystemClock(), environ=os.environ) as journal:
        journal.start()
        journal.end(owned={"safe": 3}, declared=4)

    assert run("clone", "train", "--yes").code == 0

    last = records(here)[-1]
    assert (last["do"], last["clean"], last["owned"], last["declared"]) == ("end", True, {"safe": 3}, 4)


def test_without_an_answer_nothing_is_copied(run: Run, first: Emulator) -> None:
    original = made(first)

    ended = run("clone", "train")

    assert ended.code == 2
    assert "there is nobody to ask here; to copy without asking: --yes" in ended.err
    assert set(first.world.resources) == {original}


@pytest.mark.parametrize(("answer", "code", "count"), [("y", 0, 2), ("n", 8, 1), ("", 8, 1)])
def test_at_a_terminal_it_asks(
    run: Run, first: Emulator, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, count: int
) -> None:
    original = made(first)
    monkeypatch.setattr("reconciler.cli.voice.Voice.can_ask", True)
    monkeypatch.setattr("builtins.input", lambda: answer)

    ended = run("clone", "train")

    assert ended.code == code
    assert f"Copy train-mi300/PyTorchJob/train ({original})? The copy will run at once" in ended.err
    assert len(first.world.resources) == count


def test_what_is_not_there_cannot_be_copied(run: Run, first: Emulator) -> None:
    assert run("clone", "train", "--yes").code == 4
    assert not first.world.resources


def test_a_server_that_copies_nothing_is_told_as_such(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFE_KEY", DEMO_KEY)
    emulator, fleet = prepared(here, 2)
    with emulator.serve() as url:
        (here / "reconciler.yaml").write_text(fleet.replace("URL", url))
        made(emulator)
        ended = run("clone", "train", "--yes")

    assert ended.code == 9
    assert "this server copies no workloads" in ended.err
    assert "write a manifest with another name" in ended.err
