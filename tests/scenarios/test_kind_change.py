"""One name, another kind: the old object goes first, for good, and the new one is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.outcome import Result, Step
from reconciler.plan import Action
from reconciler.reconcile import Stop
from tests.scenarios.oracle import WRITES, a_sleeper, apply_hearing, effects, mark, outcome_of
from tests.scenarios.stage import Stage, staged


@pytest.fixture
def turned(stage: Stage) -> Stage:
    """Run a Workspace, and declare a Training in its place and under its name."""
    stage.write(box=a_sleeper("box", "Workspace")).apply()
    return stage.write(box=a_sleeper("box", "Training"))


def sent(stage: Stage, since: int) -> list[tuple[str, str, str]]:
    """List what really changed, in order: verb, kind as the platform writes it, name."""
    return [(e.verb, e.kind, e.name) for entry in stage.mutations(since) for e in entry.effects]


def actions(stage: Stage) -> dict[str, Action]:
    return {change.key.kind: change.action for change in stage.plan().plan.changes}


def test_the_old_one_is_deleted_and_then_the_new_one_created(turned: Stage) -> None:
    before = mark(turned)

    applied = turned.apply()
    once = sent(turned, before)
    again = turned.apply()

    assert applied.exit_code() is again.exit_code() is ExitCode.IN_ORDER
    assert [(verb, name) for verb, _, name in once] == [("delete", "box"), ("create", "box")]
    assert [entry.method for entry in turned.mutations(before)] == [
        "DELETE",
        "POST",
    ]  # it waits, and is not refused
    assert sent(turned, before) == once
    assert turned.live()["box"].kind == "Training"


def test_the_plan_says_whose_name_it_takes(turned: Stage) -> None:
    changes = {change.key.kind: change for change in turned.plan().plan.changes}

    assert changes["Workspace"].action is Action.DELETE
    assert changes["Training"].action is Action.CREATE
    assert (
        changes["Training"].reason == "takes the name of team-a/Workspace/box, which this plan deletes first"
    )


def test_an_old_one_that_is_kept_keeps_its_name(stage: Stage) -> None:
    stage.write(box=a_sleeper("box", "Workspace", lifecycle="{onRemove: Keep}")).apply()
    stage.write(box=a_sleeper("box", "Training"))
    before = mark(stage)

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.REFUSED
    assert actions(stage) == {"Workspace": Action.KEEP, "Training": Action.REFUSED}
    assert stage.mutations(before) == []


def test_where_the_delete_fails_nothing_is_created(turned: Stage) -> None:
    turned.emulator.faults.add(
        Fault("DELETE .*", status=403, json={"code": 403, "message": "no"}, forever=True)
    )
    before = mark(turned)

    applied = turned.apply()

    results = {outcome.key.kind: outcome.result for outcome in applied.outcomes}
    assert results["Training"] is Result.SKIPPED
    assert not effects(turned, before)
    assert not [entry for entry in turned.mutations(before) if entry.method == "POST"]


def test_what_was_cut_between_the_two_is_taken_up(turned: Stage) -> None:
    turned.emulator.faults.add(Fault(WRITES, status=400, json={"code": 400, "message": "no"}))
    before = mark(turned)

    first = turned.apply()
    turned.apply()

    assert outcome_of(first, "box").key.kind in ("Training", "Workspace")
    assert effects(turned, before) == {("delete", "box"): 1, ("create", "box"): 1}
    assert turned.live()["box"].kind == "Training"


def test_a_run_stopped_between_the_two_says_so_and_the_next_one_makes_it(turned: Stage) -> None:
    stop = Stop()

    def listen(step: Step) -> None:
        stop.requested |= step.text == "waiting until the old one is gone"

    before = mark(turned)
    apply_hearing(turned, listen, stop=stop)
    assert effects(turned, before) == {("delete", "box"): 1}

    again = turned.apply()

    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(turned, before) == {("delete", "box"): 1, ("create", "box"): 1}


def test_without_history_a_running_one_keeps_its_name_until_somebody_consents(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", is_git=False) as stage:
        stage.write(box=a_sleeper("box", "Workspace")).apply()
        stage.write(box=a_sleeper("box", "Training"))
        (refused,) = stage.plan().plan.having(Action.REFUSED)

        applied = stage.apply(allow=("delete=Workspace/box",))

        assert refused.hint.endswith("--allow delete=team-a/Workspace/box")
        assert applied.exit_code() is ExitCode.IN_ORDER
        assert stage.live()["box"].kind == "Training"


def test_an_object_of_others_keeps_its_name(stage: Stage) -> None:
    stage.write(note=a_sleeper("note", "Workspace")).apply()
    like = stage.live()["note"]
    stage.emulator.world.add_workload(
        kind=like.kind, project="team-a", name="box", spec=dict(like.spec), created_by="mina"
    )
    stage.write(box=a_sleeper("box", "Training"))
    before = mark(stage)

    applied = stage.apply(allow=("delete=Workspace/box",))

    assert outcome_of(applied, "box").why == "the name is held by team-a/Workspace/box (made by mina)"
    assert stage.mutations(before) == []
