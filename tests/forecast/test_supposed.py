"""Of what a plan refuses it is told what would become of it, were it let through alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.capacity import Capacity, Chance, Forecast, Share
from reconciler.forecast import supposed
from reconciler.forecast.supposed import MOST, let_through
from reconciler.observe import foreseen
from reconciler.plan.change import Action, Change
from reconciler.resource import Lifecycle, Live, Observed, Scope, ScopeRead, Summary
from tests.fakes import FakePlatform, a_plan
from tests.forecast.test_walk import HOME, THERE, a_change, a_row

OTHERS_WAIT = replace(THERE, shares={("team-a", "p"): Share(8.0, allocated=4.0, waiting=8.0)})


def refused(name: str, gpus: float = 4, **more: Any) -> Change:
    """Give the refusal to replace what runs and holds as many GPUs as it asks."""
    seen = Observed(a_row(name, gpus), spec={"image": "a"})
    return a_change(name, gpus, Action.REFUSED, observed=seen, is_destructive=True, **more)


def held_back(name: str, need: Change, gpus: float = 4) -> Change:
    """Give what would be created, were what it needs let through."""
    return a_change(name, gpus, Action.REFUSED, needs=(need.key,))


def chances(*changes: Change, there: Capacity = THERE) -> dict[str, Chance]:
    rows = [change.observed.summary for change in changes if change.observed]
    told = supposed(changes, {"t": rows}, {"t": {"c1": there}})
    return {each.key.name: each.chance for each in told}


def test_what_is_refused_starts_where_the_old_one_makes_room() -> None:
    full = replace(THERE, shares={("team-a", "p"): Share(8.0, allocated=8.0)})

    assert chances(refused("x", 8), there=full) == {"x": Chance.STARTS}


def test_what_others_wait_for_as_well_may_queue() -> None:
    assert chances(refused("x"), there=OTHERS_WAIT) == {"x": Chance.MAY_QUEUE}


def test_the_rest_of_the_plan_takes_its_room_first() -> None:
    need = refused("y", 0)

    assert chances(need, held_back("x", need), a_change("a", 8)) == {"x": Chance.QUEUES}


def test_each_is_supposed_alone() -> None:
    need = refused("y", 0)

    assert chances(held_back("a", need, 8), held_back("b", need, 8), need) == dict.fromkeys(
        "ab", Chance.STARTS
    )


@pytest.mark.parametrize(
    "change",
    [
        a_change("x", 4),
        refused("x", 0),
        a_change("x", 4, Action.REFUSED),
        replace(refused("x"), is_destructive=False),
        replace(refused("x"), resource=None),
    ],
    ids=[
        "is done",
        "asks for no GPU",
        "nobody knows what it would be",
        "would end nothing",
        "is to be deleted",
    ],
)
def test_of_nothing_else_is_anything_supposed(change: Change) -> None:
    assert chances(change) == {}


@pytest.mark.parametrize("lifecycle", [Lifecycle(state="Stopped"), Lifecycle(state="Absent")])
def test_what_git_wants_at_rest_would_start_nothing(lifecycle: Lifecycle) -> None:
    change = refused("x")
    assert change.resource is not None

    assert chances(replace(change, resource=replace(change.resource, lifecycle=lifecycle))) == {}


@pytest.mark.parametrize(("asks", "told"), [(0, MOST), (100, 10), (5_000, 1)])
def test_of_many_only_the_first_are_told_and_the_fewer_the_larger_the_plan(asks: int, told: int) -> None:
    many = [refused(f"x{number:03}", 1) for number in range(MOST + 5)]
    rest = [a_change(f"y{number:04}") for number in range(asks)]

    assert let_through([*many, *rest]) == [replace(each, action=Action.REPLACE) for each in many[:told]]


class Telling(FakePlatform):
    """Be a platform that tells its capacity, and remember for which scopes it was asked."""

    asked: tuple[Scope, ...] = ()

    async def capacity(self, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
        self.asked = tuple(scopes)
        return {"c1": THERE}


def test_a_plan_of_refusals_alone_reads_capacity_and_counts_nothing_as_asked() -> None:
    change, platform = refused("x"), Telling()
    rows: list[Summary] = [change.observed.summary] if change.observed else []
    lives = {"t": Live("t", {"team-a": ScopeRead(HOME, rows=tuple(rows))})}

    plan = asyncio.run(foreseen(a_plan(change), lives, {"t": platform}))

    assert platform.asked == (HOME,)
    assert plan.forecast is not None
    assert [each.chance for each in plan.forecast.supposed] == [Chance.STARTS]
    assert replace(plan.forecast, supposed=()) == Forecast()


def test_what_could_not_be_read_is_said_of_what_is_refused() -> None:
    change = refused("x")

    plan = asyncio.run(foreseen(a_plan(change), {}, {"t": FakePlatform()}))

    assert plan.forecast is not None
    (told,) = plan.forecast.supposed
    assert (told.chance, told.why) == (Chance.UNKNOWN, "runai does not tell its capacity")
