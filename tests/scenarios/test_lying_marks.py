"""Marks that say absurd things: whoever may edit an object must not stop the plans of the whole fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.oracle import a_sleeper, mark, remarked
from tests.scenarios.stage import Stage

PATHS = {
    "outside": "../elsewhere.yaml",
    "absolute": "/etc/passwd",
    "a NUL": "a\0b",
    "half a character": "\ud800",
    "huge": "x" * 300_000,
    "an option": "-x",
    "a pattern": ":(glob)**",
    "a folder": "manifests",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_mark_whose_path_is_none_stops_no_plan_and_what_runs_is_kept(stage: Stage, path: str) -> None:
    stage.write(keep=a_sleeper("keep"), old=a_sleeper("old")).apply()
    one = stage.live()["old"]
    changed = remarked(dict(one.spec), lambda known: replace(known, path=path))
    stage.emulator.world.edit_spec(one.id, changed, by="mina")
    before = mark(stage.remove("old"))

    change = next(change for change in stage.plan().plan.changes if change.key.name == "old")
    stage.apply()

    assert change.reason == "git history does not know its manifest, and it is live"
    assert stage.mutations(before) == []
