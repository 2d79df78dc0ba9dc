"""One name, another kind: the new one's turn comes as the old one goes, and is refused where that stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.plan import Action, Change, Prune, make_plan
from reconciler.plan.consent import Consents
from reconciler.plan.known import Known, Policy
from reconciler.resource import Deleted, Life
from tests.factories import TARGET, a_key, a_live, a_mark, a_resource, a_row, known, observed

OLD = a_key("box", "Workspace")
FREED = {OLD: Policy()}


def decided(facts: Known, *, kind: str = "Training", deleted: tuple[Deleted, ...] = (), **row: Any) -> Change:
    """Plan a manifest under a name that a Workspace holds whose manifest is gone."""
    seen = observed(a_resource("box", "Workspace"), row=a_row(OLD, **row))
    made = make_plan([a_resource("box", kind)], {TARGET: a_live(seen, deleted=deleted)}, facts)
    return next(change for change in made.changes if change.key.kind == kind)


def test_what_is_deleted_by_this_plan_gives_its_name_away() -> None:
    change = decided(known(last_policies=FREED))

    assert (change.action, change.observed) == (Action.CREATE, None)
    assert change.reason == "takes the name of team-a/Workspace/box, which this plan deletes first"


@pytest.mark.parametrize(
    ("facts", "why", "way_out"),
    [
        ({"last_policies": {OLD: Policy(on_remove="Keep")}}, "onRemove: Keep", "rename the manifest"),
        ({"last_policies": {OLD: Policy(protect=True)}}, "protected", "rename the manifest"),
        ({"prune": Prune(is_on=False, why="--no-prune")}, "not pruned: --no-prune", "a whole apply"),
        (
            {"prune": Prune(is_on=False, why="the run is narrowed: KIND/NAME", is_listed=False)},
            "not pruned: the run is narrowed",
            "a whole apply",
        ),
        ({}, "git history does not know its manifest", "--allow delete=team-a/Workspace/box"),
    ],
    ids=["onRemove", "protect", "no prune", "narrowed", "no consent"],
)
def test_what_stays_keeps_its_name_and_the_refusal_says_why_and_what_helps(
    facts: dict[str, Any], why: str, way_out: str
) -> None:
    change = decided(known(**facts))

    assert change.action is Action.REFUSED
    assert change.reason.startswith("the name is held by team-a/Workspace/box, which stays: ")
    assert why in change.reason
    assert way_out in change.hint


def test_consent_to_delete_the_old_one_lets_the_new_one_in() -> None:
    assert decided(known(consents=Consents(delete=("Workspace/box",)))).action is Action.CREATE


@pytest.mark.parametrize(
    "mark", [None, a_mark(OLD, fleet_id="ff" * 8), a_mark(a_key("other"))], ids=["none", "foreign", "copied"]
)
def test_what_is_not_ours_keeps_its_name(mark: Any) -> None:
    change = decided(known(last_policies=FREED), mark=mark)

    assert change.action is Action.REFUSED
    assert change.reason == "the name is held by team-a/Workspace/box (made by demo)"


def test_a_job_that_ran_under_this_name_before_is_not_run_again() -> None:
    done = datetime(2026, 11, 1, tzinfo=UTC)
    ran = Deleted(a_key("box"), "old", deleted_at=done, completed_at=done, mark=a_mark(a_key("box")))

    standing = decided(known(last_policies=FREED), deleted=(ran,))
    leaving = decided(known(last_policies=FREED), deleted=(ran,), life=Life.LEAVING, phase="Deleting")

    assert (standing.action, leaving.action) == (Action.KEEP, Action.KEEP)


def test_who_waits_for_a_name_says_so_and_knows_whose() -> None:
    doomed = decided(known(last_policies=FREED))
    leaving = decided(known(), life=Life.LEAVING, phase="Deleting")

    assert [change.holder.id if change.holder else "" for change in (doomed, leaving)] == [
        "id-Workspace-box",
        "id-Workspace-box",
    ]
