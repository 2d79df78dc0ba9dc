"""`make soak`: sixty nights, contenders, crash points and machines, for SOAK_SECONDS from SOAK_SEED on.

The nights and the contenders are run whole. Of the seconds, two fifths go to crash points, in an order that
the seed gives, and three to the machines; each platform has its half of both. What breaks a law is written
to soak-faults/, the machine's example shrunk, and the soak ends there with 1.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random

from tests.soak.calendar import TABLE
from tests.soak.contenders import measured
from tests.soak.crashes import Scenario, Tally, Where, crash
from tests.soak.inside import Kill
from tests.soak.life import Life
from tests.soak.lives import play
from tests.soak.machine import Machine
from tests.soak.nights import Table, pass_nights
from tests.soak.primus_safe import scenarios as primus_safe
from tests.soak.primus_safe.calendar import TABLES
from tests.soak.primus_safe.machine import Machine as SafeMachine
from tests.soak.scenarios import SCENARIOS, WHERE

FAULTS = Path("soak-faults")
BATCH = 20
"""So many machines from one seed; the time is looked at between two batches."""
SHARE_OF_CRASHES = 0.4
Rows = Iterator[tuple[str, str]]


class Broken(Exception):
    """Report a law that does not hold, with all that is known of how."""


def main() -> int:
    """Run it all, print the figures, and give 1 at the first law that does not hold."""
    number, seconds = int(os.environ.get("SOAK_SEED", "1")), float(os.environ.get("SOAK_SECONDS", "600"))
    sys.stdout.write(f"soak from seed {number}, {seconds:g} s\n")
    parts: tuple[Callable[[], Rows], ...] = (
        lambda: _nights({"Run:ai": TABLE}),
        lambda: _nights(_TABLES),
        _contenders,
        lambda: _crashes(seconds * SHARE_OF_CRASHES / 2, number, "Run:ai", [(WHERE, SCENARIOS)]),
        lambda: _crashes(seconds * SHARE_OF_CRASHES / 2, number, "Primus-SaFE", _BOTH),
        lambda: _machines(seconds * (1 - SHARE_OF_CRASHES) / 2, number, "Run:ai", Machine),
        lambda: _machines(seconds * (1 - SHARE_OF_CRASHES) / 2, number, "Primus-SaFE", SafeMachine),
    )
    for part in parts:
        began = time.monotonic()
        try:
            for what, said in part():
                sys.stdout.write(f"{what:<27}{said}\n")
        except Broken as broken:
            sys.stdout.write(f"a law is broken: {broken.args[0]}\n{_kept(broken.args[1])} tells how\n")
            return 1
        sys.stdout.write(f"{'':<27}{time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
    return 0


def _nights(tables: Mapping[str, Table]) -> Rows:
    """Let the nights pass with a journal, then on a new machine each night; tell of each actor once."""
    for nth, (name, table) in enumerate(tables.items()):
        for remembers, where in ((True, "with a journal"), (False, "on a new machine each night")):
            report = pass_nights(table, remembers=remembers)
            if report.broken:
                raise Broken(str(report.broken[0]), "\n".join(f"{one}" for one in report.broken))
            if remembers and nth == 0:
                yield from report.rows()
            sums = f"{report.submitted} submissions, {report.designed} designed"
            yield (
                f"{len(report.nights)} nights",
                f"{sums}, of {len(report.actors)} objects on {name}, {where}",
            )


def _contenders() -> Rows:
    won, seconds = measured()
    ones = sum(count == 1 for count in won)
    if ones != len(won):
        raise Broken(f"one winner in {ones} of {len(won)} rounds", str(won))
    yield "contenders", f"one winner in {ones} of {len(won)} rounds, {seconds:.1f} s"


_TABLES = {f"Primus-SaFE {generation}": table for generation, table in TABLES.items()}
_BOTH = [(where, primus_safe.SCENARIOS) for where in primus_safe.WHERE.values()]
"""The scenarios of Primus-SaFE, on servers of both generations."""


def _crashes(
    seconds: float, number: int, platform: str, plays: Sequence[tuple[Where, Sequence[Scenario]]]
) -> Rows:
    """Try the points of each scenario in turn, each for its part of the time."""
    tally, all_ = Tally(), [(where, scenario) for where, scenarios in plays for scenario in scenarios]
    for place, (where, scenario) in enumerate(all_):
        end = time.monotonic() + seconds / len(all_)
        crash(scenario, tally, where, partial(_until, end, Random(number + place)))
    if tally.broken:
        raise Broken(str(tally.broken[0][2]), "\n".join(f"{one}" for one in tally.broken))
    share = f"of {4 * tally.all_requests:,} around {tally.all_requests:,} requests"
    yield f"crash points, {platform}", f"{tally.tried:,} tried {share}, {tally.converged:,} converged"
    yield "", f"{tally.effects:,} after an effect; {tally.applies:,} clean applies took over"


def _until(end: float, order: Random, points: Sequence[Kill]) -> Iterable[Kill]:
    """Give points in a random order until the time is over, each once."""
    for kill in order.sample(points, len(points)):
        if time.monotonic() >= end:
            return
        yield kill


def _machines(seconds: float, number: int, platform: str, machine: type[Life]) -> Rows:
    """Run batches of machines, each from a seed of its own, until the time is over."""
    end, score = time.monotonic() + seconds, machine.score
    while time.monotonic() < end:
        _batch(number, machine)
        number += 1
    runs = f"{score.machines:,} runs, {score.steps:,} steps, {score.requests:,} requests"
    yield f"machines, {platform}", runs
    yield "applies", f"{score.applies:,}, {score.kills:,} killed; {score.effects:,} effects"
    yield "runs of ended jobs", f"{score.reruns:,} asked for"
    yield "faults", f"{score.faults:,} injected, {score.faults:,} survived"


def _batch(number: int, machine: type[Life]) -> None:
    try:
        play(number, BATCH, machine)
    except Exception as raised:
        what = str(raised).partition("\n")[0]
        raise Broken(what, f"SOAK_SEED={number}\n{''.join(traceback.format_exception(raised))}") from raised


def _kept(text: str) -> Path:
    FAULTS.mkdir(exist_ok=True)
    path = FAULTS / f"{len([*FAULTS.iterdir()]) + 1:03}.txt"
    path.write_text(text)
    return path


if __name__ == "__main__":
    sys.exit(main())
