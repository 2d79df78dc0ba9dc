"""A job that has finished is as wanted, and stays so after the platform has removed it."""

from __future__ import annotations

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action
from tests.scenarios.stage import Stage, a_manifest

JOB = "{image: 'busybox:1', command: sleep, args: '60', autoDeletionTimeAfterCompletionSeconds: 300}"


def a_job(image: str = "busybox:1") -> str:
    return a_manifest("job", spec=JOB.replace("busybox:1", image))


@pytest.fixture
def finished(stage: Stage) -> Stage:
    stage.write(job=a_job()).apply()
    stage.clock.advance(120)
    return stage


def plan_of_job(stage: Stage) -> tuple[Action, str]:
    (change,) = stage.plan().plan.changes
    return change.action, change.reason


def test_a_completed_job_is_kept(finished: Stage) -> None:
    assert plan_of_job(finished) == (Action.KEEP, "finished")


def test_a_completed_job_whose_spec_changed_is_not_run_again(finished: Stage) -> None:
    finished.write(job=a_job("busybox:2"))
    before = finished.emulator.ledger.mark()

    applied = finished.apply()

    assert plan_of_job(finished)[1].startswith("finished; spec changed")
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert finished.mutations(before) == []


def test_a_job_that_the_platform_removed_after_it_finished_is_kept(finished: Stage) -> None:
    finished.clock.advance(600)
    assert finished.live() == {}

    action, reason = plan_of_job(finished)

    assert action is Action.KEEP
    assert reason.startswith("finished 2026-03-02, gone since")


def test_ten_nightly_applies_over_a_finished_job_submit_it_once(finished: Stage) -> None:
    for _ in range(10):
        finished.clock.advance(24 * 3600)
        assert finished.apply().exit_code() is ExitCode.IN_ORDER

    assert [entry.method for entry in finished.mutations()] == ["POST"]


def test_a_job_that_somebody_deleted_before_it_finished_is_created_again(stage: Stage) -> None:
    stage.write(job=a_job()).apply()
    stage.emulator.world.remove(stage.live()["job"].id)
    stage.clock.advance(30)

    assert plan_of_job(stage)[0] is Action.CREATE
