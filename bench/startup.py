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
    yield Duel("--help", [RECONCILER, "--help"], _importing("click"), goal=2.5).fight()
    yield Duel(
        "validate, 1 file", [RECONCILER, "validate"], _importing("jsonschema, pydantic"), goal=2.0, cwd=fleet
    ).fight()


def _importing(names: str) -> list[str]:
    return [sys.executable, "-c", f"import {names}"]
