"""Suppose that something which a plan refuses were let through: what would become of it.

Each is supposed alone, beside all else that the plan does. Nothing of it counts in what the plan asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.capacity import Capacity, Outlook
from reconciler.forecast.walk import asks, forecast
from reconciler.plan.change import Action, Change
from reconciler.resource import ResourceKey, Summary

MOST = 20
"""So many refusals are looked into at most."""
_ASKS = 1_000
"""And so many asks in all, for each refusal takes a forecast of the whole plan: some tenths of a second."""

_BARRED = (Action.REFUSED, Action.UNKNOWN)


def let_through(changes: Sequence[Change]) -> list[Change]:
    """Give what a plan refuses and what would ask for GPUs, as it would be carried out, in its order.

    What only consent or git lets be replaced would be replaced; what only waits for a need that is refused
    would be created. Of other refusals nobody can tell what they would be.
    """
    barred = {change.key for change in changes if change.action in _BARRED}
    found = (
        replace(change, action=action)
        for change in changes
        if change.action is Action.REFUSED and (action := _would_be(change, barred))
    )
    most = _ASKS // max(1, sum(asks(change) is not None for change in changes))
    return [change for change in found if asks(change)][: min(MOST, max(1, most))]


def supposed(
    changes: Sequence[Change],
    rows: Mapping[str, Sequence[Summary]],
    there: Mapping[str, Mapping[str, Capacity]],
) -> tuple[Outlook, ...]:
    """Tell what would become of each refused change, by key; the arguments are those of `forecast`."""
    return tuple(
        next(
            each for each in forecast(_with(change, changes), rows, there).outlooks if each.key == change.key
        )
        for change in let_through(changes)
    )


def _would_be(change: Change, barred: Collection[ResourceKey]) -> Action | None:
    wanted = change.resource
    if wanted is None or wanted.is_absent or wanted.is_stopped:
        return None
    if change.observed:
        return Action.REPLACE if change.is_destructive else None
    return Action.CREATE if any(need in barred for need in change.needs) else None


def _with(one: Change, changes: Sequence[Change]) -> list[Change]:
    """Put a change in its place among those of its target."""
    mine = (change for change in changes if change.key.target == one.key.target)
    return [one if change.key == one.key else change for change in mine]
