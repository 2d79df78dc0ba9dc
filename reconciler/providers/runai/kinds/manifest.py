"""Manifests: what we can tell of a Kubernetes object that the platform runs for us.

The GPUs that its pods hold, and whether it runs to an end. Pure; takes any JSON-like tree, however odd.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.quantity import quantity_value
from reconciler.resource import Json

GPU = "nvidia.com/gpu"
ENDS = frozenset(
    {
        "JAXJob",
        "Job",
        "JobSet",
        "MPIJob",
        "PaddleJob",
        "PipelineRun",
        "PyTorchJob",
        "RayJob",
        "SparkApplication",
        "TFJob",
        "TaskRun",
        "TrainJob",
        "Workflow",
        "XGBoostJob",
    }
)
"""Kinds whose objects run to an end. Any other is taken to run until it is removed."""

_COPIES = ("replicas", "parallelism")
_RESTARTED = "Always"


def ends(spec: Mapping[str, Json]) -> bool:
    """Tell whether the object in a spec runs to an end by itself; a bare pod, where it is not restarted."""
    manifest = _mapping(spec.get("manifest"))
    kind = manifest.get("kind")
    if kind == "Pod":
        return bool(_mapping(manifest.get("spec")).get("restartPolicy", _RESTARTED) != _RESTARTED)
    return kind in ENDS


def gpus(spec: Mapping[str, Json]) -> float:
    """Count the whole GPUs that the pods of a manifest ask for, as far as their templates tell."""
    return _held(_mapping(spec.get("manifest")))


def largest(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of the largest pod of a manifest, as far as its templates tell."""
    return _largest(_mapping(spec.get("manifest")))


def _largest(tree: Json) -> float:
    if isinstance(tree, list):
        return max(map(_largest, tree), default=0.0)
    if not isinstance(tree, Mapping):
        return 0.0
    if isinstance(tree.get("containers"), list):
        return _of_pod(tree)
    return max(map(_largest, tree.values()), default=0.0)


def _held(tree: Json) -> float:
    """Add up the pods below a part of a manifest, times the copies that the part states."""
    if isinstance(tree, list):
        return sum(_held(item) for item in tree)
    if not isinstance(tree, Mapping):
        return 0.0
    if isinstance(tree.get("containers"), list):
        return _of_pod(tree)
    if "workerTemplate" in tree and "size" in tree:
        return _of_group(tree)
    copies = next((count for name in _COPIES if (count := _count(tree.get(name))) is not None), 1.0)
    return copies * sum(_held(part) for part in tree.values())


def _of_pod(pod: Mapping[str, Json]) -> float:
    """Count as Kubernetes does: containers together, or the greatest of those that run before them."""
    return max(sum(_asked(pod.get("containers"))), *_asked(pod.get("initContainers")), 0.0)


def _of_group(group: Mapping[str, Json]) -> float:
    """Count a group of a LeaderWorkerSet: its size is that of the leader and the workers together."""
    worker = _held(group.get("workerTemplate"))
    leader = _held(group["leaderTemplate"]) if group.get("leaderTemplate") else worker
    return leader + worker * max((_count(group.get("size")) or 1.0) - 1.0, 0.0)


def _asked(containers: Json) -> list[float]:
    listed = containers if isinstance(containers, list) else ()
    return [_of_container(_mapping(item)) for item in listed]


def _of_container(container: Mapping[str, Json]) -> float:
    resources = _mapping(container.get("resources"))
    for part in ("limits", "requests"):
        amount = quantity_value(_mapping(resources.get(part)).get(GPU))
        if amount is not None:
            return float(amount)
    return 0.0


def _count(value: Json) -> float | None:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
