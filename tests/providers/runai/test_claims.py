"""What a spec asks of the scheduler: pods, GPUs, pools, and how sure that is."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.capacity import Claim
from reconciler.providers import kinds

ONE = {"image": "x", "compute": {"gpuDevicesRequest": 1}}
HALF = {"compute": {"gpuDevicesRequest": 2, "gpuRequestType": "portion", "gpuPortionRequest": 0.5}}
BYTES = {"compute": {"gpuDevicesRequest": 2, "gpuRequestType": "memory", "gpuMemoryRequest": "20Gi"}}


def claim(kind: str, **spec: Any) -> Claim:
    found = kinds()["runai/v1", kind].claim(spec)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "spec", "gpus", "largest"),
    [
        ("Workspace", {}, 0, 0),
        ("Workspace", ONE, 1, 1),
        ("Workspace", HALF, 1, 1),
        ("Training", {**ONE, "parallelism": 3}, 3, 1),
        ("Inference", {**ONE, "autoscaling": {"minReplicas": 2, "maxReplicas": 4}}, 2, 1),
        ("Inference", {**ONE, "autoscaling": {"minReplicas": 0, "initialReplicas": 3}}, 3, 1),
        ("DistributedTraining", {**ONE, "numWorkers": 2, "masterSpecSameAsWorker": True}, 3, 1),
        ("DistributedTraining", {**ONE, "numWorkers": 2, "masterSpec": HALF}, 3, 1),
        ("DistributedTraining", {**ONE, "numWorkers": 2, "distributedFramework": "JAX"}, 2, 1),
        ("DistributedInference", {"leader": HALF, "worker": ONE, "workers": 2, "replicas": 2}, 6, 1),
        ("NimService", {**ONE, "replicas": 2, "multiNode": {"workers": 1}}, 4, 1),
    ],
)
def test_pods_are_counted_together(kind: str, spec: Any, gpus: float, largest: float) -> None:
    found = claim(kind, **spec)

    assert (found.gpus, found.largest, found.at_most) == (gpus, largest, "")


def test_what_a_manifest_leaves_open_is_counted_in_and_said() -> None:
    assert "master" in claim("DistributedTraining", **ONE, numWorkers=1, distributedFramework="MPI").at_most
    assert "master" in claim("DistributedTraining", **ONE, numWorkers=1, masterSpec={"image": "y"}).at_most
    assert "bytes" in claim("Training", **BYTES).at_most
    assert claim("Training", **BYTES).gpus == 2


def test_a_wish_is_read_with_the_rest() -> None:
    found = claim(
        "Training", **ONE, nodePools=["a", "b"], preemptibility="non-preemptible", priorityClass="high"
    )

    assert (found.pools, found.preemptible, found.priority) == (("a", "b"), False, "high")
    assert (claim("Training", **ONE).pools, claim("Training", **ONE).preemptible) == ((), None)


def test_a_kubernetes_object_is_counted_by_its_templates() -> None:
    pods = {"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "4"}}}]}}
    found = claim(
        "ExternalWorkload", manifest={"kind": "Deployment", "spec": {"replicas": 3, "template": pods}}
    )

    assert (found.gpus, found.largest, found.type, found.is_slow) == (12, 4, "Deployment", True)
    assert kinds()["runai/v1", "ExternalWorkload"].claim({"manifest": {"kind": "Service"}}) is None


@pytest.mark.parametrize(
    ("kind", "before", "after", "asked"),
    [
        ("Inference", {**ONE}, {**ONE, "image": "y"}, 1),
        ("NimService", {**ONE, "replicas": 1}, {**ONE, "replicas": 3}, 3),
        ("DistributedInference", {"leader": ONE, "replicas": 1}, {"leader": ONE, "replicas": 3}, 2),
        ("DistributedInference", {"leader": ONE, "replicas": 3}, {"leader": ONE, "replicas": 1}, None),
    ],
    ids=["rolls beside the old", "rolls whole", "grows by groups", "shrinks"],
)
def test_an_update_asks_for_what_it_needs_beside_what_is_held(
    kind: str, before: Any, after: Any, asked: float | None
) -> None:
    found = kinds()["runai/v1", kind].surge(claim(kind, **before), claim(kind, **after))

    assert (found.gpus if found else None) == asked
