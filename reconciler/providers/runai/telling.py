"""Tell of a workload what its row leaves out: what went wrong, and who deleted it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import NotFound
from reconciler.health import Health, Level
from reconciler.provider import Told
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.routes import ROUTES
from reconciler.providers.runai.signs import diagnosed
from reconciler.resource import Deleted, Json, Observed

_NEWEST = {"limit": "100"}


class Teller:
    """Ask the control plane for more about single workloads. Raises ProviderError or Misshapen."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def told(self, observed: Observed) -> Told | None:
        """Give what a workload's events say went wrong: a trouble with a name, else the newest warning."""
        rows = await self._api.parts(observed.id, "events", str(observed.key), **_NEWEST)
        found = diagnosed(Health(Level.DEGRADED), rows, observed.summary.message, names_pods=False)
        warnings = [(wire.words(row, "reason"), wire.words(row, "message")) for row in rows if _warns(row)]
        said = (found.reason, found.message) if found.reason else warnings[0] if warnings else ()
        return Told(cause=": ".join(part for part in said if part)) if said else None

    async def told_of_deleted(self, deleted: Deleted) -> Told | None:
        """Read who deleted a workload. Only the v2 API tells, and only while it still shows it."""
        kind = deleted.key.kind
        if kind not in ROUTES or not ROUTES[kind].is_v2:
            return None
        try:
            detail = await self._api.detail(kind, deleted.id, str(deleted.key))
        except NotFound:
            return None
        return Told(by=detail.deleted_by) if detail.is_deleted and detail.deleted_by else None


def _warns(row: Mapping[str, Json]) -> bool:
    return row.get("type") == "Warning" and bool(wire.words(row, "message"))
