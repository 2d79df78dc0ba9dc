"""A bounded part of the machine's lives, the same ones in each run of the tests."""

from __future__ import annotations

import pytest

from tests.soak.lives import play
from tests.soak.score import SCORE

pytestmark = pytest.mark.no_cover  # lives over code that other tests cover

SEED = 4
"""One whose few lives have something of everything."""


def test_no_law_is_broken_in_the_lives_of_some_fleets() -> None:
    play(SEED, 12, shrinks=False)

    assert SCORE.applies > 60
    assert SCORE.faults > 60
    assert SCORE.kills > 5
    assert SCORE.reruns > 0
