"""Order: needs become waves."""

from __future__ import annotations

from reconciler.order import waves
from tests.factories import a_key

A, B, C = a_key("a"), a_key("b"), a_key("c")


def test_a_thing_comes_in_the_first_wave_after_all_it_needs() -> None:
    assert waves({C: [A, B], B: [A], A: []}) == ((A,), (B,), (C,))


def test_things_without_needs_share_a_wave_in_key_order() -> None:
    assert waves({C: [], A: [], B: []}) == ((A, B, C),)


def test_needs_outside_the_map_are_taken_as_met() -> None:
    assert waves({A: [B]}) == ((A,),)
