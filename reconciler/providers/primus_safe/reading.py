"""Read workloads: whole or not at all, each as what it is, and gone only when two answers agree.

Raises ProviderError, Misshapen or Torn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.errors import NotFound
from reconciler.kind import NOTHING, Kind
from reconciler.pointer import is_below, leaves
from reconciler.providers.primus_safe import wire
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.body import spec_of
from reconciler.providers.primus_safe.generation import Generation, decided, of_row
from reconciler.providers.primus_safe.history import standing
from reconciler.providers.primus_safe.phases import stage_of
from reconciler.providers.primus_safe.sweep import sweep
from reconciler.resource import Json, Observed, ResourceKey, Scope, Summary

_MANY_NAMES = 16
LIMIT, _HOUR_S = "/spec/timeout", 3600
_SCOPES: Mapping[str, str] = {
    "PyTorchJob": "Train",
    "Deployment": "Infer",
    "StatefulSet": "Infer",
    "Authoring": "Authoring",
}
"""What a workspace must be for, to take a kind; it limits the time of each of these by itself."""
_UNTOLD = ("/spec/description",)
"""What people write on by hand, and may."""


class Reader:
    """Read the workloads of one target."""

    def __init__(self, api: Api, target: str, pinned: Generation | None) -> None:
        self._api, self._target = api, target
        self._pinned = pinned
        self._user_id, self._lock = "", asyncio.Lock()
        self._flags: Mapping[str, Json] | None = None
        self._scopes: dict[str, Scope] = {}
        self._left_out: dict[str, int] = {}
        self._limits: dict[str, Mapping[str, Json]] = {}
        self._shown: dict[Generation, Mapping[str, Json]] = {}

    async def scopes(self) -> list[Scope]:
        """List the workspaces the credentials see, as the platform orders them."""
        rows = await self._api.workspaces()
        names = [wire.words(row, "workspaceName") or row["workspaceId"] for row in rows]
        found = []
        for row, name in zip(rows, names, strict=True):
            cluster = wire.words(row, "clusterId")
            shown = f"{cluster}/{name}" if names.count(name) > 1 and cluster else name
            found.append(Scope(shown, row["workspaceId"], cluster, cluster))
        self._scopes = {scope.name: scope for scope in found}
        self._limits = {row["workspaceId"]: limits for row in rows if (limits := wire.limits_of(row))}
        return found

    async def user_id(self) -> str:
        """Give the id of who we are; however many ask, one request is sent."""
        async with self._lock:
            if not self._user_id:
                self._user_id = wire.text(await self._api.me(), "id")
        return self._user_id

    async def generation(self) -> tuple[Generation | None, str]:
        """Tell which form of the API the server speaks; None with the reason where that is not decided.

        What it says of itself is asked once; what its rows show counts anew each time.
        """
        if self._pinned:
            return self._pinned, ""
        async with self._lock:
            if self._flags is None:
                self._flags = await self._api.flags()
        return decided(self._flags, self._shown.values())

    async def whole(self, scope: Scope) -> Sequence[Summary]:
        """List what stands in a workspace, each id once: what lives, and how each of our runs ended."""
        rows = await sweep(lambda until, limit: self._api.workloads(scope, until, limit))
        found = standing(await self._summaries(rows, scope))
        self._left_out[scope.id] = len(rows) - len(found)
        return found

    async def count(self, scope: Scope) -> int:
        """Count what stands in a workspace: all rows there are, without the history of the last list."""
        return await self._api.count(scope) - self._left_out.get(scope.id, 0)

    async def named(self, scope: Scope, names: Sequence[str]) -> Sequence[Summary]:
        """Look workloads up by exact name; of many names the first ones, the rest by a fresh list.

        A list that hides what is there seldom hides one row alone: the first names find it out.
        """
        wanted = sorted(frozenset(names))
        many = await self.whole(scope) if len(wanted) > _MANY_NAMES else []
        found = await asyncio.gather(*(self.all_named(scope, name) for name in wanted[:_MANY_NAMES]))
        asked = {one.id: one for rows in found for one in standing(rows)}
        rest = {one.id: one for one in many if one.key.name in wanted[_MANY_NAMES:]}
        return [*(rest | asked).values()]

    async def all_named(self, scope: Scope, name: str) -> Sequence[Summary]:
        """Look up every workload of a name, history as well: ids begin with it."""
        rows = await sweep(lambda until, limit: self._api.workloads(scope, until, limit, name=name))
        return await self._summaries([row for row in rows if row.get("displayName") == name], scope)

    async def read(self, summary: Summary, kind: Kind | None) -> Observed | None:
        """Read one workload in full; None when two answers agree that it is gone."""
        try:
            row = await self._api.detail(summary.id, str(summary.key))
        except NotFound:
            await self._confirm_gone(summary)
            return None
        return await self._observed(row, self.scope_of(summary), kind)

    async def row(self, observed: Observed) -> Mapping[str, Json]:
        """Read the detail of a workload as the server shows it. Raises NotFound."""
        return await self._api.detail(observed.id, str(observed.key))

    async def summary(self, row: Mapping[str, Json], scope: Scope) -> Summary:
        """Read one row, and note in which form it is shown.

        There are kinds that we make none of; a mark on one of them puts in doubt what bears its name.
        """
        if generation := of_row(row):
            self._shown[generation] = row
        found = wire.from_wire(row, target=self._target, scope=scope, user_id=await self.user_id())
        is_strange = found.mark is not None and found.key.kind not in _SCOPES
        return replace(found, is_known_kind=False) if is_strange else found

    async def _summaries(self, rows: Sequence[Mapping[str, Json]], scope: Scope) -> list[Summary]:
        return [await self.summary(row, scope) for row in rows]

    async def _observed(self, row: Mapping[str, Json], scope: Scope, kind: Kind | None) -> Observed:
        summary, spec = await self.summary(row, scope), spec_of(row)
        paths = _stated(spec, kind) if kind else ()
        if spec.get("timeout") == self.limit_s(summary.key):
            paths = tuple(pointer for pointer in paths if pointer != LIMIT)
        return Observed(summary, spec, summary.mark, record_paths=paths, stage=stage_of(row))

    def limit_s(self, key: ResourceKey) -> int | None:
        """Give a workspace's limit on the time of a workload, which is filled in where nobody states one."""
        scope = self._scopes.get(key.scope)
        hours = self._limits.get(scope.id if scope else key.scope, {}).get(_SCOPES.get(key.kind, ""))
        return hours * _HOUR_S if hours else None

    async def _confirm_gone(self, summary: Summary) -> None:
        """Ask the list as well before an object counts as gone."""
        page = await self._api.workloads(self.scope_of(summary), None, 1, name=summary.id)
        if any(row.get("workloadId") == summary.id for row in page.rows):
            raise wire.Misshapen("one endpoint says it is there and another that it is not")

    def scope_of(self, summary: Summary) -> Scope:
        """Give the workspace that a row is in, with its id."""
        return self._scopes.get(summary.key.scope) or Scope(summary.key.scope, summary.key.scope)


def _stated(spec: Mapping[str, Json], kind: Kind) -> tuple[str, ...]:
    """List what somebody must have stated: no record tells, but all that is no default was a choice.

    Where the default hangs on how the server is set up, nobody can tell.
    """
    live = kind.canonical(spec)
    told = (pointer for pointer, _ in leaves(live) if kind.default(live, pointer) is not NOTHING)
    return tuple(pointer for pointer in told if not any(is_below(pointer, root) for root in _UNTOLD))
