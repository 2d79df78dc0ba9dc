"""How often a forecast is right: fleets at random, against what the emulated schedulers then do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.measure import Result, Tally
from tests.forecast import fleets, safe_fleets
from tests.forecast.fleets import Held, confusion

FLEETS = 300
_PLAYS: Mapping[str, Callable[[int, Path], Iterator[Held]]] = {
    "Run:ai": fleets.held,
    "Primus-SaFE": safe_fleets.held,
}


def measure(folder: Path) -> Iterator[Result]:
    """Play fleets; give the confusion matrix, and each forecast that was wrong with its fleet."""
    for platform, held in _PLAYS.items():
        found = [each for seed in range(FLEETS) for each in held(seed, folder)]
        for (chance, came), count in sorted(confusion(found).items()):
            yield Tally(f"{platform}, foretold {chance}", f"{count} {came}")
        wrong = [each for each in found if each.is_wrong]
        yield Tally(f"{platform}, wrong forecasts", f"{len(wrong)} of {len(found)} in {FLEETS} fleets")
        for each in wrong:
            yield Tally(
                f"{platform}, fleet {each.seed}", f"{each.outlook.key} {each.outlook.chance}: {each.said}"
            )
