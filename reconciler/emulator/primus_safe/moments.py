"""Times as the server writes and reads them."""

import re
from datetime import UTC, datetime

_READ = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z?")


def naive(moment: datetime | None) -> str:
    """Write a time in UTC without saying so; nothing for no time."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def zoned(moment: datetime) -> str:
    """Write a time with its zone, as conditions have it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> datetime | None:
    """Read a time stamp; None for anything else, cron lines with five fields included."""
    found = _READ.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime(*(int(part) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]  # six of them
    except ValueError:
        return None


def duration(seconds: float) -> str:
    """Write how long something took: 1h2m3s."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
