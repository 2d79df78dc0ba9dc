"""Adoption: git claims one object by its id, and nothing else claims what is not ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.drift import drift_of
from reconciler.mark import Mark
from reconciler.plan import Action, Change, Plan, make_plan
from reconciler.plan.consent import Consents
from reconciler.plan.known import Known
from reconciler.resource import Deleted, Life, Lifecycle, Live, Resource
from tests.factories import TARGET, a_key, a_live, a_mark, a_resource, a_row, known, observed

COPY = a_mark(a_key("original"), run_id="first")
OTHERS = [None, COPY]
IDS = ["unclaimed", "copied mark"]


def plan(desired: list[Resource], live: Live, facts: Known | None = None) -> Plan:
    return make_plan(desired, {TARGET: live}, facts or known())


def claiming(
    kind: str = "Training", *, image: str = "busybox:1", id_: str = "", **lifecycle: Any
) -> Resource:
    named = id_ or f"id-{kind}-train"
    return a_resource("train", kind, spec={"image": image}, lifecycle=Lifecycle(adopt=named, **lifecycle))


def decide(resource: Resource, mark: Mark | None = None, facts: Known | None = None, **row: Any) -> Change:
    """Plan one manifest over a live object whose image is busybox:1."""
    was = replace(resource, spec={"image": "busybox:1"})
    seen = observed(was, row=a_row(resource.key, mark=mark, **row), record=None)
    return plan([resource], a_live(seen), facts).changes[0]


@pytest.mark.parametrize("mark", OTHERS, ids=IDS)
def test_what_git_claims_and_cannot_be_marked_is_kept(mark: Mark | None) -> None:
    change = decide(claiming(), mark)

    assert (change.action, change.reason) == (Action.KEEP, "adopted, no mark can be written")
    assert change.is_adopted


@pytest.mark.parametrize("mark", OTHERS, ids=IDS)
@pytest.mark.parametrize("image", ["busybox:1", "busybox:2"])
def test_what_git_claims_and_can_be_marked_is_adopted_by_one_update(mark: Mark | None, image: str) -> None:
    change = decide(claiming("Inference", image=image), mark)

    assert change.action is Action.ADOPT
    assert [field.pointer for field in change.fields] == (["/spec/image"] if image == "busybox:2" else [])
    assert not change.is_destructive


def test_another_fleets_object_is_refused_whatever_git_says() -> None:
    change = decide(claiming(), a_mark(fleet_id="ff" * 8, fleet="other"))

    assert (change.action, change.reason) == (Action.REFUSED, "belongs to fleet other (ffffffff)")


@pytest.mark.parametrize("kind", ["Training", "Inference"])
def test_another_id_than_the_live_one_is_refused_and_both_are_named(kind: str) -> None:
    change = decide(claiming(kind, id_="id-of-old"))

    assert change.action is Action.REFUSED
    assert f"names id-of-old, but live is id-{kind}-train" in change.reason
    assert f"lifecycle: {{adopt: id-{kind}-train}}" in change.hint
    assert not change.is_adopted


def test_what_nothing_claims_is_refused_with_the_line_that_would() -> None:
    change = decide(a_resource())

    assert change.action is Action.REFUSED
    assert "lifecycle: {adopt: id-Training-train}" in change.hint


def test_an_adopted_object_is_replaced_only_by_the_rules_of_any_other() -> None:
    allowed = known(consents=Consents(replace=("Training/train",)))

    refused = decide(claiming(image="busybox:2"))
    consented = decide(claiming(image="busybox:2"), facts=allowed)
    in_git = decide(claiming(image="busybox:2", on_immutable_change="Replace"))
    protected = decide(claiming(image="busybox:2", on_immutable_change="Replace", protect=True))

    assert refused.consent == "replace=team-a/Training/train"
    assert [change.action for change in (refused, consented, in_git, protected)] == [
        Action.REFUSED,
        Action.REPLACE,
        Action.REPLACE,
        Action.REFUSED,
    ]
    assert consented.is_destructive


@pytest.mark.parametrize("mark", OTHERS, ids=IDS)
def test_a_finished_adopted_job_is_kept_whatever_its_run_id(mark: Mark | None) -> None:
    change = decide(claiming(run_id="second"), mark, life=Life.FINISHED, phase="Completed")

    assert (change.action, change.reason) == (Action.KEEP, "finished; adopted, no mark can be written")


def test_an_adopted_job_that_ended_and_is_gone_is_not_run_again() -> None:
    done = datetime(2026, 11, 1, tzinfo=UTC)
    gone = Deleted(a_key(), "id-Training-train", deleted_at=done, completed_at=done, mark=COPY)

    (change,) = plan([claiming(run_id="second")], a_live(deleted=(gone,))).changes

    assert (change.action, change.reason) == (Action.KEEP, "finished 2026-11-01, gone since")


def test_what_git_claims_and_is_gone_is_created() -> None:
    assert plan([claiming()], a_live()).changes[0].action is Action.CREATE


def test_an_adopted_object_without_a_mark_is_never_pruned() -> None:
    seen = observed(a_resource(), row=a_row(mark=None))

    made = plan([], a_live(seen), known(consents=Consents(delete=("Training/train",))))

    assert made.changes == ()
    assert [stranger.key for stranger in made.strangers] == [a_key()]


def test_a_claim_of_what_is_ours_by_now_is_told_and_harmless() -> None:
    change = decide(claiming(id_="id-of-old"), a_mark())

    assert change.action is Action.KEEP
    assert change.hint.startswith("lifecycle.adopt can go")
    assert not change.is_adopted


def test_the_digest_moves_with_who_owns_what_is_touched() -> None:
    replaced = claiming(image="busybox:2", on_immutable_change="Replace")
    digests = set()
    for mark in (None, a_mark()):
        seen = observed(claiming(), row=a_row(mark=mark), record=None)
        digests.add(plan([replaced], a_live(seen)).digest)

    assert len(digests) == 2


def test_only_a_mark_that_is_still_to_be_written_is_drift() -> None:
    states = []
    for kind in ("Training", "Inference"):
        wanted = claiming(kind)
        seen = observed(wanted, row=a_row(wanted.key, mark=None), record=None)
        states.append([item.state for item in drift_of(plan([wanted], a_live(seen))).items])

    assert states == [[], ["unclaimed"]]
