"""Which fields of a spec may not stand together, or not without each other."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.emulator.runai.quantity import number
from reconciler.emulator.runai.shapes import Flaw

Json = Any
Spec = Mapping[str, Json]

_ENV_SOURCES = ("value", "secret", "configMap", "podFieldRef", "userCredential")
_LABEL = re.compile(r"^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
# What an item of each storage list cannot do without.
_STORAGE = {
    "configMapVolume": ("configMap", "mountPath"),
    "dataVolume": ("id", "mountPath"),
    "emptyDirVolume": ("path",),
    "git": ("repository", "path"),
    "hostPath": ("path", "mountPath"),
    "nfs": ("path", "server", "mountPath"),
    "pvc": ("path",),
    "s3": ("bucket", "path"),
    "secretVolume": ("secret", "mountPath"),
}


def clashes(kind: str, spec: Spec) -> Iterator[Flaw]:
    """Yield every combination that the service refuses in a well-shaped spec."""
    if kind == "DistributedInference":
        yield from _groups(spec)
        return
    if not spec.get("image"):
        yield Flaw("spec.image", "is required", "required")
    if kind == "NimService":
        yield from _nim(spec)
        return
    yield from _container(kind, spec, "spec")
    yield from _network(spec)
    yield from _scaling(spec.get("autoscaling") or {})
    if spec.get("tty") and not spec.get("stdin"):
        yield Flaw("spec.tty", "needs stdin")


def _groups(spec: Spec) -> Iterator[Flaw]:
    for role in ("leader", "worker"):
        part = spec.get(role)
        if part is None:
            if role == "leader" or spec.get("workers"):
                yield Flaw(f"spec.{role}", "is required", "required")
            continue
        if not part.get("image"):
            yield Flaw(f"spec.{role}.image", "is required", "required")
        yield from _container("DistributedInference", part, f"spec.{role}")
    yield from _access(spec.get("servingPort") or {}, "spec.servingPort")


def _nim(spec: Spec) -> Iterator[Flaw]:
    yield from _container("NimService", spec, "spec")
    yield from _readiness(spec)
    scaling, serving = spec.get("autoscaling") or {}, spec.get("servingPort") or {}
    for key in ("metric", "metricThreshold"):
        if scaling and scaling.get(key) is None:
            yield Flaw(f"spec.autoscaling.{key}", "is required", "required")
    if (scaling.get("maxReplicas") or scaling.get("minReplicas") or 1) < (scaling.get("minReplicas") or 1):
        yield Flaw("spec.autoscaling.maxReplicas", "must not be lower than minReplicas")
    if serving.get("exposedProtocol") == "grpc" and serving.get("grpcPort") is None:
        yield Flaw("spec.servingPort.exposedProtocol", "can only be grpc when grpcPort is set")
    store = spec.get("modelStore") or {}
    cache, claim = store.get("nimCache"), store.get("pvc")
    if cache is not None and claim is not None:
        yield Flaw("spec.modelStore", "only one of nimCache and pvc can be set")
    if cache is not None and not cache.get("name"):
        yield Flaw("spec.modelStore.nimCache.name", "is required", "required")
    if claim is not None:
        yield from _claim("NimService", claim, "spec.modelStore.pvc")


def _container(kind: str, spec: Spec, path: str) -> Iterator[Flaw]:
    yield from _compute(spec.get("compute") or {}, f"{path}.compute")
    yield from _storage(kind, spec.get("storage") or {}, f"{path}.storage")
    for index, item in enumerate(spec.get("environmentVariables") or ()):
        yield from _env(item, f"{path}.environmentVariables[{index}]")
    for index, item in enumerate(spec.get("tolerations") or ()):
        yield from _toleration(item, f"{path}.tolerations[{index}]")
    for index, item in enumerate(spec.get("labels") or ()):
        if not _LABEL.match(item.get("value") or ""):
            yield Flaw(f"{path}.labels[{index}].value", "is not a valid Kubernetes label value")


def _compute(compute: Spec, path: str) -> Iterator[Flaw]:
    asked_in, devices = compute.get("gpuRequestType"), compute.get("gpuDevicesRequest")
    units = {"portion": "gpuPortion", "memory": "gpuMemory"}
    for unit, key in units.items():
        given = [k for k in (f"{key}Request", f"{key}Limit") if compute.get(k) is not None]
        if given and asked_in != unit:
            yield Flaw(f"{path}.{given[0]}", f"can only be set when gpuRequestType is {unit}")
    if asked_in and compute.get(f"{units[asked_in]}Request") is None:
        yield Flaw(f"{path}.{units[asked_in]}Request", "is required", "required")
    if asked_in and devices == 0:
        yield Flaw(f"{path}.gpuDevicesRequest", f"must be at least 1 with {asked_in}")
    if asked_in == "memory" and (devices or 0) > 1:
        yield Flaw(f"{path}.gpuRequestType", "only portion is supported for more than one device")
    portion = compute.get("gpuPortionRequest")
    if portion is not None and not 0 < portion <= 1:
        yield Flaw(f"{path}.gpuPortionRequest", "must be above 0 and at most 1", "max")
    for key in ("cpuCore", "cpuMemory", "gpuMemory", "gpuPortion"):
        yield from _limit(compute, key, path)


def _limit(compute: Spec, key: str, path: str) -> Iterator[Flaw]:
    ask, cap = compute.get(f"{key}Request"), compute.get(f"{key}Limit")
    if ask is None or cap is None:
        return
    low, high = number(str(ask)), number(str(cap))
    if low is not None and high is not None and high < low:
        yield Flaw(f"{path}.{key}Limit", f"must not be lower than {key}Request")


def _env(item: Spec, path: str) -> Iterator[Flaw]:
    given = [key for key in _ENV_SOURCES if item.get(key) is not None]
    if len(given) > 1:
        yield Flaw(path, f"only one of {', '.join(given)} can be set")
    if not given and not item.get("exclude"):
        yield Flaw(f"{path}.value", "is required", "required")


def _toleration(item: Spec, path: str) -> Iterator[Flaw]:
    if item.get("exclude"):
        return
    for key in ("operator", "key", "effect"):
        if item.get(key) is None:
            yield Flaw(f"{path}.{key}", "is required", "required")
    if item.get("operator") == "Exists" and item.get("value"):
        yield Flaw(f"{path}.value", "must be empty when operator is Exists")
    if item.get("seconds") is not None and item.get("effect") != "NoExecute":
        yield Flaw(f"{path}.seconds", "can only be set when effect is NoExecute")


def _storage(kind: str, storage: Spec, path: str) -> Iterator[Flaw]:
    for name, needed in _STORAGE.items():
        for index, item in enumerate(storage.get(name) or ()):
            if item.get("exclude"):
                continue
            for key in needed:
                if not item.get(key):
                    yield Flaw(f"{path}.{name}[{index}].{key}", "is required", "required")
            if name == "pvc":
                yield from _claim(kind, item, f"{path}.pvc[{index}]")


def _claim(kind: str, item: Spec, path: str) -> Iterator[Flaw]:
    if item.get("existingPvc") and not item.get("claimName"):
        yield Flaw(f"{path}.claimName", "is required", "required")
    if not item.get("existingPvc") and not (item.get("claimInfo") or {}).get("size"):
        yield Flaw(f"{path}.claimInfo.size", "is required", "required")
    if item.get("ephemeral") and kind == "Inference":
        yield Flaw(f"{path}.ephemeral", "is not supported for inference workloads")


def _network(spec: Spec) -> Iterator[Flaw]:
    for index, item in enumerate(spec.get("ports") or ()):
        for key in ("container", "serviceType"):
            if item.get(key) is None and not item.get("exclude"):
                yield Flaw(f"spec.ports[{index}].{key}", "is required", "required")
    for index, item in enumerate(spec.get("exposedUrls") or ()):
        if item.get("container") is None and not item.get("exclude"):
            yield Flaw(f"spec.exposedUrls[{index}].container", "is required", "required")
        yield from _access(item, f"spec.exposedUrls[{index}]")
    yield from _access(spec.get("servingPort") or {}, "spec.servingPort")
    yield from _readiness(spec)


def _readiness(spec: Spec) -> Iterator[Flaw]:
    readiness = (spec.get("probes") or {}).get("readiness") or {}
    if readiness and not (readiness.get("handler") or {}).get("httpGet"):
        yield Flaw("spec.probes.readiness.handler.httpGet", "is required", "required")


def _access(item: Spec, path: str) -> Iterator[Flaw]:
    users, groups = item.get("authorizedUsers"), item.get("authorizedGroups")
    how = item.get("authorizationType")
    if users and groups:
        yield Flaw(path, "only one of authorizedUsers and authorizedGroups can be set")
    if how == "authorizedUsers" and not users:
        yield Flaw(f"{path}.authorizedUsers", "is required", "required")
    if how == "authorizedGroups" and not groups:
        yield Flaw(f"{path}.authorizedGroups", "is required", "required")


def _scaling(scaling: Spec) -> Iterator[Flaw]:
    path, low = "spec.autoscaling", scaling.get("minReplicas")
    low = 1 if low is None else low
    high = scaling.get("maxReplicas")
    high = max(low, 1) if high is None else high
    if high < low:
        yield Flaw(f"{path}.maxReplicas", "must not be lower than minReplicas")
    if low < high and (low, high) != (0, 1) and not scaling.get("metric"):
        yield Flaw(f"{path}.metric", "is required when minReplicas is lower than maxReplicas")
    if scaling.get("metric") and scaling.get("metricThreshold") is None:
        yield Flaw(f"{path}.metricThreshold", "is required", "required")
    if scaling.get("scaleToZeroRetentionSeconds") and low != 0:
        yield Flaw(f"{path}.scaleToZeroRetentionSeconds", "can only be set when minReplicas is 0")
