"""The only writer: escaping, secrets, colour, and readers that go away."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.ending import ended
from reconciler.cli.voice import Output, Voice, Withheld
from reconciler.errors import ExitCode, ReconcilerError
from reconciler.secret import Scrubber

SECRET = "correct-horse-battery"


class Blind(Scrubber):
    """A scrubber that misses what it should take out."""

    def scrub(self, text: str) -> str:
        return text


def a_voice(**environ: str) -> tuple[Voice, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Voice(out=out, err=err, environ=environ), out, err


def test_results_and_talk_have_streams_of_their_own() -> None:
    voice, out, err = a_voice()
    voice.is_quiet = True

    voice.result("result\n")
    voice.talk("talk\n")
    voice.complain("problem\n")

    assert (out.getvalue(), err.getvalue()) == ("result\n", "problem\n")


def test_a_known_secret_is_taken_out_of_everything(tmp_path: Path) -> None:
    voice, out, err = a_voice()
    voice.scrubber.learn(SECRET)

    voice.result(f"a {SECRET}\n")
    voice.complain(f"b {SECRET}\n")
    voice.document(f'{{"c": "{SECRET}"}}', str(tmp_path / "x.json"))

    assert SECRET not in out.getvalue() + err.getvalue() + (tmp_path / "x.json").read_text()
    assert "(sensitive)" in out.getvalue()


@pytest.mark.parametrize("sink", ["result", "talk", "complain", "document", "file", "command", "stand"])
def test_the_guard_withholds_what_the_scrubber_missed(sink: str, tmp_path: Path) -> None:
    voice, out, err = a_voice()
    voice._scrubber = Blind([SECRET])

    def leak() -> None:
        if sink == "file":
            voice.document(SECRET, str(tmp_path / "x"))
        else:
            getattr(voice, sink)(f"text {SECRET}")

    with pytest.raises(Withheld):
        leak()
    assert ended(voice, leak) == ExitCode.WITHHELD
    assert SECRET not in out.getvalue() + err.getvalue()
    assert "withheld (exit 12)" in err.getvalue()
    assert not (tmp_path / "x").exists()


def test_what_a_platform_says_moves_no_cursor_and_starts_no_command() -> None:
    voice, out, _ = a_voice(CI="true")

    voice.result("::error::\x1b[2J\rgone\n")

    assert out.getvalue() == ": :error::\\x1b[2J\\rgone\n"


def test_our_own_commands_reach_the_runner() -> None:
    voice, _, err = a_voice(CI="true")

    voice.command("::error file=a::b\n")

    assert err.getvalue() == "::error file=a::b\n"


@pytest.mark.parametrize(
    ("color", "environ", "coloured"),
    [
        ("auto", {}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
)
def test_who_decides_about_colour(color: str, environ: dict[str, str], coloured: bool) -> None:
    voice, out, _ = a_voice(**environ)
    voice.color = color

    voice.result("error[RC103]: x\n")

    assert ("\x1b[" in out.getvalue()) is coloured


def test_columns_decide_the_width() -> None:
    assert a_voice(COLUMNS="80")[0].width == 80
    assert a_voice(COLUMNS="wide")[0].width == 120


def test_documents_in_files_leave_the_table_on_stdout(tmp_path: Path) -> None:
    voice, out, _ = a_voice()
    voice.outputs = (Output("json", str(tmp_path / "p.json")),)

    voice.publish({"table": lambda: "table\n", "json": lambda: "{}\n"})

    assert out.getvalue() == "table\n"
    assert (tmp_path / "p.json").read_text() == "{}\n"


def test_a_file_that_cannot_be_written_is_a_failure() -> None:
    voice, _, err = a_voice()

    assert ended(voice, lambda: voice.document("x", "/nowhere/x.json")) == 1
    assert "cannot write /nowhere/x.json: No such file or directory" in err.getvalue()


def test_our_bug_is_one_line_and_debug_shows_the_rest() -> None:
    voice, _, err = a_voice()

    def bug() -> None:
        raise RuntimeError("odd")

    assert ended(voice, bug) == 1
    assert "Traceback" not in err.getvalue()
    voice.is_debug = True
    ended(voice, bug)
    assert "Traceback" in err.getvalue()


@pytest.mark.parametrize("code", [code for code in ExitCode if code])
def test_every_code_that_is_not_zero_is_named_last(code: ExitCode) -> None:
    voice, _, err = a_voice()

    assert ended(voice, lambda: code) == code
    assert err.getvalue() == f"reconciler: {code.label} (exit {int(code)})\n"


def test_an_error_in_a_group_is_told_as_itself() -> None:
    voice, _, err = a_voice()

    def grouped() -> None:
        raise ExceptionGroup("tasks", [ReconcilerError("one thing")])

    assert ended(voice, grouped) == 1
    assert "error: one thing\n" in err.getvalue()


def test_ctrl_c_and_a_closed_prompt_are_interruptions() -> None:
    voice, _, _ = a_voice()

    def pressed() -> None:
        raise KeyboardInterrupt

    assert ended(voice, pressed) == 130


def test_a_reader_that_goes_away_is_no_failure() -> None:
    code = "from reconciler.cli.voice import Voice\nfor _ in range(9999): Voice().result('x' * 99)"
    read, write = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    os.read(read, 10)
    os.close(read)

    _, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")


class Full(io.StringIO):
    """A stream on a disk that is full."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("code", "ends"), [(0, 1), (9, 9)])
def test_a_full_disk_stops_nothing_and_is_told_in_the_end(code: int, ends: int) -> None:
    err = io.StringIO()
    voice = Voice(out=Full(), err=err, environ={})

    def command() -> int:
        voice.result("one\n")
        voice.result("two\n")
        return code

    assert ended(voice, command) == ends
    assert "error: not all output could be written: No space left on device\n" in err.getvalue()


def test_an_encoding_without_our_signs_is_no_failure() -> None:
    code = "from reconciler.cli.voice import Voice; Voice().result('± 日\\n')"
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)

    assert done.stdout == "-/+ \\u65e5\n"
