"""`clone`: asked, done once, and told by the id of the copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator.clock import ScaledClock
from reconciler.emulator.primus_safe import Emulator
from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.emulator.primus_safe.users import user_id
from tests.cli.conftest import Run
from tests.scenarios.primus_safe.stage import a_manifest

_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: safe, id: 7f3a9c04d2b81e66}
targets:
  safe: {provider: primus-safe, url: "URL", auth: AUTH}
"""


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
