"""Streams that are closed, full or no longer read: each command ends as it should, and in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.entered import Setter, setting
from tests.cli.scene import Scene

__all__ = ["setting"]


def shell(scene: Scene, line: str) -> subprocess.CompletedProcess[bytes]:
    """Type a line in which `us` stands for our program; give how that ended, not those behind it."""
    words = line.replace("us", f"{sys.executable} -m reconciler", 1)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", words],
        cwd=scene.root, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.fixture
def scene(setting: Setter) -> Scene:
    made = setting("bash", framing="channels")
    made.declare("talk", kind="Workspace", more="image: busybox:1\ncommand: flood")
    spec = {"image": "busybox:1", "command": "flood --lines 900000 --rate 9000"}
    made.emulator.world.add_workload(
        kind="Workspace", project="team-a", name="talk", spec=spec, created_by="demo"
    )
    for _ in range(3):
        made.later(30)
        made.emulator.world.settle()
    return made


READERS = {"followed": "logs talk -f", "printed": "logs talk", "entered": "exec box -- yes"}


@pytest.mark.parametrize("words", READERS.values(), ids=READERS)
def test_a_reader_that_has_enough_ends_it_quietly(scene: Scene, words: str) -> None:
    done = shell(scene, f"us {words} | head -n 1")

    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)


def test_a_disk_that_is_full_ends_a_followed_log(scene: Scene) -> None:
    done = shell(scene, "us logs talk -f > /dev/full")

    assert done.returncode == 1
    assert b"error: not all output could be written: No space left on device\n" in done.stderr


CLOSED = {
    "stdout": ("us logs talk --tail 2 >&-", 0, b""),
    "stdout of a session": ("us exec box -- echo hello >&-", 0, b""),
    "stderr": ("us logs talk --tail 2 2>&-", 0, b""),
    "stderr, with an error": ("us logs nobody 2>&-", 2, b""),
    "both": ("us logs nobody >&- 2>&-", 2, b""),
    "stdin": ("us logs talk --tail 2 <&-", 0, b""),
    "stdin that is sent on": ("us exec -i box -- wc <&-", 0, b""),
    "stdin that is a manifest": ("us validate - <&-", 0, b""),
}


@pytest.mark.parametrize(("line", "code", "told"), CLOSED.values(), ids=CLOSED)
def test_a_closed_stream_is_one_to_which_nothing_goes(
    scene: Scene, line: str, code: int, told: bytes
) -> None:
    done = shell(scene, line)

    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(told)
    assert b"fault in reconciler" not in done.stderr


def test_a_terminal_that_is_asked_for_and_not_there_leaves_an_input_that_has_ended(scene: Scene) -> None:
    done = shell(scene, "us exec -it box -- wc <&-")

    assert (done.returncode, done.stdout) == (0, b"0\n")
    assert done.stderr == b"standard input is no terminal, so -t is left out\n"
