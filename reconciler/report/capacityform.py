"""Give what a plan asks for, and what will come of it, for the plan document."""

from __future__ import annotations

from typing import Any

from reconciler.capacity import Forecast, Outlook, PoolLine, ShareLine


def capacity_form(forecast: Forecast | None) -> dict[str, Any] | None:
    """Give the block of the plan document."""
    if forecast is None:
        return None
    return {
        "pools": [_pool_form(each) for each in forecast.pools],
        "shares": [_share_form(each) for each in forecast.shares],
        "outlooks": [_outlook_form(each) for each in forecast.outlooks],
        "refused": [_outlook_form(each) for each in forecast.supposed],
        "notes": list(forecast.notes),
    }


def _pool_form(found: PoolLine) -> dict[str, Any]:
    amounts = {"gpus": found.gpus, "free": found.free, "asked": found.asked}
    return {"target": found.target, "pool": found.pool, **amounts}


def _share_form(found: ShareLine) -> dict[str, Any]:
    about = {"target": found.target, "scope": found.scope, "pool": found.pool}
    amounts = {"before": found.before, "after": found.after, "quota": found.quota, "limit": found.limit}
    return {**about, **amounts}


def _outlook_form(found: Outlook) -> dict[str, Any]:
    told = {"pool": found.pool or None, "reason": found.reason or None, "why": found.why or None}
    return {
        "key": str(found.key),
        "target": found.key.target,
        "chance": str(found.chance),
        "gpus": found.gpus,
        **told,
    }
