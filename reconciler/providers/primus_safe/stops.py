"""Stops: who stopped a workload, as the condition of its stop says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.providers.primus_safe.wire import listed, words
from reconciler.resource import Json, Stoppage, StoppedBy

_STOPPED = "AdminStopped"
_BY_SOMEBODY = re.compile(r"\b(?:stopped|deleted) by \S")
_BY_PLATFORM = re.compile(r"timed out|idle|owner|workspace", re.IGNORECASE)


def stoppage_of(row: Mapping[str, Json]) -> Stoppage:
    """Judge who stopped a workload that has ended so; unknown where no condition tells."""
    told = [words(one, "message") for one in listed(row, "conditions") if words(one, "type") == _STOPPED]
    said = next((message for message in reversed(told) if message), "")
    if _BY_SOMEBODY.search(said):
        return Stoppage(StoppedBy.PERSON, said)
    if _BY_PLATFORM.search(said):
        return Stoppage(StoppedBy.PLATFORM, said)
    return Stoppage(StoppedBy.UNKNOWN, said or "no condition tells")
