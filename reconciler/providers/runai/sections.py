"""Sections of a description: what the control plane knows of a workload beside its row and its spec.

Source: GET /api/v1/workloads/{id} and below it, and the revisions of inferences.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from reconciler.errors import NotFound, Rejected
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.sweep import Page
from reconciler.resource import Json, Observed
from reconciler.sight import Cell, Section

Row = Mapping[str, Json]
_NEWEST_EVENTS = 20
_LATE = frozenset({"endpoints", "elements", "revisions"})
"""Sections that older control planes or clusters do not offer."""


class Sections:
    """Read sections of workloads. Every method may raise ProviderError or Misshapen."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._readers: Mapping[str, Callable[[Observed], Awaitable[Section]]] = {
            "pending": self._pending,
            "pods": self._pods,
            "history": self._history,
            "events": self._events,
            "endpoints": self._endpoints,
            "elements": self._elements,
            "revisions": self._revisions,
        }

    def names(self, observed: Observed) -> Sequence[str]:
        """Name the sections; only an inference has revisions."""
        return [name for name in self._readers if name != "revisions" or observed.key.kind == "Inference"]

    async def read(self, observed: Observed, name: str) -> Section:
        """Read one section.

        An endpoint that is not there answers as one that refuses: where the workload itself can still be
        read, the section is one that this server does not offer.
        """
        try:
            return await self._readers[name](observed)
        except (NotFound, Rejected) as refused:
            if name not in _LATE:
                raise
            await self._api.row(observed.id, str(observed.key))
            said = f": {refused.said}" if refused.said else ""
            return Section(name, note=f"not offered by this control plane or its cluster{said}")

    async def _pending(self, observed: Observed) -> Section:
        row = await self._api.row(observed.id, str(observed.key))
        found = row.get("pendingSchedulingMessages") or []
        rows = wire.rows_in({"messages": found}, "messages")
        cells = [_words(each, "nodePool", "phaseReason", "reason", "userMessage") for each in rows]
        return _section("pending", ("NODE POOL", "REASON", "DETAIL", "WHY"), cells)

    async def _pods(self, observed: Observed) -> Section:
        page = await self._api.part_page(observed.id, "pods", str(observed.key))
        cells = [
            (
                wire.text(row, "name"),
                wire.words(row, "k8sPhase"),
                wire.words(row, "nodeName"),
                wire.number(row.get("allocatedResources"), "gpu"),
                wire.moment(row.get("createdAt")),
            )
            for row in page.rows
        ]
        return _section("pods", ("POD", "PHASE", "NODE", "GPU", "AGE"), cells, _cut(page))

    async def _history(self, observed: Observed) -> Section:
        page = await self._api.part_page(observed.id, "history", str(observed.key), key="records")
        cells = [found for row in page.rows if (found := _phase_update(row))]
        return _section("history", ("SINCE", "PHASE", "WHY"), cells, _cut(page))

    async def _events(self, observed: Observed) -> Section:
        rows = await self._api.events(observed.id, str(observed.key))
        cells = [
            (wire.moment(row.get("createdAt")), *_words(row, "type", "reason", "message"))
            for row in rows[:_NEWEST_EVENTS]
        ]
        left = len(rows) - len(cells)
        note = f"{left} older events are not shown" if left else ""
        return _section("events", ("SINCE", "TYPE", "REASON", "MESSAGE"), cells, note)

    async def _endpoints(self, observed: Observed) -> Section:
        """Read the endpoints; clusters before 2.25 tell only URLs, in the row."""
        head, row = ("URL", "PROTOCOL"), await self._api.row(observed.id, str(observed.key))
        urls = [(url, "") for url in row.get("urls") or () if isinstance(url, str)]
        try:
            rows = await self._api.parts(observed.id, "endpoints", str(observed.key))
        except (NotFound, Rejected):
            if not urls:
                raise
            return _section("endpoints", head, urls)
        return _section("endpoints", head, [_words(row, "url", "protocol") for row in rows] or urls)

    async def _elements(self, observed: Observed) -> Section:
        rows = (await self._api.part_page(observed.id, "elements", str(observed.key))).rows
        total = await self._api.element_count(observed.id, str(observed.key))
        names = {wire.text(row, "id"): wire.text(row, "name") for row in rows}
        cells = [
            (f"{wire.number(row, 'hierarchyLevel'):g}", wire.text(row, "name"), names.get(_parent(row), ""))
            for row in rows
        ]
        note = f"{len(rows)} of {total} are shown" if total > len(rows) else ""
        return _section("elements", ("LEVEL", "NAME", "IN"), cells, note)

    async def _revisions(self, observed: Observed) -> Section:
        rows = await self._api.revisions(observed.id, str(observed.key))
        cells = [
            (
                wire.words(row, "name") or wire.text(row, "id"),
                wire.text(row, "phase"),
                wire.number(row, "runningPods"),
                wire.moment(row["createdAt"]),
                wire.words(row, "phaseMessage"),
            )
            for row in rows
        ]
        return _section("revisions", ("REVISION", "PHASE", "PODS", "AGE", "WHY"), cells)


def _section(name: str, head: tuple[str, ...], rows: Sequence[tuple[Cell, ...]], note: str = "") -> Section:
    return Section(name, head, tuple(rows), note or ("" if rows else "none"))


def _cut(page: Page) -> str:
    return f"only the first {len(page.rows)} are shown" if page.next is not None else ""


def _words(row: Row, *keys: str) -> tuple[str, ...]:
    return tuple(wire.words(row, key) for key in keys)


def _parent(row: Row) -> str:
    return wire.words(row, "parentId")


def _phase_update(row: Row) -> tuple[Cell, ...] | None:
    """Take a change of phase out of a record; the events among them have a section of their own."""
    meta, spec = row.get("meta"), row.get("spec")
    update = spec.get("phaseUpdate") if isinstance(spec, Mapping) else None
    if not isinstance(meta, Mapping) or not isinstance(update, Mapping):
        return None
    return (wire.moment(meta.get("creationTimestamp")), *_words(update, "phase", "phaseMessage"))
