"""Time, injected: whoever waits or stamps takes a Clock, so that tests own it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tell the time and wait."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC. For stamps and for people, never for waiting."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never run backwards. For deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; seconds below zero count as zero."""
        ...


class SystemClock:
    """Use this machine's clocks."""

    def now(self) -> datetime:
        """Give the wall clock, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; seconds below zero count as zero."""
        import asyncio  # whoever waits has a loop already; whoever only reads a clock needs none

        await asyncio.sleep(max(0.0, seconds))
