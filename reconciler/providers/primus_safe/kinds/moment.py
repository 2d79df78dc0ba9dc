"""Moments: the times at which a workload starts, as the server reads them: to the minute, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from reconciler.resource import Json

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z?", re.ASCII)


def moment_of(text: Json) -> datetime | None:
    """Read a time, its seconds left out; None for anything else, a cron line included."""
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[1]).replace(second=0, tzinfo=UTC)
    except ValueError:
        return None


def minute_of(text: Json) -> Json:
    """Spell a time by its minute; what is none stays as it is."""
    moment = moment_of(text)
    return text if moment is None else moment.isoformat().replace("+00:00", "Z")
