"""Told: what the platform says about drifted objects beyond their rows, as far as it is willing to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from reconciler.cause import Evidence, diagnose
from reconciler.drift import Drift, DriftItem, deleted_row
from reconciler.errors import ProviderError
from reconciler.plan.change import Change, Plan
from reconciler.provider import Provider, Tells, Told
from reconciler.resource import Live

_AT_ONCE = 8
_PATIENCE_S = 20.0
"""How long all of these reads may take together, of real time: nothing hangs on them."""


async def told(
    drift: Drift, plan: Plan, lives: Mapping[str, Live], providers: Mapping[str, Provider]
) -> Drift:
    """Add to drifted objects what only a read of each tells. A read that fails adds nothing."""
    changes = {change.key: change for change in plan.changes}
    able = {target: each for target, each in providers.items() if isinstance(each, Tells)}
    slots, end = asyncio.Semaphore(_AT_ONCE), asyncio.get_running_loop().time() + _PATIENCE_S

    async def ask(item: DriftItem) -> DriftItem:
        provider = able.get(item.key.target)
        if provider is None:
            return item
        try:
            async with slots, asyncio.timeout_at(end):
                said = await _ask(provider, item, changes[item.key], plan.fleet_id, lives)
        except (ProviderError, TimeoutError):  # the drift is known without it
            return item
        return _with(item, said) if said else item

    return replace(drift, items=tuple(await asyncio.gather(*(ask(item) for item in drift.items))))


def _with(item: DriftItem, said: Told) -> DriftItem:
    """Add what was said to what is known; the platform's word for it stands before a colon."""
    cause = item.cause or said.cause
    why = Evidence({}, reasons=(said.cause.partition(":")[0],), events=(said.cause,)) if said.cause else None
    return replace(
        item, by=item.by or said.by, cause=cause, diagnosis=item.diagnosis or (diagnose(why) if why else None)
    )


async def _ask(
    provider: Tells, item: DriftItem, change: Change, fleet_id: str, lives: Mapping[str, Live]
) -> Told | None:
    if item.state == "degraded" and not item.cause and change.observed:
        return await provider.told(change.observed)
    if item.state == "missing" and not item.by and (gone := deleted_row(change, fleet_id, lives)):
        return await provider.told_of_deleted(gone)
    return None
