"""Drift: the plan read the other way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.drift import STATES, Drift, DriftItem, drift_of
from reconciler.errors import ExitCode, Forbidden
from reconciler.health import Health, Level
from reconciler.kind import Support
from reconciler.mark import Mark
from reconciler.plan import Action, make_plan
from reconciler.plan.known import Policy
from reconciler.resource import Deleted, Life, Lifecycle, Live, Resource, Stoppage, StoppedBy
from tests.factories import KINDS, TARGET, TRAINING, a_key, a_live, a_mark, a_resource, a_row, known, observed


def states(desired: list[Resource], live: Live) -> dict[str, str]:
    plan = make_plan(desired, {TARGET: live}, known(last_policies={a_key(): Policy()}))
    return {item.key.name: item.state for item in drift_of(plan).items}


def code(desired: list[Resource], live: Live) -> ExitCode:
    return drift_of(make_plan(desired, {TARGET: live}, known())).exit_code()


def test_what_is_as_declared_is_no_drift() -> None:
    assert states([a_resource()], a_live(observed(a_resource()))) == {}
    assert code([a_resource()], a_live(observed(a_resource()))) is ExitCode.IN_ORDER


def test_a_changed_field_is_drift_with_git_after_and_live_before() -> None:
    live = a_live(observed(a_resource(), live={"image": "b"}))

    (item,) = drift_of(make_plan([a_resource()], {TARGET: live}, known())).items

    assert (item.state, item.fields[0].after, item.fields[0].before) == ("changed", "busybox:1", "b")


@pytest.mark.parametrize(
    ("live", "state", "expected"),
    [
        (a_live(), "missing", ExitCode.CHANGES),
        (a_live(observed(a_resource(), row=a_row(mark=None))), "unclaimed", ExitCode.CHANGES),
        (a_live(observed(a_resource(), life=Life.FAILED)), "degraded", ExitCode.CHANGES),
        (a_live(observed(a_resource(), level=Level.DEGRADED)), "degraded", ExitCode.CHANGES),
        (a_live(observed(a_resource(), life=Life.FINISHED)), "finished", ExitCode.IN_ORDER),
        (a_live(observed(a_resource(), life=Life.STOPPED)), "stopped", ExitCode.IN_ORDER),
        (a_live(unknown="no answer"), "unknown", ExitCode.UNOBSERVED),
    ],
)
def test_each_state_has_its_name_and_exit_code(live: Live, state: str, expected: ExitCode) -> None:
    assert states([a_resource()], live) == {"train": state}
    assert code([a_resource()], live) is expected


def test_an_object_without_a_manifest_is_orphaned() -> None:
    assert states([], a_live(observed(a_resource()))) == {"train": "orphaned"}


def test_a_scope_that_may_not_be_read_is_denied_and_no_drift() -> None:
    plan = make_plan([a_resource()], {TARGET: a_live(unknown="403")}, known())

    assert drift_of(plan, (Forbidden("prod", "list", "team-a"),)).exit_code() is ExitCode.DENIED


# -- since when, by whom ---------------------------------------------------------------------------------

MADE = datetime(2026, 11, 1, 1, tzinfo=UTC)
LATER = MADE + timedelta(hours=3)
ROW: dict[str, Any] = {
    "created_at": MADE,
    "updated_at": LATER,
    "updated_by": "lee",
    "since": MADE + timedelta(hours=1),
}


def item_of(resource: Resource, live: Live) -> DriftItem:
    plan = make_plan([resource], {TARGET: live}, known())
    (item,) = drift_of(plan, lives={TARGET: live}).items
    return item


def told(live: Live, **changes: Any) -> tuple[datetime | None, str]:
    item = item_of(a_resource(**changes), live)
    return item.since, item.by


def test_what_changed_live_tells_the_last_update() -> None:
    assert told(a_live(observed(a_resource(), live={"image": "b"}, **ROW))) == (LATER, "lee")


@pytest.mark.parametrize(
    "row",
    [
        {"updated_at": None},
        {"updated_at": MADE},
        {"updated_at": datetime(2026, 10, 31, tzinfo=UTC), "created_at": datetime(2026, 10, 30, tzinfo=UTC)},
    ],
    ids=["not told", "not since the create", "before the commit that was applied"],
)
def test_an_update_that_cannot_be_the_change_is_not_told(row: dict[str, Any]) -> None:
    assert told(a_live(observed(a_resource(), live={"image": "b"}, **{**ROW, **row}))) == (None, "")


def test_nobody_is_blamed_on_the_platform_for_what_git_changed() -> None:
    live = a_live(observed(a_resource(), **ROW))

    assert told(live, spec={"image": "busybox:2"}) == (None, "")


def test_a_mark_without_a_time_hides_no_update() -> None:
    row = a_row(mark=a_mark(commit_time=""), **ROW)

    assert told(a_live(observed(a_resource(), live={"image": "b"}, row=row))) == (LATER, "lee")


def gone(**changes: Any) -> Deleted:
    return replace(Deleted(a_key(), "id-0", deleted_at=LATER, deleted_by="mina"), **changes)


def test_what_is_missing_tells_its_newest_delete() -> None:
    live = a_live(deleted=(gone(deleted_at=MADE, deleted_by="lee"), gone()))

    assert told(live) == (LATER, "mina")


@pytest.mark.parametrize(
    "row",
    [gone(key=a_key("other")), gone(mark=a_mark(fleet_id="0" * 16)), gone(deleted_at=None)],
    ids=["another name", "another fleet's", "no time"],
)
def test_a_delete_of_something_else_is_not_told(row: Deleted) -> None:
    assert told(a_live(deleted=(row,))) == (None, "")


def test_what_still_goes_away_was_not_deleted_yet() -> None:
    live = a_live(observed(a_resource(), life=Life.LEAVING), deleted=(gone(),))

    assert told(live) == (None, "")


@pytest.mark.parametrize("mark", [None, a_mark(fleet_id="0" * 16)], ids=["unclaimed", "foreign"])
def test_what_is_not_ours_tells_who_made_it_and_when(mark: Mark | None) -> None:
    live = a_live(observed(a_resource(), row=a_row(mark=mark, submitted_by="mina", **ROW)))

    assert told(live) == (MADE, "mina")


@pytest.mark.parametrize(
    ("life", "level"),
    [(Life.FAILED, Level.DEGRADED), (Life.ACTIVE, Level.DEGRADED), (Life.STOPPED, Level.SUSPENDED)],
)
def test_a_phase_tells_when_it_began(life: Life, level: Level) -> None:
    assert told(a_live(observed(a_resource(), life=life, level=level, **ROW))) == (ROW["since"], "")


def test_a_phase_that_is_well_does_not_date_the_trouble() -> None:
    live = a_live(observed(a_resource(), level=Level.HEALTHY, **ROW))
    plan = make_plan([a_resource()], {TARGET: live}, known())

    (item,) = drift_of(plan, ill={a_key(): Health(Level.DEGRADED, message="dropped")}).items

    assert (item.state, item.since) == ("degraded", None)


# -- where what has ended stays, and a new run is made beside it ------------------------------------------

BESIDE = {**KINDS, (TARGET, "Training"): replace(TRAINING, support=Support(stops=True, keeps_ended=True))}
BY_A_PERSON = Stoppage(StoppedBy.PERSON, "stopped by lee")
BY_THE_PLATFORM = Stoppage(StoppedBy.PLATFORM, "timed out")


def over(life: Life, stopped: Stoppage | None = None, **lifecycle: Any) -> Drift:
    """Read the drift of an object that has ended as its row still shows."""
    level = Level.SUSPENDED if life is Life.STOPPED else Level.UNKNOWN
    live = a_live(replace(observed(a_resource(), life=life, level=level, **ROW), stopped=stopped))
    desired = a_resource(lifecycle=Lifecycle(**lifecycle))
    return drift_of(make_plan([desired], {TARGET: live}, known(kinds=BESIDE)), lives={TARGET: live})


@pytest.mark.parametrize(
    ("stopped", "lifecycle"),
    [
        (BY_A_PERSON, {}),
        (BY_A_PERSON, {"run_id": "2"}),
        (BY_THE_PLATFORM, {"run_id": "2"}),
        (BY_THE_PLATFORM, {"on_platform_stop": "Resume"}),
    ],
    ids=["a person", "a person, and another run", "the platform, and another run", "git says Resume"],
)
def test_what_was_stopped_and_is_made_anew_has_changed_since_the_stop(
    stopped: Stoppage, lifecycle: dict[str, Any]
) -> None:
    drift = over(Life.STOPPED, stopped, **lifecycle)

    (item,) = drift.items
    assert (item.state, item.action, item.since) == ("changed", Action.CREATE, ROW["since"])
    assert [(one.pointer, one.before, one.after) for one in item.fields] == [
        ("/lifecycle/state", "Stopped", "Running")
    ]
    assert drift.exit_code() is ExitCode.CHANGES


def test_a_stop_by_a_person_says_so() -> None:
    (item,) = over(Life.STOPPED, BY_A_PERSON).items

    assert item.reason == "stopped by a person; git says Running"


def test_what_failed_and_is_made_anew_is_degraded() -> None:
    drift = over(Life.FAILED, run="OnFailure")

    assert [(item.state, item.since) for item in drift.items] == [("degraded", ROW["since"])]
    assert drift.exit_code() is ExitCode.CHANGES


@pytest.mark.parametrize(
    ("life", "stopped", "lifecycle", "state"),
    [
        (Life.STOPPED, BY_THE_PLATFORM, {}, "stopped"),
        (Life.FINISHED, None, {}, "finished"),
        (Life.FINISHED, None, {"run": "Always"}, "finished"),
    ],
    ids=["left stopped", "finished", "finished, and runs again"],
)
def test_what_ended_as_it_may_is_quiet(
    life: Life, stopped: Stoppage | None, lifecycle: dict[str, Any], state: str
) -> None:
    drift = over(life, stopped, **lifecycle)

    assert [item.state for item in drift.items] == [state]
    assert drift.exit_code() is ExitCode.IN_ORDER


def test_what_git_wants_stopped_and_was_is_no_drift() -> None:
    assert over(Life.STOPPED, BY_A_PERSON, state="Stopped").items == ()


# -- narrowed to states ----------------------------------------------------------------------------------

CASES = {
    "changed": a_live(observed(a_resource(), live={"image": "b"})),
    "missing": a_live(),
    "degraded": a_live(observed(a_resource(), life=Life.FAILED)),
    "unclaimed": a_live(observed(a_resource(), row=a_row(mark=None))),
    "refused": a_live(observed(a_resource(), row=a_row(mark=a_mark(fleet_id="0" * 16)))),
    "stopped": a_live(observed(a_resource(), life=Life.STOPPED)),
    "finished": a_live(observed(a_resource(), life=Life.FINISHED)),
    "orphaned": a_live(observed(a_resource())),
    "unknown": a_live(unknown="no answer"),
}


@pytest.mark.parametrize("only", STATES)
@pytest.mark.parametrize("state", STATES)
def test_only_decides_three_and_never_hides_what_was_not_read(state: str, only: str) -> None:
    desired = [] if state == "orphaned" else [a_resource()]
    plan = make_plan(desired, {TARGET: CASES[state]}, known(last_policies={a_key(): Policy()}))

    whole = drift_of(plan)
    narrowed = whole.narrowed([only])

    assert [item.state for item in whole.items] == [state]
    assert [item.state for item in narrowed.items] == ([state] if state == only else [])
    expected = ExitCode.UNOBSERVED if state == "unknown" else ExitCode.CHANGES
    expected = ExitCode.IN_ORDER if state in ("stopped", "finished") else expected
    assert whole.exit_code() is expected
    hidden = ExitCode.UNOBSERVED if state == "unknown" else ExitCode.IN_ORDER
    assert narrowed.exit_code() is (expected if state == only else hidden)


def test_a_doubtful_object_counts_as_unread_though_it_is_not_asked_for() -> None:
    live = a_live(observed(a_resource(), life=Life.UNKNOWN))

    drift = drift_of(make_plan([a_resource()], {TARGET: live}, known())).narrowed(["changed"])

    assert (drift.items, drift.unread, drift.exit_code()) == ((), 1, ExitCode.UNOBSERVED)


def test_no_words_narrow_nothing() -> None:
    drift = drift_of(make_plan([a_resource()], {TARGET: a_live()}, known()))

    assert drift.narrowed([]) is drift
