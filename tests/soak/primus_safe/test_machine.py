"""A bounded part of the machine's lives on Primus-SaFE, the same ones in each run of the tests."""

from __future__ import annotations

import pytest

from tests.soak.lives import play
from tests.soak.primus_safe.machine import SCORE, Machine

pytestmark = pytest.mark.no_cover  # lives over code that other tests cover

SEED = 3
"""One whose few lives have something of everything."""


def test_no_law_is_broken_in_the_lives_of_some_fleets() -> None:
    play(SEED, 5, Machine, shrinks=False)

    assert SCORE.applies > 20
    assert SCORE.faults > 20
    assert SCORE.kills > 3
    assert SCORE.reruns > 0
