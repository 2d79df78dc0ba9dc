"""A plan is foretold wave by wave: what needs what, what ends last, and what nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.capacity import Capacity, Chance, Claim, Forecast, Habit, Pool, Share
from reconciler.forecast import asks, forecast
from reconciler.health import Level
from reconciler.plan.change import Action, Change
from reconciler.resource import Life, Observed, ResourceKey, Scope, Summary
from tests.factories import a_kind, a_resource

HOME = Scope("team-a", "1", "dgx", "c1")
THERE = Capacity(
    {"p": Pool(8.0, 8.0)},
    {("team-a", "p"): Share(8.0)},
    {"team-a": ("p",)},
    {"Training": Habit("low", preemptible=True)},
    {"low": 40, "high": 125},
)


def a_change(name: str, gpus: float = 1, action: Action = Action.CREATE, **more: Any) -> Change:
    claim = more.pop("claim", Claim(gpus, min(gpus, 8), "Training"))
    kind = replace(a_kind(), claim=lambda _spec: claim)
    key = ResourceKey("t", "team-a", "Training", name)
    return Change(key, action, resource=a_resource(name), kind=kind, scope=HOME, **more)


def told(*changes: Change, there: Capacity = THERE, rows: tuple[Summary, ...] = ()) -> dict[str, Chance]:
    return {each.key.name: each.chance for each in seen(*changes, there=there, rows=rows).outlooks}


def seen(*changes: Change, there: Capacity = THERE, rows: tuple[Summary, ...] = ()) -> Forecast:
    return forecast(changes, {"t": rows}, {"t": {"c1": there}})


def a_row(name: str, gpus: float, **more: Any) -> Summary:
    key = ResourceKey("t", "team-a", "Training", name)
    values = {"pool": "p", "priority": 40, "preemptible": True, "gpus": gpus, **more}
    return Summary(key, name, str(key), "Running", Life.ACTIVE, "f", **values)


def test_what_asks_for_nothing_is_not_foretold() -> None:
    assert asks(a_change("x", 0)) is None
    assert asks(a_change("x", 1, Action.KEEP)) is None
    assert seen(a_change("x", 0)) == Forecast()


def test_the_last_of_several_queues_and_so_does_whatever_needs_it() -> None:
    third = a_change("c", 1)
    needing = a_change("d", 1, needs=(third.key,))

    found = told(a_change("a", 4), a_change("b", 4), third, needing)

    assert found == {"a": Chance.STARTS, "b": Chance.STARTS, "c": Chance.QUEUES, "d": Chance.UNKNOWN}


def test_what_two_orders_disagree_about_may_queue() -> None:
    first = a_change("a", 8, claim=Claim(8, 8, "Training"))
    second = a_change("b", 8, claim=Claim(8, 8, "Training", is_slow=True))
    slow_first = a_change("a", 8, claim=Claim(8, 8, "Training", is_slow=True))

    assert told(first, second) == {"a": Chance.STARTS, "b": Chance.QUEUES}
    assert told(slow_first, a_change("b", 8)) == {"a": Chance.MAY_QUEUE, "b": Chance.MAY_QUEUE}


def test_what_waits_for_a_delete_starts_later_and_what_is_replaced_takes_its_own_seat() -> None:
    full = replace(THERE, shares={("team-a", "p"): Share(8.0, allocated=8.0)})
    rows = (a_row("old", 8),)

    assert told(a_change("x", 8), a_change("old", 8, Action.DELETE), there=full, rows=rows) == {
        "x": Chance.LATER
    }
    assert told(a_change("old", 8, Action.REPLACE), there=full, rows=rows) == {"old": Chance.STARTS}


def test_what_others_wait_for_too_may_queue() -> None:
    full = replace(THERE, shares={("team-a", "p"): Share(8.0, allocated=8.0, waiting=8.0)})

    found = told(a_change("x", 8), a_change("old", 8, Action.DELETE), there=full, rows=(a_row("old", 8),))

    assert found == {"x": Chance.MAY_QUEUE}


def test_a_claim_that_is_only_the_most_it_can_be_is_never_said_to_queue() -> None:
    most = Claim(16, 8, "Training", at_most="in bytes")

    (outlook,) = seen(a_change("x", claim=most)).outlooks

    assert outlook.chance is Chance.MAY_QUEUE
    assert outlook.why.endswith("in bytes")


def test_without_its_pools_nothing_is_foretold_and_the_note_says_why() -> None:
    found = seen(a_change("x"), there=replace(THERE, pools=None, notes=("the nodes could not be read",)))

    (outlook,) = found.outlooks
    assert (outlook.chance, outlook.why) == (Chance.UNKNOWN, "the nodes could not be read")
    assert found.notes == ("t: the nodes could not be read",)
    assert [(line.gpus, line.free, line.asked) for line in found.pools] == [(None, None, 1)]


def test_a_target_that_tells_nothing_is_unknown() -> None:
    assert [each.chance for each in forecast([a_change("x")], {}, {}).outlooks] == [Chance.UNKNOWN]


def test_lines_count_before_and_after() -> None:
    held = replace(THERE, shares={("team-a", "p"): Share(8.0, allocated=2.0, waiting=1.0, limit=9.0)})

    found = seen(a_change("x", 4), a_change("old", 2, Action.DELETE), there=held, rows=(a_row("old", 2),))

    (pool,), (share,) = found.pools, found.shares
    assert (pool.gpus, pool.free, pool.asked) == (8, 6, 4)
    assert (share.before, share.after, share.quota, share.limit) == (3, 5, 8, 9)


def test_what_waits_and_is_ended_no_longer_counts() -> None:
    held = replace(THERE, shares={("team-a", "p"): Share(8.0, allocated=2.0, waiting=32.0)})
    waiting = a_row("huge", 0, pool="", level=Level.PROGRESSING)
    seen_in_full = Observed(summary=waiting, spec={})
    gone = a_change("huge", 32, Action.DELETE, observed=seen_in_full)

    (share,) = seen(a_change("x", 1), gone, there=held, rows=(waiting,)).shares

    assert (share.before, share.after) == (34, 3)


def test_what_never_fits_is_said_even_if_its_turn_is_not_sure() -> None:
    first = a_change("a", 9)
    never = a_change("b", 9, needs=(first.key,))

    assert told(first, never) == {"a": Chance.NEVER, "b": Chance.NEVER}
