"""`state: Stopped` over every phase: what runs is stopped, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.health import Level
from reconciler.kind import Support
from reconciler.plan import Action, Change, make_plan
from reconciler.plan.known import Known
from reconciler.resource import Deleted, Life, Lifecycle, Live, Resource
from tests.factories import KINDS, TARGET, TRAINING, a_key, a_live, a_mark, a_resource, known, observed

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
STOPPED = Lifecycle(state="Stopped")
STOPPABLE = {**KINDS, (TARGET, "Training"): replace(TRAINING, support=Support(stops=True))}


def decide(resource: Resource, live: Live, **facts: Any) -> Change:
    (change,) = make_plan([resource], {TARGET: live}, a_known(**facts)).changes
    return change


def a_known(**facts: Any) -> Known:
    return known(**{"kinds": STOPPABLE, **facts})


def stopped(image: str = "busybox:1", **lifecycle: Any) -> Resource:
    return a_resource(spec={"image": image}, lifecycle=replace(STOPPED, **lifecycle))


def seen(life: Life, phase: str = "", *, wanted: str = "", level: Level = Level.UNKNOWN) -> Live:
    one = observed(a_resource(), life=life, phase=phase or life.value, level=level)
    return a_live(replace(one, wanted_phase=wanted))


AT_REST = seen(Life.STOPPED, "Stopped", level=Level.SUSPENDED)
RUNNING = seen(Life.ACTIVE, "Running", wanted="Running")


@pytest.mark.parametrize(
    ("live", "action", "reason"),
    [
        (RUNNING, Action.STOP, "git says Stopped"),
        (seen(Life.ACTIVE, "Pending"), Action.STOP, "git says Stopped"),
        (seen(Life.ACTIVE, "Running", wanted="Stopped"), Action.KEEP, "is stopping (Running)"),
        (seen(Life.STOPPED, "Stopping"), Action.KEEP, "is stopping (Stopping)"),
        (AT_REST, Action.KEEP, "stopped"),
        (seen(Life.FINISHED), Action.KEEP, "finished"),
        (seen(Life.FAILED), Action.KEEP, "failed"),
        (seen(Life.UNKNOWN, "Dreaming"), Action.UNKNOWN, 'phase "Dreaming" is not one we know'),
        (seen(Life.LEAVING), Action.KEEP, "not there, and git wants it stopped"),
        (a_live(), Action.KEEP, "not there, and git wants it stopped"),
        (a_live(unknown="403"), Action.UNKNOWN, "403"),
    ],
)
def test_git_says_stopped(live: Live, action: Action, reason: str) -> None:
    change = decide(stopped(), live)

    assert (change.action, change.reason) == (action, reason)


@pytest.mark.parametrize(
    ("live", "reason"),
    [
        (AT_REST, "new spec on resume"),
        (seen(Life.STOPPED, "Stopping"), "is stopping (Stopping); new spec on resume"),
    ],
)
def test_a_new_spec_waits_whatever_may_be_replaced(live: Live, reason: str) -> None:
    change = decide(stopped("b", on_immutable_change="Replace"), live)

    assert (change.action, change.reason) == (Action.KEEP, reason)
    assert [field.pointer for field in change.fields] == ["/spec/image"]


def test_a_new_spec_of_what_runs_is_no_reason_to_replace_it() -> None:
    change = decide(stopped("b", on_immutable_change="Replace"), RUNNING)

    assert change.action is Action.STOP
    assert [field.pointer for field in change.fields] == ["/lifecycle/state"]


@pytest.mark.parametrize("run", ["OnFailure", "OnChange", "Always"])
@pytest.mark.parametrize("life", [Life.FINISHED, Life.FAILED])
def test_what_has_ended_does_not_run_again(run: str, life: Life) -> None:
    assert decide(stopped("b", run=run, run_id="2"), seen(life)).action is Action.KEEP


def test_what_has_ended_and_is_gone_does_not_run_again() -> None:
    key = a_key()
    gone = Deleted(key, "1", deleted_at=WHEN, completed_at=WHEN, mark=a_mark(key, run_id="1"))

    change = decide(stopped(run_id="2"), a_live(deleted=(gone,)))

    assert change.action is Action.KEEP


@pytest.mark.parametrize(
    ("facts", "lifecycle", "reason"),
    [
        ({"kinds": KINDS}, {}, "kind Training cannot be stopped"),
        ({}, {"protect": True}, "protected: git says Stopped"),
        ({"runs": ("Training/train",)}, {}, "git says Stopped, and --run asks for a run"),
    ],
)
def test_a_stop_that_something_speaks_against_is_refused(
    facts: dict[str, Any], lifecycle: dict[str, Any], reason: str
) -> None:
    change = decide(stopped(**lifecycle), RUNNING, **facts)

    assert (change.action, change.reason) == (Action.REFUSED, reason)
    assert change.hint


@pytest.mark.parametrize("mark", [None, a_mark(fleet_id="another" * 3)], ids=["nobody's", "another fleet's"])
def test_what_is_not_ours_is_not_stopped(mark: Any) -> None:
    one = observed(a_resource(), mark=mark)

    assert decide(stopped(), a_live(one)).action is Action.REFUSED


def test_what_needs_an_object_that_is_stopped_waits_and_its_own_stop_does_not() -> None:
    base = a_resource("base", "Workspace", lifecycle=STOPPED)
    top = a_resource("top", "Workspace", depends_on=(base.key,))
    kinds = {
        **STOPPABLE,
        (TARGET, "Workspace"): replace(KINDS[TARGET, "Workspace"], support=Support(stops=True)),
    }
    live = {TARGET: a_live(observed(base), observed(top))}

    new = make_plan([base, top], {TARGET: a_live(observed(base))}, a_known(kinds=kinds))
    both = make_plan([base, replace(top, lifecycle=STOPPED)], live, a_known(kinds=kinds))

    assert [change.action for change in new.changes] == [Action.STOP, Action.DEFERRED]
    assert [change.action for change in both.changes] == [Action.STOP, Action.STOP]
