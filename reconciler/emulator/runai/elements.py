"""The routes of a workload's structure: its revisions, replicas, roles and pods, level by level."""

from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.crew import Pod, present
from reconciler.emulator.runai.errors import bad_request
from reconciler.emulator.runai.listing import page_body, paged
from reconciler.emulator.runai.pods import has_pods
from reconciler.emulator.runai.records import Run, Workload, made_id
from reconciler.emulator.runai.registry import Gvk
from reconciler.emulator.runai.rows import pod_id, stamp
from reconciler.emulator.runai.tales import revision_name
from reconciler.emulator.runai.workloads import ROOT, seen

Json = Any
MOST_STORED = 1000
"""How many elements of a workload the platform keeps; it counts the others."""

SINCE = (2, 25)
_REVISION = Gvk("serving.knative.dev", "v1", "Revision")
_POD = Gvk("", "v1", "Pod")


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the routes of this API level."""
    if platform.level >= SINCE:
        yield route(platform, "GET", f"{ROOT}/{{id}}/elements/count", count)
        yield route(platform, "GET", f"{ROOT}/{{id}}/elements", show)


def show(call: Call) -> Response:
    """List the elements that are kept, the outer ones first."""
    page, following = paged(_elements(call)[:MOST_STORED], call.query)
    return JSONResponse(page_body("elements", page, following))


def count(call: Call) -> Response:
    """Count the elements: all of them, and those that are kept."""
    total = len(_elements(call))
    return JSONResponse({"totalElementsCount": total, "storedElementsCount": min(total, MOST_STORED)})


def _elements(call: Call) -> list[dict[str, Json]]:
    """Work out the elements.  Raises ApiError 400 where the cluster is too old to report them."""
    one = seen(call)
    if not call.world.clusters[one.project.cluster].is_at_least(SINCE):
        said = f"This API is incompatible with the version of cluster '{one.project.cluster}'"
        raise bad_request(said)
    found: dict[str, dict[str, Json]] = {}
    for run in one.runs:
        if has_pods(one, run):
            for pod in present(one, run):
                found |= {each["id"]: each for each in _line(one, run, pod) if each["id"] not in found}
    return sorted(found.values(), key=lambda each: int(each["hierarchyLevel"]))


def _line(one: Workload, run: Run, pod: Pod) -> Iterator[dict[str, Json]]:
    """Yield a pod and what it is inside of, the outermost first."""
    parent: str | None = None
    outer = tuple(_outer(one, run, pod))
    for level, name in enumerate((*outer, pod.name), 1):
        is_pod = level > len(outer)
        id_ = made_id(one.id, run.part_of or run.id, run.attempt, *outer[:level], pod.name if is_pod else "")
        element: dict[str, Json] = {
            "id": id_,
            "name": name,
            "hierarchyLevel": level,
            "parentId": parent,
            "createdAt": stamp(run.created_at),
            "kubernetesRef": None,
        }
        if is_pod:
            element["kubernetesRef"] = _ref(_POD, pod_id(one, run, pod.rank), name)
        elif one.kind == "Inference":
            element["kubernetesRef"] = _ref(_REVISION, run.id, name)
        yield element
        parent = id_


def _outer(one: Workload, run: Run, pod: Pod) -> Iterator[str]:
    """Name what a pod is inside of: its revision, or its replica and its role."""
    if one.kind == "Inference":
        yield revision_name(one, run)
        return
    if one.kind in {"DistributedInference", "LeaderWorkerSet"}:
        yield f"replica-{run.first + pod.index // pod.role.count}"
    if pod.role.name:
        yield pod.role.name


def _ref(gvk: Gvk, uid: str, name: str) -> dict[str, Json]:
    return {"uid": uid, "name": name, "gvk": gvk._asdict()}
