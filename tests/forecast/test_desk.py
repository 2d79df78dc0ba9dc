"""The desk follows the platform's rules of quota, limit, room, priority and reclaim."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.capacity import OVER_LIMIT, OVER_QUOTA, Capacity, Pool, Share
from reconciler.forecast.desk import UNSCHEDULABLE, Bid, Desk, shown
from reconciler.resource import ResourceKey


def a_bid(name: str, gpus: float = 1, scope: str = "a", **more: Any) -> Bid:
    values = {"pools": ("p",), "rank": 50, "age": (1, 0.0), "is_firm": False, "largest": 1, **more}
    return Bid(ResourceKey("t", scope, "Training", name), gpus, **values)


def a_desk(gpus: float = 8, *seats: Bid, **shares: Share) -> Desk:
    given = {("a", "p"): Share(4.0), ("b", "p"): Share(4.0)}
    given |= {(scope, "p"): share for scope, share in shares.items()}
    return Desk(Capacity({"p": Pool(gpus, 8.0), "q": Pool(8.0, 8.0)}, given), seats)


def seat(name: str, gpus: float, scope: str = "a", **more: Any) -> Bid:
    return a_bid(name, gpus, scope, pool="p", **more)


def reasons(desk: Desk, bid: Bid) -> list[tuple[str, bool]]:
    return [(refusal.reason, refusal.never) for refusal in desk.seat(bid)]


@pytest.mark.parametrize(
    ("gpus", "words"),
    [(6.96717, "6.96"), (7.999, "7.99"), (0.6, "0.6"), (8.0, "8"), (0.1 + 0.2, "0.3"), (0.0, "0")],
)
def test_gpus_are_told_to_hundredths_and_never_more_than_there_are(gpus: float, words: str) -> None:
    assert shown(gpus) == words


def test_what_fits_is_seated_and_held() -> None:
    desk = a_desk()

    assert desk.seat(a_bid("x", 3)) == ()
    assert desk.free("p") == 5
    assert desk.sits(a_bid("x").key) is not None


@pytest.mark.parametrize(
    ("bid", "reason"),
    [
        (a_bid("x", 5, is_firm=True), (OVER_QUOTA, True)),
        (a_bid("x", 9), (UNSCHEDULABLE, True)),
        (a_bid("x", 7), (OVER_LIMIT, True)),
    ],
    ids=["firm beyond the quota", "more than the pool has", "beyond the limit"],
)
def test_what_would_not_fit_an_empty_pool_never_does(bid: Bid, reason: tuple[str, bool]) -> None:
    desk = a_desk(a=Share(4.0, limit=6.0))

    assert reasons(desk, bid) == [reason]


def test_a_pod_larger_than_any_node_never_fits() -> None:
    assert reasons(a_desk(32), a_bid("x", 16, largest=16)) == [(UNSCHEDULABLE, True)]


def test_firm_work_within_quota_waits_for_the_firm_work_of_its_scope() -> None:
    desk = a_desk(a=Share(4.0, allocated=3.0, firm=3.0))

    assert reasons(desk, a_bid("x", 2, is_firm=True)) == [(OVER_QUOTA, False)]
    assert desk.seat(a_bid("y", 2)) == ()


def test_the_next_pool_of_the_wish_is_taken() -> None:
    desk = a_desk(8, b=Share(8.0, allocated=8.0, firm=8.0))

    assert desk.seat(a_bid("x", 1, pools=("p", "q"))) == ()
    sits = desk.sits(a_bid("x").key)
    assert sits is not None
    assert sits.pool == "q"


def test_a_scope_gets_its_own_back_from_one_over_its_quota() -> None:
    desk = a_desk(8, seat("greedy", 8, "b"), b=Share(4.0, allocated=8.0))

    assert desk.seat(a_bid("x", 4)) == ()
    assert [each.key.name for each in desk.evicted] == ["greedy"]


def test_over_its_own_quota_it_takes_from_nobody() -> None:
    desk = a_desk(8, seat("greedy", 8, "b"), b=Share(4.0, allocated=8.0))

    assert reasons(desk, a_bid("x", 5)) == [(UNSCHEDULABLE, False)]
    assert desk.evicted == []


def test_within_a_scope_priority_decides_and_firm_work_stays() -> None:
    seats = (seat("low", 4, rank=10), seat("firm", 4, rank=10, is_firm=True))
    desk = a_desk(8, *seats, a=Share(8.0, allocated=8.0, firm=4.0))

    assert desk.seat(a_bid("x", 4, rank=20)) == ()
    assert [each.key.name for each in desk.evicted] == ["low"]
    assert reasons(desk, a_bid("y", 4, rank=30)) == []
    assert reasons(desk, a_bid("z", 4, rank=30)) == [(UNSCHEDULABLE, False)]


def test_of_what_is_not_seen_only_what_is_over_the_quota_is_sure_to_give_way() -> None:
    desk = a_desk(8, b=Share(6.0, allocated=8.0))

    (refusal,) = desk.seat(a_bid("x", 4))
    assert refusal.doubt
    assert desk.seat(a_bid("y", 2)) == ()


def test_what_was_freed_is_contested_while_others_wait_for_more() -> None:
    going = seat("going", 8)
    desk = a_desk(8, going, a=Share(8.0, allocated=8.0), b=Share(4.0, waiting=4.0))
    desk.leave(going.key)

    assert desk.seat(a_bid("x", 5)) == ()
    assert desk.is_contested("p")
    assert not desk.is_contested("q")
