"""What is stopped on the platform and shall run is drift, for what plan would make anew is never quiet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action
from tests.scenarios.primus_safe.stage import SERVE, SafeStage, a_manifest, staged

LONG = "env: {EMULATOR_SECONDS: '864000'}"
STOPPABLE = pytest.mark.parametrize(
    "kind",
    [{}, {**SERVE, "kind": "StatefulSet"}, SERVE],
    ids=["PyTorchJob", "StatefulSet", "Deployment"],
)


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param) as made:
        yield made


def stop(stage: SafeStage) -> SafeStage:
    """Let a person stop what was applied."""
    stage.called("POST", f"/api/v1/workloads/{stage.one().id}/stop")
    return stage.wait(60)


@STOPPABLE
def test_what_a_person_stopped_is_drift_until_it_was_made_anew(
    kind: dict[str, str], stage: SafeStage
) -> None:
    stage.write(train=a_manifest(spec=LONG, **kind)).apply()
    stop(stage)

    drift, (change,) = stage.drift(), stage.plan().plan.changes

    assert change.action is Action.CREATE
    (item,) = drift.items
    assert (item.state, item.reason) == ("changed", "stopped by a person; git says Running")
    assert [(one.pointer, one.before, one.after) for one in item.fields] == [
        ("/lifecycle/state", "Stopped", "Running")
    ]
    assert item.since is not None
    assert drift.exit_code() is ExitCode.CHANGES
    stage.apply()
    assert stage.drift().items == ()


def test_what_a_person_stopped_and_git_wants_stopped_is_no_drift(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    stop(stage).write(train=a_manifest(spec=LONG, lifecycle="{state: Stopped}"))

    drift, planned = stage.drift(), stage.plan()

    assert planned.plan.writes == ()
    assert drift.items == ()
