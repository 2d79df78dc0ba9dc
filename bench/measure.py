"""Measure a command against its floor, turn by turn, so that a noisy machine is noisy to both."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

BIN = Path(sys.executable).parent
RECONCILER = str(BIN / "reconciler")
FLOOR = str(Path(__file__).with_name("floor.py"))
RUNS = 7
_NO_CACHE = "PYTHONDONTWRITEBYTECODE"
"""Set here, it would have us compiled anew in each run, and nothing else: the others were when installed."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Tell one result: seconds of ours, seconds of the floor, and the ratio we want at most."""

    name: str
    floor: str
    ours_s: float
    floor_s: float
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """Give how many floors it takes."""
        return self.ours_s / self.floor_s


@dataclass(frozen=True, slots=True)
class Skipped:
    """Tell why something was not measured."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Tell a count, or whatever else is no time."""

    name: str
    told: str


Result = Ratio | Skipped | Tally
Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Duel:
    """Pit a command of ours against its floor; both run in `cwd` and must succeed."""

    name: str
    ours: Command
    floor: Command
    goal: float | None = None
    label: str = ""  # what the floor does, for people
    cwd: Path | None = None
    environ: Mapping[str, str] | None = None
    runs: int = RUNS

    def fight(self) -> Result:
        """Run both in turns and compare their medians. A command that fails is skipped with its words."""
        times: dict[str, list[float]] = {"ours": [], "floor": []}
        try:
            self._once(self.ours), self._once(self.floor)  # warm the caches of the machine
            for _ in range(self.runs):
                times["ours"].append(self._once(self.ours))
                times["floor"].append(self._once(self.floor))
        except subprocess.CalledProcessError as failed:
            return Skipped(self.name, f"{Path(failed.cmd[0]).name} {ending(failed)}")
        return Ratio(self.name, self.label, median(times["ours"]), median(times["floor"]), self.goal)

    def _once(self, command: Command) -> float:
        return seconds(lambda: run(command, cwd=self.cwd, environ=self.environ))


def run(command: Command, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Run a command and give what it printed. Raises CalledProcessError when it fails."""
    words = {k: v for k, v in (environ or os.environ).items() if k != _NO_CACHE}
    done = subprocess.run(command, cwd=cwd, env=words, capture_output=True, text=True, check=True)
    return done.stdout


def seconds(act: Callable[[], object]) -> float:
    """Time one act."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def ending(failed: subprocess.CalledProcessError) -> str:
    """Tell how a command ended: its code and the last line it said."""
    lines = str(failed.stderr or failed.stdout).strip().splitlines()
    return f"ended with {failed.returncode}: {lines[-1] if lines else 'it said nothing'}"
