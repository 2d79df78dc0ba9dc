"""Metrics: what workloads and their pods use, and what inferences serve.

Source: GET /api/v1/workloads/{id}/metrics, the same below a pod and below an inference, and
GET /api/v1/workloads/telemetry.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.routes import WORKLOADS, part
from reconciler.resource import Json, Observed, Summary
from reconciler.sight import Series, Span

_USED: Mapping[str, tuple[str, str]] = {
    "GPU_UTILIZATION": ("gpu", "%"),
    "GPU_MEMORY_USAGE_BYTES": ("gpu memory", "bytes"),
    "CPU_USAGE_CORES": ("cpu", "cores"),
    "CPU_MEMORY_USAGE_BYTES": ("memory", "bytes"),
}
_SERVED: Mapping[str, tuple[str, str]] = {
    "THROUGHPUT": ("requests", "per second"),
    "LATENCY": ("latency", "ms"),
}
_INFERENCE = "Inference"


class Metrics:
    """Read metrics. Every method may raise ProviderError or Misshapen."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def used(self, row: Summary, span: Span) -> Sequence[Series]:
        """Read what a workload uses as a whole."""
        return await self._series(part(row.id), row, span, _USED)

    async def used_in_full(self, observed: Observed, span: Span) -> Sequence[Series]:
        """Read what a workload uses, and each of its pods; of an inference also what it serves."""
        row = observed.summary
        found = [*await self.used(row, span)]
        is_served = row.key.kind == _INFERENCE
        if is_served:
            found += await self._series(f"inferences/{part(row.id)}", row, span, _SERVED)
        page = await self._api.part_page(row.id, "pods", str(row.key))
        for pod in page.rows:
            name, place = wire.text(pod, "name"), f"pods/{part(wire.text(pod, 'id'))}"
            found += await self._series(f"{part(row.id)}/{place}", row, span, _USED, name)
            if is_served:
                found += await self._series(f"inferences/{part(row.id)}/{place}", row, span, _SERVED, name)
        return found

    async def held(self) -> Mapping[str, float]:
        """Count the GPUs that are allocated, by project name."""
        query = {"telemetryType": "GPU_ALLOCATION", "groupBy": "ProjectId"}
        said = await self._api.transport.get(
            f"{WORKLOADS}/telemetry", verb="count", subject="GPUs by project", query=query
        )
        return {
            wire.words(group, "name") or wire.text(group, "value"): _number(row.get("value")) or 0.0
            for row in wire.rows_in(said, "values")
            for group in wire.rows_in(row, "groups")
        }

    async def _series(
        self, place: str, row: Summary, span: Span, metrics: Mapping[str, tuple[str, str]], pod: str = ""
    ) -> list[Series]:
        query = {
            "metricType": ",".join(metrics),
            "start": span.start.astimezone(UTC).isoformat(timespec="seconds"),
            "end": span.end.astimezone(UTC).isoformat(timespec="seconds"),
            "numberOfSamples": str(span.samples),
        }
        said = await self._api.transport.get(
            f"{WORKLOADS}/{place}/metrics", verb="read metrics of", subject=str(row.key), query=query
        )
        return [
            Series(*metrics[name], tuple(_samples(each)), pod)
            for each in wire.rows_in(said, "measurements")
            if (name := wire.text(each, "type")) in metrics
        ]


def _samples(row: Mapping[str, Json]) -> Iterator[tuple[datetime, float]]:
    """Take the samples that are numbers; a gap may be spelt NaN."""
    for each in wire.rows_in(row, "values") if row.get("values") else ():
        at, value = wire.moment(each.get("timestamp")), _number(each.get("value"))
        if at is not None and value is not None:
            yield at, value


def _number(value: Json) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
