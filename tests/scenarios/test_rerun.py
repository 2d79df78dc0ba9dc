"""A job that has ended runs once more only as git, or a person by name, asks for it."""

from __future__ import annotations

from collections import Counter

import pytest

from reconciler.emulator.runai import acts
from reconciler.errors import ExitCode, UsageError
from reconciler.outcome import Step
from reconciler.plan import Action
from reconciler.reconcile import Stop
from tests.scenarios.oracle import apply_hearing, effects, mark
from tests.scenarios.stage import Stage, a_manifest
from tests.scenarios.test_finished import JOBS, Job, job, plan_of_job

__all__ = ["job"]

FAILING = "{image: 'busybox:1', command: crash, backoffLimit: 0, autoDeletionTimeAfterCompletionSeconds: 300}"
ONE_RUN = Counter({("delete", "job"): 1, ("create", "job"): 1})


def a_job(kind: str = "Training", image: str = "busybox:1", **lifecycle: str) -> str:
    block = ", ".join(f"{field}: {value}" for field, value in lifecycle.items())
    return a_manifest("job", kind, spec=JOBS[kind].replace("busybox:1", image), lifecycle=f"{{{block}}}")


def test_a_new_run_id_runs_a_finished_job_once_more_and_only_once(job: Job) -> None:
    stage = job.stage.write(job=a_job(job.kind, runId="second"))
    before = mark(stage)

    applied = stage.apply()
    stage.clock.advance(120)
    again = stage.apply()

    assert applied.exit_code() is again.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ONE_RUN
    assert plan_of_job(stage) == (Action.KEEP, "finished")


def test_a_run_id_that_left_git_is_no_new_run(job: Job) -> None:
    job.stage.write(job=a_job(job.kind, runId="second")).apply()
    job.stage.clock.advance(120)
    job.stage.write(job=job.text())

    assert plan_of_job(job.stage) == (Action.KEEP, "finished")


def test_a_new_run_id_does_not_end_a_run(stage: Stage) -> None:
    stage.write(job=a_manifest("job"), other=a_manifest("other", "Workspace")).apply()
    stage.write(job=a_manifest("job", lifecycle="{runId: second}"))
    before = mark(stage)

    stage.apply()

    assert effects(stage, before) == Counter()
    assert plan_of_job(stage) == (Action.KEEP, "runId second is a new run, once this one has ended")


def test_a_new_run_id_runs_a_job_that_the_platform_has_removed(stage: Stage) -> None:
    stage.write(job=a_job(), other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(600)
    stage.write(job=a_job(runId="second"))
    before = mark(stage)

    action, reason = plan_of_job(stage)
    stage.apply()
    stage.apply()

    assert (action, reason) == (
        Action.CREATE,
        "runId second is a new run; it finished 2026-03-02",
    )
    assert effects(stage, before) == Counter({("create", "job"): 1})


@pytest.mark.parametrize("policy", ["Once", "OnFailure"])
def test_a_changed_spec_does_not_run_a_finished_job(policy: str, stage: Stage) -> None:
    stage.write(job=a_job(run=policy)).apply()
    stage.clock.advance(120)
    stage.write(job=a_job(run=policy, image="busybox:2"))

    assert plan_of_job(stage) == (Action.KEEP, "finished; spec changed: raise runId to run it")


@pytest.mark.parametrize("is_removed", [False, True])
def test_on_change_runs_each_spec_once(stage: Stage, *, is_removed: bool) -> None:
    stage.write(job=a_job(run="OnChange"), other=a_manifest("other", "Workspace")).apply()
    wait = 600 if is_removed else 120
    runs = []
    for image in ("busybox:1", "busybox:2", "busybox:2", "busybox:3"):
        stage.clock.advance(wait)
        stage.write(job=a_job(run="OnChange", image=image))
        before = mark(stage)
        stage.apply()
        runs.append(effects(stage, before)["create", "job"])

    assert runs == [0, 1, 0, 1]


def test_a_failed_job_is_left_by_once_and_run_by_on_failure(stage: Stage) -> None:
    failing = a_manifest("job", spec=FAILING)
    stage.write(job=failing).apply()
    stage.clock.advance(120)
    assert stage.live()["job"].phase == "Failed"
    before = mark(stage)
    stage.apply()
    assert effects(stage, before) == Counter()

    stage.write(job=a_manifest("job", spec=FAILING, lifecycle="{run: OnFailure}"))
    applied = stage.apply()

    assert effects(stage, before) == ONE_RUN
    assert applied.exit_code() is ExitCode.UNHEALTHY
    assert applied.not_taken == ()


def test_always_runs_at_each_apply_and_never_two_at_once(stage: Stage) -> None:
    stage.write(job=a_job(run="Always")).apply()
    before = mark(stage)

    stage.apply()
    assert effects(stage, before) == Counter()  # the first still runs
    stage.clock.advance(120)
    applied = stage.apply()

    assert effects(stage, before) == ONE_RUN
    assert applied.exit_code() is ExitCode.IN_ORDER


def test_a_run_that_ended_is_no_drift_though_it_will_run_again(stage: Stage) -> None:
    stage.write(job=a_job(run="Always"), other=a_manifest("other", "Workspace")).apply()
    for seconds in (120, 600):  # ended; removed by the platform
        stage.clock.advance(seconds)
        drift = stage.drift()
        assert [(item.key.name, item.state) for item in drift.items] == [("job", "finished")]
        assert drift.exit_code() is ExitCode.IN_ORDER


def test_a_protected_job_is_not_deleted_to_run_again(stage: Stage) -> None:
    stage.write(job=a_job(protect="true")).apply()
    stage.clock.advance(120)
    stage.write(job=a_job(protect="true", runId="second"))

    assert plan_of_job(stage) == (Action.REFUSED, "protected: runId second is a new run")


def test_a_person_may_run_a_finished_job_by_name(job: Job) -> None:
    before = mark(job.stage)

    applied = job.stage.apply(run=(f"{job.kind}/job",))
    job.stage.clock.advance(120)
    job.stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(job.stage, before) == ONE_RUN


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("Training/none", "names no manifest"),
        ("Workspace/other", "it runs until it is removed"),
    ],
)
def test_what_cannot_run_again_is_a_usage_error(word: str, says: str, stage: Stage) -> None:
    stage.write(job=a_job(), other=a_manifest("other", "Workspace"))
    with pytest.raises(UsageError, match=says):
        stage.plan(run=(word,))


def test_a_finished_job_that_is_just_being_removed_is_not_run_again(stage: Stage) -> None:
    stage.write(job=a_job(), other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(120)
    removed = stage.live()["job"]
    stage.emulator.world.change(removed.id, acts.deleting)
    assert stage.live()["job"].phase == "Deleting"

    assert plan_of_job(stage)[0] is Action.KEEP


@pytest.mark.parametrize("spec", [FAILING, FAILING.replace("busybox:1", "busybox:2")])
def test_a_run_stopped_between_delete_and_create_is_resumed(spec: str, stage: Stage) -> None:
    stage.write(job=a_manifest("job", spec=FAILING), other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(120)
    policy = "OnFailure" if spec == FAILING else "Once"
    stage.write(job=a_manifest("job", spec=spec, lifecycle=f"{{run: {policy}}}"))
    stop = Stop()

    def listen(step: Step) -> None:
        stop.requested |= step.text == "waiting until the old one is gone"

    before = mark(stage)
    apply_hearing(stage, listen, stop=stop)
    assert effects(stage, before) == Counter({("delete", "job"): 1})
    stage.clock.advance(60)

    stage.write(more=a_manifest("more", "Workspace")).apply(inputs=("Workspace/more",))  # about another

    assert plan_of_job(stage) == (Action.CREATE, "resumes a replacement: the old one was deleted")
    stage.apply()
    assert effects(stage, before) == ONE_RUN + Counter({("create", "more"): 1})


def test_reruns_count_as_creates(stage: Stage) -> None:
    fleet = stage.root / "reconciler.yaml"
    fleet.write_text(fleet.read_text() + "guard: {maxCreate: {count: 0, percent: 0}}\n")
    stage.write(job=a_job()).apply(allow=("create=1",))
    stage.clock.advance(120)
    stage.write(job=a_job(runId="second"))

    assert [refusal.code for refusal in stage.plan().refusals] == ["RC303"]


def test_the_journal_remembers_a_finished_job_that_the_platform_has_forgotten(job: Job) -> None:
    stage = job.stage
    stage.apply()  # sees it finished
    stage.clock.advance(20 * 86_400)
    assert [*stage.live()] == ["other"]
    before = mark(stage)

    action, reason = plan_of_job(stage)
    stage.apply()

    assert (action, reason) == (
        Action.KEEP,
        "finished 2026-03-02 or before, gone since; the journal remembers it",
    )
    assert effects(stage, before) == Counter()
    stage.write(job=a_job(job.kind, runId="second")).apply()
    assert effects(stage, before) == Counter({("create", "job"): 1})


def test_the_journal_knows_a_job_whose_mark_no_list_shows_when_nothing_else_is_live(stage: Stage) -> None:
    stage.write(job=a_job("ExternalWorkload")).apply()
    stage.clock.advance(120)
    stage.apply()
    stage.clock.advance(600)
    assert stage.live() == {}
    before = mark(stage)

    stage.apply()

    assert effects(stage, before) == Counter()


def test_a_run_deleted_before_its_end_is_made_anew_whatever_the_journal_remembers(stage: Stage) -> None:
    stage.write(job=a_job(), other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(120)
    stage.apply()
    stage.write(job=a_job(runId="second")).apply()
    stage.emulator.world.remove(stage.live()["job"].id)

    assert plan_of_job(stage) == (Action.CREATE, "")
