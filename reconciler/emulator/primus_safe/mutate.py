"""What the mutating webhook does to a workload: defaults, and the tidying that looks like drift."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.emulator.primus_safe.base64text import ASLEEP, encoded
from reconciler.emulator.primus_safe.capacity import RDMA
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.kinds import KINDS, UNSUPERVISED, is_application
from reconciler.emulator.primus_safe.quantity import Malformed, parse
from reconciler.emulator.primus_safe.records import Flavor, Resource, Spec, Workspace

Json = Any
AUTHORING_IMAGE = "docker.io/primussafe/authoring:1.0.0"
_EPHEMERAL = "50Gi"
_PROBE = {"initialDelaySeconds": 600, "periodSeconds": 3, "failureThreshold": 3}
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}
_MOST_RETRIES, _HIGHEST = 50, 2
_HOUR_S = 3600
_LONELY = UNSUPERVISED | {"Sandbox", "AutoscalingRunnerSet"}


@dataclass(frozen=True, slots=True)
class Ground:
    """What the webhook looks at beside the workload; without a workspace there is no flavor."""

    generation: Generation
    workspace: Workspace | None
    flavor: Flavor | None
    ttl_s: int


Step = Callable[[Spec, Ground], Spec]


def on_create(spec: Spec, ground: Ground) -> Spec:
    """Give a new spec everything that nobody stated."""
    named = replace(spec, kind=spec.kind or "PyTorchJob", version=spec.version or "v1")
    steps = (*(_FIRST if ground.generation.is_first else _SECOND), _ttl, _timeout)
    return _through(named, ground, steps)


def on_update(spec: Spec, ground: Ground) -> Spec:
    """Tidy a changed spec; the first generation does less here than at a create."""
    steps = (_resources, _env, _crons, _common) if ground.generation.is_first else _SECOND
    return _through(spec, ground, steps)


def _through(spec: Spec, ground: Ground, steps: Sequence[Step]) -> Spec:
    for step in steps:
        spec = step(spec, ground)
    return spec


def _kind(spec: Spec, ground: Ground) -> Spec:
    """Take away from a kind what it does not have."""
    if spec.kind in UNSUPERVISED:
        spec = replace(spec, is_supervised=False, max_retry=0)
    if spec.kind == "Authoring":
        spec = _authoring(spec, ground)
    clears = _LONELY if ground.generation.is_plural else {"Authoring"}
    return replace(spec, dependencies=None) if spec.kind in clears else spec


def _authoring(spec: Spec, ground: Ground) -> Spec:
    only = tuple(replace(each, replica=1) for each in spec.resources[:1])
    images = spec.images or ("",)
    filled = tuple(image if image.strip() else AUTHORING_IMAGE for image in images)
    timeout = None if ground.generation.is_first else spec.timeout
    return replace(spec, resources=only, images=filled, entry_points=(ASLEEP,), timeout=timeout)


def _resources(spec: Spec, ground: Ground) -> Spec:
    kept = spec.resources
    if ground.generation.is_plural:
        kept = tuple(each for each in kept if each.replica > 0)
    return replace(spec, resources=tuple(_resource(each, ground) for each in kept))


def _resource(asked: Resource, ground: Ground) -> Resource:
    gpu = "" if asked.gpu == "0" else asked.gpu
    name = ground.flavor.gpu_name if gpu and ground.flavor else ""
    return replace(
        asked, gpu=gpu, gpu_name=name, shared_memory=asked.shared_memory or _half(asked.memory),
        ephemeral=asked.ephemeral or _EPHEMERAL,
    )  # fmt: skip


def _half(memory: str) -> str:
    try:
        amount = parse(memory)
    except Malformed:
        return ""
    return amount.halved() if amount.amount > 0 else ""


def _probes(spec: Spec, ground: Ground) -> Spec:
    if ground.generation.is_plural and not is_application(spec.kind):
        return replace(spec, liveness=None, readiness=None)
    return replace(spec, liveness=_probe(spec.liveness), readiness=_probe(spec.readiness))


def _probe(asked: Mapping[str, Json] | None) -> Mapping[str, Json] | None:
    if asked is None:
        return None
    stated = {"path": asked.get("path", ""), "port": asked.get("port", 0)}
    return stated | {key: asked.get(key) or default for key, default in _PROBE.items()}


def _service(spec: Spec, ground: Ground) -> Spec:
    if spec.service is None:
        return spec
    service = dict(spec.service)
    service["protocol"] = (service.get("protocol") or "TCP").upper()
    if ground.generation.is_plural and not service.get("port"):
        service["port"] = service.get("targetPort", 0)
    if ground.generation.is_plural or spec.kind == "Deployment":
        service["extends"] = {**_ROLLING, **(service.get("extends") or {})}
    return replace(spec, service=service)


def _retries(spec: Spec, _: Ground) -> Spec:
    return replace(spec, max_retry=min(max(spec.max_retry, 0), _MOST_RETRIES))


def _env(spec: Spec, ground: Ground) -> Spec:
    if spec.env is None:
        return spec
    if ground.generation.is_first:
        return replace(spec, env={key: value for key, value in spec.env.items() if value})
    env = {key.strip(): value for key, value in spec.env.items()}
    if spec.kind == "TorchFT":
        env.setdefault("MIN_REPLICA_COUNT", "1")
        env.setdefault("MAX_REPLICA_COUNT", env.get("REPLICA_COUNT", "1"))
    return replace(spec, env=env)


def _labels(spec: Spec, _: Ground) -> Spec:
    if spec.labels is None:
        return spec
    return replace(spec, labels={key: value for key, value in spec.labels.items() if key and value})


def _crons(spec: Spec, _: Ground) -> Spec:
    if spec.cron_jobs is None:
        return spec
    jobs = (
        {"schedule": job.get("schedule", ""), "action": job.get("action") or "start"}
        for job in spec.cron_jobs
    )
    return replace(spec, cron_jobs=tuple(jobs))


def _secrets(spec: Spec, ground: Ground) -> Spec:
    """Add what the workspace pulls images with, which nobody asked for."""
    if ground.workspace is None:
        return spec
    asked = {one["id"] for one in spec.secrets}
    more = ({"id": id_, "type": "image"} for id_ in ground.workspace.image_secrets if id_ not in asked)
    return replace(spec, secrets=(*spec.secrets, *more))


def _common(spec: Spec, ground: Ground) -> Spec:
    """Clamp the priority, trim images, encode entry points, and give host networks their cards."""
    images = None if spec.images is None else tuple(image.strip() for image in spec.images)
    points = spec.entry_points
    encoded_points = None if points is None else tuple(encoded(point) for point in points)
    tidy = replace(
        spec, images=images, entry_points=encoded_points, priority=min(max(spec.priority, 0), _HIGHEST)
    )
    return replace(tidy, resources=tuple(_rdma(each, tidy, ground) for each in tidy.resources))


def _rdma(asked: Resource, spec: Spec, ground: Ground) -> Resource:
    flavor = ground.flavor
    is_full = flavor is not None and bool(asked.gpu) and asked.gpu == str(flavor.gpu)
    if flavor is None or not is_full or spec.replicas <= 1:
        return replace(asked, rdma="")
    return replace(asked, rdma=flavor.extended.get(RDMA, "1"))


def _ttl(spec: Spec, ground: Ground) -> Spec:
    return replace(spec, ttl=ground.ttl_s) if spec.ttl is None else spec


def _timeout(spec: Spec, ground: Ground) -> Spec:
    """Limit what states no limit to that of the workspace, which the second generation knows."""
    kind = KINDS.get(spec.kind)
    if ground.generation.is_first or ground.workspace is None or kind is None:
        return spec
    hours = ground.workspace.max_runtime.get(kind.scope, 0)
    return replace(spec, timeout=hours * _HOUR_S) if hours and spec.timeout is None else spec


_FIRST: Sequence[Step] = (
    _kind, _resources, _probes, _service, _retries, _env, _labels, _crons, _common,
)  # fmt: skip
_SECOND: Sequence[Step] = (
    _resources, _kind, _env, _common, _retries, _labels, _crons, _probes, _service, _secrets,
)  # fmt: skip
