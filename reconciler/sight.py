"""Sight: what a person who looks at live objects is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.errors import ProviderError
from reconciler.mark import Owner
from reconciler.resource import Observed, Resource, Summary

Cell = str | float | datetime | None
"""One value of a section's table; a report writes it as it writes all times and amounts."""


@dataclass(frozen=True, slots=True)
class Found:
    """Show one live object: whose it is, the manifest that declares it, and its detail where it was read."""

    summary: Summary
    owner: Owner
    resource: Resource | None = None
    observed: Observed | None = None


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
    """Hold all that is known of one live object; `failures` are of the sections that were not read."""

    found: Found
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
