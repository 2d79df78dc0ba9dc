"""Tell the emulated time: set by a test, or the real time made faster."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_DAY_ONE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock(Protocol):
    """Whatever knows the emulated time."""

    def now(self) -> datetime:
        """Give the emulated time, aware and in UTC."""
        ...


class ManualClock:
    """A clock that stands still until told to advance; safe to move from another thread."""

    def __init__(self, start: datetime = _DAY_ONE) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware time; give start a timezone")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Give the time last set."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on by so many seconds and give the new time; a clock never goes back."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} seconds")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            return self._now


class ScaledClock:
    """The time of this machine, `speed` emulated seconds passing in each real one."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"a clock runs forward: speed is {speed}, not above 0")
        self.speed = speed
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        """Give the start plus the scaled time since."""
        return self._start + timedelta(seconds=(time.monotonic() - self._zero) * self.speed)
