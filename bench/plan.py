"""How long a plan takes that finds a thousand workloads unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.corpus import write_fleet
from bench.measure import FLOOR, RECONCILER, Duel, Result, Skipped, ending, run

COUNT = 1000
NAME = f"plan, {COUNT:,} unchanged"
SERVE = """
import sys
from reconciler.emulator.runai import Emulator, Pace, ScaledClock
quick = Pace(creating_s=0.1, pull_s=0.1)
with Emulator(clock=ScaledClock(1), pace=quick).serve() as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def measure(folder: Path) -> Iterator[Result]:
    """Measure `plan` against fetching and decoding the same pages and details."""
    fleet = write_fleet(folder / "live", COUNT)
    with _emulator() as url:
        environ = _environ(url, folder)
        try:
            run([RECONCILER, "apply", "--yes"], cwd=fleet, environ=environ)
        except subprocess.CalledProcessError as failed:
            yield Skipped(NAME, f"apply of the fleet {ending(failed)}")
            return
        yield Duel(
            NAME,
            [RECONCILER, "plan"],
            [sys.executable, FLOOR, "plan", url, str(COUNT)],
            goal=15,
            label="fetch and decode the same pages and details",
            cwd=fleet,
            environ=environ,
            runs=5,
        ).fight()


@contextmanager
def _emulator() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(timeout=10)


def _environ(url: str, folder: Path) -> Mapping[str, str]:
    ours = {
        "RUNAI_BASE_URL": url,
        "RUNAI_CLIENT_ID": "demo",
        "RUNAI_CLIENT_SECRET": "demo-secret",
        "XDG_STATE_HOME": str(folder / "state"),
        "CI": "true",
        "RECONCILER_ALLOWED_HOSTS": "127.0.0.1",
    }
    return {**os.environ, **ours}
