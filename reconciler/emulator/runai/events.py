"""The routes that tell what happened: events, history, pods."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.errors import bad_request
from reconciler.emulator.runai.listing import (
    Getter,
    flag,
    matching,
    page_body,
    paged,
    read_filter,
)
from reconciler.emulator.runai.pods import pods
from reconciler.emulator.runai.records import Event, Workload, made_id
from reconciler.emulator.runai.rows import stamp
from reconciler.emulator.runai.workloads import ROOT, seen

Json = Any
_POD_FIELDS: Mapping[str, Getter[dict[str, Json]]] = {
    "clusterId": lambda pod: pod["clusterId"],
    "workloadId": lambda pod: pod["workloadId"],
    "revisionId": lambda pod: pod.get("revisionId"),
    "nodeName": lambda pod: pod.get("nodeName"),
    "currentNodepool": lambda pod: pod.get("currentNodePool"),
    "createdAt": lambda pod: pod["createdAt"],
    "completedAt": lambda pod: pod["completedAt"],
    "deletedAt": lambda pod: pod.get("deletedAt"),
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes; those of all pods are literal and must stand first."""
    yield route(platform, "GET", f"{ROOT}/pods", show_all_pods)
    yield route(platform, "GET", f"{ROOT}/pods/count", count_pods)
    yield route(platform, "GET", f"{ROOT}/{{id}}/events", show_events)
    yield route(platform, "GET", f"{ROOT}/{{id}}/history", show_history)
    yield route(platform, "GET", f"{ROOT}/{{id}}/pods", show_pods)


def show_events(call: Call) -> Response:
    """List what the cluster said about a workload, newest first unless asked otherwise."""
    one = seen(call)
    return events_page(call, one, one.events)


def events_page(call: Call, one: Workload, events: Iterable[Event]) -> Response:
    """Page through events.  Raises ApiError 400."""
    order = call.query.get("sortOrder") or "desc"
    if order not in {"asc", "desc"}:
        raise bad_request(f"sortOrder '{order}' is neither asc nor desc")
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


def history(one: Workload) -> list[dict[str, Json]]:
    """Spell a workload's history, newest first."""
    changes = [
        (change.at, {"type": "PhaseUpdate"}, _phase_update(change.phase, change.message))
        for change in one.history
    ]
    events = [
        (event.at, {"type": "Event"}, {"event": event_body(one, index, event)})
        for index, event in enumerate(one.events)
    ]
    ordered = sorted([*changes, *events], key=lambda record: record[0], reverse=True)
    return [{"meta": {"creationTimestamp": stamp(at), **meta}, "spec": spec} for at, meta, spec in ordered]


def _phase_update(phase: str, message: str) -> dict[str, Json]:
    return {"phaseUpdate": {"phase": phase, "phaseMessage": message}}


def show_pods(call: Call) -> Response:
    """List the pods of a workload."""
    one = seen(call)
    shown = [] if flag(call.query, "deleted") else list(pods(call.world, one))
    page, following = paged(shown, call.query)
    return JSONResponse(page_body("pods", page, following))


def _all_pods(call: Call) -> list[dict[str, Json]]:
    conditions = read_filter(call.query.get("filterBy"), _POD_FIELDS, most=None)
    everywhere = (
        _full(pod, one, call.query.get("verbosity") or "brief")
        for one in call.world.seen()
        if not one.is_gone and call.principal.can_see(one.project.name)
        for pod in pods(call.world, one)
    )
    return matching(everywhere, conditions, _POD_FIELDS)


def _full(pod: dict[str, Json], one: Workload, verbosity: str) -> dict[str, Json]:
    if verbosity not in {"brief", "full"}:
        raise bad_request(f"verbosity '{verbosity}' is neither brief nor full")
    if verbosity == "brief":
        return pod
    return {**pod, "projectName": one.project.name, "workloadName": one.name}


def show_all_pods(call: Call) -> Response:
    """List the pods of all workloads."""
    page, following = paged(_all_pods(call), call.query)
    return JSONResponse(page_body("pods", page, following))


def count_pods(call: Call) -> Response:
    """Count the pods of all workloads."""
    return JSONResponse({"count": len(_all_pods(call))})
