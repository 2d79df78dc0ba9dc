"""What the platform itself holds back is made after what it follows, and waits for its end there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from reconciler.apply import apply_plan
from reconciler.outcome import Outcome, Result
from reconciler.plan import Action, Change, make_plan
from reconciler.resource import Life, Lifecycle, Live, Observed, Resource
from tests.factories import (
    KINDS,
    TARGET,
    TRAINING,
    a_key,
    a_live,
    a_mark,
    a_resource,
    keyed,
    known,
    observed,
)
from tests.fakes import a_create, a_plan
from tests.test_apply import World

FOLLOWS = replace(
    TRAINING,
    follows=("/spec/dependencies",),
    canonical=lambda spec: {
        **keyed(spec),
        **(
            {"dependencies": {f"name={name}": {"name": name} for name in spec["dependencies"]}}
            if spec.get("dependencies")
            else {}
        ),
    },
)
KNOWN = known(kinds={**KINDS, (TARGET, "Training"): FOLLOWS})
PREP = a_resource("prep")


def follower(*names: str, image: str = "busybox:1") -> Resource:
    spec = {"image": image, "dependencies": list(names)}
    return a_resource("train", spec=spec, follows=tuple(a_key(name) for name in names))


def decide(*resources: Resource, live: Live) -> Change:
    plan = make_plan(resources, {TARGET: live}, KNOWN)
    return next(change for change in plan.changes if change.key.name == "train")


def made(resource: Resource, names: list[str], digest: str = "") -> Observed:
    """Show a follower that was created, of which the platform tells these names."""
    own = decide(resource, live=a_live()).mark
    mark = a_mark(resource.key, digest=digest or (own.digest if own else ""))
    return observed(resource, live={"image": "busybox:1", "dependencies": names}, mark=mark)


@pytest.mark.parametrize("life", [None, Life.ACTIVE, Life.FINISHED])
def test_what_follows_a_job_is_created_while_that_still_runs(life: Life | None) -> None:
    live = a_live() if life is None else a_live(observed(PREP, life=life))

    change = decide(PREP, follower("prep"), live=live)

    assert change.action is Action.CREATE
    assert change.needs == (a_key("prep"),)


def test_what_depends_on_a_job_by_our_own_word_waits_for_its_end() -> None:
    both = replace(follower("prep"), depends_on=(a_key("prep"),))

    change = decide(PREP, both, live=a_live())

    assert (change.action, change.reason) == (Action.DEFERRED, f"needs {a_key('prep')} to finish first")


def test_what_follows_a_job_that_failed_is_not_made_to_fail_as_well() -> None:
    change = decide(PREP, follower("prep"), live=a_live(observed(PREP, life=Life.FAILED)))

    assert (change.action, change.reason) == (Action.DEFERRED, f"needs {a_key('prep')}, which failed")


@pytest.mark.parametrize("told", [["prep"], []])
@pytest.mark.parametrize("life", [Life.ACTIVE, Life.FINISHED])
def test_a_job_that_the_platform_was_not_told_of_is_no_difference(told: list[str], life: Life) -> None:
    resource = follower("prep")
    live = a_live(made(resource, told), observed(PREP, life=life))

    assert decide(PREP, resource, live=live).action is Action.KEEP


def test_a_job_that_git_adds_later_is_a_difference_until_it_has_succeeded() -> None:
    old = made(follower("prep"), ["prep"])
    resource = follower("prep", "more")
    more = a_resource("more")

    running = decide(PREP, more, resource, live=a_live(old, observed(PREP), observed(more)))
    done = decide(PREP, more, resource, live=a_live(old, observed(PREP), observed(more, life=Life.FINISHED)))

    assert running.action is Action.REFUSED
    assert [field.pointer for field in running.fields] == ["/spec/dependencies/name=more"]
    assert done.action is Action.KEEP


def test_what_has_been_met_travels_with_the_change() -> None:
    change = decide(PREP, follower("prep"), live=a_live(observed(PREP, life=Life.FINISHED)))

    assert change.resource
    assert change.resource.met == {"/spec/dependencies/name=prep"}


@pytest.mark.parametrize("life", [Life.ACTIVE, Life.FINISHED])
def test_a_job_is_not_replaced_under_one_that_the_platform_holds_back_for_it(life: Life) -> None:
    prep = a_resource("prep", spec={"image": "busybox:2"}, lifecycle=Lifecycle(on_immutable_change="Replace"))
    resource = follower("prep")
    live = a_live(made(resource, ["prep"]), observed(PREP, life=life))

    changes = {
        change.key.name: change for change in make_plan([prep, resource], {TARGET: live}, KNOWN).changes
    }

    if life is Life.FINISHED:
        assert changes["prep"].action is Action.KEEP
        return
    assert changes["prep"].action is Action.REFUSED
    assert f"{resource.key} needs it" in changes["prep"].reason
    assert changes["prep"].consent == f"replace={resource.key}"


@pytest.mark.parametrize("is_awaited", [False, True])
def test_apply_waits_for_the_health_of_a_job_only_where_we_hold_back(is_awaited: bool) -> None:
    async def never_ready(change: Change, outcome: Outcome) -> Any:
        waited.append(change.key.name)
        return replace(outcome, result=Result.DEFERRED, why="queued")

    waited: list[str] = []
    follows = frozenset() if is_awaited else frozenset({a_key("prep")})
    train = replace(a_create(follower("prep")), needs=(a_key("prep"),), follows=follows)

    outcomes = _applied([a_create(PREP), train], never_ready)

    assert outcomes["prep"].result is Result.DONE
    assert outcomes["train"].result is (Result.DEFERRED if is_awaited else Result.DONE)


def _applied(changes: list[Change], ready: Any) -> dict[str, Outcome]:
    world = World()
    found = asyncio.run(
        apply_plan(
            a_plan(*changes),
            {TARGET: world.platform},
            journal=world.journal,
            clock=world.clock,
            listen=world.heard,
            stop=world.stop,
            ready=ready,
        )
    )
    assert world.platform.sent("create")[0] == "prep"
    return {outcome.key.name: outcome for outcome in found}
