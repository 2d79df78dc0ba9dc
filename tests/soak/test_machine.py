"""A bounded part of the machine's lives, the same ones in each run of the tests."""

from __future__ import annotations

import pytest

from reconciler.emulator.runai import Switches
from tests.soak.lives import play
from tests.soak.machine import Machine
from tests.soak.score import SCORE
from tests.soak.wishes import Wish

pytestmark = pytest.mark.no_cover  # lives over code that other tests cover

SEED = 4
"""One whose few lives have something of everything."""


def test_no_law_is_broken_in_the_lives_of_some_fleets() -> None:
    play(SEED, 12, shrinks=False)

    assert SCORE.applies > 60
    assert SCORE.faults > 60
    assert SCORE.kills > 5
    assert SCORE.reruns > 0


def test_what_git_protects_in_its_last_word_outlives_its_manifest() -> None:
    life = Machine()
    life.begin(how=Switches(), is_git=True, first=[Wish("a", "Workspace")], strangers=[])
    life.change(nth=0, image="busybox:1", life="protect: true")
    life.drop(nth=0)
    life.ground.apply()

    assert [one.name for one in life.ground.live().values()] == ["a"]
    life.teardown()
