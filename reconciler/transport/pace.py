"""When to try again: jitter, Retry-After, a budget of retries. One ladder for all reads."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.clock import Clock

ATTEMPTS = 5
REPEATABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
FIRST_S, LONGEST_S, CLAMP_S = 0.5, 20.0, 60.0
_SPARE, _SHARE = 10.0, 0.1
_QUIET_S = 30.0


def asked_wait(value: str | None, *, date: str | None, now: datetime) -> float | None:
    """Read Retry-After: seconds, or an HTTP date relative to the answer's own Date. 0 to 60 s.

    None where there is nothing that can be understood.
    """
    if not value:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), CLAMP_S)
    until, since = _http_date(value), _http_date(date or "") or now
    return None if until is None else min(max((until - since).total_seconds(), 0.0), CLAMP_S)


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def server_time(date: str | None) -> datetime | None:
    """Read a Date header."""
    return _http_date(date) if date else None


class Pace:
    """Hold back retries: full jitter, pauses a host asks for, and at most a tenth of all calls."""

    def __init__(self, clock: Clock, *, jitter: Callable[[], float] = random.random) -> None:
        self._clock, self._jitter = clock, jitter
        self._calls, self._retries = 0, 0.0
        self._pauses: dict[str, float] = {}
        self._told: dict[str, float] = {}

    async def turn(self, host: str) -> None:
        """Wait until a host's pause is over, and count the call."""
        self._calls += 1
        while (left := self._pauses.get(host, 0.0) - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)

    def may_retry(self) -> bool:
        """Take a retry out of the budget, if there is one left."""
        if self._retries + 1 > _SPARE + _SHARE * self._calls:
            return False
        self._retries += 1
        return True

    def pause(self, host: str, seconds: float) -> bool:
        """Hold all calls to a host for as long as it asks, and a little; True where that is news."""
        now = self._clock.monotonic()
        self._pauses[host] = max(now + seconds + self._jitter(), self._pauses.get(host, 0.0))
        is_news = now - self._told.get(host, -math.inf) >= _QUIET_S
        if is_news:
            self._told[host] = now
        return is_news

    async def back_off(self, attempt: int) -> None:
        """Wait a random part of 0.5, 1, 2, … 20 seconds after the n-th attempt."""
        await self._clock.sleep(self._jitter() * min(LONGEST_S, FIRST_S * 2.0 ** (attempt - 1)))
