"""`state: Stopped` over every phase: what runs is stopped, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.health import Level
from reconciler.kind import Support
from reconciler.plan import Action, Change, Prune, make_plan
from reconciler.plan.consent import Consents
from reconciler.plan.known import Known, Policy
from reconciler.resource import Deleted, Life, Lifecycle, Live, Resource, Stoppage, StoppedBy
from tests.factories import KINDS, TARGET, TRAINING, a_key, a_live, a_mark, a_resource, known, observed

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
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


def halted(by: StoppedBy | None, *, level: Level = Level.SUSPENDED, since: datetime | None = None) -> Live:
    one = observed(a_resource(), life=Life.STOPPED, phase="Stopped", level=level, since=since)
    return a_live(replace(one, stopped=Stoppage(by, "idle") if by else None))


@pytest.mark.parametrize(
    ("by", "policy", "action"),
    [
        (StoppedBy.PERSON, "Leave", Action.RESUME),
        (StoppedBy.PERSON, "Resume", Action.RESUME),
        (StoppedBy.PLATFORM, "Leave", Action.KEEP),
        (StoppedBy.PLATFORM, "Resume", Action.RESUME),
        (StoppedBy.UNKNOWN, "Leave", Action.KEEP),
        (StoppedBy.UNKNOWN, "Resume", Action.RESUME),
        (None, "Leave", Action.KEEP),
    ],
)
def test_who_stopped_it_decides_whether_it_runs_again(
    by: StoppedBy | None, policy: str, action: Action
) -> None:
    resource = a_resource(lifecycle=Lifecycle(on_platform_stop=policy))

    change = decide(resource, halted(by))

    assert change.action is action
    assert not change.is_destructive
    assert bool(change.hint) == (action is Action.KEEP)


@pytest.mark.parametrize("image", ["busybox:1", "b"])
def test_what_has_not_come_to_rest_is_decided_later(image: str) -> None:
    resource = a_resource(spec={"image": image}, lifecycle=Lifecycle(on_immutable_change="Replace"))

    change = decide(resource, halted(None, level=Level.PROGRESSING))

    assert change.action is Action.KEEP
    assert change.reason.endswith("decided once it has stopped")


@pytest.mark.parametrize(
    ("since", "turned", "action"),
    [
        (WHEN, WHEN + DAY, Action.REPLACE),
        (WHEN, WHEN - DAY, Action.REFUSED),
        (None, WHEN + DAY, Action.REFUSED),
        (WHEN, None, Action.REFUSED),
    ],
    ids=["git said it after the stop", "before", "nobody knows when", "git never said Stopped"],
)
def test_a_new_spec_needs_no_consent_where_git_ended_the_stop(
    since: datetime | None, turned: datetime | None, action: Action
) -> None:
    resumed = {a_key(): turned} if turned else {}

    change = decide(a_resource(spec={"image": "b"}), halted(StoppedBy.PERSON, since=since), resumed=resumed)

    assert change.action is action


def test_a_protected_object_runs_again_and_is_not_replaced() -> None:
    lifecycle = Lifecycle(protect=True)
    live, facts = halted(StoppedBy.PERSON, since=WHEN), {"resumed": {a_key(): WHEN + DAY}}

    same = decide(a_resource(lifecycle=lifecycle), live, **facts)
    other = decide(a_resource(spec={"image": "b"}, lifecycle=lifecycle), live, **facts)

    assert (same.action, other.action) == (Action.RESUME, Action.REFUSED)


def test_git_ends_a_stop_of_the_platform_that_it_knew_of() -> None:
    change = decide(a_resource(), halted(StoppedBy.PLATFORM, since=WHEN), resumed={a_key(): WHEN + DAY})

    assert (change.action, change.reason) == (Action.RESUME, "git says Running again")


def removed(live: Life = Life.ACTIVE, *, wanted: str = "", **facts: Any) -> Change:
    one = observed(a_resource(), life=live, phase=live.value, mark=a_mark(on_remove="Stop"))
    policies = {"last_policies": {a_key(): Policy(on_remove="Stop")}, **facts}
    made = make_plan([], {TARGET: a_live(replace(one, wanted_phase=wanted))}, a_known(**policies))
    (change,) = made.changes
    return change


@pytest.mark.parametrize(
    ("life", "facts", "action"),
    [
        (Life.ACTIVE, {}, Action.STOP),
        (Life.ACTIVE, {"wanted": "Stopped"}, Action.KEEP),
        (Life.STOPPED, {}, Action.KEEP),
        (Life.FINISHED, {}, Action.KEEP),
        (Life.FAILED, {}, Action.KEEP),
        (Life.UNKNOWN, {}, Action.KEEP),
        (Life.ACTIVE, {"kinds": KINDS}, Action.KEEP),
        (Life.ACTIVE, {"ancestors": {}}, Action.KEEP),
        (Life.ACTIVE, {"last_policies": {}}, Action.KEEP),
        (Life.ACTIVE, {"last_policies": {a_key(): Policy("Stop", protect=True)}}, Action.KEEP),
        (Life.ACTIVE, {"prune": Prune(is_on=False, why="--no-prune")}, Action.KEEP),
    ],
)
def test_what_lost_its_manifest_is_stopped_only_on_proof(
    life: Life, facts: dict[str, Any], action: Action
) -> None:
    assert removed(life, **facts).action is action


def test_no_consent_to_delete_deletes_what_shall_be_stopped() -> None:
    consents = Consents(delete=("Training/train",))

    assert removed(consents=consents).action is Action.STOP
    assert removed(consents=consents, ancestors={}).action is Action.KEEP
