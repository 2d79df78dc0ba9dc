"""A bounded part of the crash matrix, and the proof that a kill ends a run where it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.crashes import Scenario, Tally, crash
from tests.soak.inside import POINTS, Kill
from tests.soak.runai import grounded
from tests.soak.scenarios import SCENARIOS, WHERE
from tests.soak.wishes import Wish

pytestmark = pytest.mark.no_cover  # kills over code that other tests cover

EVERY = 59
"""The sample's stride through the points of a scenario; odd, so that each point around a request is tried."""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_kill_at_any_request_is_completed_by_two_clean_applies(scenario: Scenario) -> None:
    tally = Tally()

    crash(scenario, tally, WHERE, lambda points: points[::EVERY])

    assert tally.broken == []
    assert tally.tried == tally.converged >= 2


@pytest.mark.parametrize(
    ("point", "effects", "lines"),
    [(POINTS[0], 0, 2), (POINTS[1], 1, 2), (POINTS[2], 1, 2), (POINTS[3], 1, 3)],
    ids=POINTS,
)
def test_a_kill_ends_a_run_exactly_there(tmp_path: Path, point: str, effects: int, lines: int) -> None:
    with grounded(tmp_path / "repo") as ground:
        ground.declare([Wish("train")])
        whole = ground.run("plan")

        killed = ground.apply(kill=Kill(whole.requests + 1, point))

        journal = next((tmp_path / "repo-state").rglob("journal.jsonl"))
        assert killed.is_killed
        assert len(killed.effects) == effects
        assert len(journal.read_bytes().splitlines()) == lines
        assert ground.apply().code == 0
