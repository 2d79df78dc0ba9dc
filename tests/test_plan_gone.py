"""Jobs that are not there: what proves that they have run, and what git's memory decides otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.plan import Action, make_plan
from reconciler.plan.declared import asks_git
from reconciler.plan.gone import has_left_traces
from reconciler.plan.known import MEMORY, SKEW, Age, Ran
from reconciler.resource import Deleted, Life, Lifecycle, Live, Observed, Resource, ScopeRead
from tests.factories import TARGET, a_key, a_live, a_mark, a_resource, a_row, known, observed

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SECOND = a_resource(lifecycle=Lifecycle(run_id="second"))


def at(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def aged(age: timedelta, run_id: timedelta | None = None, **more: Any) -> Age:
    came = None if run_id is None else at(NOW - run_id)
    return Age(at(NOW - age), came or at(NOW - age), at(NOW), **more)


def decide(resource: Resource, live: Live, age: Age | None, **facts: Any) -> tuple[Action, str]:
    ages = {} if age is None else {resource.key: age}
    made = make_plan([resource], {TARGET: live}, known(ages=ages, **facts))
    (change,) = (change for change in made.changes if change.key == resource.key)
    return change.action, change.reason


def ended(*, mark: Any = None, by: str = "demo", is_complete: bool = True, run_id: str = "") -> Deleted:
    when = datetime(2026, 11, 10, tzinfo=UTC)
    own = replace(a_mark(), run_id=run_id) if mark == "ours" else mark
    return Deleted(a_key(), "old", when, when if is_complete else None, own, by)


def us() -> Observed:
    return observed(a_resource("web", "Workspace"))


@pytest.mark.parametrize(
    ("age", "action"),
    [
        (timedelta(0), Action.CREATE),
        (MEMORY, Action.CREATE),
        (MEMORY + timedelta(seconds=1), Action.KEEP),
        (-SKEW, Action.CREATE),
        (-SKEW - timedelta(seconds=1), Action.KEEP),
    ],
)
def test_only_what_came_within_the_memory_is_created(age: timedelta, action: Action) -> None:
    assert decide(a_resource(), a_live(), aged(age))[0] is action


def test_what_git_never_had_and_what_git_is_not_asked_about_is_created() -> None:
    assert decide(a_resource(), a_live(), Age(now=at(NOW))) == (Action.CREATE, "")
    assert decide(a_resource(), a_live(), None) == (Action.CREATE, "")


def test_without_git_a_job_is_created_and_the_line_says_so() -> None:
    assert decide(a_resource(), a_live(), Age(now=at(NOW), has_git=False)) == (Action.CREATE, "no memory")


def test_a_shallow_clone_does_not_know() -> None:
    action, reason = decide(a_resource(), a_live(), Age(now=at(NOW), is_shallow=True))

    assert action is Action.UNKNOWN
    assert "shallow" in reason


@pytest.mark.parametrize(
    ("lifecycle", "facts"),
    [(Lifecycle(run="Always"), {}), (Lifecycle(), {"runs": ("Training/train",)})],
    ids=["always", "by name"],
)
def test_what_is_asked_to_run_runs_however_old_it_is(lifecycle: Lifecycle, facts: dict[str, Any]) -> None:
    resource = a_resource(lifecycle=lifecycle)

    assert decide(resource, a_live(), aged(MEMORY * 2), **facts)[0] is Action.CREATE
    assert not asks_git(resource, a_live(), known(**facts))


@pytest.mark.parametrize("proof", ["deleted", "journal"])
def test_a_proof_stands_above_gits_memory(proof: str) -> None:
    rows = (ended(mark="ours"),) if proof == "deleted" else ()
    facts = {"finished": {a_key().full: Ran("1:0", "", at(NOW))}} if proof == "journal" else {}

    assert decide(a_resource(), a_live(deleted=rows), Age(now=at(NOW)), **facts)[0] is Action.KEEP
    assert not asks_git(a_resource(), a_live(deleted=rows), known(**facts))


@pytest.mark.parametrize(
    ("resource", "live"),
    [
        (a_resource("web", "Workspace"), a_live()),
        (a_resource(), a_live(observed(a_resource()))),
        (a_resource(), a_live(observed(a_resource(), life=Life.FINISHED))),
        (a_resource(), a_live(deleted=(ended(is_complete=False),))),
        (a_resource(), a_live(unknown="403")),
        (a_resource(), Live(TARGET)),
    ],
    ids=["service", "running", "finished", "deleted before its end", "unknown", "unread"],
)
def test_git_is_not_asked_about_anything_else(resource: Resource, live: Live) -> None:
    assert not asks_git(resource, live, known())


@pytest.mark.parametrize(
    "rows",
    [(), (ended(by="stranger"),), (ended(mark=a_mark(fleet_id="ff" * 8)),)],
    ids=["nothing", "a stranger's", "another fleet's"],
)
def test_git_is_asked_where_nothing_proves_a_run(rows: tuple[Deleted, ...]) -> None:
    assert asks_git(a_resource(), a_live(us(), deleted=rows), known())


def test_another_fleets_newer_run_does_not_hide_ours() -> None:
    foreign = replace(ended(mark=a_mark(fleet_id="ff" * 8)), id="newer", deleted_at=NOW)

    assert decide(a_resource(), a_live(deleted=(ended(mark="ours"), foreign)), None)[0] is Action.KEEP


def test_who_we_are_is_told_by_what_was_deleted_as_well() -> None:
    own = replace(ended(mark="ours"), key=a_key("other"), id="other")

    action, reason = decide(a_resource(), a_live(deleted=(ended(), own)), None)

    assert (action, reason.partition("; ")[2]) == (Action.KEEP, "presumed: it was submitted by us")


@pytest.mark.parametrize(
    ("age", "action"),
    [
        (aged(timedelta(days=1)), Action.CREATE),
        (aged(timedelta(days=1), timedelta(days=11)), Action.KEEP),
        (aged(timedelta(days=-0.1)), Action.KEEP),
        (Age(now=at(NOW)), Action.CREATE),
        (Age(now=at(NOW), has_git=False), Action.KEEP),
        (Age(now=at(NOW), is_shallow=True), Action.KEEP),
        (None, Action.KEEP),
    ],
    ids=["after its end", "before its end", "not yet", "not committed", "no git", "shallow", "not asked"],
)
def test_a_run_id_that_came_after_an_unmarked_run_had_ended_is_a_new_run(
    age: Age | None, action: Action
) -> None:
    assert decide(SECOND, a_live(us(), deleted=(ended(),)), age)[0] is action


def test_no_run_id_or_one_that_the_journal_saw_finish_is_no_new_run() -> None:
    live, age = a_live(us(), deleted=(ended(),)), aged(timedelta(days=1))
    seen = {a_key().full: Ran("1:0", "second", at(NOW))}

    assert decide(a_resource(), live, age)[0] is Action.KEEP
    assert decide(SECOND, live, age, finished=seen)[0] is Action.KEEP
    assert asks_git(SECOND, live, known())


def test_a_marked_run_tells_its_own_run_id_whenever_that_came() -> None:
    live = a_live(deleted=(ended(mark="ours", run_id="second"),))

    assert decide(SECOND, live, aged(timedelta(days=1)))[0] is Action.KEEP


@pytest.mark.parametrize(
    ("lives", "facts", "has"),
    [
        (a_live(), {}, False),
        (a_live(us()), {}, True),
        (a_live(observed(a_resource(), row=a_row(mark=None))), {}, False),
        (a_live(observed(a_resource(), row=a_row(mark=a_mark(fleet_id="ff" * 8)))), {}, False),
        (a_live(deleted=(ended(mark="ours"),)), {}, True),
        (a_live(deleted=(ended(),)), {}, False),
        (a_live(), {"finished": {"x": Ran("1:0", "", at(NOW))}}, True),
        (a_live(), {"half_done": {"x": "id"}}, True),
    ],
    ids=["nothing", "live", "unmarked", "foreign", "deleted", "unmarked deleted", "finished", "half done"],
)
def test_a_fleet_leaves_traces_by_its_marks_and_in_its_journal(
    lives: Live, facts: dict[str, Any], *, has: bool
) -> None:
    assert has_left_traces({TARGET: lives}, known(**facts)) is has


def test_a_mark_that_only_a_detail_shows_is_a_trace() -> None:
    seen = us()
    live = a_live(seen)
    read = ScopeRead(live.scopes["team-a"].scope, rows=(replace(seen.summary, mark=None),))

    assert has_left_traces({TARGET: replace(live, scopes={"team-a": read})}, known())
