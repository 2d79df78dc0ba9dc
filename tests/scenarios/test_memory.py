"""Where nothing proves that a job has run, the age of its run in git decides, by the platform's memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.declare import World
from reconciler.errors import ExitCode, ManifestError
from reconciler.plan import Action
from tests.scenarios.oracle import effects, mark, refusal
from tests.scenarios.stage import DrivenClock, Stage, a_manifest, staged
from tests.scenarios.test_finished import JOBS, plan_of_job
from tests.scenarios.test_prune import cloned
from tests.scenarios.test_rerun import a_job

ONCE = Counter({("create", "job"): 1})
PRESUMED = "presumed finished: older than the platform's memory"


@pytest.fixture
def old(stage: Stage) -> Stage:
    """Set a stage whose fleet has been there for forty days, with a workspace and without a journal."""
    stage.write(other=a_manifest("other", "Workspace")).apply()
    stage.clock.advance(40 * 86_400)
    return forgetful(stage)


@dataclass
class Elsewhere(Stage):
    """Run where something is piped in, or where the clock is ahead of the platform's."""

    stdin: bytes = b""
    ahead: timedelta = timedelta(0)

    def world(self) -> World:
        world, clock = super().world(), DrivenClock(self.clock)
        clock.now = lambda: self.clock.now() + self.ahead  # type: ignore[method-assign]
        return replace(world, read_stdin=lambda: self.stdin, clock=clock)


def elsewhere(stage: Stage, **more: Any) -> Elsewhere:
    return Elsewhere(**{field.name: getattr(stage, field.name) for field in fields(stage)}, **more)


def forgetful(stage: Stage) -> Stage:
    """Go on on another machine: it has no journal."""
    stage.commits += 1
    stage.environ["XDG_STATE_HOME"] = str(stage.root.parent / f"state-{stage.commits}")
    return stage


def dated(stage: Stage, days: float, **manifests: str) -> Stage:
    """Write manifests and commit them as so many days ago."""
    for name, text in manifests.items():
        (stage.root / "manifests" / f"{name}.yaml").write_text(text)
    stamp = (stage.clock.now() - timedelta(days=days)).isoformat(timespec="seconds")
    stage.git("add", "-A")
    stage.git("commit", "-qm", "change", GIT_AUTHOR_DATE=stamp, GIT_COMMITTER_DATE=stamp)
    return stage


def has_run(stage: Stage, kind: str = "Training", **lifecycle: str) -> Stage:
    """Let a job run to its end, and pass the time in which the platform forgets it."""
    dated(stage, 0, job=a_job(kind, **lifecycle)).apply()
    stage.clock.advance(20 * 86_400)
    assert [*stage.live()] == ["other"]
    return forgetful(stage)


@pytest.mark.parametrize("kind", sorted(JOBS))
def test_a_job_that_ran_and_was_forgotten_is_not_run_again(old: Stage, kind: str) -> None:
    stage = has_run(old, kind)
    before = mark(stage)

    applied = stage.apply()

    assert plan_of_job(stage) == (Action.KEEP, PRESUMED)
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == Counter()


def test_a_presumed_run_is_quiet_in_drift_and_leaves_nothing_to_do(old: Stage) -> None:
    stage = has_run(old)

    drift, planned, health = stage.drift(), stage.plan(), stage.health()

    assert [(item.key.name, item.state) for item in drift.items] == [("job", "finished")]
    assert drift.exit_code() is planned.exit_code(show_changes=True) is ExitCode.IN_ORDER
    assert {verdict.key.name: verdict.health.phase for verdict in health}["job"] == "Completed"


@pytest.mark.parametrize(("days", "action"), [(1, Action.CREATE), (13.9, Action.CREATE), (14.1, Action.KEEP)])
def test_the_platforms_memory_is_fourteen_days(old: Stage, days: float, action: Action) -> None:
    assert plan_of_job(dated(old, days, job=a_job()))[0] is action


def test_a_job_of_yesterday_runs_once(old: Stage) -> None:
    stage = dated(old, 1, job=a_job())
    before = mark(stage)

    for days in (0, 1, 20, 20):
        stage.clock.advance(days * 86_400)
        forgetful(stage).apply()

    assert effects(stage, before) == ONCE


@pytest.mark.parametrize("kind", sorted(JOBS))
def test_a_raised_run_id_runs_a_presumed_job_once(old: Stage, kind: str) -> None:
    stage = has_run(old, kind)
    dated(stage, 0, job=a_job(kind, runId="second"))
    before = mark(stage)

    for days in (0, 1, 20):
        stage.clock.advance(days * 86_400)
        forgetful(stage).apply()

    assert effects(stage, before) == ONCE
    assert plan_of_job(stage) == (Action.KEEP, PRESUMED)


def test_a_person_may_run_a_presumed_job_once_by_name(old: Stage) -> None:
    stage = has_run(old)
    before = mark(stage)

    stage.apply(run=("Training/job",))
    stage.clock.advance(20 * 86_400)
    forgetful(stage).apply()

    assert effects(stage, before) == ONCE


def test_the_hint_names_where_to_raise_the_run_id_and_the_word_to_type(old: Stage) -> None:
    text = a_manifest("job", spec=JOBS["Training"]) + "lifecycle:\n  run: Once\n  runId: first\n"
    stage = dated(old, 15, job=text)

    (change,) = (change for change in stage.plan().plan.changes if change.key.name == "job")

    raised, _, typed = change.hint.partition(",\nor once: ")
    assert "manifests/job.yaml:7:" in raised
    assert typed == "reconciler apply --run team-a/Training/job"


def test_what_is_put_back_as_it_was_a_year_ago_has_run(old: Stage) -> None:
    dated(old, 30, job=a_job(runId="first"))
    dated(old, 20, job=a_job(runId="first", image="busybox:2"))
    dated(old, 1, job=a_job(runId="first"))

    assert plan_of_job(old) == (Action.KEEP, PRESUMED)


def test_what_is_not_committed_is_new(old: Stage) -> None:
    dated(old, 15, job=a_job())
    (old.root / "manifests" / "job.yaml").write_text(a_job(runId="second"))
    (old.root / "manifests" / "more.yaml").write_text(a_job().replace("name: job", "name: more"))

    actions = {change.key.name: change.action for change in old.plan().plan.changes}

    assert actions == {"job": Action.CREATE, "more": Action.CREATE, "other": Action.KEEP}


def test_a_brand_new_fleet_in_an_old_repository_creates_everything(stage: Stage) -> None:
    stage.clock.advance(40 * 86_400)
    dated(stage, 30, job=a_job())
    before = mark(stage)

    assert plan_of_job(stage) == (Action.CREATE, "")
    stage.apply()

    assert effects(stage, before) == ONCE


def test_a_new_fleet_file_over_old_manifests_also_creates_what_was_put_off(
    tmp_path: Path,
) -> None:
    with staged(tmp_path / "repo", is_git=False) as stage:
        stage.is_git = True
        stage.git("init", "-q", "-b", "main")
        later = a_job().replace("name: job", "name: later")
        fleet = (stage.root / "reconciler.yaml").read_text()
        (stage.root / "reconciler.yaml").unlink()
        dated(stage, 30, job=a_job(), later=later + "dependsOn: [{kind: Training, name: job}]\n")
        (stage.root / "reconciler.yaml").write_text(fleet)
        dated(stage, 0)
        before = mark(stage)

        for _ in range(2):
            stage.apply()
            stage.clock.advance(120)

        assert effects(stage, before) == Counter({("create", "job"): 1, ("create", "later"): 1})


@pytest.mark.parametrize("trace", ["live", "deleted", "journal", "narrowed"])
def test_a_fleet_that_has_left_any_trace_is_not_new(stage: Stage, trace: str) -> None:
    stage.clock.advance(40 * 86_400)
    dated(stage, 30, job=a_job(), other=a_manifest("other", "Workspace"))
    if trace != "narrowed":
        stage.apply(inputs=("Workspace/other",))
    if trace == "journal":
        stage.apply(inputs=("Workspace/other",))
    else:
        forgetful(stage)
    if trace in ("deleted", "journal"):
        stage.emulator.world.remove(stage.live()["other"].id)
        stage.clock.advance({"deleted": 30, "journal": 30 * 86_400}[trace])
        assert stage.live() == {}
    asked = {"inputs": ("Training/job",)} if trace == "narrowed" else {}

    changes = stage.plan(**asked).plan.changes

    assert {c.key.name: c.action for c in changes}["job"] is Action.KEEP


def test_outside_git_there_is_no_memory_and_the_line_says_so(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", is_git=False) as stage:
        stage.write(other=a_manifest("other", "Workspace")).apply()
        stage.write(job=a_job())

        assert plan_of_job(stage) == (Action.CREATE, "no memory")


def test_manifests_from_a_pipe_have_no_memory_unless_git_has_the_same(old: Stage) -> None:
    dated(old, 15, job=a_job())
    piped = (a_job() + "---\n" + a_job().replace("name: job", "name: piped")).encode()

    changes = elsewhere(old, stdin=piped).plan(inputs=("-",)).plan.changes

    assert {c.key.name: (c.action, c.reason) for c in changes} == {
        "job": (Action.KEEP, PRESUMED),
        "piped": (Action.CREATE, "no memory"),
    }


def test_a_shallow_clone_cannot_tell_and_says_how_to_fetch_more(old: Stage) -> None:
    shallow = cloned(dated(old, 1, job=a_job()), "shallow", "--depth=1")

    error = refusal(shallow)

    assert isinstance(error, ManifestError)
    assert error.exit_code is ExitCode.REJECTED
    assert "fetch-depth: 0" in error.problems[0].hint
    assert "team-a/Training/job" in error.problems[0].what


def test_a_shallow_clone_that_only_reads_does_not_know(old: Stage) -> None:
    shallow = cloned(dated(old, 1, job=a_job()), "shallow", "--depth=1")

    drift = shallow.drift()

    assert {item.key.name: item.state for item in drift.items} == {"job": "unknown"}
    assert drift.exit_code() is ExitCode.UNOBSERVED


@pytest.mark.parametrize("way", ["named", "always", "new fleet", "nothing asked"])
def test_a_shallow_clone_is_enough_where_git_is_not_asked(old: Stage, way: str) -> None:
    dated(old, 1, job=a_manifest("job", "Workspace") if way == "nothing asked" else a_job(run="Always"))
    if way == "named":
        dated(old, 1, job=a_job())
    if way == "new fleet":
        old.emulator.world.remove(old.live()["other"].id)
        old.clock.advance(20 * 86_400)
        dated(old, 0, job=a_job())
    shallow = cloned(old, "shallow", "--depth=1")
    before = mark(shallow)

    shallow.apply(run=("Training/job",) if way == "named" else ())

    assert effects(shallow, before)["create", "job"] == 1


def test_the_platforms_clock_decides_not_this_machines(old: Stage) -> None:
    dated(old, 13, job=a_job())

    assert plan_of_job(elsewhere(old, ahead=timedelta(days=3)))[0] is Action.CREATE


def test_a_commit_dated_far_ahead_is_no_reason_to_run(old: Stage) -> None:
    assert plan_of_job(dated(old, -0.5, job=a_job()))[0] is Action.CREATE
    action, reason = plan_of_job(dated(old, -100, job=a_job(runId="second")))

    assert (action, reason) == (
        Action.KEEP,
        "presumed finished: its commit is dated ahead of the platform's clock",
    )


def test_a_value_of_the_environment_makes_no_new_run(old: Stage) -> None:
    text = a_job(image="app:${{ vars.IMAGE_TAG }}")
    dated(old, 15, job=text)
    old.environ["IMAGE_TAG"] = "25.01"

    assert plan_of_job(old) == (Action.KEEP, PRESUMED)


def test_what_needs_a_presumed_run_goes_on(old: Stage) -> None:
    dated(old, 15, job=a_job())
    needs = a_manifest("next", "Workspace", dependsOn="[{kind: Training, name: job}]")
    before = mark(old)

    dated(old, 1, next=needs).apply()

    assert effects(old, before) == Counter({("create", "next"): 1})


def test_a_deleted_run_that_had_not_ended_is_made_anew_however_old_it_is(old: Stage) -> None:
    dated(old, 15, job=a_job()).apply(run=("Training/job",))
    old.emulator.world.remove(old.live()["job"].id)
    old.clock.advance(30)

    assert plan_of_job(old) == (Action.CREATE, "")


def test_a_job_that_the_platform_retries_is_running(old: Stage) -> None:
    spec = "{image: 'busybox:1', command: crash, backoffLimit: 6, restartPolicy: OnFailure}"
    dated(old, 0, job=a_manifest("job", spec=spec, health="{timeout: 1s}")).apply()
    old.clock.advance(30)
    assert old.live()["job"].phase not in ("Failed", "Completed")
    before = mark(old)

    dated(old, 0, job=a_manifest("job", spec=spec, lifecycle="{runId: second}")).apply()

    assert effects(old, before) == Counter()
    assert plan_of_job(old)[1] == "runId second is a new run, once this one has ended"


@pytest.mark.parametrize("is_alone", [False, True])
def test_a_run_id_that_came_after_the_end_of_an_unmarked_run_is_a_new_one(
    old: Stage, *, is_alone: bool
) -> None:
    stage = old
    dated(stage, 0, job=a_job("ExternalWorkload", runId="first")).apply()
    stage.clock.advance(600)
    assert [*stage.live()] == ["other"]
    if is_alone:  # who we are is told by what was deleted
        stage.emulator.world.remove(stage.live()["other"].id)
        stage.remove("other")
        stage.clock.advance(60)
    assert plan_of_job(stage)[1].endswith("presumed: it was submitted by us")
    dated(stage, 0, job=a_job("ExternalWorkload", runId="second"))
    before = mark(stage)

    for seconds in (1, 600, 600):
        stage.clock.advance(seconds)
        forgetful(stage).apply()

    assert effects(stage, before) == ONCE
    assert plan_of_job(stage)[1].endswith("presumed: it was submitted by us")


def test_a_changed_spec_or_a_run_id_dated_ahead_starts_no_unmarked_run_again(old: Stage) -> None:
    dated(old, 0, job=a_job("ExternalWorkload", runId="first")).apply()
    old.clock.advance(600)
    dated(old, 0, job=a_job("ExternalWorkload", runId="first", image="busybox:2"))
    assert plan_of_job(old)[0] is Action.KEEP

    dated(old, -0.1, job=a_job("ExternalWorkload", runId="second"))

    assert plan_of_job(old)[0] is Action.KEEP


def test_jobs_that_only_the_journal_remembers_do_not_look_lost(stage: Stage) -> None:
    jobs = {name: a_job().replace("name: job", f"name: {name}") for name in ("one", "two")}
    dated(stage, 0, **jobs).apply()
    stage.clock.advance(120)
    stage.apply_as_typed()
    stage.clock.advance(20 * 86_400)
    assert stage.live() == {}
    before = mark(stage)

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == Counter()


def test_jobs_that_nothing_remembers_look_lost_to_a_machine_that_left_them_there(stage: Stage) -> None:
    dated(stage, 0, job=a_job()).apply()
    stage.clock.advance(20 * 86_400)

    assert [refusal.code for refusal in stage.plan().refusals] == ["RC308"]
    assert stage.apply(allow=("shrunk",)).exit_code() is ExitCode.IN_ORDER
    assert stage.plan().refusals == ()


def test_a_job_whose_name_another_kind_had_meanwhile_is_not_run_again(old: Stage) -> None:
    stage = has_run(old)
    dated(stage, 0, job=a_manifest("job", "Workspace")).apply()
    stage.clock.advance(20 * 86_400)
    forgetful(stage)
    dated(stage, 0, job=a_job())
    before = mark(stage)

    stage.apply()

    assert effects(stage, before) == Counter({("delete", "job"): 1})
    assert plan_of_job(stage) == (Action.KEEP, PRESUMED)
