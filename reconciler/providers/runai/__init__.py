"""NVIDIA Run:ai: its kinds as data, its control plane and cluster-api as a Provider.

May touch the network only through `reconciler.transport` and `reconciler.stream`. Does not plan,
diff, order, wait, retry or print.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.providers.runai.kinds import KINDS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from reconciler.clock import Clock
    from reconciler.fleet import Target
    from reconciler.provider import Provider

NAME = "runai"

__all__ = ["KINDS", "NAME", "TargetModel", "connect"]


def TargetModel() -> type[BaseModel]:  # noqa: N802 - it stands for the class it loads
    """Load the pydantic model that a `provider: runai` target block must fit."""
    from reconciler.providers.runai.target import RunaiTarget  # pydantic loads only when asked

    return RunaiTarget


def connect(
    target: Target,
    *,
    allowed_hosts: tuple[str, ...],
    clock: Clock,
    tell: Callable[[str], None] = lambda _: None,
) -> Provider:
    """Open a provider for one target. Nothing is sent before the first call; `tell` hears of waits."""
    from reconciler.providers.runai.provider import RunaiProvider  # httpx loads only when asked

    return RunaiProvider(target, allowed_hosts=allowed_hosts, clock=clock, tell=tell)
