"""What was made by hand becomes ours by one patch, and nothing that runs is ended for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import TRAIN
from reconciler.errors import ExitCode
from reconciler.plan import Action
from tests.emulator.primus_safe.bench import b64
from tests.scenarios.primus_safe.stage import SafeStage, a_manifest, staged

LONG = {"EMULATOR_SECONDS": "864000"}
MANIFEST = "env: {EMULATOR_SECONDS: '864000'}"


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param, lag_s=3.0) as made:
        yield made


def made_by_hand(stage: SafeStage, description: str = "mine") -> str:
    asked = {"replica": 1, "cpu": "8", "memory": "64Gi"}
    body: dict[str, Any] = {
        "displayName": "train",
        "workspaceId": TRAIN,
        "description": description,
        "env": LONG,
    }
    if stage.generation == 1:
        body |= {"resource": asked, "image": "rocm/pytorch:1", "entryPoint": b64("python train.py")}
    else:
        body |= {"resources": [asked], "images": ["rocm/pytorch:1"], "entryPoints": [b64("python train.py")]}
    stage.called("POST", "/api/v1/workloads", body)
    stage.wait(60)
    return stage.one().id


def test_what_our_account_made_by_hand_is_refused_with_the_line_to_paste(stage: SafeStage) -> None:
    id_ = made_by_hand(stage)

    (change,) = stage.write(train=a_manifest(spec=MANIFEST)).plan().plan.changes

    assert change.action is Action.REFUSED
    assert f"lifecycle: {{adopt: {id_}}}" in change.hint


def test_what_git_claims_takes_our_mark_and_keeps_its_words_and_its_run(stage: SafeStage) -> None:
    id_ = made_by_hand(stage)
    stage.write(train=a_manifest(spec=MANIFEST, lifecycle=f"{{adopt: {id_}}}"))
    before = len(stage.mutations())

    (change,) = stage.plan().plan.changes
    applied = stage.apply()

    assert change.action is Action.ADOPT
    assert applied.exit_code() is ExitCode.IN_ORDER, [o.problem for o in applied.outcomes]
    assert [entry.method for entry in stage.mutations()[before:]] == ["PATCH"]
    assert stage.one().description.startswith("mine [reconciler 1 7f3a9c04d2b81e66 train-mi300/PyTorchJob/")
    assert stage.one().phase == "Running"
    assert stage.write(train=a_manifest(spec=MANIFEST)).plan().plan.is_empty


def test_once_it_is_ours_it_goes_with_its_manifest(stage: SafeStage) -> None:
    id_ = made_by_hand(stage)
    stage.write(train=a_manifest(spec=MANIFEST)).apply(adopt=("PyTorchJob/train",))

    stage.remove("train").apply(allow=("shrunk", "empty"))

    assert [one.id for one in stage.all("train")] == []
    assert id_ not in {one.id for one in stage.all("train")}
