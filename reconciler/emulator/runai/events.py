"""The routes that tell what happened: events and history."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.listing import one_of, page_body, paged
from reconciler.emulator.runai.records import Event, Workload, made_id
from reconciler.emulator.runai.rows import stamp
from reconciler.emulator.runai.workloads import ROOT, seen

Json = Any


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", f"{ROOT}/{{id}}/events", show_events)
    yield route(platform, "GET", f"{ROOT}/{{id}}/history", show_history)


def show_events(call: Call) -> Response:
    """List what the cluster said about a workload, newest first unless asked otherwise."""
    one = seen(call)
    return events_page(call, one, one.events)


def events_page(call: Call, one: Workload, events: Iterable[Event]) -> Response:
    """Page through events.  Raises ApiError 400."""
    order = one_of(call.query, "sortOrder", ("desc", "asc"))
    shown = [event_body(one, index, event) for index, event in enumerate(events)]
    page, following = paged(shown if order == "asc" else shown[::-1], call.query)
    return JSONResponse(page_body("events", page, following))


def event_body(one: Workload, index: int, event: Event) -> dict[str, Json]:
    """Spell one event."""
    return {
        "id": made_id(one.id, "event", index),
        "createdAt": stamp(event.at),
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "source": event.source,
        "clusterId": one.project.cluster,
        "involvedObject": {
            "uid": made_id(one.id, event.kind, event.name),
            "kind": event.kind,
            "name": event.name,
            "namespace": one.project.namespace,
        },
    }


def show_history(call: Call) -> Response:
    """List events and phase changes together, newest first."""
    page, following = paged(history(seen(call)), call.query)
    return JSONResponse(page_body("records", page, following))


def history(one: Workload, since: datetime | None = None) -> list[dict[str, Json]]:
    """Spell a workload's history, or only what is not older than a time, newest first."""
    changes = [
        (change.at, {"type": "PhaseUpdate"}, _phase_update(change.phase, change.message))
        for change in one.history
    ]
    events = [
        (event.at, {"type": "Event"}, {"event": event_body(one, index, event)})
        for index, event in enumerate(one.events)
    ]
    kept = (record for record in (*changes, *events) if since is None or record[0] >= since)
    ordered = sorted(kept, key=lambda record: record[0], reverse=True)
    return [{"meta": {"creationTimestamp": stamp(at), **meta}, "spec": spec} for at, meta, spec in ordered]


def _phase_update(phase: str, message: str) -> dict[str, Json]:
    return {"phaseUpdate": {"phase": phase, "phaseMessage": message}}
