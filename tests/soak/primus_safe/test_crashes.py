"""A bounded part of the crash matrix on servers of both generations."""

from __future__ import annotations

import pytest

from tests.soak.crashes import Scenario, Tally, crash
from tests.soak.primus_safe.scenarios import SCENARIOS, WHERE

pytestmark = pytest.mark.no_cover  # kills over code that other tests cover

EVERY = 97
"""The sample's stride through the points of a scenario; odd, so that each point around a request is tried."""


@pytest.mark.parametrize("generation", WHERE)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_kill_at_any_request_is_completed_by_two_clean_applies(scenario: Scenario, generation: int) -> None:
    tally = Tally()

    crash(scenario, tally, WHERE[generation], lambda points: points[::EVERY])

    assert tally.broken == []
    assert tally.tried == tally.converged >= 2
