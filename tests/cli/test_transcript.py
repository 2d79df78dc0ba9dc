"""The first ten minutes, typed into a terminal, at two widths, and again where no terminal is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from reconciler.emulator.runai import Emulator, ScaledClock
from reconciler.report.forms import MACHINE
from tests.cli.conftest import Run, replace

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ANIMATION = re.compile(r"\r(?!\n)|\x1b\[[0-9;?]*[ABCDGHJKf]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FORMATS = {
    "plan": ("table", "wide", "name", "markdown", *MACHINE),
    "drift": ("table", "wide", "name", "markdown", *MACHINE),
    "health": ("table", "name", "json", "jsonl", "junit"),
    "validate": ("table", *MACHINE),
}
NO_TERMINAL: Mapping[str, Mapping[str, str]] = {
    "piped": {},
    "CI": {"CI": "1"},
    "NO_COLOR": {"NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
    "all of them": {"CI": "1", "NO_COLOR": "1", "TERM": "dumb"},
}


class Session:
    """Type commands into a terminal of some width, and keep what it shows."""

    def __init__(self, width: int, **environ: str) -> None:
        self.width = width
        self.environ = {**os.environ, "TERM": "xterm-256color", **environ}

    def types(self, *words: str, answer: str = "", code: int = 0) -> str:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "reconciler", *words],
            env=self.environ,
            encoding="utf-8",
            timeout=60,
            dimensions=(40, self.width),
        )
        before = ""
        if answer:
            child.expect(r"\[y/N\] |only \"yes\" .*: ")
            before = str(child.before) + str(child.after)
            child.sendline(answer)
        said = before + str(child.read())
        child.close()
        assert child.exitstatus == code, said
        return said


@contextmanager
def in_a_demo(where: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., str]) -> Iterator[None]:
    """Stand in the demo that `init demo` writes, with its emulator running, and fast."""
    created = run("init", "demo")
    assert "Created demo/: reconciler.yaml, 5 manifests, .vscode/settings.json" in created
    assert "reconciler emulate runai --port 8470" in created
    monkeypatch.chdir(where / "demo")
    with Emulator(seed="demo", clock=ScaledClock(200)).serve() as url:
        fleet = where / "demo" / "reconciler.yaml"
        replace(fleet, "http://127.0.0.1:8470", url)
        fleet.write_text(fleet.read_text() + "health: {hold: 1s, queueTimeout: 2s}\n")
        yield


@pytest.mark.parametrize("width", [80, 120])
def test_the_first_ten_minutes_on_a_terminal(width: int, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Session(width)

    with in_a_demo(here, monkeypatch, terminal.types):
        valid = terminal.types("validate")
        plan = terminal.types("plan")
        applied = terminal.types("apply", answer="y")
        again = terminal.types("plan", "--exit-code")
        replace(Path("assist/chat.yaml"), "maxReplicas: 2", "maxReplicas: 4")
        drift = terminal.types("drift", code=3)
        terminal.types("apply", answer="y")
        replace(Path("forecast/lora.yaml"), "26.01", "26.02")
        refused = terminal.types("plan")

    assert "5 manifests in 5 files: valid" in valid
    for line in (
        "+ create",
        "0.75 GPU",
        "? 6 unclaimed: not ours, not touched",
        "To do it: reconciler apply",
    ):
        assert line in shown(plan)
    assert "5 to create, 0 to change, 0 to replace, 0 to delete.   digest " in shown(plan)
    assert "Create 5 workloads in runai-demo? [y/N] " in shown(applied)
    assert "Applied 5 of 5: 5 healthy, in " in shown(applied)
    assert shown(applied).rstrip().endswith("A fresh plan is empty.")
    assert "Nothing to do: 5 objects declared, all as git says." in shown(again)
    assert "/spec/autoscaling/maxReplicas   git 4 (line 15)   live 2" in shown(drift)
    assert "Put it back:    reconciler apply Inference/assist-chat" in shown(drift)
    assert "Keep it:        write 2 in assist/chat.yaml:15" in shown(drift)
    assert "Never mind it:  lifecycle: {ignore: [/spec/autoscaling/maxReplicas]}" in shown(drift)
    assert shown(drift).rstrip().endswith("reconciler: changes (exit 3)")
    assert shown(refused).startswith("ends 1 running job: team-forecast/Training/lora, running ")
    assert "reconciler apply --allow replace=team-forecast/Training/lora" in shown(refused)
    assert ANIMATION.search(applied)
    for said in (valid, plan, again, drift, refused):
        assert not ANIMATION.search(said)
        assert COLOUR.search(said) or said is valid
    assert widest(plan) <= width
    assert widest(applied) <= width
    assert widest(drift) <= width


@pytest.mark.parametrize("name", NO_TERMINAL)
def test_where_no_terminal_is_there_are_no_escapes_and_no_rewritten_lines(
    name: str, demo: Emulator, here: Path
) -> None:
    for words in (["validate"], ["plan"], ["apply", "--yes"], ["health"], ["drift"], ["logs", "assist-chat"]):
        done = piped(*words, **NO_TERMINAL[name])

        assert done.returncode == 0, done.stderr
        assert not ESCAPE.search(done.stdout + done.stderr)
        assert "\r" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CI": "1", "NO_COLOR": "1"}], ids=str
)
def test_a_terminal_that_wants_no_colour_gets_none(environ: dict[str, str], demo: Emulator) -> None:
    assert not COLOUR.search(Session(80, **environ).types("plan"))


@pytest.mark.parametrize("environ", [{"CI": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_that_cannot_be_rewritten_gets_one_line_for_each_state(
    environ: dict[str, str], demo: Emulator
) -> None:
    said = Session(100, **environ).types("apply", "--yes")

    assert not ANIMATION.search(said)
    assert re.search(r"^\d\d:\d\d:\d\d  team-forecast/Training/lora  created", shown(said), re.MULTILINE)
    assert re.search(r"^\d\d:\d\d:\d\d  team-forecast/Training/lora  healthy", shown(said), re.MULTILINE)


def test_colour_that_is_asked_for_comes_through_a_pipe_too(demo: Emulator) -> None:
    assert COLOUR.search(piped("plan", "--color", "always").stdout)
    assert COLOUR.search(piped("plan", FORCE_COLOR="1").stdout)
    assert not COLOUR.search(piped("plan", FORCE_COLOR="1", NO_COLOR="1").stdout)


def test_a_plan_as_json_parses_with_talk_switched_on(demo: Emulator) -> None:
    plan = piped("plan", "-o", "json", "-v")
    read = subprocess.run(
        [sys.executable, "-m", "json.tool"], input=plan.stdout, capture_output=True, text=True, check=False
    )

    assert read.returncode == 0, read.stderr
    assert json.loads(plan.stdout)["counts"]["create"] == 5
    assert plan.stderr.endswith("reconciler: in-order (exit 0)\n")


def test_exit_codes_are_the_same_in_every_format(demo: Emulator, run: Run) -> None:
    assert {run("plan", "--exit-code", "-o", form).code for form in FORMATS["plan"]} == {3}
    assert {run("drift", "-o", form).code for form in FORMATS["drift"]} == {3}
    assert {run("health", "-o", form).code for form in FORMATS["health"]} == {11}
    assert {run("apply", "--yes", "-o", form).code for form in ("table", "markdown", "json")} == {0}
    assert {run("plan", "--exit-code", "-o", form).code for form in FORMATS["plan"]} == {0}
    assert {run("drift", "-o", form).code for form in FORMATS["drift"]} == {0}
    assert {run("health", "-o", form).code for form in FORMATS["health"]} == {0}
    replace(Path("reconciler.yaml"), "demo-secret", "wrong-secret")
    for command in ("plan", "drift", "health"):
        assert {run(command, "-o", form).code for form in FORMATS[command]} == {5}
    replace(Path("assist/chat.yaml"), "image:", "imagge:")
    for command, forms in FORMATS.items():
        assert {run(command, "-o", form).code for form in forms} == {4}


def test_stdout_carries_results_and_stderr_the_talk(demo: Emulator, run: Run) -> None:
    applied = run("apply", "--yes")

    assert "created" not in applied.out
    assert "  team-assist/Inference/assist-chat  created\n" in applied.err
    assert applied.out.rstrip().endswith("A fresh plan is empty.")


@pytest.mark.usefixtures("demo")
def test_drift_does_not_offer_an_apply_that_would_refuse(run: Run) -> None:
    run("apply", "--yes")
    replace(Path("forecast/lora.yaml"), "26.01", "26.02")

    drift = run("drift")

    assert drift.code == 3
    assert "Put it back" not in drift.out
    assert "--allow replace=team-forecast/Training/lora" in drift.out


def piped(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def shown(said: str) -> str:
    """Give what was written, without colour and movement."""
    return ESCAPE.sub("", said).replace("\r\n", "\n")


def widest(said: str) -> int:
    """Give the length of the longest line that was not told to be long by a name."""
    return max(map(len, shown(said).splitlines()))
