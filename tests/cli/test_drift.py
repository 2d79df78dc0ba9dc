"""The command `drift`: its words, its codes, its forms; and that it writes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reconciler.drift import STATES
from reconciler.emulator.faults import Fault
from tests.cli.scene import Said, Scene

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "drift.json").read_text())


def drift(scene: Scene, *words: str) -> Said:
    said = scene.types("drift", *words)
    assert scene.changes == []
    return said


def test_a_missing_object_names_the_commit_that_declared_it(scene: Scene) -> None:
    scene.declare("train")
    (scene.root / "x").write_text("")
    scene.commit()
    commit = scene.git("log", "-1", "--format=%h", "--abbrev=7", "--", "manifests/train.yaml")

    said = drift(scene)

    assert f"      in git since {commit} t, " in said.out
    assert said.code == 3


def test_ages_count_to_the_clock_of_the_run(scene: Scene) -> None:
    scene.declare("train").types("apply", "--yes")
    (live,) = scene.emulator.world.live("team-a")
    scene.emulator.world.remove(live.id)
    scene.emulator.clock.advance(7300)  # type: ignore[attr-defined]  # the scene's clock is driven by hand

    said = drift(scene)

    assert "      deleted 2h ago; in git since " in said.out


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("chnged", 'did you mean "changed"?'),
        ("Missing", 'did you mean "missing"?'),
        ("changed,gone", f"there are {', '.join(STATES)}"),
        ("", f"there are {', '.join(STATES)}"),
        ("changed,", f"there are {', '.join(STATES)}"),
    ],
)
def test_a_word_that_is_no_state_is_a_usage_error_that_names_the_nearest(
    scene: Scene, word: str, hint: str
) -> None:
    said = drift(scene.declare("train"), "--only", word)

    assert said.code == 2
    assert "is no state of drift" in said.err
    assert hint in said.err


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["team-a/Training/gone"]),
        (["--only", "missing"], ["team-a/Training/gone"]),
        (["--only", "changed,missing"], ["team-a/Training/gone"]),
        (["--only", "changed", "--only", "missing"], ["team-a/Training/gone"]),
        (["--only", "changed, degraded"], []),
        (["--only", "stopped"], []),
    ],
)
def test_only_these_states_are_shown_and_decide_the_code(
    scene: Scene, words: list[str], names: list[str]
) -> None:
    scene.declare("train").types("apply", "--yes")
    scene.declare("gone")

    said = drift(scene, *words, "-o", "name")

    assert (said.out.splitlines(), said.code) == (names, 3 if names else 0)


@pytest.mark.parametrize("only", STATES)
def test_an_unread_scope_is_six_whatever_is_asked_for(scene: Scene, only: str) -> None:
    scene.declare("train")
    scene.emulator.faults.add(Fault(r"GET /api/v1/workloads\?filterBy=projectId.*", status=500, forever=True))

    said = drift(scene, "--only", only)

    assert said.code == 6
    assert "? unknown  prod:team-a" in said.out


@pytest.mark.parametrize("only", [[], ["--only", "missing"]])
def test_a_scope_that_may_not_be_read_is_five(scene: Scene, only: list[str]) -> None:
    scene.declare("train")
    scene.emulator.faults.add(Fault(r"GET /api/v1/workloads\?filterBy=projectId.*", status=403, forever=True))

    assert drift(scene, *only).code == 5


def test_real_documents_keep_their_schema(scene: Scene) -> None:
    scene.declare("train").types("apply", "--yes")
    (live,) = scene.emulator.world.live("team-a")
    scene.emulator.world.edit_spec(live.id, {"image": "busybox:9"}, by="lee")
    scene.declare("gone")

    said = drift(scene, "-o", "json=drift.json", "-o", "jsonl=items.jsonl", "-o", "markdown=drift.md")

    document = json.loads((scene.root / "drift.json").read_text())
    assert (document["exit"]["code"], said.code) == (3, 3)
    Draft202012Validator(SCHEMA).validate(document)
    assert [item["state"] for item in document["items"]] == ["missing", "changed"]
    _, *items, last = [json.loads(line) for line in (scene.root / "items.jsonl").read_text().splitlines()]
    assert items == [{"type": "drift", **item} for item in document["items"]]
    assert last == {"type": "exit", **document["exit"]}
    assert (scene.root / "drift.md").read_text().startswith("### Drift of `prod`\n\n2 declared: 1 changed")
