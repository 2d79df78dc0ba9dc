"""A job that has finished is as wanted, and stays so after the platform has removed it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from reconciler.journal import remembered
from reconciler.plan import Action
from tests.scenarios.stage import FLEET_ID, Stage, a_manifest, staged

BUSY = "image: 'busybox:1', command: sleep, args: '60'"
JOBS = {
    "Training": f"{{{BUSY}, autoDeletionTimeAfterCompletionSeconds: 300}}",
    "DistributedTraining": (
        f"{{distributedFramework: PyTorch, numWorkers: 1, {BUSY}, compute: {{largeShmRequest: true}}, "
        "autoDeletionTimeAfterCompletionSeconds: 300}"
    ),
    "ExternalWorkload": (
        "{manifest: {apiVersion: batch/v1, kind: Job, spec: {ttlSecondsAfterFinished: 300, template: {spec: "
        "{restartPolicy: Never, containers: [{name: main, image: 'busybox:1', command: [sleep, '60']}]}}}}}"
    ),
}


@dataclass(frozen=True)
class Job:
    """Hold a job that has been applied and has completed since."""

    stage: Stage
    kind: str

    def text(self, image: str = "busybox:1") -> str:
        return a_manifest("job", self.kind, spec=JOBS[self.kind].replace("busybox:1", image))


@pytest.fixture(params=sorted(JOBS))
def job(request: pytest.FixtureRequest, stage: Stage) -> Job:
    job = Job(stage, request.param)
    stage.write(job=job.text(), other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(120)
    return job


def plan_of_job(stage: Stage) -> tuple[Action, str]:
    (change,) = (change for change in stage.plan().plan.changes if change.key.name == "job")
    return change.action, change.reason


def test_a_completed_job_is_kept(job: Job) -> None:
    assert plan_of_job(job.stage) == (Action.KEEP, "finished")


@pytest.mark.parametrize("again", ["nothing to do", "something to do"])
def test_an_apply_remembers_what_has_finished(job: Job, again: str) -> None:
    (live,) = (change.observed for change in job.stage.plan().plan.changes if change.key.name == "job")
    assert live is not None
    assert live.mark is not None
    if again == "something to do":
        job.stage.write(more=a_manifest("more", "Workspace"))

    job.stage.apply_as_typed()

    finished = remembered(FLEET_ID, job.stage.environ).finished
    assert {key: (ran.digest, ran.run_id) for key, ran in finished.items()} == {
        live.key.full: (live.mark.digest, live.mark.run_id)
    }


def test_an_apply_remembers_what_finished_and_went_between_two_applies(stage: Stage) -> None:
    job = a_manifest("job", spec=JOBS["Training"])
    stage.write(job=job, other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(600)
    assert [*stage.live()] == ["other"]
    stage.apply_as_typed()  # the platform still tells that it finished
    stage.clock.advance(20 * 86_400)

    assert plan_of_job(stage) == (
        Action.KEEP,
        "finished 2026-03-02 or before, gone since; the journal remembers it",
    )


def test_a_completed_job_whose_spec_changed_is_not_run_again(job: Job) -> None:
    job.stage.write(job=job.text("busybox:2"))
    before = job.stage.emulator.ledger.mark()

    applied = job.stage.apply()

    assert plan_of_job(job.stage)[1].startswith("finished; spec changed")
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert job.stage.mutations(before) == []


def test_a_job_that_the_platform_removed_after_it_finished_is_kept(job: Job) -> None:
    job.stage.clock.advance(600)
    assert [*job.stage.live()] == ["other"]

    action, reason = plan_of_job(job.stage)

    assert action is Action.KEEP
    assert reason.startswith("finished 2026-03-02, gone since")


def test_who_we_are_is_known_from_details_where_the_list_shows_no_marks(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", switches=Switches(list_env=False)) as stage:
        job = Job(stage, "Training")
        stage.write(job=job.text(), other=a_manifest("other", "Workspace")).apply()
        stage.clock.advance(720)
        assert [*stage.live()] == ["other"]

        action, reason = plan_of_job(stage)

    assert (action, reason.partition("; ")[2]) == (Action.KEEP, "presumed: it was submitted by us")


def test_ten_nightly_applies_over_a_finished_job_submit_it_once(job: Job) -> None:
    for _ in range(10):
        job.stage.clock.advance(24 * 3600)
        assert job.stage.apply().exit_code() is ExitCode.IN_ORDER

    assert sorted(entry.effect.name for entry in job.stage.mutations() if entry.effect) == ["job", "other"]


@pytest.mark.parametrize("kind", sorted(JOBS))
def test_a_job_that_somebody_deleted_before_it_finished_is_created_again(kind: str, stage: Stage) -> None:
    stage.write(job=Job(stage, kind).text()).apply()
    stage.emulator.world.remove(stage.live()["job"].id)
    stage.clock.advance(30)

    assert plan_of_job(stage)[0] is Action.CREATE
