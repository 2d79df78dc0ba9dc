"""`exec` on the real command line: words, pipes, terminals, and how each session ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from typing import Any

import pytest

from tests.cli.entered import Setter, is_raw, modes, piped, setting, terminal, until

__all__ = ["setting"]

PROMPT = b"root@box-0:/workspace# "
EXEC = "WS /cluster-api/.*/exec"


# -- the command ---------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["exec", "box"], ["exec", "box", "ls"], ["exec", "--", "box", "ls"]])
def test_the_command_stands_after_two_dashes(setting: Setter, words: list[str]) -> None:
    said = setting().types(*words)

    assert said.code == 2
    assert "put -- before the command" in said.err or "Missing argument" in said.err


def test_a_command_without_a_name_is_a_usage_error(setting: Setter) -> None:
    said = setting().types("exec", "box", "--", "", "x")

    assert (said.code, "the first word of the command is empty" in said.err) == (2, True)


def test_options_of_the_command_are_its_own(setting: Setter) -> None:
    scene = setting()

    said = scene.types("exec", "Workspace/box", "--", "bash", "-c", "echo -q $HOME")

    assert (said.code, said.out) == (0, "-q /root\n")


@pytest.mark.parametrize(("more", "is_in_url"), [((), False), (("--command-in-url",), True)])
def test_a_command_goes_by_header_unless_the_url_is_asked_for(
    setting: Setter, more: tuple[str, ...], is_in_url: bool
) -> None:
    scene = setting()

    said = scene.types("exec", *more, "box", "--", "echo", "a  b", "ü", "")

    assert said.out == "a  b ü \n"
    (sent,) = [entry for entry in scene.emulator.ledger.since(scene.sent) if entry.path.endswith("/exec")]
    assert ("command=" in sent.query) is is_in_url


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ((), ""),
        (("--pod", "box-0", "-c", "box"), "pod=box-0&container=box"),
        (("-t",), "tty=true"),
    ],
)
def test_only_what_was_asked_for_is_sent(setting: Setter, options: tuple[str, ...], query: str) -> None:
    scene = setting()

    scene.types("exec", *options, "box", "--", "ls")

    (sent,) = [entry for entry in scene.emulator.ledger.since(scene.sent) if entry.path.endswith("/exec")]
    assert sent.query == query


# -- pipes ---------------------------------------------------------------------------------------

EVERY_BYTE = bytes(range(256)) * 500


@pytest.mark.parametrize("habits", [{"framing": "channels"}, {"empty_ends_stdin": True}], ids=str)
def test_every_byte_goes_in_and_comes_out(setting: Setter, habits: dict[str, Any]) -> None:
    done = piped(setting(**habits), "exec", "-i", "box", "--", "cat", given=EVERY_BYTE)

    assert (done.returncode, done.stdout == EVERY_BYTE) == (0, True)


@pytest.mark.parametrize("source", [os.devnull, __file__])
def test_input_may_be_a_file_or_nothing(setting: Setter, source: str) -> None:
    scene = setting(framing="channels")

    with open(source, "rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", "exec", "-i", "box", "--", "wc"],
            cwd=scene.root, stdin=file, capture_output=True, check=True, timeout=30,
        )  # fmt: skip

    assert int(done.stdout) == (os.path.getsize(source) if source != os.devnull else 0)


def test_without_dash_i_no_input_is_sent(setting: Setter) -> None:
    assert piped(setting(framing="channels"), "exec", "box", "--", "wc", given=b"abc").stdout == b"0\n"


def test_errors_of_the_command_go_to_stderr(setting: Setter) -> None:
    done = piped(setting(framing="channels"), "exec", "box", "--", "bash", "-c", "echo out; nonesuch")

    assert done.stdout == b"out\n"
    assert done.stderr.startswith(b"bash: nonesuch: command not found\n")


def test_a_pipe_without_a_terminal_gets_none_and_is_told(setting: Setter) -> None:
    done = piped(setting(framing="channels"), "exec", "-it", "box", "--", "stty", "size", given=b"")

    assert b"standard input is no terminal, so -t is left out" in done.stderr
    assert b"Inappropriate ioctl" in done.stderr


def test_who_reads_and_has_enough_ends_it_quietly(setting: Setter) -> None:
    command = f"{sys.executable} -m reconciler exec box -- yes | head -n 3"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=setting().root, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == (b"y\ny\ny\n", b"")
    assert done.returncode == 0


def test_who_does_not_read_stops_nobody_from_ending_it(setting: Setter) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "exec", "box", "--", "yes"],
        cwd=setting().root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as program:  # fmt: skip
        assert program.stdout
        assert program.stdout.read(2) == b"y\n"
        program.send_signal(signal.SIGTERM)

        assert program.wait(10) == 143


# -- how a command ended -------------------------------------------------------------------------


@pytest.mark.parametrize("habits", [{"framing": "channels"}, {"tells_exit": True}], ids=str)
@pytest.mark.parametrize("status", [0, 1, 3, 127, 255])
def test_the_status_of_the_command_is_passed_on(setting: Setter, habits: dict[str, Any], status: int) -> None:
    said = setting(**habits).types("exec", "-v", "box", "--", "bash", "-c", f"exit {status}")

    assert said.code == status
    told = f"the command's own status (exit {status})" if status else "in-order (exit 0)"
    assert said.last == f"reconciler: {told}"


def test_a_platform_that_tells_no_status_is_taken_at_its_word(setting: Setter) -> None:
    said = setting().types("exec", "box", "--", "false")

    assert said.code == 0
    assert said.err == "the platform did not tell how the command ended; 0 says that the session ended well\n"


# -- a terminal ----------------------------------------------------------------------------------


def test_a_shell_at_a_terminal_follows_its_size_and_passes_ctrl_c(setting: Setter) -> None:
    with terminal(setting(framing="channels"), "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(PROMPT)
        assert is_raw(child)
        child.send(b"stty size\r")
        child.expect_exact(b"\r\n30 90\r\n" + PROMPT)
        child.setwinsize(50, 132)
        child.send(b"stty size\r")
        child.expect_exact(b"\r\n50 132\r\n" + PROMPT)
        child.send(b"sleep infinity\r")
        child.expect_exact(b"sleep infinity\r\n")
        child.send(b"\x03")
        child.expect_exact(b"^C\r\n" + PROMPT)
        child.send(b"echo $?\r")
        child.expect_exact(b"echo $?\r\n130\r\n" + PROMPT)
        child.send(b"exit 7\r")

    assert child.exitstatus == 7


@pytest.mark.parametrize("habits", [{"framing": "raw"}, {"framing": "resizable"}], ids=str)
def test_without_sizes_one_is_told_how_to_set_them(setting: Setter, habits: dict[str, Any]) -> None:
    with terminal(setting(**habits), "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(b"this platform takes no sizes; in the container: stty rows 30 cols 90\r\n")
        child.expect_exact(PROMPT)
        child.setwinsize(50, 132)
        child.send(b"stty size\r")
        child.expect_exact(b"stty size\r\n24 80\r\n" + PROMPT)
        child.send(b"\x04")

    assert child.exitstatus == 0


def test_sizes_go_as_text_where_one_says_so(setting: Setter) -> None:
    words = ("exec", "-it", "--sizes-as-text", "box", "--", "bash")
    with terminal(setting(framing="resizable"), *words) as child:
        child.expect_exact(PROMPT)
        child.setwinsize(50, 132)
        child.send(b"stty size\r")
        child.expect_exact(b"\r\n50 132\r\n" + PROMPT)
        child.send(b"exit\r")


SIGNALS = {
    signal.SIGTERM: 143,
    signal.SIGINT: 130,
    signal.SIGHUP: -signal.SIGHUP,
    signal.SIGQUIT: -signal.SIGQUIT,
    signal.SIGKILL: -signal.SIGKILL,
}


@pytest.mark.parametrize(("number", "code"), SIGNALS.items())
def test_the_terminal_is_as_it_was_after_a_kill(setting: Setter, number: signal.Signals, code: int) -> None:
    with terminal(setting(framing="channels"), "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(PROMPT)
        assert is_raw(child)
        child.kill(number)

    assert (child.exitstatus if code > 0 else -(child.signalstatus or 0)) == code


def test_the_terminal_is_as_it_was_after_a_session_that_broke_off(setting: Setter) -> None:
    scene = setting(framing="channels")
    scene.spoil(EXEC, kind="ws_cut", after=3)
    with terminal(scene, "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(PROMPT)
        child.send(b"echo what is typed is echoed\r")
        child.expect_exact(b"error[RC441]: the session in team-a/Workspace/box broke off")
        child.expect_exact(b"reconciler: unobserved (exit 6)")

    assert child.exitstatus == 6


def test_what_goes_on_after_a_stop_has_the_terminal_again(setting: Setter) -> None:
    with terminal(setting(framing="channels"), "exec", "-it", "box", "--", "bash") as child:
        child.expect_exact(PROMPT)
        child.kill(signal.SIGSTOP)
        cooked = modes(child)
        cooked[3] |= termios.ECHO | termios.ISIG  # as a shell has it meanwhile
        termios.tcsetattr(child.child_fd, termios.TCSANOW, cooked)
        child.kill(signal.SIGCONT)
        until(lambda: is_raw(child))
        child.send(b"exit\r")


def test_a_terminal_without_input_is_not_lent(setting: Setter) -> None:
    with terminal(
        setting(framing="channels"), "exec", "-t", "box", "--", "bash", "-c", "echo up; sleep infinity"
    ) as child:
        child.expect_exact(b"up\r")
        assert not is_raw(child)
        child.sendintr()

    assert child.exitstatus == 130
