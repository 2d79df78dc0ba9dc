"""Capacity: what each cluster has to give, and what each project may have of it and has.

Sources: GET /api/v1/org-unit/projects (resources, status.nodePoolQuotaStatuses), GET /api/v1/nodes (2.23 and
later), GET /api/v1/workload-types (2.22 and later). Quotas of departments are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.capacity import Capacity, Habit, Pool, Share
from reconciler.errors import ProviderError
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.sweep import Torn, sweep
from reconciler.resource import Json, Scope

Row = Mapping[str, Json]
PRIORITIES: Mapping[str, int] = {
    "very-low": 25,
    "low": 40,
    "medium-low": 65,
    "medium": 80,
    "medium-high": 90,
    "high": 125,
    "very-high": 150,
}
_TRAIN, _BUILD, _DEPLOY = Habit("low", preemptible=True), Habit("high"), Habit("very-high")
_HABITS: Mapping[str, Habit] = {
    "Workspace": _BUILD,
    "Training": _TRAIN,
    "Distributed": _TRAIN,
    "Inference": _DEPLOY,
    "DistributedInference": _DEPLOY,
    "NIMService": _DEPLOY,
}
"""What the platform's own types have by default, where the server does not tell."""

_READY = "Ready"
_PREEMPTIBLE = "Train"


class CapacityReader:
    """Read capacity by few requests, however many workloads there are."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
        """Read what the clusters of some projects have, by cluster id.

        Raises ProviderError or Misshapen where projects cannot be read; what else is missing is noted.
        """
        names = {scope.id: scope.name for scope in scopes}
        rows = await sweep(self._api.projects)
        pools, notes = await self._pools()
        habits, more = await self._habits()
        found = {}
        for cluster in sorted({scope.cluster_id for scope in scopes}):
            mine = [row for row in rows if wire.text(row, "clusterId").lower() == cluster]
            named = [(names.get(wire.text(row, "id"), wire.text(row, "name")), row) for row in mine]
            found[cluster] = Capacity(
                pools=None if pools is None else pools.get(cluster, {}),
                shares={at: share for name, row in named for at, share in _shares(name, row).items()},
                defaults={name: _defaults(row) for name, row in named},
                habits=habits,
                priorities=PRIORITIES,
                notes=(*notes, *more),
            )
        return found

    async def _pools(self) -> tuple[dict[str, dict[str, Pool]] | None, tuple[str, ...]]:
        """Count the GPUs of the nodes that are ready, by cluster and pool; None where nobody tells."""
        try:
            rows = await sweep(self._api.nodes)
        except (ProviderError, wire.Misshapen, Torn) as refused:
            return None, (f"the nodes could not be read: {_said(refused)}",)
        found: dict[str, dict[str, Pool]] = {}
        for row in rows:
            pools = found.setdefault(wire.text(row, "clusterUuid").lower(), {})
            name = wire.words(row, "nodePool") or "default"
            gpus = wire.number(row.get("gpuInfo"), "gpuCount") if row.get("status") == _READY else 0.0
            before = pools.get(name, Pool(0.0, 0.0))
            pools[name] = Pool(before.gpus + gpus, max(before.largest, gpus))
        return found, ()

    async def _habits(self) -> tuple[Mapping[str, Habit], tuple[str, ...]]:
        try:
            rows = await self._api.workload_types()
        except (ProviderError, wire.Misshapen):
            return _HABITS, ()
        told = {
            wire.text(row, "name"): Habit(
                wire.words(row, "priorityName"), preemptible=row.get("categoryName") == _PREEMPTIBLE
            )
            for row in rows
        }
        return {**_HABITS, **told}, ()


def _shares(name: str, row: Row) -> dict[tuple[str, str], Share]:
    """Read what a project may have and has, by pool."""
    found: dict[tuple[str, str], Share] = {}
    status = row.get("status")
    held = {
        wire.words(each, "nodePoolName"): each
        for each in _rows(status.get("nodePoolQuotaStatuses") if isinstance(status, Mapping) else None)
    }
    given = {wire.words(_map(each.get("nodePool")), "name"): each for each in _rows(row.get("resources"))}
    for pool in {**given, **held}:
        gpu, now = _map(_map(given.get(pool)).get("gpu")), _map(held.get(pool))
        allocated = wire.number(now.get("allocated"), "gpu")
        limit = gpu.get("limit")
        found[name, pool] = Share(
            quota=wire.number(gpu, "deserved"),
            allocated=allocated,
            firm=wire.number(now.get("allocatedNonPreemptible"), "gpu"),
            waiting=max(wire.number(now.get("requested"), "gpu") - allocated, 0.0),
            limit=wire.number(gpu, "limit") if _is_amount(limit) else None,
        )
    return found


def _is_amount(value: Json) -> bool:
    """Tell whether a limit is one: null and negative numbers mean that there is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _defaults(row: Row) -> tuple[str, ...]:
    """Give the pools of workloads that name none: those in effect, else the project's, else the default."""
    for holder in (_map(row.get("effective")), row):
        names = holder.get("defaultNodePools")
        if isinstance(names, list) and names:
            return tuple(str(name) for name in names)
    return ("default",)


def _rows(value: Json) -> list[Row]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _map(value: Json) -> Row:
    return value if isinstance(value, Mapping) else {}


def _said(refused: Exception) -> str:
    return (refused.said if isinstance(refused, ProviderError) else "") or str(refused)
