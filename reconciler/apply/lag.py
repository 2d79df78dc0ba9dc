"""Lag: let reads catch up with what a run that broke off may have written, before absence proves anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.clock import Clock
from reconciler.journal import Memory
from reconciler.plan.change import Action, Plan
from reconciler.provider import Lags, Provider

_MAKES = (Action.CREATE, Action.REPLACE, Action.RERUN)


async def outlast_lag(
    plan: Plan,
    providers: Mapping[str, Provider],
    memory: Memory,
    clock: Clock,
    warn: Callable[[str], None],
) -> None:
    """Wait until reads show whatever the last run wrote, where something is created on a platform that lags.

    A journal that proves a clean end saves the wait: that run has seen each of its writes.
    """
    if memory.ended_clean:
        return
    makers = {change.key.target for change in plan.having(*_MAKES)}
    windows = {t: p.settle_s for t, p in providers.items() if t in makers and isinstance(p, Lags)}
    if not windows:
        return
    longest = max(windows.values())
    names = ", ".join(sorted(windows))
    warn(
        f"no journal proves that the last run ended clean: waiting {longest:.0f}s, for reads of {names} lag "
        "behind writes"
    )
    await clock.sleep(longest)
