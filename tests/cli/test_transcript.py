"""The first ten minutes, typed into a terminal, at two widths, and again where no terminal is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.emulator.runai import Emulator, ManualClock
from reconciler.report.forms import MACHINE
from tests.cli.conftest import Run, replace
from tests.cli.keyboard import Keyboard
from tests.scenarios.stage import DrivenClock

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ANIMATION = re.compile(r"\r(?!\n)|\x1b\[[0-9;?]*[ABCDGHJKf]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FORMATS = {
    "plan": ("table", "wide", "name", "markdown", *MACHINE),
    "drift": ("table", "wide", "name", "markdown", *MACHINE),
    "health": ("table", "name", "json", "jsonl", "junit"),
    "validate": ("table", *MACHINE),
}


@dataclass(frozen=True)
class Variant:
    """One way to sit before the program: the width of the terminal (0: none) and the environment."""

    width: int
    environ: Mapping[str, str] = field(default_factory=dict)
    has_colour: bool = True
    is_rewritten: bool = True


VARIANTS = {
    "80 columns": Variant(80),
    "120 columns": Variant(120),
    "CI": Variant(120, {"CI": "1"}, is_rewritten=False),
    "NO_COLOR": Variant(80, {"NO_COLOR": "1"}, has_colour=False),
    "FORCE_COLOR": Variant(80, {"FORCE_COLOR": "1"}),
    "dumb": Variant(80, {"TERM": "dumb"}, has_colour=False, is_rewritten=False),
    "piped": Variant(0, has_colour=False, is_rewritten=False),
    "piped, CI": Variant(0, {"CI": "1"}, has_colour=False, is_rewritten=False),
    "piped, FORCE_COLOR": Variant(0, {"FORCE_COLOR": "1"}, is_rewritten=False),
    "piped, all of them": Variant(
        0, {"CI": "1", "NO_COLOR": "1", "TERM": "dumb"}, has_colour=False, is_rewritten=False
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_first_ten_minutes(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = VARIANTS[name]
    typed = Keyboard(monkeypatch, variant.width, dict(variant.environ))
    said: dict[str, str] = {}

    said["init"] = typed.types("init", "demo")
    monkeypatch.chdir(here / "demo")
    clock = ManualClock()
    monkeypatch.setattr("reconciler.cli.request.SystemClock", lambda: DrivenClock(clock))
    with Emulator(seed="demo", clock=clock).serve() as url:
        replace(Path("reconciler.yaml"), "http://127.0.0.1:8470", url)
        _ten_minutes(typed, said)

    _reads_as_it_should(said, asked=variant.width > 0)
    for told in said.values():
        assert bool(ANIMATION.search(told)) == (variant.is_rewritten and told is said["apply"])
        assert not ESCAPE.search(COLOUR.sub("", ANIMATION.sub("", told)))
    for coloured in ("plan", "apply", "drift", "refused", "health", "describe", "doctor"):
        assert bool(COLOUR.search(said[coloured])) == variant.has_colour, coloured
    for fitting in ("plan", "apply", "drift", "health", "get", "describe"):
        assert not variant.width or widest(said[fitting]) <= variant.width, said[fitting]


def _ten_minutes(typed: Keyboard, said: dict[str, str]) -> None:
    """Type the blocks of the first ten minutes, one after the other."""
    consent = {"answer": "y"} if typed.is_terminal else {}
    yes = () if typed.is_terminal else ("--yes",)
    said["validate"] = typed.types("validate")
    said["plan"] = typed.types("plan")
    said["apply"] = typed.types("apply", *yes, **consent)  # type: ignore[arg-type]  # an answer is text
    said["again"] = typed.types("plan", "--exit-code")
    said["health"] = typed.types("health")
    said["get"] = typed.types("get", "--owner", "ours")
    said["describe"] = typed.types("describe", "Training/lora", "--no-pager")
    said["logs"] = typed.types("logs", "assist-chat", "--tail", "1")
    said["doctor"] = typed.types("doctor")
    replace(Path("assist/chat.yaml"), "maxReplicas: 2", "maxReplicas: 4")
    said["drift"] = typed.types("drift", code=3)
    typed.types("apply", "--yes")
    replace(Path("forecast/lora.yaml"), "26.01", "26.02")
    said["refused"] = typed.types("plan")


def _reads_as_it_should(said: Mapping[str, str], *, asked: bool) -> None:
    """Hold the words, which are the same wherever they are read."""
    text = {name: shown(told) for name, told in said.items()}
    assert "Created demo/: reconciler.yaml, 5 manifests, .vscode/settings.json" in text["init"]
    assert "reconciler emulate runai --port 8470" in text["init"]
    assert "5 manifests in 5 files: valid" in text["validate"]
    for line in (
        "+ create",
        "0.75 GPU",
        "? 6 unclaimed: not ours, not touched",
        "  capacity  h100-pool: 9.95 GPU asked, ",
        "            team-forecast in h100-pool: 0 -> 9.10 of quota 16",
        "5 to create, 0 to change, 0 to replace, 0 to delete.   digest ",
        "To do it: reconciler apply",
    ):
        assert line in text["plan"]
    assert ("Create 5 workloads in runai-demo? [y/N] " in text["apply"]) == asked
    assert "Applied 5 of 5: 5 healthy, in " in text["apply"]
    assert text["apply"].rstrip().endswith("A fresh plan is empty.")
    assert "Nothing to do: 5 objects declared, all as git says." in text["again"]
    assert text["health"].startswith("HEALTH ")
    assert text["health"].count("\nHealthy ") == 5
    assert text["get"].count(" ours ") == 5
    assert re.search(r"^health    Healthy: ", text["describe"], re.MULTILINE)
    for section in ("spec", "pods", "history", "events"):
        assert f"\n{section}\n  " in text["describe"], section
    assert text["logs"].count("\n") == 1
    assert re.search(r"^ok    sign-in        client credentials, token v2", text["doctor"], re.MULTILINE)
    assert re.search(r"^warn  repo           ", text["doctor"], re.MULTILINE)
    assert "/spec/autoscaling/maxReplicas   git 4 (line 15)   live 2" in text["drift"]
    assert "Put it back:    reconciler apply Inference/assist-chat" in text["drift"]
    assert "Keep it:        write 2 in assist/chat.yaml:15" in text["drift"]
    assert "Never mind it:  lifecycle: {ignore: [/spec/autoscaling/maxReplicas]}" in text["drift"]
    assert text["drift"].rstrip().endswith("reconciler: changes (exit 3)")
    assert text["refused"].startswith("would end 1 running job: ")
    assert "team-forecast/Training/lora, running " in text["refused"]
    assert "reconciler apply --allow replace=team-forecast/Training/lora" in text["refused"]


def test_a_terminal_that_cannot_be_rewritten_gets_one_line_for_each_state(
    demo: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shown(Keyboard(monkeypatch, 100, {"TERM": "dumb"}).types("apply", "--yes"))

    assert re.search(r"^\d\d:\d\d:\d\d  team-forecast/Training/lora  created", said, re.MULTILINE)
    assert re.search(r"^\d\d:\d\d:\d\d  team-forecast/Training/lora  healthy", said, re.MULTILINE)


@pytest.mark.usefixtures("demo")
def test_colour_that_is_asked_for_comes_through_a_pipe_too(monkeypatch: pytest.MonkeyPatch) -> None:
    piped = Keyboard(monkeypatch, 0, {"FORCE_COLOR": "1", "NO_COLOR": "1"})

    assert COLOUR.search(piped.types("plan", "--color", "always"))
    assert not COLOUR.search(piped.types("plan"))


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
