"""Sixty nights: a cron applies one fleet every night, over jobs that end, go and are forgotten.

Who takes part, and what is due for whom on which night, is a table of actors, one for each platform. What
was sent is read off the ledger, night by night.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.errors import ExitCode
from tests.soak import laws
from tests.soak.actor import HOUR_S, NIGHTS, Actor
from tests.soak.ground import Ground, Ran, commit
from tests.soak.laws import Violation
from tests.soak.sent import called

_GOOD = frozenset({ExitCode.IN_ORDER, ExitCode.UNHEALTHY, ExitCode.REFUSED, ExitCode.PARTIAL})
Sent = Counter[tuple[str, str]]
"""How often each action struck each name: `("train", "create")`."""


@dataclass(frozen=True)
class Table:
    """Say who takes part on which platform.

    `grounded` opens its ground in a folder, `visited` lets others come after the first night; `is_ours` tells
    our objects, `broken` which laws an apply broke; `full` is the key of a job that --run names.
    """

    actors: Sequence[Actor]
    grounded: Callable[..., AbstractContextManager[Any]]
    visited: Callable[[Any], object]
    is_ours: Callable[[Any], bool]
    broken: Callable[[Ran], Iterable[Violation | None]]
    full: Callable[[str], str]


@dataclass
class Report:
    """Sum the nights up: which they were, what was sent for whom, what broke a law or was not due."""

    nights: Sequence[int]
    actors: Sequence[Actor]
    remembers: bool = True
    sent: Sent = field(default_factory=Counter)
    broken: list[Violation] = field(default_factory=list)

    @property
    def submitted(self) -> int:
        """Count the submissions there were."""
        return sum(count for (_, verb), count in self.sent.items() if verb == "create")

    @property
    def designed(self) -> int:
        """Count the submissions there should have been."""
        return sum(night in actor.submitted for actor in self.actors for night in self.nights)

    def rows(self) -> list[tuple[str, str]]:
        """Tell for each actor how often it was submitted, how often that was designed, and why."""
        return [(actor.name, self._row(actor)) for actor in self.actors]

    def _row(self, actor: Actor) -> str:
        designed = sum(night in actor.submitted for night in self.nights)
        return f"{self.sent[actor.name, 'create']:>3} of {designed:>2} designed: {actor.why}"


def pass_nights(
    table: Table, count: int = NIGHTS, actors: Sequence[Actor] = (), *, remembers: bool = True
) -> Report:
    """Let nights pass, and hold what was sent on each against the table.

    `actors` are some of the table's, else all. Fewer nights than sixty are those on which something happens
    first: see `chosen`. Unless it `remembers`, each
    night has a machine of its own with an empty journal, as in CI: git and the platform must do, for those
    for whom they can.
    """
    actors = [actor for actor in actors or table.actors if remembers or not actor.needs_journal]
    report = Report(chosen(count, actors), actors, remembers)
    with (
        tempfile.TemporaryDirectory() as folder,
        table.grounded(Path(folder) / "repo", is_git=True) as ground,
    ):
        first = ground.stage.clock.now()
        for night in report.nights:
            _until(ground, first + timedelta(days=night))
            _pass(ground, night, report, table)
            if night == 0:  # now there are marks to copy
                table.visited(ground)
        live = {ground.place_of(one)[2] for one in ground.live().values() if table.is_ours(one)}
        report.broken += [_misplaced(a) for a in actors if (a.name in live) != a.lives]
    return report


def chosen(count: int, actors: Sequence[Actor]) -> list[int]:
    """Choose the nights on which a run applies: the eventful ones, then the others."""
    eventful = {day for actor in actors for day in actor.eventful}
    return sorted([*sorted(eventful), *(day for day in range(NIGHTS) if day not in eventful)][:count])


def _pass(ground: Ground, night: int, report: Report, table: Table) -> None:
    """Commit what is new, let happen what happens, apply, and see what that did."""
    clock, actors = ground.stage.clock, report.actors
    _commit(ground, night, actors)
    clock.advance(HOUR_S)
    for actor in actors:
        if event := actor.events.get(night):
            event(ground.emulator.world, _last(ground, actor.name, table))
    clock.advance(10 * HOUR_S)
    if not report.remembers:
        shutil.rmtree(ground.stage.environ["XDG_STATE_HOME"], ignore_errors=True)
    ran = ground.apply(run=tuple(table.full(a.name) for a in actors if night in a.run_on))
    sent = Counter((effect.name, called(effect)) for effect in ran.effects)
    report.sent += sent
    report.broken += _wrong(sent, night, actors) + _broken(ran, table)


def _until(ground: Ground, morning: datetime) -> None:
    clock = ground.stage.clock
    clock.advance((morning - clock.now()).total_seconds())


def _commit(ground: Ground, night: int, actors: Sequence[Actor]) -> None:
    folder, is_new = ground.stage.root / "manifests", False
    for actor in actors:
        path, text = folder / f"{actor.name}.yaml", actor.text(night)
        if text and (not path.exists() or path.read_text() != text):
            path.write_text(text)
            is_new = True
        elif not text and path.exists():
            path.unlink()
            is_new = True
    if is_new:
        commit(ground.stage)


def _last(ground: Ground, name: str, table: Table) -> Any:
    """Give the newest object of ours that had a name."""
    past = ground.past().values()
    ours = [one for one in past if ground.place_of(one)[2] == name and table.is_ours(one)]
    return max(ours, key=lambda one: one.number)


def _wrong(sent: Sent, night: int, actors: Sequence[Actor]) -> list[Violation]:
    """Tell for whom a night did otherwise than is due."""
    due = Counter({(a.name, verb): count for a in actors for verb, count in a.due(night).items()})
    names = sorted({name for name, _ in (sent - due) + (due - sent)})
    return [Violation("nights", _told(name, night, sent, due)) for name in names]


def _told(name: str, night: int, sent: Sent, due: Sent) -> str:
    was, should = (
        {verb: n for (other, verb), n in each.items() if other == name} or "nothing" for each in (sent, due)
    )
    return f"night {night}: {name} had {was} where {should} was due"


def _misplaced(actor: Actor) -> Violation:
    return Violation("nights", f"{actor.name} is {'not there' if actor.lives else 'still there'} at the end")


def _broken(ran: Ran, table: Table) -> list[Violation]:
    found = [*table.broken(ran), laws.check_i7(ran), laws.check_i19(ran), laws.check_i29(ran)]
    if ran.code not in _GOOD:
        found.append(Violation("nights", f"the apply ended with {ran.code!r}: {ran.error}"))
    return [violation for violation in found if violation]
