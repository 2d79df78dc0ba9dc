"""A workload as each read shows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.emulator.runai import defaults
from reconciler.emulator.runai.crew import crew, lead, pods_of, roles_of, size
from reconciler.emulator.runai.endpoints import endpoints
from reconciler.emulator.runai.fates import env_map, is_asleep
from reconciler.emulator.runai.kinds import PRIORITIES
from reconciler.emulator.runai.listing import Getter
from reconciler.emulator.runai.records import Run, Spec, Workload, made_id
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.scheduler import pool_names
from reconciler.emulator.runai.switches import Switches
from reconciler.emulator.runai.world import World

Json = Any
_K8S_PHASE = {"Creating": "Pending", "Initializing": "Pending", "Resuming": "Pending"}
ACTIVE = frozenset({"Running", "Degraded"})
# The only two reasons that the schema knows; both do not heal by waiting.
HOPELESS = frozenset({"NonPreemptibleOverQuota", "OverLimit"})


def stamp(at: datetime | None) -> str | None:
    """Write a time as RFC 3339 with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def asked(one: Workload, switches: Switches) -> dict[str, Json]:
    """Show a workload with its spec, as the by-type reads and writes do."""
    shown: dict[str, Json] = {
        "name": one.name,
        "requestedName": one.requested_name,
        "workloadId": one.id,
        "projectId": one.project.id,
        "departmentId": one.project.department.id,
        "clusterId": one.project.cluster,
        "createdBy": one.created_by,
        "createdAt": stamp(one.created_at),
        "deletedAt": stamp(one.deleted_at),
        "desiredPhase": one.desired,
        "actualPhase": one.phase,
        "spec": defaults.shown(one, switches),
    }
    if one.kind == "Distributed":
        shown |= {
            "masterSpecSameAsWorker": one.master_same,
            "masterSpec": defaults.of_master(one.master_asked, switches),
        }
    return shown


def listed(world: World, one: Workload, switches: Switches) -> dict[str, Json]:
    """Show a workload as a row of the list: status, but neither labels nor annotations."""
    row = {**_identity(world, one), **_times(world, one), **_state(one), **_scheduling(one)}
    row |= _resources(one) | _content(one)
    if switches.list_env:
        row["environmentVariables"] = env_map(lead(one))
    return row


def detailed(world: World, one: Workload, switches: Switches) -> dict[str, Json]:
    """Show a row with the quotas that hold it back; a mere lack of free GPUs is told in events."""
    messages = [
        {
            "nodePool": why.pool,
            "phaseReason": why.phase_reason,
            "reason": why.reason,
            "orgType": why.org,
            "userMessage": why.message,
        }
        for why in one.refusals
        if one.phase == "Pending" and why.phase_reason in HOPELESS
    ]
    return {**listed(world, one, switches), "pendingSchedulingMessages": messages}


def _identity(world: World, one: Workload) -> dict[str, Json]:
    project = one.project
    return {
        "tenantId": world.tenant_id,
        "id": one.id,
        "name": one.name,
        "type": one.type,
        "clusterId": project.cluster,
        "projectId": project.id,
        "projectName": project.name,
        "departmentId": project.department.id,
        "departmentName": project.department.name,
        "namespace": project.namespace,
        "source": one.source,
        "sourceApi": "WorkloadsV2" if one.sync else None,
        "submittedBy": one.created_by,
        "distributedFramework": one.spec.get("distributedFramework") or "",
    }


def _times(world: World, one: Workload) -> dict[str, Json]:
    now = world.clock.now()
    return {
        "createdAt": stamp(one.created_at),
        "updatedAt": stamp(one.updated_at),
        "deletedAt": stamp(one.deleted_at),
        "completedAt": stamp(one.completed_at),
        "phaseUpdatedAt": stamp(one.since),
        "k8sPhaseUpdatedAt": stamp(one.since),
        "totalPendingTimeSeconds": int(spent(one, "Pending", now)),
        "totalRunningTimeSeconds": int(spent(one, "Running", now)),
        "guaranteedRuntimeEndsAt": None,
    }


def spent(one: Workload, phase: str, now: datetime) -> float:
    """Count the seconds a workload has been in a phase, this time included."""
    booked = one.pending_s if phase == "Pending" else one.running_s
    current = (now - one.since).total_seconds() if one.phase == phase else 0.0
    return booked + current


def _state(one: Workload) -> dict[str, Json]:
    return {
        "phase": one.phase,
        "k8sPhase": _K8S_PHASE.get(one.phase, one.phase),
        "phaseMessage": one.message,
        "phaseReason": one.reason,
        "conditions": [_condition(one, name) for name in ("Scheduled", "Ready")],
        "runningPods": sum(size(r) for r in one.runs if r.phase in ACTIVE),
        "requestedPods": _requested_pods(one),
        "actionsSupport": {"delete": True, "suspend": kind_of(one.kind).can_suspend},
    }


def _requested_pods(one: Workload) -> dict[str, Json]:
    """Count what is asked; elastic and parallel work says more than a number."""
    spec, scaling = one.spec, one.spec.get("autoscaling") or {}
    more = {
        "min": spec.get("minReplicas") or scaling.get("minReplicas"),
        "max": spec.get("maxReplicas") or scaling.get("maxReplicas"),
        "parallelism": spec.get("parallelism"),
        "completions": spec.get("completions"),
    }
    told = {key: value for key, value in more.items() if value is not None}
    return {"number": pods_of(one.kind, spec, one.master), **told}


def _condition(one: Workload, name: str) -> dict[str, Json]:
    good = {"Scheduled": ACTIVE | {"Initializing", "Completed"}, "Ready": {"Running"}}[name]
    return {
        "type": name,
        "status": "True" if one.phase in good else "False",
        "reason": one.phase,
        "message": one.message,
        "lastTransitionTime": stamp(one.since),
    }


def is_preemptible(one: Workload) -> bool:
    """Tell whether a workload may be evicted."""
    asked_for = one.spec.get("preemptibility")
    return asked_for == "preemptible" if asked_for else kind_of(one.kind).preemptible


def preemptibility(one: Workload) -> str:
    """Spell whether a workload may be evicted."""
    return "preemptible" if is_preemptible(one) else "non-preemptible"


def priority(one: Workload) -> str:
    """Name a workload's priority class."""
    return str(one.spec.get("priorityClass") or kind_of(one.kind).priority)


def category(one: Workload) -> str:
    """Name a workload's category."""
    return str(one.spec.get("category") or kind_of(one.kind).category)


def current_pools(one: Workload) -> list[str]:
    """Name the node pools that hold pods now."""
    return sorted({run.pool for run in one.runs if run.pool and _holds(run)})


def _holds(run: Run) -> bool:
    return run.phase in ACTIVE | {"Initializing"}


def _scheduling(one: Workload) -> dict[str, Json]:
    return {
        "priority": PRIORITIES[priority(one)],
        "priorityClassName": priority(one),
        "preemptible": is_preemptible(one),
        "category": category(one),
        "requestedNodePools": list(pool_names(one, one.spec)),
        "currentNodePools": current_pools(one),
        "topology": None,
    }


def gpus(one: Workload) -> float:
    """Count the GPUs that a workload's pods hold now."""
    return sum(
        role.pods * devices(role.spec.get("compute") or {})
        for run in one.runs
        if _holds(run)
        for role in crew(run)
    )


def idle_gpus(one: Workload) -> int:
    """Count the whole GPUs that a workload's sleeping pods hold now."""
    return sum(
        role.pods * int(devices(role.spec.get("compute") or {}))
        for run in one.runs
        if run.phase in ACTIVE
        for role in crew(run)
        if is_asleep(role.spec)
    )


def devices(compute: Spec) -> float:
    """Count the GPUs of one pod, fractions of memory counting as nothing known."""
    count = compute.get("gpuDevicesRequest")
    count = (1 if compute.get("gpuRequestType") else 0) if count is None else count
    portion = compute.get("gpuPortionRequest")
    return float(count * (portion if portion is not None else 1))


def requested(compute: Spec) -> dict[str, Json]:
    """Show what one pod asks for."""
    pairs = {
        "gpu": (devices(compute), compute.get("gpuPortionLimit")),
        "cpu": (compute.get("cpuCoreRequest"), compute.get("cpuCoreLimit")),
        "gpuMemory": (compute.get("gpuMemoryRequest"), compute.get("gpuMemoryLimit")),
        "cpuMemory": (compute.get("cpuMemoryRequest"), compute.get("cpuMemoryLimit")),
    }
    shown: dict[str, Json] = {
        key: {name: v for name, v in (("request", low), ("limit", high)) if v is not None}
        for key, (low, high) in pairs.items()
    }
    if compute.get("gpuRequestType"):
        shown["gpuRequestType"] = compute["gpuRequestType"]
    return shown | {"extendedResources": compute.get("extendedResources") or []}


def allocated(compute: Spec) -> dict[str, Json]:
    """Show what one pod holds."""
    held = {
        "cpu": compute.get("cpuCoreRequest"),
        "cpuMemory": compute.get("cpuMemoryRequest"),
        "gpuMemory": compute.get("gpuMemoryRequest"),
    }
    return {"gpu": devices(compute)} | {key: value for key, value in held.items() if value is not None}


def _resources(one: Workload) -> dict[str, Json]:
    compute = lead(one).get("compute") or {}
    return {
        "workloadRequestedResources": {**requested(compute), "gpu": {"request": _gpus_asked(one)}},
        "podsRequestedResources": requested(compute),
        "allocatedResources": {"gpu": gpus(one)},
        "idleGpus": idle_gpus(one),
        "idleAllocatedGpus": idle_gpus(one),
    }


def _gpus_asked(one: Workload) -> float:
    roles = roles_of(one.kind, one.spec, one.master)
    return sum(role.pods * devices(role.spec.get("compute") or {}) for role in roles)


def _images(one: Workload) -> list[str]:
    roles = roles_of(one.kind, one.spec, one.master)
    specs = [spec for role in roles for spec in (role.spec, *(inner for _, inner in role.sidecars))]
    return list(dict.fromkeys(str(spec["image"]) for spec in specs if spec.get("image")))


def _content(one: Workload) -> dict[str, Json]:
    part = lead(one)
    return {
        "images": _images(one),
        "command": part.get("command") or "",
        "arguments": part.get("args") or "",
        "datasources": [],
        "environments": [],
        "additionalFields": {},
        "urls": [each["url"] for each in endpoints(one) if each["protocol"] == "http"],
        "externalConnections": [],
        "endpoints": endpoints(one),
    }


def tags_of(one: Workload) -> str:
    """Give the text that the free search looks through."""
    return " ".join((one.name, one.type, one.project.name, one.created_by)).lower()


FIELDS: Mapping[str, Getter[Workload]] = {
    "type": lambda one: one.type,
    "name": lambda one: one.name,
    "clusterId": lambda one: one.project.cluster,
    "projectId": lambda one: one.project.id,
    "projectName": lambda one: one.project.name,
    "departmentId": lambda one: one.project.department.id,
    "departmentName": lambda one: one.project.department.name,
    "createdAt": lambda one: one.created_at,
    "deletedAt": lambda one: one.deleted_at,
    "submittedBy": lambda one: one.created_by,
    "phase": lambda one: one.phase,
    "completedAt": lambda one: one.completed_at,
    "nodepool": lambda one: sorted({*pool_names(one, one.spec), *current_pools(one)}),
    "distributedFramework": lambda one: one.spec.get("distributedFramework"),
    "allocatedGPU": gpus,
    "idleGpus": idle_gpus,
    "idleAllocatedGpus": idle_gpus,
    "phaseUpdatedAt": lambda one: one.since,
    "category": category,
    "totalPendingTimeSeconds": lambda one: one.pending_s,
    "totalRunningTimeSeconds": lambda one: one.running_s,
    "priority": lambda one: PRIORITIES[priority(one)],
    "priorityClassName": priority,
    "guaranteedRuntimeEndsAt": lambda _: None,
    "aiApplicationId": lambda _: None,
    "aiApplicationName": lambda _: None,
}


def pod_id(one: Workload, run: Run, index: int) -> str:
    """Give the id of a pod."""
    return made_id(one.id, run.id, run.attempt, "pod", index)
