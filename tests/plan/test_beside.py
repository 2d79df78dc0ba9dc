"""Where what has ended stays as a row: a new run is created beside it, and names may repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.health import Level
from reconciler.kind import Support
from reconciler.plan import Action, Change, Plan, make_plan
from reconciler.plan.consent import Consents
from reconciler.resource import Life, Lifecycle, Live, Resource, Stoppage, StoppedBy, Summary
from tests.factories import KINDS, TARGET, TRAINING, a_key, a_live, a_mark, a_resource, a_row, known, observed

STAYS = replace(
    TRAINING,
    name_space="",
    support=Support(
        updatable=("/priority",),
        by_stage={"queued": ("/priority", "/image")},
        stops=True,
        mark_rewritable=True,
        keeps_ended=True,
    ),
)
KNOWN = known(kinds={**KINDS, (TARGET, "Training"): STAYS})
ENDED = datetime(2026, 11, 1, tzinfo=UTC)


def plan(*resources: Resource, live: Live, **facts: Any) -> Plan:
    return make_plan(resources, {TARGET: live}, replace(KNOWN, **facts))


def decide(resource: Resource, live: Live, **facts: Any) -> Change:
    return next(c for c in plan(resource, live=live, **facts).changes if c.key == resource.key)


def ended(life: Life, image: str = "busybox:1", stopped: Stoppage | None = None) -> Live:
    level = Level.SUSPENDED if life is Life.STOPPED else Level.UNKNOWN
    one = observed(a_resource(spec={"image": image}), life=life, level=level, created_at=ENDED)
    return a_live(replace(one, stopped=stopped))


def by(who: StoppedBy, why: str = "") -> Live:
    return ended(Life.STOPPED, stopped=Stoppage(who, why))


def wanted(image: str = "busybox:1", **lifecycle: Any) -> Resource:
    return a_resource(spec={"image": image}, lifecycle=Lifecycle(**lifecycle))


@pytest.mark.parametrize(
    ("live", "resource", "reason"),
    [
        (ended(Life.FINISHED), wanted(run="Always"), "run: Always"),
        (ended(Life.FAILED), wanted(run="OnFailure"), "failed, and run: OnFailure"),
        (ended(Life.FINISHED), wanted(run_id="2"), "runId 2 is a new run"),
        (ended(Life.FAILED), wanted("busybox:2"), "failed, and its spec changed: /spec/image"),
        (by(StoppedBy.PERSON), wanted(), "stopped by a person; git says Running"),
        (by(StoppedBy.PERSON), wanted("busybox:2"), "stopped by a person; git says Running"),
        (
            by(StoppedBy.PLATFORM, "timed out"),
            wanted(on_platform_stop="Resume"),
            "stopped by the platform (timed out)",
        ),
        (by(StoppedBy.PLATFORM, "timed out"), wanted(run_id="2"), "runId 2 is a new run"),
        (ended(Life.FINISHED), wanted(run="Always", protect=True), "run: Always"),
    ],
)
def test_what_ended_and_shall_run_is_created_anew_beside_it(
    live: Live, resource: Resource, reason: str
) -> None:
    change = decide(resource, live)

    assert (change.action, change.reason) == (Action.CREATE, reason)
    assert change.observed is None
    assert change.last == next(iter(live.details.values())).summary
    assert not change.is_destructive


@pytest.mark.parametrize(
    ("live", "resource", "reason"),
    [
        (ended(Life.FINISHED), wanted(), "finished"),
        (ended(Life.FINISHED), wanted("busybox:2"), "finished; spec changed: raise runId to run it"),
        (ended(Life.FAILED), wanted(), "failed: Running"),
        (by(StoppedBy.PLATFORM, "timed out"), wanted(), "stopped by the platform (timed out)"),
        (by(StoppedBy.PLATFORM, "timed out"), wanted("b:2"), "stopped by the platform (timed out)"),
        (by(StoppedBy.PERSON), wanted(state="Stopped"), "stopped"),
        (ended(Life.FINISHED), wanted(state="Stopped"), "finished"),
    ],
)
def test_what_ended_and_need_not_run_is_left(live: Live, resource: Resource, reason: str) -> None:
    change = decide(resource, live)

    assert (change.action, change.reason) == (Action.KEEP, reason)


@pytest.mark.parametrize("life", [Life.FINISHED, Life.FAILED, Life.STOPPED])
def test_the_row_of_a_run_that_has_ended_is_never_pruned(life: Life) -> None:
    assert plan(live=ended(life)).changes == ()


@pytest.mark.parametrize(
    ("stage", "action"), [("queued", Action.UPDATE), ("started", Action.REFUSED), ("", Action.REFUSED)]
)
def test_what_changes_in_place_hangs_on_how_far_the_object_has_got(stage: str, action: Action) -> None:
    live = observed(a_resource(spec={"image": "busybox:1"}))

    change = decide(wanted("busybox:2"), a_live(replace(live, stage=stage)))

    assert change.action is action


def somebodys(**changes: Any) -> Summary:
    return a_row(**{"mark": None, "is_by_us": False, "submitted_by": "mina", "id": "theirs", **changes})


def seen(*rows: Summary) -> Live:
    return a_live(*(replace(observed(a_resource(), row=row), record=None) for row in rows))


def test_somebody_elses_object_of_the_same_name_holds_nothing() -> None:
    live = seen(somebodys(), somebodys(id="clone", identity="mina:x", mark=a_mark()))

    change = decide(wanted(), live)

    assert change.action is Action.CREATE


def test_somebody_elses_object_of_the_same_name_is_told_and_left() -> None:
    found = plan(wanted(), live=seen(somebodys(), a_row(id="ours")))

    assert [(one.key.name, one.owner, one.submitted_by) for one in found.strangers] == [
        ("train", "unclaimed", "mina")
    ]
    assert found.is_empty


def test_our_own_object_is_told_from_others_of_its_name() -> None:
    live = seen(somebodys(), a_row(id="ours"))

    change = decide(wanted(), live)

    assert change.action is Action.KEEP
    assert change.observed
    assert change.observed.id == "ours"


def test_an_object_that_we_submitted_and_that_lost_its_mark_is_not_made_twice() -> None:
    change = decide(wanted(), seen(a_row(mark=None)))

    assert change.action is Action.REFUSED
    assert "it carries no mark" in change.reason


def test_a_copy_of_ours_without_the_mark_stands_aside() -> None:
    change = decide(wanted(), seen(a_row(id="ours"), a_row(id="copy", mark=None)))

    assert change.action is Action.KEEP
    assert change.observed
    assert change.observed.id == "ours"


def test_two_objects_of_ours_with_one_key_are_a_problem() -> None:
    change = decide(wanted(), seen(a_row(id="one"), a_row(id="two")))

    assert change.action is Action.REFUSED
    assert "2 live objects hold this name (one, two); neither is touched" in change.reason
    assert "end the one that is not wanted" in change.hint


def test_two_objects_of_ours_with_one_key_stay_when_their_manifest_goes() -> None:
    live = seen(a_row(id="one"), a_row(id="two"))

    kept = plan(live=live).changes
    consented = plan(live=live, consents=Consents(delete=(str(a_key()),))).changes

    assert [(change.action, change.observed and change.observed.id) for change in kept] == [
        (Action.KEEP, "one"),
        (Action.KEEP, "two"),
    ]
    assert {change.reason for change in kept} == {
        "2 live objects hold this name (one, two); neither is touched"
    }
    assert [change.action for change in consented] == [Action.DELETE, Action.DELETE]


def test_the_history_of_a_key_is_no_twin_of_what_lives() -> None:
    over = a_row(id="over", life=Life.FINISHED)

    (change,) = plan(live=seen(a_row(id="one"), over)).changes

    assert change.observed
    assert change.observed.id == "one"
    assert "hold this name" not in change.reason


def test_git_may_claim_somebody_elses_object() -> None:
    change = decide(wanted(adopt="theirs"), seen(somebodys()))

    assert (change.action, change.reason) == (Action.KEEP, "adopted, no mark can be written")
    assert change.is_adopted
    assert change.key == a_key()


def test_a_mark_is_not_written_where_it_does_not_count() -> None:
    change = decide(wanted(), seen(somebodys()), adopts=("Training/train",))

    assert change.action is Action.REFUSED
    assert "a mark counts only on what the fleet's own account submitted" in change.reason


def test_what_our_own_account_submitted_takes_the_mark() -> None:
    change = decide(wanted(adopt="id-Training-train"), seen(a_row(mark=None)))

    assert change.action is Action.ADOPT


def test_a_stop_says_that_it_ends_the_run_for_good() -> None:
    change = decide(wanted(state="Stopped"), a_live(observed(a_resource(spec={"image": "busybox:1"}))))

    assert (change.action, change.reason) == (Action.STOP, "git says Stopped; its run ends for good")
