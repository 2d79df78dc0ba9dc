"""AMD Primus-SaFE: its kinds as data, its API server as a Provider.

May touch the network only through `reconciler.transport`. Does not plan, diff, order, wait, retry or
print.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.providers.primus_safe.kinds import KINDS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from reconciler.clock import Clock
    from reconciler.fleet import Target
    from reconciler.provider import Provider

NAME = "primus-safe"

__all__ = ["KINDS", "NAME", "TargetModel", "connect"]


def TargetModel() -> type[BaseModel]:  # noqa: N802 - it stands for the class it loads
    """Load the pydantic model that a `provider: primus-safe` target block must fit."""
    from reconciler.providers.primus_safe.target import PrimusSafeTarget  # pydantic loads only when asked

    return PrimusSafeTarget


def connect(
    target: Target,
    *,
    allowed_hosts: tuple[str, ...],
    clock: Clock,
    tell: Callable[[str], None] = lambda _: None,
) -> Provider:
    """Open a provider for one target. Nothing is sent before the first call; `tell` hears of waits."""
    from reconciler.providers.primus_safe.provider import PrimusSafeProvider  # httpx loads only when asked

    return PrimusSafeProvider(target, allowed_hosts=allowed_hosts, clock=clock, tell=tell)
