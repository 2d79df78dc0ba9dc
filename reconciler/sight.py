"""Sight: what a person who looks at live objects is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.errors import ProviderError
from reconciler.health import Health
from reconciler.mark import Owner
from reconciler.resource import Observed, Resource, ResourceKey, Summary

Cell = str | float | datetime | None
"""One value of a section's table; a report writes it as it writes all times and amounts."""


@dataclass(frozen=True, slots=True)
class Found:
    """Show one live object: whose it is, the manifest that declares it, and its detail where it was read.

    `owner` is None where its mark could not be read. `is_adopted`: git claims it, it carries no mark of ours.
    `seen_at` is the platform's own time where it tells it: what ages count to.
    """

    summary: Summary
    owner: Owner | None
    resource: Resource | None = None
    observed: Observed | None = None
    is_adopted: bool = False
    seen_at: datetime | None = None

    @property
    def whose(self) -> str:
        """Say whose it is: a word of Owner, or `unknown`, with what there is to add in brackets."""
        if self.owner is None:
            return "unknown (mark not read)"
        return f"{self.owner} (adopted)" if self.is_adopted else str(self.owner)


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold one look at all targets: every live object there, and the keys of those that are meant.

    `unread` names what could not be read, as (target, scope), the scope None for all of a target.
    `missed` was there the look before and is shown as it was then: a list may be late.
    """

    found: Mapping[ResourceKey, Found]
    meant: frozenset[ResourceKey]
    unread: frozenset[tuple[str, str | None]] = frozenset()
    missed: frozenset[ResourceKey] = frozenset()

    @property
    def chosen(self) -> tuple[Found, ...]:
        """Give what is meant, in key order."""
        return tuple(self.found[key] for key in sorted(self.meant))

    def filled_from(self, before: Seen) -> Seen:
        """Take as it was seen before what could not be read now, or is missed for the first time."""
        absent = {key for key in before.found if not self._leaves_open(key)} - self.found.keys()
        missed = frozenset(absent - before.missed)
        kept = {k: each for k, each in before.found.items() if self._leaves_open(k) or k in missed}
        owned = {key: each for key, each in self.found.items() if each.owner is None}
        for key, each in owned.items():
            old = before.found.get(key)
            if old is not None and old.summary.id == each.summary.id:
                kept[key] = replace(old, summary=each.summary)
        meant = (self.meant - kept.keys()) | (before.meant & kept.keys())
        return Seen({**self.found, **kept}, meant, self.unread, missed)

    def _leaves_open(self, key: ResourceKey) -> bool:
        return bool({(key.target, key.scope), (key.target, None)} & self.unread)


@dataclass(frozen=True, slots=True)
class Section:
    """Hold one part of a description as a table, in the platform's own order.

    `note` says why there are no rows, or that some were left out; "" where there is nothing to say.
    """

    name: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """Hold all that is known of one live object; `failures` are of what was not read.

    `health` is None where it could not be judged.
    """

    found: Found
    health: Health | None = None
    sections: tuple[Section, ...] = ()
    failures: tuple[ProviderError, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Hold the samples of one metric, oldest first.

    `metric` and `unit` are ours: `gpu` in %, `gpu memory` and `memory` in bytes, `cpu` in cores, `requests`
    per second, `latency` in ms. `pod` is empty for the whole workload.
    """

    metric: str
    unit: str
    samples: tuple[tuple[datetime, float], ...] = ()
    pod: str = ""

    @property
    def now(self) -> float | None:
        """Give the newest value; None where there is none."""
        return self.samples[-1][1] if self.samples else None


@dataclass(frozen=True, slots=True)
class Span:
    """Say from when to when, both aware, and in how many samples."""

    start: datetime
    end: datetime
    samples: int


@dataclass(frozen=True, slots=True)
class Used:
    """Show what one live object uses; empty where it could not be read."""

    found: Found
    series: tuple[Series, ...] = ()
