"""One name, another kind: the old object goes first, for good, and the new one is made once."""

from __future__ import annotations

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.plan import Action
from tests.scenarios.oracle import WRITES, a_sleeper, effects, mark, outcome_of
from tests.scenarios.stage import Stage


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

    stage.apply()

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
