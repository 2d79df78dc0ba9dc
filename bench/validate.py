"""How long it takes to judge a thousand files."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.corpus import write_fleet
from bench.measure import FLOOR, RECONCILER, Duel, Result

COUNT = 1000


def measure(folder: Path) -> Iterator[Result]:
    """Measure `validate` of a thousand files against merely parsing them."""
    fleet = write_fleet(folder / "many", COUNT)
    parser = "libyaml" if importlib.util.find_spec("_ruamel_yaml") else "ruamel's safe loader, pure Python"
    yield Duel(
        f"validate, {COUNT:,} files",
        [RECONCILER, "validate"],
        [sys.executable, FLOOR, "yaml", "manifests"],
        label=parser,
        cwd=fleet,
        runs=5,
    ).fight()
