"""Contenders for one lease: how many take it in each round, and how long it takes.

python -m tests.soak.contenders [ROUNDS] [CONTENDERS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from reconciler.errors import StalePlan
from tests.remote import Remote

WHOLE = (40, 8)
"""Rounds and contenders of the whole measurement."""


def rounds(folder: Path, *, rounds: int, contenders: int) -> list[int]:
    """Let contenders, each in a clone of its own, ask for one lease at once; count the winners of each round.

    Every round begins where the last one ended: with a holder that is dead.
    """
    remote = Remote.made(folder / "remote.git")
    names = [f"contender-{n}" for n in range(contenders)]
    for name in names:
        remote.ref(name)
    won = []
    with ThreadPoolExecutor(contenders) as pool:
        for _ in range(rounds):
            start = Barrier(contenders)
            won.append(sum(pool.map(lambda name, start=start: _takes(remote, name, start), names)))
            remote.clock.seconds += 10_000
    return won


def _takes(remote: Remote, name: str, start: Barrier) -> bool:
    start.wait()
    try:
        remote.take(name)
    except StalePlan:
        return False
    return True


def measured(count: int = WHOLE[0], contenders: int = WHOLE[1]) -> tuple[list[int], float]:
    """Run the whole measurement in a folder of its own; give the winners of each round, and the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        return rounds(Path(folder), rounds=count, contenders=contenders), time.monotonic() - begun


def main(words: list[str]) -> int:
    """Print the figures; 1 where a round had no winner, or more than one."""
    won, seconds = measured(*map(int, words))
    ones = sum(count == 1 for count in won)
    sys.stdout.write(f"one winner in {ones} of {len(won)} rounds, {seconds:.1f}s\n")
    return 0 if ones == len(won) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
