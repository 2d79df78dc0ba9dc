"""A workspace that runs, and the real program entering it: through pipes, or at a real terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from reconciler.emulator.runai import Habits
from tests.cli.scene import Scene, played

BOX = "image: busybox:1\ncommand: {}\n{}"
ROOT = Path(__file__).parents[2]
Setter = Callable[..., Scene]


@pytest.fixture
def setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Setter]:
    """Set a scene in which the workspace `box` runs, on a platform with such habits."""
    with ExitStack() as stack:

        def set_(command: str = "sleep", **habits: Any) -> Scene:
            scene = stack.enter_context(played(tmp_path, monkeypatch, capsys, habits=Habits(**habits)))
            scene.declare(
                "box", kind="Workspace", more=BOX.format(command, "args: infinity" * (command == "sleep"))
            ).types("apply", "--yes")
            scene.later(60)
            monkeypatch.setenv("PYTHONPATH", str(ROOT))
            return scene

        yield set_


def piped(
    scene: Scene, *words: str, given: bytes | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """Type a command line whose streams are all pipes."""
    streams: dict[str, Any] = {"input": given} if given is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *words],
        cwd=scene.root,
        capture_output=True,
        timeout=30,
        check=False,
        **streams,
        **more,
    )


def _with_its_signals() -> None:
    """Take signals as a program at a terminal does: what runs in the background may ignore some."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def terminal(scene: Scene, *words: str) -> Iterator[pexpect.spawn[Any]]:
    """Type a command line at a terminal of 30 rows and 90 columns; it must be as it was, in the end."""
    child: pexpect.spawn[Any] = pexpect.spawn(
        sys.executable,
        ["-m", "reconciler", *words],
        cwd=str(scene.root),
        timeout=30,
        dimensions=(30, 90),
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        preexec_fn=_with_its_signals,
    )
    before = modes(child)
    try:
        yield child
        child.expect(pexpect.EOF)
        until(lambda: not child.isalive())
        assert modes(child) == before, "the terminal is not as it was"
    finally:
        child.close(force=True)


def modes(child: pexpect.spawn[Any]) -> list[Any]:
    """Read the modes of a terminal; the same end serves after the program has gone, on this kernel."""
    found: list[Any] = termios.tcgetattr(child.child_fd)
    return found


def is_raw(child: pexpect.spawn[Any]) -> bool:
    return not modes(child)[3] & termios.ECHO and not modes(child)[3] & termios.ISIG


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.01)
