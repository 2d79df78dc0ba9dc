"""How long it takes to say hello, and to judge one file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench.corpus import write_fleet
from bench.measure import RECONCILER, Duel, Result


def measure(folder: Path) -> Iterator[Result]:
    """Measure `--help` and `validate` of one file against their imports."""
    fleet = write_fleet(folder / "one", 1)
    yield _duel("--help", ["--help"], "click", goal=2.5, cwd=fleet).fight()
    yield _duel("validate, 1 file", ["validate"], "jsonschema, pydantic", goal=2.0, cwd=fleet).fight()


def _duel(name: str, words: list[str], imports: str, *, goal: float, cwd: Path) -> Duel:
    floor = f"import {imports}"
    return Duel(
        name, [RECONCILER, *words], [sys.executable, "-c", floor], goal, label=f"python -c '{floor}'", cwd=cwd
    )
