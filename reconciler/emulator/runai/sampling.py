"""How metrics are asked for and answered: types, a span of time, and values that are strings."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from reconciler.emulator.runai.call import Call
from reconciler.emulator.runai.errors import bad_request
from reconciler.emulator.runai.listing import whole
from reconciler.emulator.runai.rows import stamp

Json = Any
MOST_TYPES, MOST_SAMPLES = 10, 1000
DEFAULT_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Span:
    """The types that are asked for, and the moments, evenly from start to end, both included."""

    types: tuple[str, ...]
    moments: tuple[datetime, ...]

    def without(self, names: Collection[str]) -> "Span":
        """Leave some types out, by whatever name this level has for them."""
        kept = (name for name in self.types if name.removeprefix("DCGM_FI_DEV_") not in names)
        return Span(tuple(kept), self.moments)


def read_span(call: Call, known: Collection[str]) -> Span:
    """Read the query of a metrics request.  Raises ApiError 400."""
    asked = tuple(name for name in (call.query.get("metricType") or "").split(",") if name)
    most = MOST_TYPES if call.level >= (2, 25) else None
    if not asked or (most is not None and len(asked) > most):
        raise bad_request(f"metricType takes between 1 and {most or 'more'} types")
    if unknown := next((name for name in asked if name not in known), None):
        raise bad_request(f"metricType '{unknown}' is not available")
    start, end = read_time(call.query, "start"), read_time(call.query, "end")
    if start > end:
        raise bad_request("start is later than end")
    count = whole(call.query, "numberOfSamples", DEFAULT_SAMPLES, low=0, high=MOST_SAMPLES)
    return Span(asked, _spread(start, end, count))


def read_time(query: Mapping[str, str], name: str) -> datetime:
    """Read a required time with its zone.  Raises ApiError 400."""
    text = query.get(name) or ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or "T" not in text.upper():
        raise bad_request(f"{name} '{text}' is not an ISO 8601 timestamp")
    return found


def _spread(start: datetime, end: datetime, count: int) -> tuple[datetime, ...]:
    if count < 2:
        return (end,) * count
    return tuple(start + (end - start) * index / (count - 1) for index in range(count))


def values(span: Span, samples: Iterable[float]) -> list[dict[str, Json]]:
    """Spell the samples of one series, one for each moment."""
    return [
        {"value": f"{value:.15g}", "timestamp": stamp(at)}
        for at, value in zip(span.moments, samples, strict=True)
    ]


def answer(call: Call, body: Mapping[str, Json]) -> Response:
    """Answer with JSON, or as a table to who asks for `text/csv`."""
    if not wants_csv(call):
        return JSONResponse(dict(body))
    rows = [
        (one["type"], _labels(one), each["timestamp"], each["value"])
        for one in body["measurements"]
        for each in one["values"] or ()
    ]
    return as_csv(("type", "labels", "timestamp", "value"), rows)


def _labels(measurement: Mapping[str, Json]) -> str:
    labels = dict(measurement.get("labels") or {})
    labels |= {group["key"]: group["value"] for group in measurement.get("groups") or ()}
    return ";".join(f"{key}={value}" for key, value in labels.items())


def wants_csv(call: Call) -> bool:
    """Tell whether the caller accepts a table before JSON."""
    accepted = [part.split(";")[0].strip() for part in call.request.headers.get("accept", "").split(",")]
    return accepted[0] == "text/csv"


def as_csv(head: Sequence[str], rows: Sequence[Sequence[Json]]) -> Response:
    """Write a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return Response(text.getvalue(), media_type="text/csv")
