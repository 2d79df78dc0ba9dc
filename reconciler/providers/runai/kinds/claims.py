"""Claims: what a spec asks of the scheduler when it starts. Pure; takes a declared or a live spec.

Sources: the create calls' `compute`, `nodePools`, `preemptibility`, `priorityClass` and counts of pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.capacity import Claim
from reconciler.providers.runai.kinds import manifest, weight
from reconciler.resource import Json

_BYTES = "GPU memory in bytes is counted as whole GPUs"
_MASTER = "a master of its own is counted, which the manifest leaves open"
_TEMPLATES = "its pods are counted by its templates"
_LEADERLESS = "jax"


def of_pod(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of one pod."""
    return _claim(spec, "Workspace", weight.gpus_of_pod(spec), weight.gpus_of_pod(spec))


def of_training(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of all pods that run at once."""
    return _claim(spec, "Training", weight.gpus_of_training(spec), weight.gpus_of_pod(spec))


def of_inference(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of the replicas at the start."""
    pod, scaling = weight.gpus_of_pod(spec), spec.get("autoscaling")
    first = scaling.get("initialReplicas") if isinstance(scaling, Mapping) else None
    whole = pod * first if isinstance(first, int) else weight.gpus_of_inference(spec)
    return _claim(spec, "Inference", whole, pod)


def of_distributed(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of the workers and the master. What a manifest leaves open is counted in."""
    worker, master = weight.gpus_of_pod(spec), spec.get("masterSpec")
    framework = str(spec.get("distributedFramework") or "").lower()
    if isinstance(master, Mapping):
        lead = weight.gpus_of_pod(master)
        at_most = _MASTER if worker and not isinstance(master.get("compute"), Mapping) else ""
        lead = worker if at_most else lead
    else:
        is_led = spec.get("masterSpecSameAsWorker") is True or framework != _LEADERLESS
        lead = worker if is_led else 0.0
        at_most = _MASTER if is_led and worker and spec.get("masterSpecSameAsWorker") is not True else ""
    workers = weight.gpus_of_distributed({**spec, "masterSpec": None, "masterSpecSameAsWorker": None})
    found = _claim(spec, "Distributed", workers + lead, max(worker, lead), master)
    return found if found.at_most or not at_most else replace(found, at_most=at_most)


def of_groups(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of all groups of a leader and its workers."""
    parts = [part for name in ("leader", "worker") if isinstance(part := spec.get(name), Mapping)]
    largest = max((weight.gpus_of_pod(part) for part in parts), default=0.0)
    return _claim(spec, "DistributedInference", weight.gpus_of_groups(spec), largest, *parts)


def of_nim(spec: Mapping[str, Json]) -> Claim:
    """Read the claim of all replicas; it comes to the scheduler by way of an operator."""
    found = _claim(spec, "NIMService", weight.gpus_of_nim(spec), weight.gpus_of_pod(spec))
    return replace(found, is_slow=True)


def of_manifest(spec: Mapping[str, Json]) -> Claim | None:
    """Read the claim of a Kubernetes object, as far as its templates tell."""
    whole, tree = manifest.gpus(spec), spec.get("manifest")
    kind = tree.get("kind") if isinstance(tree, Mapping) else None
    if not isinstance(kind, str):
        return None
    return (
        replace(_claim(spec, kind, whole, manifest.largest(spec)), at_most=_TEMPLATES, is_slow=True)
        if whole
        else None
    )


def rolled(_before: Claim, after: Claim) -> Claim | None:
    """Give what an update asks of what rolls to new pods: all of it, while the old pods are held.

    An update of a NIM service carries a new mark to its pods, so that these roll whatever else changed.
    """
    return after


def _claim(spec: Mapping[str, Json], type_: str, gpus: float, largest: float, *pods: Json) -> Claim:
    pools, preemptible = spec.get("nodePools"), spec.get("preemptibility")
    names = tuple(str(name) for name in pools) if isinstance(pools, list | tuple) else ()
    is_in_bytes = any(_is_in_bytes(pod) for pod in (spec, *pods))
    return Claim(
        gpus=gpus,
        largest=largest,
        type=type_,
        pools=names,
        priority=str(spec.get("priorityClass") or spec.get("priority") or ""),
        preemptible=preemptible == "preemptible" if isinstance(preemptible, str) else None,
        at_most=_BYTES if is_in_bytes else "",
    )


def _is_in_bytes(spec: Json) -> bool:
    compute = spec.get("compute") if isinstance(spec, Mapping) else None
    return isinstance(compute, Mapping) and compute.get("gpuMemoryRequest") is not None
