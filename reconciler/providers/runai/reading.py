"""Read workloads: whole or not at all, each of its kind, and gone only when two answers agree.

Raises ProviderError, Misshapen or Torn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.errors import NotFound
from reconciler.kind import Kind
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.details import Detail, observed_of
from reconciler.providers.runai.phases import level_of, life_of
from reconciler.providers.runai.sweep import sweep
from reconciler.providers.runai.typewords import Sorter, deleted_kind
from reconciler.resource import Deleted, Json, Life, Observed, Scope, Summary

_MANY_NAMES = 16


class Reader:
    """Read the workloads of one target."""

    def __init__(self, api: Api, target: str) -> None:
        self._api, self._target = api, target
        self._sorter = Sorter(api)

    async def list(self, scope: Scope) -> Sequence[Summary]:
        """List the live workloads of a project, each id once."""
        rows = await sweep(lambda offset, limit: self._api.workloads(scope, offset, limit))
        return await self._summaries(rows, scope)

    async def deleted(self, scope: Scope) -> Sequence[Deleted]:
        """List what the platform remembers as deleted in a project."""
        rows = await sweep(lambda offset, limit: self._api.workloads(scope, offset, limit, deleted=True))
        return [
            wire.deleted_from_wire(row, target=self._target, scope=scope.name, known_as=deleted_kind(row))
            for row in rows
        ]

    async def named(self, scope: Scope, names: Sequence[str]) -> Sequence[Summary]:
        """Look live workloads up by exact name; of many names the first ones, the rest by a fresh list.

        A list that hides what is there seldom hides one row alone: the first names find it out.
        """
        wanted = sorted(frozenset(names))
        many = await self.list(scope) if len(wanted) > _MANY_NAMES else []
        found = await asyncio.gather(*(self._of_name(scope, name) for name in wanted[:_MANY_NAMES]))
        asked = {summary.id: summary for summaries in found for summary in summaries}
        listed = {summary.id: summary for summary in many if summary.key.name in wanted[_MANY_NAMES:]}
        return [*(listed | asked).values()]

    async def read(self, summary: Summary, kind: Kind) -> Observed | None:
        """Read one workload in full; None when two answers agree that it is gone."""
        try:
            detail = await self._api.detail(kind.name, summary.id, str(summary.key))
        except NotFound:
            return await self._confirmed_gone(summary)
        if detail.is_deleted:
            return None
        return observed_of(await self._fresh(summary, detail), detail, kind)

    async def _of_name(self, scope: Scope, name: str) -> Sequence[Summary]:
        rows = await sweep(lambda offset, limit: self._api.named(name, offset, limit))
        return await self._summaries([row for row in rows if str(row["projectId"]) == scope.id], scope)

    async def _summaries(self, rows: Sequence[Mapping[str, Json]], scope: Scope) -> Sequence[Summary]:
        kinds = await self._sorter.kinds(rows)
        return [
            wire.from_wire(row, target=self._target, scope=scope.name, known_as=kind)
            for row, kind in zip(rows, kinds, strict=True)
        ]

    async def _fresh(self, summary: Summary, detail: Detail) -> Summary:
        """Renew the summary where the detail shows another phase, or none."""
        if summary.fingerprint and detail.phase == summary.phase:
            return summary
        try:
            row = await self._api.row(summary.id, str(summary.key))
        except NotFound:  # the list lags behind, or the end of a delete has just passed
            phase = detail.phase or "Unknown"
            return replace(summary, phase=phase, life=life_of(phase), level=level_of(phase))
        return self._again(row, summary)

    async def _confirmed_gone(self, summary: Summary) -> Observed | None:
        """Ask a second endpoint before an object counts as gone."""
        try:
            row = await self._api.row(summary.id, str(summary.key))
        except NotFound:
            return None
        if wire.has_come(row.get("deletedAt")):
            return None
        now = self._again(row, summary)
        if now.life is Life.LEAVING:
            return Observed(now, {}, now.mark, wanted_phase="Deleted")
        raise wire.Misshapen("one endpoint says it is there and another that it is not")

    def _again(self, row: Mapping[str, Json], summary: Summary) -> Summary:
        """Read a newer row of the same object: its kind is what it was."""
        key = summary.key
        return wire.from_wire(row, target=self._target, scope=key.scope, known_as=key.kind)
