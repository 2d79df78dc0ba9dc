"""Which fields of a spec may not stand together, or not without each other."""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.emulator.runai.podrules import claim, container, missing, required
from reconciler.emulator.runai.shapes import Flaw
from reconciler.emulator.runai.switches import Switches

Json = Any
Spec = Mapping[str, Json]

# Fields of distributed training that are documented as applicable to one framework only.
_OF_ONE = {
    "minReplicas": "PyTorch",
    "maxReplicas": "PyTorch",
    "slotsPerWorker": "MPI",
    "sshAuthMountPath": "MPI",
    "mpiLauncherCreationPolicy": "MPI",
}
_SCALES_TO_ZERO = frozenset({"throughput", "concurrency"})


def clashes(kind: str, spec: Spec, switches: Switches) -> Iterator[Flaw]:
    """Yield every combination that the service refuses in a well-shaped spec."""
    if kind == "DistributedInference":
        yield from _groups(spec, switches)
    elif kind == "NimService":
        yield from _nim(spec, switches)
    else:
        yield from _pod(kind, spec, "spec", switches)
        yield from _serving(kind, spec)
        yield from _scaling(spec.get("autoscaling") or {}, switches)
        yield from _framework(spec, switches)


def master_clashes(same: bool | None, master: Spec | None, switches: Switches) -> Iterator[Flaw]:
    """Yield what the service refuses about the master of a distributed training."""
    if master is None:
        return
    if same:
        yield Flaw("masterSpec", "should not be specified when masterSpecSameAsWorker is true")
    yield from _pod("Distributed", master, "masterSpec", switches)


def _pod(kind: str, spec: Spec, path: str, switches: Switches) -> Iterator[Flaw]:
    yield from container(kind, spec, path, switches)
    yield from _network(spec, path)
    if spec.get("tty") and not spec.get("stdin"):
        yield Flaw(f"{path}.tty", "needs stdin")


def _groups(spec: Spec, switches: Switches) -> Iterator[Flaw]:
    for role in ("leader", "worker"):
        part = spec.get(role)
        if part is not None:
            yield from container("DistributedInference", part, f"spec.{role}", switches)
        elif role == "leader" or spec.get("workers"):
            yield required(f"spec.{role}")
    yield from _access(spec.get("servingPort") or {}, "spec.servingPort")


def _nim(spec: Spec, switches: Switches) -> Iterator[Flaw]:
    yield from container("NimService", spec, "spec", switches)
    scaling, serving = spec.get("autoscaling"), spec.get("servingPort") or {}
    if scaling is not None:
        yield from missing(scaling, ("metric", "metricThreshold"), "spec.autoscaling")
        low = scaling.get("minReplicas") or 1
        if (scaling.get("maxReplicas") or low) < low:
            yield Flaw("spec.autoscaling.maxReplicas", "must not be lower than minReplicas")
    if serving.get("exposedProtocol") == "grpc" and serving.get("grpcPort") is None:
        yield Flaw("spec.servingPort.exposedProtocol", "can only be grpc when grpcPort is set")
    yield from _model_store(spec.get("modelStore") or {}, switches)


def _model_store(store: Spec, switches: Switches) -> Iterator[Flaw]:
    cache, volume = store.get("nimCache"), store.get("pvc")
    if cache is not None and volume is not None:
        yield Flaw("spec.modelStore", "only one of nimCache and pvc can be set")
    if cache is not None:
        yield from missing(cache, ("name",), "spec.modelStore.nimCache")
    if volume is not None:
        yield from claim("NimService", volume, "spec.modelStore.pvc", switches)


def _network(spec: Spec, path: str) -> Iterator[Flaw]:
    for index, item in enumerate(spec.get("ports") or ()):
        yield from missing(item, ("container", "serviceType"), f"{path}.ports[{index}]")
    for index, item in enumerate(spec.get("exposedUrls") or ()):
        yield from missing(item, ("container",), f"{path}.exposedUrls[{index}]")
        yield from _access(item, f"{path}.exposedUrls[{index}]")
    for index, item in enumerate(spec.get("relatedUrls") or ()):
        yield from missing(item, ("url", "type"), f"{path}.relatedUrls[{index}]")


def _serving(kind: str, spec: Spec) -> Iterator[Flaw]:
    serving = spec.get("servingPort")
    if kind != "Inference" or serving is None:
        return
    yield from missing(serving, ("container",), "spec.servingPort")
    yield from _access(serving, "spec.servingPort")


def _access(item: Spec, path: str) -> Iterator[Flaw]:
    users, groups = item.get("authorizedUsers"), item.get("authorizedGroups")
    how = item.get("authorizationType")
    if users and groups:
        yield Flaw(path, "only one of authorizedUsers and authorizedGroups can be set")
    if how == "authorizedUsers" and not users:
        yield required(f"{path}.authorizedUsers")
    if how == "authorizedGroups" and not groups:
        yield required(f"{path}.authorizedGroups")
    if how == "authorizedUsersOrGroups" and not users and not groups:
        yield Flaw(path, "one of authorizedUsers and authorizedGroups is required", "required")


def _framework(spec: Spec, switches: Switches) -> Iterator[Flaw]:
    """Yield what does not fit a framework of distributed training; other kinds lack the fields."""
    low, high = spec.get("minReplicas"), spec.get("maxReplicas")
    if low is not None and high is not None and high < low:
        yield Flaw("spec.maxReplicas", "must not be smaller than minReplicas")
    for key, framework in _OF_ONE.items() if switches.refuse_inapplicable else ():
        if spec.get(key) is not None and spec.get("distributedFramework") != framework:
            yield Flaw(f"spec.{key}", f"is applicable only for {framework}")


def _scaling(scaling: Spec, switches: Switches) -> Iterator[Flaw]:
    path, low, metric = "spec.autoscaling", scaling.get("minReplicas"), scaling.get("metric")
    low = 1 if low is None else low
    high = scaling.get("maxReplicas")
    high = max(low, 1) if high is None else high
    if high < low:
        yield Flaw(f"{path}.maxReplicas", "must not be lower than minReplicas")
    if low < high and (low, high) != (0, 1) and not metric:
        yield Flaw(f"{path}.metric", "is required when minReplicas is lower than maxReplicas")
    if metric and scaling.get("metricThreshold") is None:
        yield required(f"{path}.metricThreshold")
    if scaling.get("scaleToZeroRetentionSeconds") and low != 0:
        yield Flaw(f"{path}.scaleToZeroRetentionSeconds", "can only be set when minReplicas is 0")
    if low == 0 and metric and metric not in _SCALES_TO_ZERO:
        yield Flaw(f"{path}.metric", "must be throughput or concurrency to scale to zero")
    is_share = scaling.get("metricThresholdPercentage") is not None
    if is_share and metric not in _SCALES_TO_ZERO and switches.refuse_inapplicable:
        yield Flaw(f"{path}.metricThresholdPercentage", "is applicable only for throughput and concurrency")
