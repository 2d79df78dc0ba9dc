"""What dies with an object is named, whatever ends it and whether it still runs."""

from __future__ import annotations

import pytest

from reconciler.plan import Action, Change
from reconciler.report.markdown import plan_markdown
from reconciler.report.plan import plan_text
from tests.scenarios.oracle import a_sleeper
from tests.scenarios.stage import Stage, a_manifest

CLAIM = "{size: 1Gi, accessModes: {readWriteOnce: true}}"
VOLUMES = (
    f"storage: {{pvc: [{{path: /scratch, claimName: scratch, ephemeral: true, claimInfo: {CLAIM}}}, "
    f"{{path: /home, claimName: home, claimInfo: {CLAIM}}}, "
    "{path: /data, claimName: data, existingPvc: true}]}"
)
RUNNING = f"{{image: IMAGE, command: sleep, args: infinity, {VOLUMES}}}"
FAILING = f"{{image: IMAGE, command: crash, backoffLimit: 0, {VOLUMES}}}"


def a_job(spec: str, image: str = "'busybox:1'", lifecycle: str = "{}") -> str:
    return a_manifest("job", spec=spec.replace("IMAGE", image), lifecycle=lifecycle)


def told(stage: Stage) -> Change:
    """Plan the job; what dies with it must be said in each form of the plan."""
    plan = stage.plan().plan
    (change,) = (change for change in plan.changes if change.key.name == "job")
    assert change.impact is not None
    lost = ("pvc scratch",) if change.action is Action.STOP else ("pvc scratch", "pvc home")
    assert sorted(change.impact.lost_volumes) == sorted(lost)
    for text in (plan_text(plan), plan_markdown(plan)):
        assert f"loses {len(lost)} volume" in text
        assert all(name in text for name in lost)
    return change


OTHER = "'busybox:2'"
ENDINGS = {
    "running, replaced": (RUNNING, a_job(RUNNING, OTHER, "{onImmutableChange: Replace}"), Action.REPLACE),
    "running, not without consent": (RUNNING, a_job(RUNNING, OTHER), Action.REFUSED),
    "running, stopped": (RUNNING, a_job(RUNNING, lifecycle="{state: Stopped}"), Action.STOP),
    "running, removed": (RUNNING, "", Action.DELETE),
    "failed, replaced": (FAILING, a_job(FAILING, OTHER), Action.REPLACE),
    "failed, run again": (FAILING, a_job(FAILING, lifecycle="{run: OnFailure}"), Action.RERUN),
    "failed, removed": (FAILING, "", Action.DELETE),
}


@pytest.mark.parametrize(("was", "becomes", "action"), ENDINGS.values(), ids=ENDINGS)
def test_a_volume_that_dies_is_named(was: str, becomes: str, action: Action, stage: Stage) -> None:
    stage.write(job=a_job(was), other=a_sleeper("other", "Workspace")).apply()
    stage.clock.advance(120)
    if becomes:
        stage.write(job=becomes)
    else:
        stage.remove("job")

    assert told(stage).action is action
