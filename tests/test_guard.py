"""Guards: the whole plan is weighed before the first write."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.fleet import Limits
from reconciler.guard import Remembered, check_guards, create_limit, destroy_limit
from reconciler.impact import Impact
from reconciler.plan import Action, Change, Plan
from reconciler.plan.consent import Consents, parse_consents
from tests.factories import a_key


def a_plan(
    *,
    deletes: int = 0,
    creates: int = 0,
    owned: int = 10,
    declared: int = 10,
    hours: float = 1.0,
    running: bool = True,
) -> Plan:
    impact = Impact("Running", gpu_hours=hours, is_running=running)
    changes = [Change(a_key(f"d-{n}"), Action.DELETE, impact=impact) for n in range(deletes)]
    changes += [Change(a_key(f"c-{n}"), Action.CREATE) for n in range(creates)]
    return Plan("id", "ml", tuple(changes), owned=owned, declared=declared, targets=("prod",))


def codes(plan: Plan, consents: Consents | None = None, **more: Any) -> list[str]:
    return [p.code for p in check_guards(plan, more.pop("limits", Limits()), consents or Consents(), **more)]


@pytest.mark.parametrize(("owned", "limit"), [(0, 3), (9, 3), (15, 3), (20, 4), (50, 10), (500, 10)])
def test_the_destroy_limit_is_the_smaller_of_count_and_share_but_three(owned: int, limit: int) -> None:
    assert destroy_limit(Limits(), owned) == limit


@pytest.mark.parametrize(("owned", "limit"), [(0, 50), (20, 50), (80, 80)])
def test_the_create_limit_is_the_larger_of_count_and_share(owned: int, limit: int) -> None:
    assert create_limit(Limits(), owned) == limit


def test_at_the_limit_it_goes_and_one_above_it_stops() -> None:
    assert codes(a_plan(deletes=3)) == []
    assert codes(a_plan(deletes=4)) == ["RC302"]


def test_consent_names_the_number_and_no_more() -> None:
    assert codes(a_plan(deletes=6), Consents(destroy=6)) == []
    assert codes(a_plan(deletes=7), Consents(destroy=6)) == ["RC302"]


def test_the_message_says_what_to_type() -> None:
    (problem,) = check_guards(a_plan(deletes=6), Limits(), Consents())

    assert problem.what == "plan ends 6 of 10 live workloads (limit 3)"
    assert "--allow destroy=6" in problem.hint


def test_finished_and_stopped_objects_do_not_count() -> None:
    assert codes(a_plan(deletes=9, running=False)) == []


def test_too_many_creates_stop() -> None:
    assert codes(a_plan(creates=51)) == ["RC303"]
    assert codes(a_plan(creates=51), Consents(create=51)) == []


def test_gpu_hours_are_summed() -> None:
    assert codes(a_plan(deletes=2, hours=251)) == ["RC305"]
    assert codes(a_plan(deletes=2, hours=251), Consents(gpu_hours=502)) == []


def test_an_empty_desired_set_stops_a_whole_run() -> None:
    assert codes(a_plan(declared=0)) == ["RC304"]
    assert codes(a_plan(declared=0), is_whole=False) == []
    assert codes(a_plan(declared=0), Consents(flags=frozenset({"empty"}))) == []


@pytest.mark.parametrize(
    ("before", "now", "stops"),
    [(20, 0, True), (1, 0, True), (20, 16, False), (20, 15, True), (0, 0, False), (4, 1, False)],
)
def test_a_live_set_that_shrank_against_memory_stops(before: int, now: int, stops: bool) -> None:
    memory = Remembered(owned={"prod": before}, declared=10)

    assert codes(a_plan(), remembered=memory, present={"prod": now}) == (["RC308"] if stops else [])


def test_a_shrunken_desired_set_stops() -> None:
    memory = Remembered(declared=20)

    assert codes(a_plan(declared=5), remembered=memory) == ["RC308"]
    assert codes(a_plan(declared=5), Consents(flags=frozenset({"shrunk"})), remembered=memory) == []


def test_consents_are_read_from_several_words() -> None:
    consents = parse_consents(["destroy=6 replace=Training/a", "empty,delete=team/Training/b"])

    assert consents == Consents(
        destroy=6, replace=("Training/a",), delete=("team/Training/b",), flags=frozenset({"empty"})
    )


@pytest.mark.parametrize(
    "word", ["destroy", "destroy=x", "destroy=-1", "replace=", "all", "empty=1", "destroy=²"]
)
def test_a_word_that_is_no_consent_is_refused_with_the_list(word: str) -> None:
    with pytest.raises(ValueError, match="is not a consent; there are destroy=N"):
        parse_consents([word])
