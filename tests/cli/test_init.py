"""`init`, `validate` and `schema`: offline."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run, python, replace


def test_a_demo_is_written_and_valid(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run("init", "demo")
    monkeypatch.chdir(here / "demo")

    assert ended.out == (
        "Created demo/: reconciler.yaml, 5 manifests, .vscode/settings.json\n"
        "Next, in another terminal: reconciler emulate runai --port 8470\n"
    )
    assert run("validate").out == "5 manifests in 5 files: valid\n"


def test_every_fleet_gets_an_id_of_its_own(run: Run, here: Path) -> None:
    run("init")
    first = (here / "reconciler.yaml").read_text()
    (here / "reconciler.yaml").unlink()
    run("init", "--name", "other")

    ids = [
        re.findall(r'id: "([0-9a-f]{16})"', text) for text in (first, (here / "reconciler.yaml").read_text())
    ]

    assert all(len(found) == 1 for found in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("words", [("init",), ("init", "demo")])
def test_nothing_is_ever_overwritten(words: tuple[str, ...], run: Run, here: Path) -> None:
    run(*words)
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}

    ended = run(*words)

    assert ended.code == 2
    assert "there already; nothing was written" in ended.err
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_all_errors_of_all_files_are_told_at_once(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", "demo")
    monkeypatch.chdir(here / "demo")
    replace(here / "demo/forecast/lora.yaml", "cpuMemoryRequest: 64Gi", "cpuMemoryRequest: 64Gib")
    replace(here / "demo/assist/chat.yaml", "servingPort:", "servngPort:")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")

    ended = run("validate")

    assert ended.code == 4
    assert ended.out.startswith("2 errors in 2 of 5 files")
    assert "error[RC103]" in ended.err
    assert "error[RC108]" in ended.err
    assert "::error file=assist/chat.yaml,line=" in ended.err
    assert ended.last == "reconciler: rejected (exit 4)"


def test_json_on_stdout_stays_one_document(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("init", "demo")
    monkeypatch.chdir(here / "demo")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    replace(here / "demo/assist/chat.yaml", "servingPort:", "servngPort:")

    document = json.loads(run("validate", "-vv", "-o", "json").out)

    assert document["exit"] == {"code": 4, "name": "rejected"}
    assert document["problems"][0]["source"]["file"] == "assist/chat.yaml"


def test_without_a_fleet_file_it_says_how_to_get_one(run: Run) -> None:
    ended = run("validate")

    assert ended.code == 4
    assert "error[RC202]" in ended.err
    assert "reconciler init" in ended.err


def test_a_schema_is_printed_for_each_kind_and_document(run: Run, here: Path) -> None:
    names = run("schema").out.split()

    assert {"Training", "Workspace", "Inference", "manifest", "fleet", "plan"} <= set(names)
    assert all("$schema" in json.loads(run("schema", name).out) for name in names)
    assert run("schema", "--write", "out").code == 0
    assert (here / "out" / "plan.json").exists()


@pytest.mark.parametrize("library", ["asyncio", "deepdiff", "httpx", "rich", "uvicorn", "websockets"])
def test_validating_loads_no_library_it_does_not_need(library: str, here: Path) -> None:
    code = (
        "import sys; from reconciler.cli import main; main(['init', 'demo']); import os; os.chdir('demo'); "
        f"main(['validate']); print({library!r} in sys.modules)"
    )

    assert python("-c", code, cwd=here).stdout.splitlines()[-1] == "False"
