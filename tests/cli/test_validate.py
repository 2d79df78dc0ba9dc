"""`validate`: what it says and how it ends, as people and machines see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

IDLE = """\
apiVersion: runai/v1
kind: Training
metadata: {name: idle, project: team-forecast}
spec:
  image: a:1
  command: sleep
  args: infinity
  compute: {gpuDevicesRequest: 1}
"""
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: f, id: 0123456789abcdef}
targets:
  runai:
    provider: runai
    url: https://acme.run.ai
    auth: {clientId: "${{ vars.ID }}", clientSecret: "${{ secrets.KEY }}"}
"""


@pytest.fixture
def fleet(here: Path) -> Path:
    """Stand in a fleet of one manifest, which is warned of."""
    (here / "reconciler.yaml").write_text(FLEET)
    (here / "manifests").mkdir()
    (here / "manifests" / "idle.yaml").write_text(IDLE)
    return here


def test_a_warning_alone_is_valid(fleet: Path, run: Run) -> None:
    ended = run("validate")

    assert ended.code == 0
    assert "warning[RC150]" in ended.err
    assert ended.out == "1 manifest in 1 file: valid, 1 warning\n"


def test_strict_makes_a_warning_an_error_and_says_so(fleet: Path, run: Run) -> None:
    ended = run("validate", "--strict")

    assert ended.code == 4
    assert "error[RC150]" in ended.err
    assert "a warning, and an error with --strict" in ended.err
    assert ended.out == "1 error in 1 of 1 file. More on a code: reconciler explain RC150\n"
    assert ended.last == "reconciler: rejected (exit 4)"


def test_strict_lets_through_what_a_line_allows(fleet: Path, run: Run) -> None:
    (fleet / "manifests" / "idle.yaml").write_text(IDLE.replace("infinity", "infinity  # allow RC150"))

    assert run("validate", "--strict").code == 0


@pytest.mark.parametrize("words", [("plan",), ("apply", "--yes")], ids=" ".join)
def test_strict_stops_before_the_platform_is_asked(words: tuple[str, ...], fleet: Path, run: Run) -> None:
    ended = run(*words, "--strict")

    assert ended.code == 4
    assert "error[RC150]" in ended.err


def test_json_has_the_places_that_the_text_has(fleet: Path, run: Run) -> None:
    (fleet / "manifests" / "bad.yaml").write_text(
        IDLE.replace("image:", "imag:").replace("name: idle", "name: b")
    )

    shown = run("validate").err
    problems = json.loads(run("validate", "-o", "json").out)["problems"]

    places = [line.removeprefix("  --> ") for line in shown.splitlines() if line.startswith("  --> ")]
    assert places == ["{file}:{line}:{column}".format_map(problem["source"]) for problem in problems]
    assert [problem["code"] for problem in problems] == ["RC103", "RC150"]


@pytest.mark.parametrize("path", ["nope.yaml", "manifets/", "/nowhere/at/all", "manifests/nope.yaml"])
def test_a_path_that_is_not_there_is_an_error(fleet: Path, run: Run, path: str) -> None:
    ended = run("validate", path)

    assert ended.code == 4
    assert "error[RC100]: cannot read " in ended.err


def test_a_path_that_is_not_there_is_an_error_beside_one_that_is(fleet: Path, run: Run) -> None:
    assert run("validate", "manifests", "nope").code == 4


def test_what_narrows_the_run_narrows_what_is_counted(fleet: Path, run: Run) -> None:
    (fleet / "manifests" / "more.yaml").write_text(IDLE.replace("idle", "more"))

    assert run("validate", "Training/more").out.startswith("1 manifest in 1 file: valid")


def test_a_file_that_cannot_be_read_makes_nothing_undeclared(fleet: Path, run: Run) -> None:
    """Nobody knows what it declares; what is named elsewhere and not declared is told when it can be read."""
    needs = f"{IDLE.replace('idle', 'user')}dependsOn:\n  - {{kind: Training, name: idle}}\n"
    (fleet / "manifests" / "user.yaml").write_text(needs)
    (fleet / "manifests" / "idle.yaml").write_text(f"{IDLE}  bad: [\n")

    ended = run("validate")

    assert ended.code == 4
    assert "error[RC101]" in ended.err
    assert "RC121" not in ended.err
    assert ended.out == "1 error in 1 of 2 files, 1 warning. More on a code: reconciler explain RC101\n"
