"""An actor: one object of the sixty nights, what becomes of it, and what is due for it on which night.

A row tells what git says of an object from which day on, what happens to it on which day, whether somebody
names it with `--run`, on which nights it is therefore submitted, and why on those. The nights are counted
from 0; a day begins with its commit, its events come after that, its apply comes at night.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

NIGHTS = 60
DAY_S = 24 * 3600
HOUR_S = 3600
GONE = ""
"""In place of a manifest: git says nothing of it from that day on."""
EVERY_NIGHT = tuple(range(NIGHTS))

Event = Callable[[Any, Any], object]
"""Something that happens in a platform's world to an object in it."""


@dataclass(frozen=True)
class Actor:
    """Say of one object what git says from which day on, what happens, and on which nights it is submitted.

    `why` is why on those. `deleted`, `updated`, `stopped` and `resumed` are the nights on which we do that
    to it. `lives` says whether one of ours is there at the end; `needs_journal`, that nothing else could
    tell.
    """

    name: str
    why: str
    git: Mapping[int, str]
    submitted: Collection[int] = (0,)
    events: Mapping[int, Event] = field(default_factory=dict)
    run_on: Collection[int] = ()
    deleted: Collection[int] = ()
    updated: Collection[int] = ()
    stopped: Collection[int] = ()
    resumed: Collection[int] = ()
    lives: bool = True
    needs_journal: bool = False

    @property
    def eventful(self) -> frozenset[int]:
        """Give the days on which something happens to it, or is sent for it; not each of every day."""
        due = (self.submitted, self.deleted, self.updated, self.stopped, self.resumed)
        sent = {night for nights in due if len(nights) < NIGHTS - 1 for night in nights}
        return frozenset({*self.git, *self.events, *self.run_on, *sent})

    def due(self, night: int) -> dict[str, int]:
        """Count the effects of ours that a night must have on it, by our word for it."""
        nights = {
            "create": self.submitted,
            "delete": self.deleted,
            "update": self.updated,
            "stop": self.stopped,
            "resume": self.resumed,
        }
        return {verb: 1 for verb, days in nights.items() if night in days}

    def text(self, day: int) -> str:
        """Give its manifest as git has it on a day."""
        said = [text for since, text in sorted(self.git.items()) if since <= day]
        return said[-1].replace("NAME", self.name) if said else GONE
