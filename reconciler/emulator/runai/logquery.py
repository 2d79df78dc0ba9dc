"""Read the query of a log request, as strictly as the cluster does, and pick lines by it."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from reconciler.emulator.runai.logs import Line

_T = TypeVar("_T")
_PAGE = 10_000
_UNITS: Mapping[str, float] = MappingProxyType(
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
)
_PART = r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)"
_TRUE = frozenset({"true", "True", "TRUE", "1", "t", "T"})
_FALSE = frozenset({"false", "False", "FALSE", "0", "f", "F"})


class BadQuery(ValueError):
    """A query parameter cannot be understood; says which and why."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What a client wants of a log; `tail` and `limit_bytes` None mean all."""

    pod: str | None = None
    container: str | None = None
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    limit_bytes: int | None = None
    since: timedelta | None = None
    since_time: datetime | None = None

    def start(self, now: datetime) -> datetime | None:
        """Tell from when on lines are wanted; None for all."""
        return now - self.since if self.since else self.since_time

    def render(self, line: Line) -> bytes:
        """Give a line as it goes over the wire."""
        stamp = f"{line.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z " if self.timestamps else ""
        return f"{stamp}{line.text}\n".encode()

    def pick(self, printed: Callable[[], Iterable[Line]], now: datetime) -> Iterator[Line]:
        """Choose lines by age and by number; `printed` prints them, and they must end.

        A long tail is counted in a first round, so that no more than a page of it is held.
        """
        start = self.start(now)
        wanted = (line for line in printed() if start is None or line.at >= start)
        if self.tail is None:
            return wanted
        if self.tail <= _PAGE:
            return iter(deque(wanted, maxlen=self.tail))
        total = sum(1 for _ in wanted)
        again = (line for line in printed() if start is None or line.at >= start)
        return islice(again, max(0, total - self.tail), None)


class Allowance:
    """Count down the bytes that may still be sent."""

    def __init__(self, limit: int | None) -> None:
        self.left = limit

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be sent."""
        return self.left is not None and self.left <= 0

    def cut(self, data: bytes) -> bytes:
        """Give as much of the data as may be sent."""
        if self.left is None:
            return data
        part = data[: max(0, self.left)]
        self.left -= len(part)
        return part


def read_query(params: Mapping[str, str]) -> LogQuery:
    """Read the parameters of a log request; unknown ones are ignored.  Raises BadQuery."""
    since = _read(params, "sinceSeconds", _duration)
    since_time = _read(params, "sinceTime", _time)
    if since and since_time:
        raise BadQuery("at most one of sinceTime or sinceSeconds may be specified")
    tail = _read(params, "tailLines", _tail)
    return LogQuery(
        pod=params.get("pod") or None,
        container=params.get("container") or None,
        follow=read_flag(params, "follow", default=False),
        previous=read_flag(params, "previous", default=False),
        timestamps=read_flag(params, "timestamps", default=False),
        tail=None if tail == -1 else tail,
        limit_bytes=_read(params, "limitBytes", _positive),
        since=since,
        since_time=since_time,
    )


def _read(params: Mapping[str, str], key: str, read: Callable[[str], _T]) -> _T | None:
    if key not in params:
        return None
    try:
        return read(params[key])
    except (ValueError, OverflowError) as error:
        raise BadQuery(f"invalid query parameter {key}={params[key]!r}: {error}") from error


def read_flag(params: Mapping[str, str], key: str, *, default: bool) -> bool:
    """Read a boolean parameter.  Raises BadQuery."""
    found = _read(params, key, _flag)
    return default if found is None else found


def _flag(text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise ValueError("not a boolean")
    return text in _TRUE


def _tail(text: str) -> int:
    number = int(text)
    if number < -1:
        raise ValueError("must be -1 or more")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def _duration(text: str) -> timedelta:
    """Read whole seconds or a Go duration such as 1h30m."""
    if re.fullmatch(r"\d+", text):
        return timedelta(seconds=int(text))
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise ValueError("not a duration of 0 or more")
    parts = re.findall(_PART, text)
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _time(text: str) -> datetime:
    # A plus in a query arrives as a space unless the client escapes it.
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if "T" not in text.upper() or moment.tzinfo is None:
        raise ValueError("not an RFC 3339 time")
    return moment
