"""How often a forecast is right: fleets at random, against what the emulated scheduler then does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.measure import Result, Tally
from tests.forecast.fleets import confusion, held

FLEETS = 300


def measure(folder: Path) -> Iterator[Result]:
    """Play fleets; give the confusion matrix, and each forecast that was wrong with its fleet."""
    found = [each for seed in range(FLEETS) for each in held(seed, folder)]
    for (chance, came), count in sorted(confusion(found).items()):
        yield Tally(f"foretold {chance}", f"{count} {came}")
    wrong = [each for each in found if each.is_wrong]
    yield Tally("wrong forecasts", f"{len(wrong)} of {len(found)} in {FLEETS} fleets")
    for each in wrong:
        yield Tally(f"fleet {each.seed}", f"{each.outlook.key} {each.outlook.chance}: {each.said}")
