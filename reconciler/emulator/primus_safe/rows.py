"""How a workload reads: an item of the list, and the detail, in the names of each generation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.emulator.primus_safe import moments
from reconciler.emulator.primus_safe.base64text import decoded
from reconciler.emulator.primus_safe.crew import has_ranks
from reconciler.emulator.primus_safe.fields import resource_fields, service_fields
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.names import made_uuid
from reconciler.emulator.primus_safe.pods import pod_rows
from reconciler.emulator.primus_safe.records import Node, Row, Workload

Json = Any


def item(row: Row, live: Workload | None, now: datetime, generation: Generation) -> dict[str, Json]:
    """Spell one item of the list; `live` is the custom resource, of which the message comes."""
    one = row.workload
    ended = one.ended_at or row.deletion_at
    limit = one.spec.timeout if one.spec.timeout and one.spec.timeout > 0 else None
    phase = one.phase or ("" if generation.is_first else "Pending")
    told: dict[str, Json] = {
        "workloadId": one.id,
        "workspaceId": one.spec.workspace,
        **_resources(one, generation),
        "displayName": one.display_name,
        "description": one.description,
        "userId": one.user_id,
        "userName": one.user_name,
        "clusterId": one.cluster,
        "phase": phase,
        "message": live.message if live is not None and phase == "Pending" else "",
        "priority": one.spec.priority,
        "creationTime": moments.naive(one.created_at),
        "startTime": moments.naive(one.started_at),
        "endTime": moments.naive(ended),
        "deletionTime": moments.naive(row.deletion_at),
        generation.duration: _lasted(one, ended, now),
        "secondsUntilTimeout": _left(one, limit, ended, now, generation),
        generation.queue: one.queue,
        "dispatchCount": one.dispatches,
        "isTolerateAll": one.spec.is_tolerate_all,
        "groupVersionKind": {"version": one.spec.version, "kind": one.spec.kind},
        "timeout": limit,
        "workloadUid": one.uid,
    }
    if generation.is_first:
        return told | {"k8sObjectUid": made_uuid(one.uid, "object", one.dispatches) if one.dispatches else ""}
    return told | {"avgGpuUsage": -1, "maxRetry": one.spec.max_retry}


def _resources(one: Workload, generation: Generation) -> dict[str, Json]:
    spelt = [resource_fields(asked) for asked in one.spec.resources]
    return {"resources": spelt} if generation.is_plural else {"resource": spelt[0]}


def _lasted(one: Workload, ended: datetime | None, now: datetime) -> str:
    if one.started_at is None:
        return "0s"
    return moments.duration((min(ended or now, now) - one.started_at).total_seconds())


def _left(
    one: Workload, limit: int | None, ended: datetime | None, now: datetime, generation: Generation
) -> int:
    if limit is None:
        return 0
    if one.started_at is None:
        return -1
    if ended is not None and generation.is_plural:
        return 0
    return max(0, int(one.started_at.timestamp()) + limit - int(now.timestamp()))


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a detail is spelt, and with which nodes at hand.

    `hidden` are dependencies that the second generation leaves out; `ssh_as` is who asks, where pods
    tell how to log in.
    """

    nodes: Mapping[str, Node]
    hidden: frozenset[str] = frozenset()
    shows_secrets: bool = True
    ssh_as: str = ""


def detail(
    row: Row, live: Workload | None, now: datetime, generation: Generation, reader: Reader
) -> dict[str, Json]:
    """Spell the whole of one workload; what is optional and empty has no key."""
    one = row.workload
    told: dict[str, Json] = {
        **item(row, live, now, generation),
        **_program(one, generation),
        "isSupervised": one.spec.is_supervised,
        "maxRetry": one.spec.max_retry,
        "ttlSecondsAfterFinished": one.spec.ttl if one.spec.ttl and one.spec.ttl > 0 else None,
        "conditions": _conditions(one),
        "pods": pod_rows(one, reader.nodes, generation, ssh_as=reader.ssh_as),
        "nodes": _per_run(one, generation, what="nodes"),
        "ranks": _per_run(one, generation, what="ranks"),
        "customerLabels": _labels(one, generation),
        "env": _env(one, generation),
    }
    if generation.is_plural:
        told |= {
            "privileged": one.spec.is_privileged,
            "useWorkspaceStorage": one.spec.uses_workspace_storage,
            "forceHostNetwork": one.spec.forces_host_network,
        }
    optional = _optional(one, generation, reader)
    return told | {key: value for key, value in optional.items() if value}


def _optional(one: Workload, generation: Generation, reader: Reader) -> dict[str, Json]:
    spec = one.spec
    nodes = (spec.labels or {}).get(generation.node_label, "")
    told: dict[str, Json] = {
        "specifiedNodes": nodes.split(" ") if nodes else [],
        "liveness": spec.liveness,
        "readiness": spec.readiness,
        "service": service_fields(spec.service),
        "dependencies": [id_ for id_ in spec.dependencies or () if id_ not in reader.hidden],
        "cronJobs": [dict(job) for job in spec.cron_jobs or ()],
    }
    if generation.is_first:
        return told
    secrets = spec.secrets if reader.shows_secrets else ()
    return told | {
        "excludedNodes": list(spec.excluded_nodes),
        "nodesAffinity": spec.nodes_affinity,
        "secrets": [dict(each) for each in secrets],
    }


def _program(one: Workload, generation: Generation) -> dict[str, Json]:
    """Spell images and entry points, the latter as text; an Authoring has none to tell."""
    images, points = one.spec.images, one.spec.entry_points
    is_mute = one.spec.kind == "Authoring"
    if generation.is_first:
        point = "" if is_mute else decoded((points or ("",))[0])
        return {"image": (images or ("",))[0], "entryPoint": point}
    texts = None if is_mute or points is None else [decoded(point) for point in points]
    return {"images": None if images is None else list(images), "entryPoints": texts}


def _conditions(one: Workload) -> list[dict[str, Json]] | None:
    return [
        {
            "type": each.type,
            "status": "True",
            "lastTransitionTime": moments.zoned(each.at),
            "reason": f"run_{each.run}_times",
            "message": each.message,
        }
        for each in one.conditions
    ] or None


def _per_run(one: Workload, generation: Generation, *, what: str) -> list[list[str]] | None:
    """Spell the nodes, or the ranks, of each dispatch."""
    if what == "ranks" and not has_ranks(one.spec.kind):
        return None
    found = [
        [place.node if what == "nodes" else str(place.rank) for place in run.places if place.node]
        for run in one.runs
    ]
    return (found if generation.is_first else [each for each in found if each]) or None


def _labels(one: Workload, generation: Generation) -> dict[str, str] | None:
    """Give the labels without the nodes that were asked for, which are kept among them."""
    kept = one.spec.labels
    return {key: value for key, value in kept.items() if key != generation.node_label} if kept else None


def _env(one: Workload, generation: Generation) -> dict[str, str] | None:
    if one.spec.env is None:
        return None
    if generation.is_plural:
        return dict(one.spec.env)
    return {key: value for key, value in one.spec.env.items() if value}
