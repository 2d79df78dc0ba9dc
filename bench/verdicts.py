"""How well causes are told from logs: train and held out apart, what is mistaken for what, and how fast."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.measure import Result, Tally
from reconciler.cause import Diagnosis, Evidence, diagnose
from tests.corpus import NONE, POD, Labelled, read

GOAL = 0.9
_LINES = 200_000
"""Of each of two kinds: what a program prints while it works, and what names a cause."""


def measure(folder: Path) -> Iterator[Result]:
    """Judge the corpus, and many lines twice. Nothing of it needs the folder."""
    halves = {
        "train": [log for log in read() if not log.is_held_out],
        "held out": [log for log in read() if log.is_held_out],
    }
    for half, logs in halves.items():
        yield from _judged(half, logs)
    yield _speed("working", [f"step {n} | loss 0.5 | tok/s 9000" for n in range(_LINES)])
    yield _speed("failing", [f"[rank{n % 8}]: ValueError: bad batch {n}" for n in range(_LINES)])


def _judged(half: str, logs: Sequence[Labelled]) -> Iterator[Result]:
    """Give accuracy, healthy logs with a cause, causal lines that are the first, and ranks."""
    found = [(log, _told(log)) for log in logs]
    wrong = Counter(f"{log.cause} as {_name(each)}" for log, each in found if _name(each) != log.cause)
    mistaken = ", ".join(f"{pair} ({n})" if n > 1 else pair for pair, n in sorted(wrong.items())) or "nothing"
    share = _share(len(logs) - wrong.total(), len(logs))
    yield Tally(f"causes, {half}", f"{share} (goal {GOAL:.0%}); mistaken: {mistaken}")
    healthy = [each for log, each in found if log.cause == NONE]
    yield Tally(
        f"healthy, {half}", f"{len(healthy) - healthy.count(None)} of {len(healthy)} given a cause (goal 0)"
    )
    placed = [(log, each) for log, each in found if log.line and each and each.cause == log.cause]
    right = sum(log.pods[each.pod][each.number - 1] == log.causal_line for log, each in placed if each.number)
    yield Tally(f"causal lines, {half}", _share(right, len(placed)))
    ranked = [each.rank == log.rank for log, each in placed if log.rank is not None]
    yield Tally(f"ranks, {half}", _share(sum(ranked), len(ranked)))


def _told(log: Labelled) -> Diagnosis | None:
    """Diagnose a log with what the platform would tell beside it; of a healthy one it tells nothing."""
    codes = (log.exit_code,) if log.exit_code else ()
    return diagnose(Evidence(log.pods, (log.reason,) if log.reason else (), log.events, codes))


def _name(found: Diagnosis | None) -> str:
    return str(found.cause) if found else NONE


def _share(right: int, of: int) -> str:
    return f"{right} of {of} right, {right / of:.1%}"


def _speed(kind: str, lines: Sequence[str]) -> Result:
    begun = time.process_time()
    diagnose(Evidence({POD: lines}))
    taken = time.process_time() - begun
    return Tally(f"lines, {kind}", f"{round(len(lines) / taken):,} a second of CPU, over {len(lines):,}")
