"""yaml-language-server, which editors ask, completes, explains and underlines by our schemas."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli import main
from tests.readers.language_server import Editor

TOP = Path(__file__).parents[2]
HEAD = """\
apiVersion: runai/v1
kind: Training
metadata: {name: lora, project: team-forecast}
"""
EXAMPLES = sorted((TOP / "examples").glob("*/**/*.yaml"))
ONE_KIND = "# yaml-language-server: $schema=../schemas/runai/training.json\n"
ANY_KIND = "# yaml-language-server: $schema=../schemas/manifest.json\n"
_numbers = itertools.count()

both_schemas = pytest.mark.parametrize("modeline", [ONE_KIND, ANY_KIND], ids=["one-kind", "any-kind"])


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    with Editor(TOP) as editor:
        yield editor


@pytest.fixture
def name() -> str:
    return f"examples/not-on-disk-{next(_numbers)}.yaml"


@both_schemas
@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (
            "apiVersion: runai/v1\nkind: Training\n|\n",
            {"metadata", "spec", "lifecycle", "dependsOn", "health"},
        ),
        ("apiVersion: runai/v1\nkind: |\n", {"Training"}),
        (
            f"{HEAD}spec:\n  |\n",
            {"image", "command", "args", "compute", "environmentVariables", "backoffLimit"},
        ),
        (
            f"{HEAD}spec:\n  compute:\n    gpu|\n",
            {"gpuDevicesRequest", "gpuPortionRequest", "gpuRequestType"},
        ),
        (f"{HEAD}spec:\n  imagePullPolicy: |\n", {"Always", "Never", "IfNotPresent"}),
    ],
    ids=["top-level", "kind", "spec", "compute", "enum"],
)
def test_what_may_stand_there_is_offered(
    modeline: str, text: str, offered: set[str], editor: Editor, name: str
) -> None:
    assert offered <= {*editor.complete(name, modeline + text)}


@both_schemas
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEAD}sp|ec: {{image: a}}\n", "in the field names of Run:ai itself"),
        ("apiVersion: runai/v1\nkind: Tr|aining\n", "Training"),
        (f"{HEAD}spec:\n  ima|ge: a\n", "Container image"),
        (f"{HEAD}spec:\n  compute:\n    cpuMemory|Request: 1Gi\n", "in bytes with a suffix"),
        (f"{HEAD}spec: {{image: a}}\nlifecycle:\n  onRemove: Ke|ep\n", "`Keep`: It is left as it is."),
    ],
    ids=["top-level", "kind", "spec", "compute", "enum"],
)
def test_what_stands_there_is_explained(
    modeline: str, text: str, words: str, editor: Editor, name: str
) -> None:
    assert words in editor.hover(name, modeline + text)


@both_schemas
def test_each_fault_is_underlined_where_it_stands(modeline: str, editor: Editor, name: str) -> None:
    spec = "spec:\n  image: a\n  compute: {gpus: 1}\n  backoffLimit: many\n"
    text = f"{modeline}{HEAD}{spec}lifecycle: {{onRemove: keep}}\n"

    found = editor.diagnose({name: text})[name]

    assert [underlined(fault, text.splitlines()) for fault in found] == ["gpus", "many", "keep"]


def test_no_example_is_underlined(editor: Editor) -> None:
    files = {str(file.relative_to(TOP)): file.read_text() for file in EXAMPLES}

    assert editor.diagnose(files) == {name: [] for name in files}


def test_a_kind_is_offered_with_what_it_is_for(editor: Editor, name: str) -> None:
    offered = editor.complete(name, f"{ANY_KIND}apiVersion: runai/v1\nkind: |\n")

    assert {"Workspace", "Training", "Inference"} <= {*offered}
    assert "ends by itself" in str(offered["Training"]["documentation"])


def test_a_field_is_offered_with_its_default(editor: Editor, name: str) -> None:
    offered = editor.complete(name, f"{ONE_KIND}{HEAD}spec:\n  |\n")

    assert offered["backoffLimit"]["insertText"] == "backoffLimit: ${1:6}"


@pytest.mark.parametrize(
    ("text", "label", "written"),
    [
        (f"{HEAD}|", "spec", "spec:\n  "),
        (f"{HEAD}spec: {{}}\n|", "lifecycle", "lifecycle: "),
        (f"{HEAD}spec:\n  storage:\n    |\n", "pvc", "pvc:\n  - $1\n"),
    ],
    ids=["spec", "lifecycle", "item"],
)
def test_a_block_is_offered_empty_for_a_default_written_down_is_compared_ever_after(
    text: str, label: str, written: str, editor: Editor, name: str
) -> None:
    assert editor.complete(name, ONE_KIND + text)[label]["insertText"] == written


def test_the_fleet_file_is_completed_and_checked(editor: Editor) -> None:
    head = "# yaml-language-server: $schema=../schemas/fleet.json\napiVersion: reconciler/v1\nkind: Fleet\n"

    offered = editor.complete("examples/fleet-1.yaml", f"{head}|\n")
    (faults,) = editor.diagnose({"examples/fleet-2.yaml": f"{head}guards: {{}}\n"}).values()

    assert {"metadata", "targets", "guard", "allowedHosts"} <= {*offered}
    assert "Property guards is not allowed." in [fault["message"] for fault in faults]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """Open the top of a repository in whose folder of the same name `init` has been run."""
    top = tmp_path_factory.mktemp("repository") / "gpu"
    (top / ".git").mkdir(parents=True)
    (top / "gpu").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(top / "gpu")
        assert main(("init",)) == 0
    with Editor(top, json.loads((top / ".vscode/settings.json").read_text())) as editor:
        yield editor


@pytest.mark.parametrize("text", [HEAD, f"---\n{HEAD}"], ids=["one", "second"])
def test_the_settings_that_init_writes_complete_and_explain_a_manifest(
    text: str, fleet: Editor, name: str
) -> None:
    folder, file = "gpu/manifests/team-a", name.rpartition("/")[2]

    offered = fleet.complete(f"{folder}/{file}", f"{text}spec:\n  compute:\n    |\n")
    told = fleet.hover(f"{folder}/hover-{file}", f"{text}spec:\n  ima|ge: a\n")

    assert "gpuDevicesRequest" in offered
    assert "Container image" in told


def test_the_settings_that_init_writes_check_manifests_and_the_fleet_file(fleet: Editor) -> None:
    ours = (fleet.folder / "gpu/reconciler.yaml").read_text()
    bad = {
        "gpu/manifests/bad.yaml": f"{HEAD}spec: {{gpus: 1}}\n",
        "gpu/manifests/bad.yml": f"{HEAD}spec: {{gpus: 1}}\n",
        "gpu/reconciler.yaml": f"{ours}gpus: 1\n",
        "elsewhere/bad.yaml": f"{HEAD}spec: {{gpus: 1}}\n",
    }

    found = {name: [fault["message"] for fault in faults] for name, faults in fleet.diagnose(bad).items()}

    assert found.pop("elsewhere/bad.yaml") == []
    assert set(map(tuple, found.values())) == {("Property gpus is not allowed.",)}


def underlined(fault: dict[str, dict[str, dict[str, int]]], lines: list[str]) -> str:
    start, end = fault["range"]["start"], fault["range"]["end"]
    return lines[start["line"]][start["character"] : end["character"]]
