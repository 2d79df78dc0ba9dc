"""The routes about the pods of a workload: logs, containers, the service, and the log search."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from starlette.routing import Route

from reconciler.emulator.primus_safe import moments
from reconciler.emulator.primus_safe.call import Answer, Call, Platform, route
from reconciler.emulator.primus_safe.decode import Slice, Struct
from reconciler.emulator.primus_safe.errors import (
    ApiError,
    bad_request,
    internal,
    kubernetes_not_found,
    no_workload,
    not_found,
)
from reconciler.emulator.primus_safe.names import made_uuid
from reconciler.emulator.primus_safe.phases import FOREVER_S
from reconciler.emulator.primus_safe.pods import PodView, phase_of, views
from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.stories import Line, lines

Json = Any
_TAIL = 1000
_SHELLS = ("bash", "sh", "zsh")
_MOST, _SOME, _AROUND = 10_000, 100, 10
_SEARCH = Struct(
    "ListLogRequest",
    {
        "since": str, "until": str, "offset": int, "limit": int, "order": str, "keywords": Slice(str),
        "podNames": str, "nodeNames": str, "dispatchCount": int,
    },
)  # fmt: skip


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes."""
    yield route(platform, "GET", "/workloads/{id}/service", _service)
    yield route(platform, "GET", "/workloads/{id}/pods/{pod}/logs", _pod_log)
    yield route(platform, "GET", "/workloads/{id}/pods/{pod}/containers", _containers)
    yield route(platform, "POST", "/workloads/{id}/logs", _search)
    yield route(platform, "POST", "/workloads/{id}/logs/{doc}/context", _context)


def _pod_log(call: Call) -> Answer:
    _ = call.user
    id_ = call.param("id")
    one = call.world.cached(id_)
    if one is None:
        raise kubernetes_not_found("workloads.amd.com", id_)
    call.must("get", workspace=one.spec.workspace, owner=one.user_id)
    _must_reach(call, one)
    tail, since = _number(call, "tailLines"), _number(call, "sinceSeconds")
    view = _pod(one, call.param("pod"))
    _must_have_begun(one, view, call.query.get("container") or view.container)
    now = call.world.clock.now()
    start = now - timedelta(seconds=min(since, FOREVER_S)) if since > 0 else None
    told = [line.text for line in lines(view, now) if start is None or line.at >= start]
    text = "".join(f"{line}\n" for line in told[-(tail or _TAIL) :])
    return Answer(
        {
            "workloadId": one.id,
            "podId": view.place.name,
            "namespace": one.spec.workspace,
            "logs": text.split("\n"),
        }
    )


def _must_reach(call: Call, one: Workload) -> None:
    if one.cluster in call.world.unreachable:
        raise internal(f"client of cluster {one.cluster} is not found. please retry later")


def _number(call: Call, name: str) -> int:
    text = call.query.get(name, "") or "0"
    if not re.fullmatch(r"\d+", text):
        raise bad_request(f"invalid query: {name} is {text!r}, and must be 0 or more")
    return int(text)


def _pod(one: Workload, name: str) -> PodView:
    """Find a pod that is there.  Raises ApiError 404; stopped workloads have none."""
    found = next((view for view in views(one) if view.place.name == name), None)
    if found is None or one.deleting_at is not None or one.step == "queued":
        raise kubernetes_not_found("pods", name)
    return found


def _must_have_begun(one: Workload, view: PodView, container: str) -> None:
    name = view.place.name
    if container != view.container:
        raise ApiError(400, "BadRequest", f"container {container} is not valid for pod {name}")
    if phase_of(one, view) == "Pending":
        why = "trying and failing to pull image" if view.ending == "no-image" else "ContainerCreating"
        said = f'container "{container}" in pod "{name}" is waiting to start: {why}'
        raise ApiError(400, "BadRequest", said)


def _containers(call: Call) -> Answer:
    _ = call.user
    row = call.world.row(call.param("id"))
    if row is None:
        raise no_workload(call.param("id"))
    call.must("get", workspace=row.workload.spec.workspace, owner=row.workload.user_id)
    _must_reach(call, row.workload)
    live = call.world.resources.get(row.workload.id)
    if live is None:
        raise kubernetes_not_found("pods", call.param("pod"))
    view = _pod(live, call.param("pod"))
    return Answer({"containers": [{"name": view.container}], "shells": list(_SHELLS)})


# -- the service -------------------------------------------------------------------------------


def _service(call: Call) -> Answer:
    _ = call.user
    id_ = call.param("id")
    one = call.world.cached(id_)
    if one is None:
        if call.generation.is_plural:
            return Answer(None)
        raise not_found(f"Workload {id_}")
    call.must("get", workspace=one.spec.workspace, owner=one.user_id)
    _must_reach(call, one)
    if one.spec.service is None or not one.is_dispatched:
        raise kubernetes_not_found("services", id_)
    ip = f"10.96.{int(made_uuid(id_)[:2], 16)}.{int(made_uuid(id_)[2:4], 16)}"
    port = _service_port(one)
    if call.generation.is_first:
        spec = {"ports": [port], "clusterIP": ip, "type": one.spec.service["serviceType"]}
        return Answer(spec | {"selector": {"app": one.id}, "sessionAffinity": "None"})
    inside = f"{one.id}.{one.spec.workspace}.svc.cluster.local:{port['port']}"
    outside = f"https://{one.cluster}.emulator.invalid/{one.spec.workspace}/{one.id}/"
    domains = {"externalDomain": outside, "internalDomain": inside, "clusterIp": ip}
    return Answer({"port": port, **domains, "type": one.spec.service["serviceType"]})


def _service_port(one: Workload) -> dict[str, Json]:
    service = one.spec.service or {}
    told = {
        "name": "http",
        "protocol": service["protocol"],
        "port": service["port"],
        "targetPort": service["targetPort"],
    }
    if service["serviceType"] == "NodePort":
        told["nodePort"] = service.get("nodePort") or 30000 + int(made_uuid(one.uid)[:4], 16) % 2768
    return told


# -- the search --------------------------------------------------------------------------------


def _search(call: Call) -> Answer:
    one = _logged(call)
    body = call.body(_SEARCH) if call.raw.strip() else {}
    limit, offset = body.get("limit") or _SOME, body.get("offset", 0)
    if offset + limit > _MOST:
        limit = max(0, _MOST - offset)
    hits = [hit for hit in _hits(call, one, body) if _has_words(hit, body.get("keywords") or [])]
    if body.get("order") == "desc":
        hits.reverse()
    return Answer(_envelope(len(hits), hits[offset : offset + limit]))


def _context(call: Call) -> Answer:
    """Show the lines around one."""
    one = _logged(call)
    hits = list(_hits(call, one, {}))
    at = next((i for i, hit in enumerate(hits) if hit["_id"] == call.param("doc")), None)
    if at is None:
        raise not_found(f"document {call.param('doc')}")
    around = hits[max(0, at - _AROUND) : at + _AROUND + 1]
    return Answer(_envelope(len(around), around))


def _logged(call: Call) -> Workload:
    _ = call.user
    if not call.world.switches.logs:
        raise internal("the logging function is not enabled")
    row = call.world.row(call.param("id"))
    if row is None:
        raise no_workload(call.param("id"))
    call.must("get", workspace=row.workload.spec.workspace, owner=row.workload.user_id)
    return row.workload


def _envelope(total: int, hits: list[dict[str, Json]]) -> dict[str, Json]:
    return {"took": 3, "hits": {"total": {"value": total}, "hits": hits}}


def _has_words(hit: dict[str, Json], words: list[str]) -> bool:
    return all(word.lower() in hit["_source"]["message"].lower() for word in words)


def _hits(call: Call, one: Workload, body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield the lines of all pods of the newest run, in order of time."""
    number = body.get("dispatchCount", 0)
    if number and (one.run is None or number != one.run.number):
        return
    until = min(moments.read(body.get("until", "")) or call.world.clock.now(), call.world.clock.now())
    since = moments.read(body.get("since", ""))
    pods = {name for name in body.get("podNames", "").split(",") if name}
    nodes = {name for name in body.get("nodeNames", "").split(",") if name}
    chosen = [
        view
        for view in views(one)
        if (not pods or view.place.name in pods) and (not nodes or view.place.node in nodes)
    ]
    told = ((line, view, n) for view in chosen for n, line in enumerate(lines(view, until)))
    for line, view, n in sorted(told, key=lambda one: one[0].at):
        if since is None or line.at >= since:
            yield _hit(one, line, view, n)


def _hit(one: Workload, line: Line, view: PodView, number: int) -> dict[str, Json]:
    return {
        "_id": made_uuid(one.uid, view.place.name, number).replace("-", "")[:20],
        "_source": {
            "@timestamp": _precise(line.at),
            "message": line.text,
            "stream": "stdout",
            "kubernetes": {
                "pod_name": view.place.name,
                "container_name": view.container,
                "namespace_name": one.spec.workspace,
                "host": view.place.node,
            },
        },
    }


def _precise(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
