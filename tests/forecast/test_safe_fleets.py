"""What is foretold of fleets at random on Primus-SaFE is what its emulated queues do."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.capacity import Chance
from tests.forecast.safe_fleets import held

SEEDS = (13, 32, 62, 105)
"""Some in which both forms of the API, both queues, preemption, replacements and rollouts matter."""


@pytest.mark.no_cover
def test_nothing_foretold_for_sure_comes_otherwise(tmp_path: Path) -> None:
    found = [each for seed in SEEDS for each in held(seed, tmp_path)]

    assert [each for each in found if each.is_wrong] == []
    chances = {each.outlook.chance for each in found}
    assert chances >= {Chance.STARTS, Chance.QUEUES, Chance.NEVER, Chance.MAY_QUEUE}
