"""`explain` on the command line: what it prints, how wide, how it ends, and how little it loads."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.problem import CODES
from reconciler.providers import kinds
from tests.cli.conftest import Run, python

Golden = Callable[[str, str], None]
PAGES = {
    "part": "Training.compute",
    "field": "Training.compute.gpuDevicesRequest",
    "alias": "Training.gpu",
    "choice": "Training.imagePullPolicy",
    "item": "Training.ports.serviceType",
    "envelope": "lifecycle.onRemove",
    "fleet": "Fleet.targets",
    "code": "RC131",
    "exit": "9",
}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_reads_as_stored(page: str, run: Run, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    ended = run("explain", PAGES[page])

    assert (ended.code, ended.err) == (0, "")
    golden(f"explain/{page}.txt", ended.out)


@pytest.mark.parametrize("word", [*sorted(CODES), *sorted(name for _, name in kinds()), "Fleet"])
def test_every_page_fits_eighty_columns(word: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    lines = run("explain", word).out.splitlines()

    begin = lines.index("  For example:") + 2 if "  For example:" in lines else len(lines)
    end = next((at for at, line in enumerate(lines) if line.startswith("  What to do")), len(lines))
    assert max(map(len, lines[:begin] + lines[end:])) <= 80


def test_a_kind_tells_what_it_can_and_lists_its_fields(run: Run) -> None:
    lines = run("explain", "Inference").out.splitlines()

    assert [line for line in lines if line.startswith("  can be stopped")] == ["  can be stopped  no"]
    assert {"  metadata  <mapping, required>", "  autoscaling  <mapping>"} <= set(lines)


def test_without_a_word_it_lists_what_there_is(run: Run) -> None:
    ended = run("explain")

    assert ended.code == 0
    assert all(name in ended.out for _, name in kinds())


def test_what_is_nowhere_is_a_usage_error_with_a_suggestion(run: Run) -> None:
    ended = run("explain", "Training.compute.gpuDeviceRequest")

    assert ended.code == 2
    assert 'did you mean "gpuDevicesRequest"?' in ended.err


def test_json_tells_a_field_whole(run: Run) -> None:
    told = json.loads(run("explain", "Training.imagePullPolicy", "-o", "json").out)

    assert told["document"] == "explanation"
    assert told["field"] == "Training.spec.imagePullPolicy"
    assert told["pointer"] == "/spec/imagePullPolicy"
    assert [choice["value"] for choice in told["allowed"]] == ["Always", "Never", "IfNotPresent"]
    assert told["required"] is False


def test_json_tells_codes(run: Run) -> None:
    code = json.loads(run("explain", "RC103", "-o", "json").out)
    ending = json.loads(run("explain", "partial", "-o", "json").out)

    assert code["code"] == "RC103"
    assert code["standsFor"] == CODES["RC103"]
    assert ending["exitCode"] == 9


@pytest.mark.parametrize("word", ["Training.compute", "RC103", "9"])
def test_explaining_loads_nothing_slow(word: str) -> None:
    code = (
        "import sys; from reconciler.cli import main; assert main(['explain', sys.argv[1]]) == 0; "
        "slow = {'httpx', 'asyncio', 'pydantic', 'jsonschema', 'ruamel', 'rich'} & set(sys.modules); "
        "assert not slow, slow"
    )

    done = python("-c", code, word)

    assert done.returncode == 0, done.stderr
