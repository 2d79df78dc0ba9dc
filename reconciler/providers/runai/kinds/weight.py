"""Weight: what a spec holds while it runs, and what is lost when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.resource import Json

PODS = ("masterSpec", "leader", "worker")
"""Parts of a spec that are the spec of a pod of their own."""


def gpus_of_pod(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of one pod. A request in bytes counts whole devices: their size is not known."""
    compute = spec.get("compute")
    if not isinstance(compute, Mapping):
        return 0.0
    portion, memory = _number(compute.get("gpuPortionRequest")), compute.get("gpuMemoryRequest")
    devices = _number(compute.get("gpuDevicesRequest"))
    if devices is None:
        devices = 0.0 if portion is None and memory is None else 1.0
    return devices * (1.0 if portion is None else portion)


def gpus_of_training(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of all pods that run at once."""
    pods = _number(spec.get("parallelism")) or 1.0
    wanted = _number(spec.get("completions")) or pods
    return gpus_of_pod(spec) * max(min(pods, wanted), 1.0)


def gpus_of_inference(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of the least replicas; an inference that sleeps at zero counts as one."""
    scaling = spec.get("autoscaling")
    least = _number(scaling.get("minReplicas")) if isinstance(scaling, Mapping) else None
    return gpus_of_pod(spec) * max(least or 1.0, 1.0)


def gpus_of_distributed(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of the workers, the least of them where it is elastic, and of the master."""
    workers = _number(spec.get("numWorkers")) or _number(spec.get("minReplicas")) or 1.0
    worker, master = gpus_of_pod(spec), spec.get("masterSpec")
    if spec.get("masterSpecSameAsWorker") is True:
        return worker * (workers + 1)
    return worker * workers + (gpus_of_pod(master) if isinstance(master, Mapping) else 0.0)


def gpus_of_groups(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of all groups of a leader and its workers."""
    groups, workers = _number(spec.get("replicas")), _number(spec.get("workers")) or 0.0
    leader, worker = (_mapping(spec.get(name)) for name in ("leader", "worker"))
    return (1.0 if groups is None else groups) * (gpus_of_pod(leader) + workers * gpus_of_pod(worker))


def gpus_of_nim(spec: Mapping[str, Json]) -> float:
    """Count the GPUs of all replicas, the least where it scales: each is a leader and maybe workers."""
    scaling, nodes = spec.get("autoscaling"), _mapping(spec.get("multiNode"))
    stated = _number(spec.get("replicas"))
    replicas = 1.0 if stated is None else stated
    if isinstance(scaling, Mapping):
        replicas = max(_number(scaling.get("minReplicas")) or 1.0, 1.0)
    return gpus_of_pod(spec) * replicas * (1.0 + (_number(nodes.get("workers")) or 0.0))


def volumes_that_die(spec: Mapping[str, Json]) -> tuple[str, ...]:
    """Name the claims that are deleted with their data when the workload is deleted. Any form of spec.

    Those that it brought along, ephemeral or not: the platform's guide to workspaces and trainings says so.
    """
    return tuple(_named(claim) for claim in _claims(spec) if claim.get("existingPvc") is not True)


def volumes_that_stop(spec: Mapping[str, Json]) -> tuple[str, ...]:
    """Name the claims that are deleted with their data when the workload stops. Any form of spec."""
    return tuple(_named(claim) for claim in _claims(spec) if claim.get("ephemeral") is True)


def _named(claim: Mapping[str, Json]) -> str:
    return f"pvc {claim.get('claimName') or claim.get('name') or claim.get('path') or '?'}"


def _claims(spec: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for pod in (spec, *(_mapping(spec.get(name)) for name in PODS)):
        listed = _mapping(pod.get("storage")).get("pvc")
        every = listed.values() if isinstance(listed, Mapping) else listed if isinstance(listed, list) else ()
        yield from (claim for claim in every if isinstance(claim, Mapping))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
