"""Run command lines in a folder of their own, against an emulator of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli import main
from reconciler.emulator.runai import Emulator, ScaledClock
from tests.cli.scene import Scene, played

Run = Callable[..., "Ended"]


@dataclass(frozen=True)
class Ended:
    """What a command line printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.err.rstrip("\n").rpartition("\n")[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command line in this process."""

    def go(*words: str) -> Ended:
        code = main(words)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return go


@pytest.fixture
def demo(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Stand in a new demo whose emulator is running, and fast."""
    assert run("init", "demo").code == 0
    monkeypatch.chdir(here / "demo")
    emulator = Emulator(seed="demo", clock=ScaledClock(200))
    with emulator.serve() as url:
        replace(here / "demo" / "reconciler.yaml", "http://127.0.0.1:8470", url)
        with (here / "demo" / "reconciler.yaml").open("a") as file:
            file.write("health: {hold: 1s, queueTimeout: 2s}\n")
        yield emulator


def replace(file: Path, old: str, new: str) -> None:
    """Edit a file as a person would."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def python(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # options pass through
        [sys.executable, *words], capture_output=True, text=True, check=False, **more
    )


@pytest.fixture
def plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Scene]:
    """Set an empty scene for typed words."""
    with played(tmp_path, monkeypatch, capsys) as made:
        yield made


@pytest.fixture
def scene(plain: Scene) -> Scene:
    """Give the scene that the tests of a file begin with; some files set one of their own."""
    return plain
