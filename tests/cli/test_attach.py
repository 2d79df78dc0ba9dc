"""`attach` on the real command line: watching a main process, typing into it, and leaving it alone."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.entered import Setter, is_raw, piped, setting, terminal, until

__all__ = ["setting"]


def test_what_the_main_process_writes_is_shown_until_ctrl_c(setting: Setter) -> None:
    scene = setting()
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "attach", "Workspace/box"],
        cwd=scene.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdout
        assert program.stderr
        assert program.stderr.readline() == b"Attached to Workspace/box; Ctrl-C leaves\n"
        scene.later(60)
        line = program.stdout.readline()
        program.send_signal(signal.SIGINT)

        assert program.wait(10) == 130
    assert line.endswith(b"s\n")


def test_what_is_piped_goes_into_the_main_process(setting: Setter) -> None:
    done = piped(setting("bash", framing="channels"), "attach", "-i", "box", given=b"echo heard\nexit 4\n")

    assert done.stdout == b"heard\n"
    assert done.returncode == 0


def test_two_keys_leave_a_main_process_as_it_is(setting: Setter) -> None:
    scene = setting("bash", framing="channels")
    for _ in range(2):
        with terminal(scene, "attach", "-it", "box") as child:
            child.expect_exact(b"Attached to box; Ctrl-P Ctrl-Q leaves; Ctrl-C goes to the program\r\n")
            child.send(b"\r")
            child.expect_exact(b"# ")
            assert is_raw(child)
            child.send(b"echo a\x10b\r")
            child.expect_exact(b"a\x10b\r\n")
            child.send(b"\x10\x11")
            child.expect_exact(b"\r\nleft; what runs there goes on\r\n")

        assert child.exitstatus == 0


def test_keys_that_are_something_else_to_exec_are_sent(setting: Setter) -> None:
    with terminal(setting(framing="channels"), "exec", "-it", "box", "--", "cat") as child:
        until(lambda: is_raw(child))
        child.send(b"a\x10\x11b\r")
        child.expect_exact(b"a\x10\x11b\r\na\x10\x11b\r\n")
        child.send(b"\x04")

    assert child.exitstatus == 0


def test_one_whose_input_is_held_refuses_and_exec_is_offered(setting: Setter) -> None:
    said = setting(stdio_taken="always").types("attach", "box")

    assert said.code == 9
    assert "its primary process already holds stdio" in said.err
    assert "`reconciler exec -it NAME -- sh`" in said.err
    assert "Nothing was started.\n" in said.err


@pytest.mark.parametrize("command", ["attach", "exec"])
def test_what_is_not_declared_is_a_usage_error(setting: Setter, command: str) -> None:
    words = ("--", "ls") if command == "exec" else ()

    assert setting().types(command, "nobody", *words).code == 2
