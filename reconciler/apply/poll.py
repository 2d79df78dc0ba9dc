"""Waiting for the platform to show something: look, wait, look again, within a window."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from reconciler.clock import Clock
from reconciler.errors import Forbidden, ProviderError, Unauthenticated

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Say how long to look for the effect of a write, and how often. Seconds.

    `settle_s` must be well above the time by which the platform's reads lag behind its writes.
    """

    settle_s: float = 60.0
    poll_s: float = 2.0


async def until(
    look: Callable[[], Awaitable[T | None]],
    *,
    clock: Clock,
    window_s: float,
    poll_s: float,
    give_up: Callable[[], bool] = lambda: False,
) -> T | None:
    """Look until there is something; None when the window is over or `give_up` says so.

    A read that fails shows nothing and is looked at again, unless it can only fail.
    """
    deadline = clock.monotonic() + window_s
    for _ in range(math.ceil(window_s / poll_s) + 1):
        try:
            found = await look()
        except (Unauthenticated, Forbidden):
            return None
        except ProviderError:
            found = None
        if found is not None:
            return found
        if clock.monotonic() >= deadline or give_up():
            return None
        await clock.sleep(poll_s)
    return None
