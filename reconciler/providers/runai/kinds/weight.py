"""Weight: what a spec holds while it runs, and what is lost when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.resource import Json


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


def volumes_that_die(spec: Mapping[str, Json]) -> tuple[str, ...]:
    """Name the claims that are deleted with their data when the workload stops. Any form of spec."""
    return tuple(
        f"pvc {claim.get('claimName') or claim.get('name') or claim.get('path') or '?'}"
        for claim in _claims(spec)
        if claim.get("ephemeral") is True
    )


def _claims(spec: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    storage = spec.get("storage")
    listed = storage.get("pvc") if isinstance(storage, Mapping) else None
    every = listed.values() if isinstance(listed, Mapping) else listed if isinstance(listed, list) else ()
    yield from (claim for claim in every if isinstance(claim, Mapping))


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
