"""A bounded part of the machine's lives, the same ones in each run of the tests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import Machine
from tests.soak.score import SCORE

pytestmark = pytest.mark.no_cover  # lives over code that other tests cover


def test_no_law_is_broken_in_the_lives_of_some_fleets() -> None:
    bounded = settings(max_examples=18, stateful_step_count=10, suppress_health_check=[*HealthCheck])

    run_state_machine_as_test(Machine, settings=bounded)

    assert SCORE.applies > 80
    assert SCORE.faults > 40
    assert SCORE.kills > 5
    assert SCORE.reruns > 0
