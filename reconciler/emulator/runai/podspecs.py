"""Read the pods out of a Kubernetes manifest: which roles, how many, and what each would run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reconciler.emulator.runai.quantity import number
from reconciler.emulator.runai.records import Role, Spec

Json = Any
GPU = "nvidia.com/gpu"
_FRACTION = "gpu-fraction"
_FALLBACK = "main"


def roles(manifest: Json) -> tuple[Role, ...]:
    """List the roles of a manifest's pods, the one that decides first; none if it is no good."""
    kind = manifest.get("kind") if isinstance(manifest, dict) else None
    found = _READERS.get(str(kind), _template_only)
    return tuple(found(_block(manifest)))


def at(value: Json, path: str) -> Json:
    """Follow a dotted path through objects; None where it breaks off."""
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def container_spec(pod: Spec) -> Spec:
    """Describe a pod template in the words of the v1 API; GPUs of all containers add up."""
    containers = _containers(pod)
    return {**_described(containers[0] if containers else {}), "compute": _compute(pod, containers)}


def _containers(pod: Json) -> list[Spec]:
    return [one for one in _list(at(pod, "spec.containers")) if isinstance(one, dict)]


def _described(container: Spec) -> Spec:
    spec: Spec = {
        "image": str(container.get("image") or ""),
        "command": _words(container.get("command")),
        "args": _words(container.get("args")),
        "environmentVariables": [
            {"name": str(one.get("name")), "value": str(one.get("value") or "")}
            for one in _list(container.get("env"))
            if isinstance(one, dict)
        ],
    }
    delay = at(container, "readinessProbe.initialDelaySeconds")
    if isinstance(delay, int):
        spec["probes"] = {"readiness": {"initialDelaySeconds": delay}}
    return spec


def policy(manifest: Spec) -> Spec:
    """Read what a manifest says about failing: how often to try, and whether to restart."""
    tries = at(manifest, "spec.backoffLimit")
    tries = at(manifest, "spec.runPolicy.backoffLimit") if tries is None else tries
    restart = at(manifest, "spec.template.spec.restartPolicy") or at(manifest, "spec.restartPolicy")
    told = {
        "backoffLimit": tries if isinstance(tries, int) else None,
        "restartPolicy": restart,
        "cleanPodPolicy": at(manifest, "spec.runPolicy.cleanPodPolicy"),
    }
    return {key: value for key, value in told.items() if value is not None}


def _compute(pod: Spec, containers: list[Spec]) -> Spec:
    compute: Spec = {"gpuDevicesRequest": sum(_gpus(one) for one in containers)}
    fraction = number(str(at(pod, f"metadata.annotations.{_FRACTION}") or ""))
    if fraction:
        compute |= {"gpuDevicesRequest": 1, "gpuRequestType": "portion", "gpuPortionRequest": float(fraction)}
    resources = at(containers[0], "resources") if containers else None
    for theirs, ours in (("requests", "Request"), ("limits", "Limit")):
        cpu, memory = at(resources, f"{theirs}.cpu"), at(resources, f"{theirs}.memory")
        cores = number(str(cpu)) if cpu is not None else None
        if cores is not None:
            compute[f"cpuCore{ours}"] = float(cores)
        if isinstance(memory, (str, int)):
            compute[f"cpuMemory{ours}"] = str(memory)
    return compute


def _gpus(container: Spec) -> int:
    """Count a container's GPUs: limits count, and requests must equal them."""
    asked = (_block(at(container, f"resources.{key}")).get(GPU) for key in ("limits", "requests"))
    return next((int(number(str(each)) or 0) for each in asked if each is not None), 0)


def _role(name: str, count: Json, template: Json, groups: int = 1) -> Role:
    containers = [(str(one.get("name") or _FALLBACK), one) for one in _containers(template)]
    main = containers[0][0] if containers else _FALLBACK
    others = tuple((called, _described(one)) for called, one in containers[1:])
    return Role(name, _whole(count), container_spec(_block(template)), main, groups, others)


def _template_only(manifest: Spec) -> Iterator[Role]:
    yield _role("", 1, at(manifest, "spec.template"), _whole(at(manifest, "spec.replicas")))


def _pod(manifest: Spec) -> Iterator[Role]:
    yield _role("", 1, manifest)


def _job(manifest: Spec) -> Iterator[Role]:
    yield _role("", at(manifest, "spec.parallelism"), at(manifest, "spec.template"))


def _knative(manifest: Spec) -> Iterator[Role]:
    template = at(manifest, "spec.template")
    scale = _block(at(template, "metadata.annotations")).get("autoscaling.knative.dev/min-scale")
    least = int(scale) if isinstance(scale, str) and scale.isdigit() else 1
    yield _role("", max(least, 1), template)


def _kserve(manifest: Spec) -> Iterator[Role]:
    predictor = _block(at(manifest, "spec.predictor"))
    model = _block(predictor.get("model"))
    containers = predictor.get("containers") or ([{"name": "kserve-container", **model}] if model else [])
    yield _role("predictor", predictor.get("minReplicas"), {"spec": {"containers": containers}})


def _nim(manifest: Spec) -> Iterator[Role]:
    image = _block(at(manifest, "spec.image"))
    named = f"{image.get('repository') or ''}:{image.get('tag') or 'latest'}"
    container = {
        "name": str(at(manifest, "metadata.name") or _FALLBACK), "image": named,
        "env": at(manifest, "spec.env"), "resources": at(manifest, "spec.resources"),
    }  # fmt: skip
    yield _role("", 1, {"spec": {"containers": [container]}}, _whole(at(manifest, "spec.replicas")))


def _replica_specs(key: str, *order: str) -> Callable[[Spec], Iterator[Role]]:
    """Read a Kubeflow job; the first of `order` that it has decides how it ends."""

    def read(manifest: Spec) -> Iterator[Role]:
        parts = _block(at(manifest, f"spec.{key}"))
        for name in (*order, *sorted(set(parts) - set(order))):
            if name in parts:
                part = _block(parts[name])
                yield _role(name.lower(), part.get("replicas"), part.get("template"))

    return read


def _ray(manifest: Spec, path: str = "spec") -> Iterator[Role]:
    yield _role("head", 1, at(manifest, f"{path}.headGroupSpec.template"))
    for group in _list(at(manifest, f"{path}.workerGroupSpecs")):
        if isinstance(group, dict):
            name = f"{group.get('groupName')}-worker"
            yield _role(name, group.get("replicas"), group.get("template"))


def _ray_job(manifest: Spec) -> Iterator[Role]:
    head, *workers = _ray(manifest, "spec.rayClusterSpec")
    # The entrypoint runs in a small pod of its own and decides.
    entry = {**head.spec, "command": str(at(manifest, "spec.entrypoint") or ""), "args": "", "compute": {}}
    yield Role("", 1, entry, "ray-job-submitter")
    yield from (head, *workers)


def _ray_service(manifest: Spec) -> Iterator[Role]:
    yield from _ray(manifest, "spec.rayClusterConfig")


def _leader_worker_set(manifest: Spec) -> Iterator[Role]:
    parts = _block(at(manifest, "spec.leaderWorkerTemplate"))
    groups, size = _whole(at(manifest, "spec.replicas")), _whole(parts.get("size"))
    worker = parts.get("workerTemplate")
    yield _role("leader", 1, parts.get("leaderTemplate") or worker, groups)
    yield _role("worker", size - 1, worker, groups)


def _job_set(manifest: Spec) -> Iterator[Role]:
    for part in _list(at(manifest, "spec.replicatedJobs")):
        job = at(part, "template.spec")
        groups = _whole(at(part, "replicas"))
        yield _role(str(at(part, "name")), at(job, "parallelism"), at(job, "template"), groups)


_READERS: Mapping[str, Callable[[Spec], Iterator[Role]]] = {
    "Pod": _pod,
    "Job": _job,
    "PyTorchJob": _replica_specs("pytorchReplicaSpecs", "Master", "Worker"),
    "TFJob": _replica_specs("tfReplicaSpecs", "Chief", "Master", "Worker", "PS"),
    "MPIJob": _replica_specs("mpiReplicaSpecs", "Launcher", "Worker"),
    "XGBoostJob": _replica_specs("xgbReplicaSpecs", "Master", "Worker"),
    "JAXJob": _replica_specs("jaxReplicaSpecs", "Worker"),
    "RayCluster": _ray,
    "RayJob": _ray_job,
    "RayService": _ray_service,
    "LeaderWorkerSet": _leader_worker_set,
    "JobSet": _job_set,
    "Service": _knative,
    "InferenceService": _kserve,
    "NIMService": _nim,
}


def _block(value: Json) -> Spec:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _whole(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 1


def _words(value: Json) -> str:
    return " ".join(str(each) for each in value) if isinstance(value, list) else str(value or "")
