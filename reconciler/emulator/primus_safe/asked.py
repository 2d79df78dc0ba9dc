"""From the body of a request to a spec, and from a patch to a changed one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.emulator.primus_safe.errors import ApiError, bad_request
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.records import Resource, Spec, Workload

Json = Any
Body = Mapping[str, Json]
_PLAIN = {
    "isSupervised": "is_supervised",
    "priority": "priority",
    "timeout": "timeout",
    "maxRetry": "max_retry",
    "ttlSecondsAfterFinished": "ttl",
    "customerLabels": "labels",
    "env": "env",
    "liveness": "liveness",
    "readiness": "readiness",
    "service": "service",
    "isTolerateAll": "is_tolerate_all",
    "privileged": "is_privileged",
    "useWorkspaceStorage": "uses_workspace_storage",
    "forceHostNetwork": "forces_host_network",
    "nodesAffinity": "nodes_affinity",
    "ownerId": "owner_id",
}
_LISTS = {
    "dependencies": "dependencies",
    "cronJobs": "cron_jobs",
    "hostpath": "hostpath",
    "secrets": "secrets",
    "excludedNodes": "excluded_nodes",
    "images": "images",
    "entryPoints": "entry_points",
}


def resource(asked: Body) -> Resource:
    """Read one element of what is asked for per pod."""
    return Resource(
        replica=asked.get("replica", 0), cpu=asked.get("cpu", ""), gpu=asked.get("gpu", ""),
        gpu_name=asked.get("gpuName", ""), memory=asked.get("memory", ""),
        shared_memory=asked.get("sharedMemory", ""), ephemeral=asked.get("ephemeralStorage", ""),
        rdma=asked.get("rdmaResource", ""),
    )  # fmt: skip


def spec_of(body: Body, generation: Generation) -> Spec:
    """Read a create request as it was sent, before any default.

    Raises ApiError 400 for an Authoring on several nodes, which the first generation refuses here.
    """
    gvk = body.get("groupVersionKind") or {}
    fields: dict[str, Json] = {ours: body[key] for key, ours in _PLAIN.items() if key in body}
    fields |= {ours: tuple(body[key]) for key, ours in _LISTS.items() if key in body}
    if generation.is_plural:
        fields["resources"] = tuple(resource(each) for each in body.get("resources") or ())
    else:
        fields["resources"] = (resource(body.get("resource") or {}),)
        fields["images"] = (body.get("image", ""),)
        fields["entry_points"] = (body.get("entryPoint", ""),)
    workspace = body.get("workspaceId") or body.get("workspace") or ""
    made = Spec(workspace=workspace, kind=gvk.get("kind", ""), version=gvk.get("version", ""), **fields)
    return _on_nodes(made, body.get("specifiedNodes") or [], generation)


def _on_nodes(spec: Spec, nodes: list[str], generation: Generation) -> Spec:
    """Note the nodes that were asked for as a label; the first generation counts replicas by them."""
    if not nodes:
        return replace(spec, nodes_affinity="")
    if generation.is_first and spec.kind == "Authoring" and len(nodes) > 1:
        raise bad_request("the authoring can only be created with one node")
    labels = dict(spec.labels or {})
    labels.setdefault(generation.node_label, " ".join(nodes))
    if generation.is_plural:
        affinity = spec.nodes_affinity or "required"
        excluded = () if affinity == "required" else spec.excluded_nodes
        return replace(spec, labels=labels, nodes_affinity=affinity, excluded_nodes=excluded)
    only = replace(spec.resources[0], replica=len(nodes))
    return replace(spec, labels=labels, resources=(only,))


def patched(one: Workload, body: Body, generation: Generation) -> Workload:
    """Apply a patch: what is there replaces, wholly; what is not stays.

    Raises ApiError 400 if it changes the number of pods of a workload on chosen nodes.
    """
    spec = one.spec
    fields: dict[str, Json] = {
        ours: body[key]
        for key, ours in (("priority", "priority"), ("timeout", "timeout"), ("maxRetry", "max_retry"))
        if key in body
    }
    if "env" in body:
        fields["env"] = body["env"]
    if "cronJobs" in body:
        fields["cron_jobs"] = tuple(body["cronJobs"])
    if "service" in body:
        fields["service"] = body["service"]
    fields |= _plural(body) if generation.is_plural else _singular(spec, body)
    changed = replace(spec, **fields)
    _must_keep_count(spec, changed, generation)
    return replace(one, spec=changed, description=body.get("description", one.description))


def _plural(body: Body) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    if "resources" in body:
        fields["resources"] = tuple(resource(each) for each in body["resources"])
    for key, ours in (("images", "images"), ("entryPoints", "entry_points")):
        if body.get(key):
            fields[ours] = tuple(body[key])
    return fields


def _singular(spec: Spec, body: Body) -> dict[str, Json]:
    names = {
        "replica": "replica",
        "cpu": "cpu",
        "gpu": "gpu",
        "memory": "memory",
        "ephemeralStorage": "ephemeral",
        "sharedMemory": "shared_memory",
    }
    only = replace(spec.resources[0], **{ours: body[key] for key, ours in names.items() if key in body})
    fields: dict[str, Json] = {"resources": (only,)}
    if body.get("image"):
        fields["images"] = (body["image"],)
    if body.get("entryPoint"):
        fields["entry_points"] = (body["entryPoint"],)
    return fields


def _must_keep_count(old: Spec, new: Spec, generation: Generation) -> None:
    if generation.node_label in (old.labels or {}) and old.replicas != new.replicas:
        raise _fixed_count()


def _fixed_count() -> ApiError:
    return bad_request("cannot update replica when specifying nodes")
