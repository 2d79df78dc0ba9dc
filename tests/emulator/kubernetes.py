"""Manifests to send, each as small as Kubernetes takes it."""

from typing import Any

Json = Any


def container(image: str = "busybox:1", command: str = "", gpus: int = 0, **more: Json) -> dict[str, Json]:
    one: dict[str, Json] = {"name": "main", "image": image, **more}
    if command:
        one["command"] = command.split()
    return one | ({"resources": {"limits": {"nvidia.com/gpu": gpus}}} if gpus else {})


def template(*containers: dict[str, Json], labels: Json = None, **spec: Json) -> dict[str, Json]:
    return {"metadata": {"labels": labels or {}}, "spec": {"containers": list(containers), **spec}}


def job(name: str = "x", *, parallelism: int = 1, spec: Json = None, **what: Json) -> dict[str, Json]:
    pods = template(container(**what), restartPolicy="Never")
    return _object("batch/v1", "Job", name, {"parallelism": parallelism, "template": pods, **(spec or {})})


def deployment(name: str = "x", *, replicas: int = 1, **what: Json) -> dict[str, Json]:
    labels = {"app": name}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": template(container(**what), labels=labels),
    }
    return _object("apps/v1", "Deployment", name, spec)


def pytorch_job(name: str = "x", *, workers: int = 1, **what: Json) -> dict[str, Json]:
    pods = template(container(**what) | {"name": "pytorch"})
    parts = {"Master": {"replicas": 1, "template": pods}, "Worker": {"replicas": workers, "template": pods}}
    return _object("kubeflow.org/v1", "PyTorchJob", name, {"pytorchReplicaSpecs": parts})


def _object(version: str, kind: str, name: str, spec: dict[str, Json]) -> dict[str, Json]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
