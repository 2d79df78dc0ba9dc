"""How far the newest manifest of a workload has got on its way to the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.health import Health, Level
from reconciler.providers.runai.details import Sync

REFUSED = "SyncFailed"
"""The reason of a verdict on a manifest that the cluster did not take."""

_ON_ITS_WAY: Mapping[str, str] = {
    "Queued": "the manifest waits to be sent to the cluster",
    "Applying": "the manifest is being applied to the cluster",
}
_LEAVING = frozenset({"Deleting", "Deleted"})


def synced(verdict: Health, sync: Sync | None) -> Health:
    """Let a verdict wait for a manifest on its way, and end with one that was refused."""
    if sync is None:
        return verdict
    if sync.status == "Failed":
        message = sync.message or "the cluster did not take the manifest"
        return replace(
            verdict,
            level=Level.DEGRADED,
            phase="Failed",
            reason=REFUSED,
            message=message,
            is_final=True,
            is_queued=False,
        )
    if sync.status in _LEAVING:
        return replace(verdict, level=Level.MISSING, is_final=False, is_queued=False)
    if sync.status in _ON_ITS_WAY and verdict.level is Level.HEALTHY:
        return replace(verdict, level=Level.PROGRESSING, message=_ON_ITS_WAY[sync.status], is_final=False)
    return verdict
