"""`init`, `validate` and `schema`: offline."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.cli.conftest import Run, python, replace

SETTINGS = {
    "yaml.schemas": {
        "./.reconciler/schemas/fleet.json": ["reconciler.yaml"],
        "./.reconciler/schemas/manifest.json": ["manifests/**/*.yaml", "manifests/**/*.yml"],
    }
}
THEIRS = """\
// how we work {here}
{
\t"editor.rulers": [100], // "columns"
\t"yaml.schemas": {
\t\t"https://acme.example/other.json": "other.yaml", /* theirs */
\t\t".reconciler/schemas/manifest.json": ["manifests/**/*.yaml" /* ours */]
\t\t// no more
\t},
\t"files.eol": "\\r\\n", // the last
}
""".replace("\n", "\r\n")
OURS_TOO = """\
// how we work {here}
{
\t"editor.rulers": [100], // "columns"
\t"yaml.schemas": {
\t\t"https://acme.example/other.json": "other.yaml", /* theirs */
\t\t".reconciler/schemas/manifest.json": ["manifests/**/*.yaml", /* ours */
\t\t\t"manifests/**/*.yml"
\t\t],
\t\t// no more
\t\t"./.reconciler/schemas/fleet.json": [
\t\t\t"reconciler.yaml"
\t\t]
\t},
\t"files.eol": "\\r\\n", // the last
}
""".replace("\n", "\r\n")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_demo_is_written_and_valid(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run("init", "demo")
    monkeypatch.chdir(here / "demo")

    assert ended.out == (
        "Created demo/: reconciler.yaml, 5 manifests, .vscode/settings.json\n"
        "Next, in another terminal: reconciler emulate runai --port 8470\n"
    )
    assert run("validate").out == "5 manifests in 5 files: valid\n"


def test_a_fleet_file_comes_with_what_editors_need(run: Run, here: Path) -> None:
    ended = run("init", "--url", "https://acme.run.ai")

    assert ended.out == (
        "Created reconciler.yaml and manifests/\n"
        "Created .vscode/settings.json\n"
        "Created .reconciler/schemas/manifest.json\n"
        "Created .reconciler/schemas/fleet.json\n"
        "Put manifests below manifests/, then:\n"
        "  export RUNAI_CLIENT_ID=... RUNAI_CLIENT_SECRET=...\n"
        "  reconciler validate\n"
        "  reconciler plan\n"
    )
    assert json.loads((here / ".vscode/settings.json").read_text()) == SETTINGS
    for name in ("manifest.json", "fleet.json"):
        assert (here / ".reconciler/schemas" / name).read_text() == run("schema", Path(name).stem).out


def test_a_fleet_may_be_begun_on_another_platform(run: Run, here: Path) -> None:
    ended = run("init", "--provider", "primus-safe", "--url", "https://safe.acme.com")

    assert "  export PRIMUS_SAFE_KEY=...\n" in ended.out
    text = (here / "reconciler.yaml").read_text()
    assert 'provider: primus-safe\n    url: "https://safe.acme.com"\n' in text
    for kind in ("pytorch-job", "deployment", "stateful-set", "authoring"):
        example = files("reconciler.providers.primus_safe.kinds") / "examples" / f"{kind}.yaml"
        written = example.read_text().replace("secrets.HF_TOKEN", "vars.X")
        (here / "manifests" / f"{kind}.yaml").write_text(written)
    (here / "reconciler.yaml").write_text(text.replace("vars: []", "vars: [X]"))
    assert run("validate").out == "4 manifests in 4 files: valid\n"


def test_settings_lie_at_the_top_of_the_repository(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / ".git").mkdir()
    (here / "ops" / "gpu").mkdir(parents=True)
    monkeypatch.chdir(here / "ops" / "gpu")

    run("init")

    assert (here / "ops/gpu/.reconciler/schemas/fleet.json").exists()
    assert json.loads((here / ".vscode/settings.json").read_text())["yaml.schemas"] == {
        "./ops/gpu/.reconciler/schemas/fleet.json": ["ops/gpu/reconciler.yaml"],
        "./ops/gpu/.reconciler/schemas/manifest.json": [
            "ops/gpu/manifests/**/*.yaml",
            "ops/gpu/manifests/**/*.yml",
        ],
    }


def test_settings_name_the_folders_that_the_fleet_file_names(run: Run, here: Path) -> None:
    run("init")
    replace(here / "reconciler.yaml", "manifests: [manifests]", "manifests: [., jobs/one.yaml, ../else]")

    ended = run("init")

    (patterns,) = [
        patterns
        for name, patterns in json.loads((here / ".vscode/settings.json").read_text())["yaml.schemas"].items()
        if "manifest" in name
    ]
    assert ended.out == "Kept reconciler.yaml: it is there already\nChanged .vscode/settings.json\n"
    assert patterns[2:] == ["**/*.yaml", "**/*.yml", "jobs/one.yaml", "!reconciler.yaml"]


def test_settings_that_are_there_keep_every_sign(run: Run, here: Path) -> None:
    (here / ".vscode").mkdir()
    (here / ".vscode/settings.json").write_bytes(THEIRS.encode())

    ended = run("init")

    assert "Changed .vscode/settings.json\n" in ended.out
    assert (here / ".vscode/settings.json").read_bytes() == OURS_TOO.encode()
    assert "Kept .vscode/settings.json" in run("init").out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{oops", "line 1: 'oops' is not JSON"),
        ("[]", "it holds no object"),
        ('{"a": 1, "a": 2}', '"a" stands twice'),
        ('{"yaml.schemas": null}', "yaml.schemas is no object"),
        (
            '{"yaml.schemas": {".reconciler/schemas/fleet.json": "other.yaml"}}',
            "yaml.schemas has other files for .reconciler/schemas/fleet.json",
        ),
        ('{"a": /* never closed', "line 1: '/' is not JSON"),
        ('{"a": 1', "it ends too soon"),
        ("\udcff", "it cannot be read"),
    ],
)
def test_settings_that_cannot_be_added_to_are_left_and_the_lines_are_told(
    text: str, why: str, run: Run, here: Path
) -> None:
    (here / ".vscode").mkdir()
    (here / ".vscode/settings.json").write_bytes(text.encode(errors="surrogateescape"))

    ended = run("init")

    assert ended.code == 0
    assert f".vscode/settings.json was left as it is: {why}. Add this to it:\n" in ended.out
    assert '"./.reconciler/schemas/manifest.json": [' in ended.out
    assert (here / ".vscode/settings.json").read_bytes() == text.encode(errors="surrogateescape")


def test_schemas_of_another_release_are_renewed_and_that_is_told(run: Run, here: Path) -> None:
    run("init")
    stale = here / ".reconciler/schemas/fleet.json"
    stale.write_text("{}\n")

    ended = run("init")

    assert ended.out.endswith("Changed .reconciler/schemas/fleet.json\n")
    assert stale.read_text() == run("schema", "fleet").out


def test_a_folder_that_cannot_be_made_is_told(run: Run, here: Path) -> None:
    (here / ".vscode").write_text("a file\n")

    ended = run("init")

    assert ended.code == 2
    assert ended.out == "Created reconciler.yaml and manifests/\n"
    assert "cannot write" in ended.err


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


@pytest.mark.parametrize(
    "words", [("init", "--name", "other"), ("init", "--provider", "primus-safe"), ("init", "demo")]
)
def test_nothing_is_ever_overwritten(words: tuple[str, ...], run: Run, here: Path) -> None:
    run(*words)
    before = contents(here)

    ended = run(*words)

    assert ended.code == 2
    assert "there already; nothing was written" in ended.err
    assert contents(here) == before


def test_a_second_init_finds_nothing_to_do(run: Run, here: Path) -> None:
    run("init")
    before = contents(here)

    ended = run("init")

    assert ended.code == 0
    assert ended.out == (
        "Kept reconciler.yaml: it is there already\n"
        "Kept .vscode/settings.json and the schemas for editors: they are up to date\n"
    )
    assert contents(here) == before


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


IDLE = (
    "asyncio",
    "deepdiff",
    "httpx",
    "rich",
    "uvicorn",
    "websockets",
    "reconciler.plan",
    "reconciler.cause",
)


@pytest.mark.parametrize("module", IDLE)
def test_validating_loads_nothing_that_it_does_not_need(module: str, here: Path) -> None:
    code = (
        "import sys; from reconciler.cli import main; main(['init', 'demo']); import os; os.chdir('demo'); "
        f"main(['validate']); print({module!r} in sys.modules)"
    )

    assert python("-c", code, cwd=here).stdout.splitlines()[-1] == "False"
