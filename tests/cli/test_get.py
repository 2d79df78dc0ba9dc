"""`get` on the real command line: what is live, whoever made it, and no value that git does not declare."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from reconciler.yaml import parse
from tests.cli.scene import Scene
from tests.scenarios.stage import DrivenClock

TOKEN = "environmentVariables:\n  - {name: HF_TOKEN, value: '${{ secrets.HF_TOKEN }}'}"
POD = "image: busybox:1\ncommand: sleep\nargs: infinity\n"
STRANGER = {"image": "busybox:1", "environmentVariables": [{"name": "PLAIN", "value": "nobodys-business"}]}


def test_what_is_live_is_listed_with_its_owner(scene: Scene) -> None:
    scene.declare("lora").types("apply", "--yes")
    _stranger(scene)

    said = scene.types("get")

    assert [row.split()[:3] for row in said.out.splitlines()] == [
        ["OBJECT", "PHASE", "OWNER"],
        ["team-a/Training/lora", "Running", "ours"],
        ["team-b/Training/theirs", "Creating", "unclaimed"],
    ]
    assert (said.code, scene.changes) == (0, [])


@pytest.mark.parametrize("words", [("get",), ("describe", "Training/lora"), ("health",)], ids=lambda w: w[0])
def test_ages_go_by_the_platforms_clock(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    scene.declare("lora").types("apply", "--yes")
    now = DrivenClock.now
    monkeypatch.setattr(DrivenClock, "now", lambda clock: now(clock) - timedelta(days=400))
    scene.later(3 * 3600)

    assert re.search(r"\b[23]h\b", scene.types(*words).out)


def test_words_and_filters_narrow_the_list(scene: Scene) -> None:
    scene.declare("lora", "other").types("apply", "--yes")
    _stranger(scene)
    cases = {
        ("Training/lora",): "team-a/Training/lora\n",
        ("training", "-p", "team-b"): "team-b/Training/theirs\n",
        ("--owner", "unclaimed"): "team-b/Training/theirs\n",
        ("--phase", "failed"): "",
        ("--kind", "Workspace"): "",
        ("theirs", "other"): "team-a/Training/other\nteam-b/Training/theirs\n",
    }

    for words, names in cases.items():
        assert scene.types("get", *words, "-o", "name").out == names, words
    assert scene.types("get", "--count").out == "3\n"


def test_a_name_that_is_not_live_is_not_an_empty_list(scene: Scene) -> None:
    said = scene.types("get", "Training/gone")

    assert said.code == 4
    assert "Training/gone is not live" in said.err


def test_a_misspelt_project_is_named(scene: Scene) -> None:
    said = scene.types("get", "-p", "team-x")

    assert (said.code, "no project team-x" in said.err) == (2, True)


def test_a_spec_shows_what_git_declares_and_masks_the_rest(scene: Scene) -> None:
    scene.declare("lora", more=POD + TOKEN).types("apply", "--yes")
    _stranger(scene)

    said = scene.types("get", "-o", "json")

    ours, theirs = json.loads(said.out)["items"]
    assert ours["spec"]["image"] == "busybox:1"
    assert {"name": "HF_TOKEN", "value": "(sensitive)"} in ours["spec"]["environmentVariables"]
    assert theirs["spec"]["image"] == "(sensitive)"
    assert "nobodys-business" not in said.text


def test_yaml_reads_back_to_the_document_of_json(scene: Scene) -> None:
    scene.declare("lora", more=POD + TOKEN).types("apply", "--yes")

    written = scene.types("get", "-o", "yaml").out

    parsed = parse(written, "out.yaml")
    assert parsed.problems == ()
    assert parsed.documents[0].value == json.loads(scene.types("get", "-o", "json").out)


def test_values_are_never_shown_into_a_pipe(scene: Scene) -> None:
    said = scene.types("get", "-o", "yaml", "--show-values")

    assert (said.code, said.out) == (2, "")


def test_what_could_not_be_read_is_told_and_the_rest_is_shown(scene: Scene) -> None:
    scene.declare("lora").types("apply", "--yes")
    project = scene.emulator.world.project_named("team-b").id
    scene.spoil(rf"GET /api/v1/workloads\?filterBy=projectId.*{project}.*", status=403, forever=True)

    said = scene.types("get", "-o", "name")

    assert (said.code, said.out) == (5, "team-a/Training/lora\n")
    assert "team-b" in said.err


def _stranger(scene: Scene) -> None:
    """Let somebody make a workload by hand."""
    scene.emulator.world.add_workload(
        kind="Training", project="team-b", name="theirs", spec=STRANGER, created_by="somebody@example.com"
    )


def test_changes_are_told_until_somebody_stops_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.declare("lora").types("apply", "--yes")
    world = scene.emulator.world
    (live,) = world.live("team-a")
    acts = iter([lambda: None, lambda: _stranger(scene), lambda: world.remove(live.id), lambda: None, _stop])

    async def sleep(clock: DrivenClock, seconds: float) -> None:
        next(acts)()
        scene.later(120)

    monkeypatch.setattr(DrivenClock, "sleep", sleep)
    said = scene.types("get", "training", "--watch")

    table, _, changes = said.out.partition("team-a/Training/lora  Running  ours")
    assert table.startswith("OBJECT")
    assert "team-b/Training/theirs  " in changes
    assert "team-a/Training/lora  gone\n" in changes
    assert said.code == 130


def test_a_watch_goes_on_where_a_project_cannot_be_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.declare("lora").types("apply", "--yes")
    (live,) = scene.emulator.world.live("team-a")
    acts = iter(
        [
            lambda: scene.spoil(r"GET /api/v1/workloads\?.*", status=500, forever=True),
            lambda: None,
            scene.emulator.faults.clear,
            lambda: _stranger(scene),
            lambda: scene.emulator.world.remove(live.id),
            lambda: None,
            _stop,
        ]
    )

    async def sleep(clock: DrivenClock, seconds: float) -> None:
        if seconds == 2.0:  # and not between two tries of one read
            next(acts)()
        scene.later(120)

    monkeypatch.setattr(DrivenClock, "sleep", sleep)
    said = scene.types("get", "--watch")

    changes = [row.split()[1:] for row in said.out.splitlines()[2:]]
    assert [row[:1] + row[-1:] for row in changes[:2]] == [
        ["team-b/Training/theirs", "(new)"],
        ["team-a/Training/lora", "gone"],
    ]
    warnings = [row for row in said.err.splitlines() if row.startswith("warning: ")]
    assert warnings
    assert len(set(warnings)) == len(warnings) == said.err.count("readable again: ")


def _without_rows(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "workloads": [], "projects": []}


@pytest.mark.parametrize(
    ("match", "times", "warned"),
    [
        ("GET /api/v1/org-unit/projects", {"forever": True}, "these credentials do not see it"),
        (r"GET /api/v1/workloads\?.*", {"forever": True}, "the count says 1"),
        (r"GET /api/v1/workloads\?.*", {"count": 1}, ""),
    ],
    ids=["the projects", "the workloads", "the workloads, once"],
)
def test_a_list_that_hides_what_was_there_lets_nothing_go(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, match: str, times: dict[str, Any], warned: str
) -> None:
    scene.declare("lora").types("apply", "--yes")
    hide = partial(scene.spoil, match, kind="mutate", mutate=_without_rows, **times)
    acts: Iterator[Callable[[], object]] = iter([hide, lambda: None, lambda: None, _stop])

    async def sleep(clock: DrivenClock, seconds: float) -> None:
        if seconds == 2.0:
            next(acts)()
        scene.later(120)

    monkeypatch.setattr(DrivenClock, "sleep", sleep)
    said = scene.types("get", "--watch")

    assert (said.code, "gone" in said.out) == (130, False)
    assert warned in said.err


def test_a_row_that_a_list_misses_once_is_not_gone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.declare("lora", "other").types("apply", "--yes")
    drop = partial(scene.spoil, r"GET /api/v1/workloads\?.*", kind="mutate", mutate=_without_last)
    acts: Iterator[Callable[[], object]] = iter([drop, lambda: None, lambda: None, _stop])

    async def sleep(clock: DrivenClock, seconds: float) -> None:
        next(acts)()

    monkeypatch.setattr(DrivenClock, "sleep", sleep)
    said = scene.types("get", "--watch")

    assert len(said.out.splitlines()) == 3


def _without_last(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "workloads": page["workloads"][:-1]}


@pytest.mark.parametrize(
    "words", [("get",), ("top",), ("get", "-p", "team-b"), ("describe", "Training/lora")]
)
@pytest.mark.parametrize(
    "match", ["GET /api/v1/org-unit/projects", r"GET /api/v1/workloads\?.*"], ids=["projects", "workloads"]
)
def test_a_list_that_hides_everything_is_not_believed(
    scene: Scene, words: tuple[str, ...], match: str
) -> None:
    scene.declare("lora").declare("other", project="team-b").types("apply", "--yes")
    scene.spoil(match, kind="mutate", mutate=_without_rows, forever=True)

    said = scene.types(*words)

    assert said.code == 6
    assert "is live" not in said.text
    assert "not live" not in said.text
    assert "nothing runs" not in said.text


def test_a_project_of_the_fleet_that_is_not_seen_is_told(scene: Scene) -> None:
    scene.declare("lora").types("apply", "--yes")
    scene.edit("reconciler.yaml", "team-b", "team-x")

    said = scene.types("get", "-o", "name")

    assert (said.code, said.out) == (6, "team-a/Training/lora\n")
    assert "cannot list workloads of team-x: these credentials do not see it" in said.err


def test_an_object_that_only_leaves_the_filter_is_not_gone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.declare("lora", more="image: busybox:1\ncommand: sleep\nargs: '600'").types("apply", "--yes")
    acts = iter([lambda: scene.later(900), _stop])

    async def sleep(clock: DrivenClock, seconds: float) -> None:
        next(acts)()
        scene.later(120)

    monkeypatch.setattr(DrivenClock, "sleep", sleep)
    said = scene.types("get", "--watch", "--phase", "Running")

    assert "gone" not in said.out
    assert "(no longer meant)" in said.out


def test_what_git_adopts_without_a_mark_is_ours(scene: Scene) -> None:
    _stranger(scene)
    (live,) = scene.emulator.world.live("team-b")
    scene.declare("theirs", project="team-b")
    manifest = scene.root / "manifests/theirs.yaml"
    scene.write("manifests/theirs.yaml", f"{manifest.read_text()}\nlifecycle: {{adopt: {live.id}}}\n")

    said = scene.types("get")

    assert "ours (adopted)" in said.out
    assert scene.types("get", "--owner", "ours", "-o", "name").out == "team-b/Training/theirs\n"
    scene.edit("manifests/theirs.yaml", live.id, "00000000-0000-0000-0000-000000000000")
    assert scene.types("get", "--owner", "ours", "-o", "name").out == ""


def test_whose_mark_could_not_be_read_is_nobodys_guess(scene: Scene) -> None:
    scene.declare(
        "chat",
        kind="Inference",
        more="image: 'vllm/vllm-openai:v1'\nargs: --model a\nservingPort: {container: 8000}",
    )
    scene.types("apply", "--yes")
    scene.spoil("GET /api/v1/workloads/inferences/.*", status=500, forever=True)
    scene.spoil("GET /api/v1/workloads$", forever=True, kind="mutate", mutate=_without_marks)

    said = scene.types("get")

    assert said.code == 6
    assert "unknown (mark not read)" in said.out


def _without_marks(page: dict[str, Any]) -> dict[str, Any]:
    """Take out of a list what could show marks, as older platforms leave it out."""
    return {**page, "workloads": [{**row, "environmentVariables": None} for row in page["workloads"]]}


def _stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("words", [("--count",), ("-o", "json"), ("-o", "table=list.txt")])
def test_to_watch_is_to_read_a_table(scene: Scene, words: tuple[str, ...]) -> None:
    said = scene.types("get", "--watch", *words)

    assert (said.code, "it goes with the table alone" in said.err) == (2, True)


BROKEN = (
    "apiVersion: runai/v1\nkind: Training\nmetadata:\n  name: broken\n  project: team-a\nspec:\n  imgae: x\n"
)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("broken.yaml", BROKEN),
        ("torn.yaml", "a: [\n"),
        ("open.yaml", BROKEN.replace("imgae: x", "image: 'x:${{ vars.NOT_LISTED }}'")),
    ],
    ids=["schema", "syntax", "variable"],
)
@pytest.mark.parametrize(
    "words", [("get",), ("describe", "Training/lora"), ("top",), ("logs", "lora")], ids=lambda words: words[0]
)
def test_looking_goes_on_beside_a_manifest_with_errors(
    scene: Scene, words: tuple[str, ...], file: str, text: str
) -> None:
    scene.declare("lora").types("apply", "--yes")
    whole = scene.types(*words)
    scene.write(f"manifests/{file}", text)

    said = scene.types(*words)

    assert said.code == whole.code == 0
    assert f"warning: manifests/{file}: not taken for errors" in said.err
    assert [row.split()[:2] for row in said.out.splitlines()] == [
        row.split()[:2] for row in whole.out.splitlines()
    ]


def test_what_a_broken_manifest_declares_is_still_ours_by_its_mark(scene: Scene) -> None:
    scene.declare("lora").types("apply", "--yes")
    scene.edit("manifests/lora.yaml", "image:", "imgae:")

    said = scene.types("get")

    assert said.code == 0
    assert said.out.splitlines()[1].split()[:3] == ["team-a/Training/lora", "Running", "ours"]
