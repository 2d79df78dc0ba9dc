"""`state: Stopped`: one request stops an object and keeps it, and whatever is not plain is left alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.plan.change import Action, Change
from tests.scenarios.oracle import a_sleeper, apply_hearing, codes, effects, mark, outcome_of, refusal
from tests.scenarios.stage import Stage
from tests.scenarios.test_lost_answers import every_loss

STOPPABLE = ("Workspace", "Training", "DistributedTraining")
SUSPEND = "POST /api/v1/workloads/.*/suspend"
ROOM = ("destroy=9",)


def a_stopped(name: str = "train", kind: str = "Training", **blocks: str) -> str:
    lifecycle = blocks.pop("lifecycle", "{state: Stopped}")
    return a_sleeper(name, kind, lifecycle=lifecycle, **blocks)


def changed(stage: Stage, name: str = "train", **request: Any) -> Change:
    return next(change for change in stage.plan(**request).plan.changes if change.key.name == name)


def phase_of(stage: Stage, name: str = "train") -> str:
    return str(stage.live()[name].phase)


@pytest.mark.parametrize("kind", STOPPABLE)
def test_an_object_that_git_wants_stopped_is_stopped_by_one_request_and_kept(kind: str, stage: Stage) -> None:
    stage.write(train=a_sleeper(kind=kind)).apply()
    before = mark(stage.write(train=a_stopped(kind=kind)))

    applied = stage.apply()
    stage.apply()

    (sent,) = stage.mutations(before)
    assert effects(stage, before) == Counter({("suspend", "train"): 1})
    assert sent.path.endswith("/suspend")
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert applied.is_replan_empty
    assert [verdict.health.phase for verdict in applied.verdicts] == ["Stopped"]
    assert phase_of(stage) == "Stopped"


def test_what_is_not_there_and_shall_stand_still_is_not_made(stage: Stage) -> None:
    stage.write(train=a_stopped())

    planned = stage.plan()
    (verdict,) = stage.health()

    assert planned.plan.is_empty
    assert stage.drift().items == ()
    assert (verdict.health.level, verdict.health.phase) == ("Suspended", "Stopped")
    assert stage.mutations() == []


def test_a_stop_counts_what_it_ends(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()

    change = changed(stage.write(train=a_stopped()))

    assert (change.action, change.is_destructive) == (Action.STOP, True)
    assert change.impact is not None
    assert change.impact.is_running
    assert [(field.pointer, field.before, field.after) for field in change.fields] == [
        ("/lifecycle/state", "Running", "Stopped")
    ]


def test_too_many_stops_are_refused_by_the_guard(stage: Stage) -> None:
    names = ("a", "b", "c", "d")
    stage.write(**{name: a_sleeper(name) for name in names}).apply()
    stage.write(**{name: a_stopped(name) for name in names})

    error = refusal(stage)

    assert codes(error) == ["RC302"]
    assert error.problems[0].hint.endswith("--allow destroy=4")


def test_a_new_spec_of_a_stopped_object_waits_for_its_resume(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped()).apply()
    before = mark(stage.write(train=a_stopped(image="busybox:2")))

    change, drift = changed(stage), stage.drift()
    stage.apply()

    assert (change.action, change.reason) == (Action.KEEP, "new spec on resume")
    assert [field.pointer for field in change.fields] == ["/spec/image"]
    assert drift.exit_code() is ExitCode.IN_ORDER
    assert stage.mutations(before) == []


def test_a_job_that_has_ended_is_not_stopped(stage: Stage) -> None:
    stage.write(train=a_sleeper(), other=a_sleeper("other")).apply()
    world = stage.emulator.world
    world.change(stage.live()["train"].id, lambda one, at: _ended(one, at))
    before = mark(stage.write(train=a_stopped()))

    assert (changed(stage).action, changed(stage).reason) == (Action.KEEP, "finished")
    stage.apply()
    assert stage.mutations(before) == []


def _ended(one: Any, at: Any) -> Any:
    from reconciler.emulator.runai.phases import enter

    return enter(one, "Completed", at)


def test_a_stop_that_is_under_way_is_waited_for(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.emulator.world.change(stage.live()["train"].id, _suspended)
    assert phase_of(stage) == "Stopping"

    change = changed(stage.write(train=a_stopped()))

    assert (change.action, change.reason) == (Action.KEEP, "is stopping (Stopping)")


def _suspended(one: Any, at: Any) -> Any:
    from reconciler.emulator.runai.acts import suspended

    return suspended(one, at)


def test_what_was_started_by_hand_is_drift_and_stopped_again(stage: Stage) -> None:
    from reconciler.emulator.runai.acts import resumed

    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped()).apply()
    stage.emulator.world.change(stage.live()["train"].id, resumed)
    stage.clock.advance(30)
    before = mark(stage)

    drift = stage.drift()
    stage.apply()

    assert [(item.key.name, item.state) for item in drift.items] == [("train", "changed")]
    assert drift.exit_code() is ExitCode.CHANGES
    assert effects(stage, before) == Counter({("suspend", "train"): 1})


@every_loss
def test_a_stop_whose_answer_is_lost_is_seen_to_have_taken(stage: Stage, loss: dict[str, Any]) -> None:
    stage.write(train=a_sleeper()).apply()
    before = mark(stage.write(train=a_stopped()))
    stage.emulator.faults.add(Fault(SUSPEND, **loss))

    applied = stage.apply()
    stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert len(stage.mutations(before)) == 1
    assert phase_of(stage) == "Stopped"


def test_a_stop_that_never_arrives_is_not_sent_again_by_this_run_and_the_next_converges(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    before = mark(stage.write(train=a_stopped()))
    stage.emulator.faults.add(Fault(SUSPEND, kind="reset"))

    applied = stage.apply()
    sent = len(stage.mutations(before))
    again = stage.apply()

    assert applied.exit_code() is ExitCode.UNKNOWN
    assert outcome_of(applied, "train").result is Result.UNRESOLVED
    assert sent == 1
    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == Counter({("suspend", "train"): 1})


def test_a_stop_that_is_accepted_and_not_done_is_said_to_have_not_taken(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped())
    accepted = {"code": 202, "message": "Workload train is being suspended"}
    stage.emulator.faults.add(Fault(SUSPEND, kind="status", status=202, json=accepted))

    applied = stage.apply()

    outcome = outcome_of(applied, "train")
    assert (outcome.result, applied.exit_code()) == (Result.FAILED, ExitCode.PARTIAL)
    assert outcome.problem is not None
    assert outcome.problem.code == "RC432"
    assert phase_of(stage) == "Running"


def test_a_refused_stop_leaves_everything_running(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_stopped())
    stage.emulator.faults.add(Fault(SUSPEND, status=403, forever=True))

    applied = stage.apply()

    assert outcome_of(applied, "train").result is Result.FAILED
    assert applied.exit_code() is ExitCode.PARTIAL
    assert phase_of(stage) == "Running"


@pytest.mark.parametrize(
    ("act", "result"),
    [("remove", Result.FAILED), ("stop", Result.DONE)],
    ids=["gone since the plan", "stopped since the plan"],
)
def test_what_moved_since_the_plan_gets_no_request(stage: Stage, act: str, result: Result) -> None:
    stage.write(train=a_sleeper(), other=a_sleeper("other")).apply()
    before = mark(stage.write(train=a_stopped()))
    id_ = stage.live()["train"].id

    applied = apply_hearing(stage, between=lambda: getattr(stage.emulator.world, act)(id_))

    assert outcome_of(applied, "train").result is result
    assert stage.mutations(before) == []


def test_what_needs_a_stopped_service_waits(stage: Stage) -> None:
    needs = "[{kind: Workspace, name: base}]"
    stage.write(base=a_stopped("base", "Workspace"), top=a_sleeper("top", "Workspace", dependsOn=needs))

    change = changed(stage, "top")

    assert (change.action, change.reason) == (
        Action.DEFERRED,
        "needs team-a/Workspace/base, which is stopped",
    )


@pytest.mark.parametrize("kind", STOPPABLE)
def test_what_lost_its_manifest_is_stopped_once_where_that_said_so(kind: str, stage: Stage) -> None:
    stage.write(train=a_sleeper(kind=kind, lifecycle="{onRemove: Stop}"), other=a_sleeper("other")).apply()
    before = mark(stage.remove("train"))

    change, drift = changed(stage), stage.drift()
    applied = stage.apply()
    stage.clock.advance(600)
    stage.apply()

    assert (change.action, change.reason) == (
        Action.STOP,
        "onRemove: Stop; its manifest is gone",
    )
    assert [item.state for item in drift.items] == ["orphaned"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert applied.is_replan_empty
    assert effects(stage, before) == Counter({("suspend", "train"): 1})
    assert stage.drift().items == ()
    assert phase_of(stage) == "Stopped"


@pytest.mark.parametrize("request_", [{"prune": False}, {"inputs": ("Training/other",)}])
def test_a_run_that_does_not_prune_does_not_stop_either(stage: Stage, request_: dict[str, Any]) -> None:
    stage.write(train=a_sleeper(lifecycle="{onRemove: Stop}"), other=a_sleeper("other")).apply()
    before = mark(stage.remove("train"))

    stage.apply(**request_)

    assert stage.mutations(before) == []


def test_what_is_stopped_for_want_of_a_manifest_counts_for_the_guard(stage: Stage) -> None:
    names = ("a", "b", "c", "d")
    stage.write(other=a_sleeper("other"), **{n: a_sleeper(n, lifecycle="{onRemove: Stop}") for n in names})
    stage.apply()
    stage.remove(*names)

    assert "RC302" in codes(refusal(stage, allow=("shrunk",)))
