"""What is foretold of fleets at random is what the emulated scheduler does; `make bench` plays many more."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.capacity import Chance
from tests.forecast.fleets import held

SEEDS = (0, 52, 76, 197, 300, 321)
"""Some in which order, quotas, limits, replacements and unseen projects matter."""


@pytest.mark.no_cover
def test_nothing_foretold_for_sure_comes_otherwise(tmp_path: Path) -> None:
    found = [each for seed in SEEDS for each in held(seed, tmp_path)]

    assert [each for each in found if each.is_wrong] == []
    chances = {each.outlook.chance for each in found}
    assert chances >= {Chance.STARTS, Chance.QUEUES, Chance.NEVER, Chance.MAY_QUEUE}
