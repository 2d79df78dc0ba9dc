"""The pods of a workload, worked out from its runs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from reconciler.emulator.runai.crew import Pod, container_name, present
from reconciler.emulator.runai.crew import pods as pods_of_run
from reconciler.emulator.runai.records import Run, Spec, Workload, made_id
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.rows import (
    allocated,
    pod_id,
    priority,
    requested,
    stamp,
)
from reconciler.emulator.runai.scheduler import pool_names
from reconciler.emulator.runai.tales import node_name
from reconciler.emulator.runai.world import World

Json = Any
_K8S = {
    "Pending": "Pending",
    "Initializing": "Pending",
    "Running": "Running",
    "Degraded": "Running",
    "Completed": "Succeeded",
    "Failed": "Failed",
    "Stopping": "Running",
}


def has_pods(one: Workload, run: Run) -> bool:
    """Tell whether a run's pods exist: none before the scheduler knows them or after a stop."""
    if one.is_gone or one.phase in {"Creating", "Stopped"}:
        return False
    is_removed = run.ended_at is not None and kind_of(one.kind).serves
    return run.phase in _K8S and not is_removed


def pods(world: World, one: Workload, *, revision: str | None = None) -> Iterator[dict[str, Json]]:
    """Yield the pods of a workload, or of one revision of it."""
    for run in one.runs:
        if revision in (None, run.id) and has_pods(one, run):
            for pod in present(one, run):
                yield _pod(world, one, run, pod)


def deleted_pods(world: World, one: Workload, *, revision: str | None = None) -> Iterator[dict[str, Json]]:
    """Yield the pods that a workload no longer has: of runs that were stopped, replaced or deleted."""
    for run in one.runs:
        if revision in (None, run.id) and not has_pods(one, run) and (at := _deleted_at(one, run)):
            for pod in pods_of_run(one, run):
                yield _pod(world, one, run, pod) | {"deletedAt": stamp(at), "allocatedResources": {}}


def _deleted_at(one: Workload, run: Run) -> datetime | None:
    """Tell when the pods of a run went; None if they never were."""
    if one.deleted_at:
        return one.deleted_at
    return run.ended_at or one.since if one.phase == "Stopped" or run.ended_at else None


def _pod(world: World, one: Workload, run: Run, pod: Pod) -> dict[str, Json]:
    part = pod.role.spec
    compute = part.get("compute") or {}
    is_on_node = run.pool is not None and run.phase not in {"Pending", "Creating"}
    has_started = run.phase in {"Running", "Degraded", "Completed", "Failed"}
    body: dict[str, Json] = {
        "name": pod.name,
        "id": pod_id(one, run, pod.rank),
        "workloadId": one.id,
        "clusterId": one.project.cluster,
        "projectId": one.project.id,
        "tenantId": world.tenant_id,
        "priorityClassName": priority(one),
        "createdAt": stamp(run.created_at),
        "updatedAt": stamp(run.since),
        "completedAt": stamp(run.ended_at) if run.phase in {"Completed", "Failed"} else None,
        "containers": [
            {
                "name": name,
                "image": spec.get("image") or "",
                "startedAt": stamp(run.since) if has_started else None,
            }
            for name, spec in ((container_name(one, pod.role), part), *pod.role.sidecars)
        ],
        "k8sPhase": _K8S.get(run.phase, "Succeeded"),
        "k8sPhaseUpdatedAt": stamp(run.since),
        "requestedNodePools": list(pool_names(one, run.spec)),
        "requestedResources": requested(compute),
        "allocatedResources": allocated(compute) if is_on_node else {},
        "deletedAt": None,
        "tolerations": [_toleration(each) for each in part.get("tolerations") or ()],
    }
    if is_on_node:
        body |= {
            "nodeName": node_name(run.pool or "", run),
            "currentNodePool": run.pool,
            "ip": f"10.42.{pod.rank % 250}.{int(made_id(run.id)[:2], 16)}",
        }
    if one.kind == "Inference":
        body["revisionId"] = run.id
    return body


def _toleration(asked: Spec) -> dict[str, Json]:
    named = {key: asked[key] for key in ("key", "operator", "value", "effect") if asked.get(key) is not None}
    return named | {"tolerationSeconds": asked.get("seconds")}
