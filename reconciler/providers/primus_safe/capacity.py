"""Capacity: what each workspace has to give. Its nodes are its own, so each is a pool by itself.

Sources: GET /workspaces/{id} (totalQuota, availQuota, queuePolicy, enablePreempt), GET /nodes,
GET /nodeflavors/{id} and /avail, and GET /workloads for what waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from reconciler.capacity import Capacity, Pool, Queue
from reconciler.errors import ProviderError
from reconciler.providers.primus_safe import wire
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.generation import Generation
from reconciler.providers.primus_safe.phases import PENDING
from reconciler.providers.primus_safe.reading import Reader
from reconciler.providers.primus_safe.sweep import Torn, sweep
from reconciler.resource import Json, Scope

Amounts = Mapping[str, float]
PRIORITIES: Mapping[str, int] = {"0": 0, "1": 1, "2": 2}
_GPU = "gpu"
_LARGEST = 2**63
_BALANCE = "balance"
_UNREAD = (ProviderError, wire.Misshapen, Torn)


class CapacityReader:
    """Read capacity by few requests: five for each workspace, however many workloads run there."""

    def __init__(self, api: Api, reader: Reader) -> None:
        self._api, self._reader = api, reader

    async def read(self, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
        """Read what some workspaces have, by cluster id; what cannot be read is noted and no pool."""
        asked = sorted(set(scopes), key=lambda scope: scope.name)
        pools = dict(zip(asked, await asyncio.gather(*map(self._pool, asked)), strict=True))
        found = {}
        for cluster in sorted({scope.cluster_id for scope in asked}):
            mine = {scope.name: told for scope, told in pools.items() if scope.cluster_id == cluster}
            found[cluster] = Capacity(
                pools={name: told for name, told in mine.items() if isinstance(told, Pool)},
                defaults={name: (name,) for name in mine},
                priorities=PRIORITIES,
                notes=tuple(told for told in mine.values() if isinstance(told, str)),
            )
        return found

    async def _pool(self, scope: Scope) -> Pool | str:
        """Read one workspace; gives the reason where that fails."""
        try:
            return await self._read(scope)
        except _UNREAD as refused:
            said = (refused.said if isinstance(refused, ProviderError) else "") or str(refused)
            return f"{scope.name} could not be read: {said}"

    async def _read(self, scope: Scope) -> Pool:
        row = await self._api.workspace(scope.id)
        flavor = wire.text(row, "flavorId")
        card = _card(await self._api.flavor(flavor))
        most = _amounts(await self._api.largest_pod(flavor), card)
        generation, _ = await self._reader.generation()
        queue = Queue(
            free=max(_quota(row, "availQuota", card), 0.0),
            nodes=await self._nodes(scope, card),
            most=most,
            pods=wire.whole(row, "targetNodeCount") or None if generation is Generation.FIRST else None,
            waiting=await self._waiting(scope),
            is_strict=row.get("queuePolicy") != _BALANCE,
            preempts=row.get("enablePreempt") is True,
        )
        total = _quota(row, "totalQuota", card)
        if total and not most.get(_GPU):
            raise wire.Misshapen(f"the workspace has GPUs, and its flavor {flavor} gives none")
        return Pool(total, most.get(_GPU, 0.0), queue)

    async def _nodes(self, scope: Scope, card: str) -> tuple[Amounts, ...] | None:
        """Read what is free on each node that is in order; None where they may not be read."""
        try:
            rows = await self._api.nodes(scope.id)
        except _UNREAD:
            return None
        if any(_workspace_of(row) != scope.id for row in rows):
            return None
        return tuple(
            _amounts(row.get("availResources"), card) for row in rows if row.get("available") is True
        )

    async def _waiting(self, scope: Scope) -> tuple[int, ...]:
        """List the priorities of what has a place in the queue; what starts is Pending too, and has none."""
        rows = await sweep(lambda until, limit: self._api.workloads(scope, until, limit, phase=PENDING))
        places = ("schedulerOrder", "queuePosition")
        return tuple(
            wire.whole(row, "priority") for row in rows if any(wire.whole(row, place) for place in places)
        )


def _card(flavor: Mapping[str, Json]) -> str:
    """Give the name that GPUs of a flavor have as a resource, "" where it has none."""
    gpu = flavor.get("gpu")
    return wire.words(gpu, "resourceName") if isinstance(gpu, Mapping) else ""


def _quota(row: Mapping[str, Json], name: str, card: str) -> float:
    """Count the GPUs of a quota that must be told, null where the workspace has no nodes."""
    if name not in row:
        raise wire.Misshapen(f'the workspace holds no "{name}"')
    return _amounts(row[name], card).get(_GPU, 0.0)


def _workspace_of(node: Mapping[str, Json]) -> str:
    workspace = node.get("workspace")
    return wire.words(workspace, "id") if isinstance(workspace, Mapping) else ""


def _amounts(value: Json, card: str) -> Amounts:
    """Read amounts by name of the resource, in whole units, null for none; GPUs are called "gpu"."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wire.Misshapen("amounts of resources are no object")
    return {
        _GPU if card and name == card else str(name): float(amount)
        for name, amount in value.items()
        if isinstance(amount, int) and not isinstance(amount, bool) and abs(amount) < _LARGEST
    }
