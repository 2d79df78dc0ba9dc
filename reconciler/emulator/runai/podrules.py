"""Which fields of one container and its pod may not stand together, or not without each other."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.emulator.runai.quantity import number
from reconciler.emulator.runai.shapes import Flaw
from reconciler.emulator.runai.switches import Switches

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
# How many values each operator of a node affinity takes.
_VALUES: Mapping[str, tuple[int, int | None]] = {
    "In": (1, None),
    "NotIn": (1, None),
    "Exists": (0, 0),
    "DoesNotExist": (0, 0),
    "Gt": (1, 1),
    "Lt": (1, 1),
}


def container(kind: str, spec: Spec, path: str, switches: Switches) -> Iterator[Flaw]:
    """Yield what the service refuses about one container, the image included."""
    if not spec.get("image"):
        yield required(f"{path}.image")
    yield from _compute(spec.get("compute") or {}, f"{path}.compute", switches)
    yield from _storage(kind, spec.get("storage") or {}, f"{path}.storage", switches)
    for index, item in enumerate(spec.get("environmentVariables") or ()):
        yield from _env(item, f"{path}.environmentVariables[{index}]")
    for index, item in enumerate(spec.get("tolerations") or ()):
        yield from _toleration(item, f"{path}.tolerations[{index}]")
    for index, item in enumerate(spec.get("labels") or ()):
        if not _LABEL.match(item.get("value") or ""):
            yield Flaw(f"{path}.labels[{index}].value", "is not a valid Kubernetes label value")
    yield from _affinity(spec, path)
    yield from readiness(spec, path)


def required(path: str) -> Flaw:
    """Say that a field is missing."""
    return Flaw(path, "is required", "required")


def missing(item: Spec, keys: tuple[str, ...], path: str) -> Iterator[Flaw]:
    """Yield the keys that an item lacks; one that only excludes lacks nothing."""
    if not item.get("exclude"):
        yield from (required(f"{path}.{key}") for key in keys if item.get(key) in (None, ""))


def _compute(compute: Spec, path: str, switches: Switches) -> Iterator[Flaw]:
    asked_in, devices = compute.get("gpuRequestType"), compute.get("gpuDevicesRequest")
    units = {"portion": "gpuPortion", "memory": "gpuMemory"}
    for unit, key in units.items():
        given = [k for k in (f"{key}Request", f"{key}Limit") if compute.get(k) is not None]
        if given and asked_in != unit:
            yield Flaw(f"{path}.{given[0]}", f"can only be set when gpuRequestType is {unit}")
    if asked_in and compute.get(f"{units[asked_in]}Request") is None:
        yield required(f"{path}.{units[asked_in]}Request")
    if asked_in and devices == 0:
        yield Flaw(f"{path}.gpuDevicesRequest", f"must be at least 1 with {asked_in}")
    if (devices or 0) > 1 and asked_in and (asked_in == "memory" or not switches.fractions_of_many):
        allowed = "only portion" if switches.fractions_of_many else "neither portion nor memory"
        yield Flaw(f"{path}.gpuRequestType", f"{allowed} is supported for more than one device")
    portion = compute.get("gpuPortionRequest")
    if portion is not None and not 0 < portion <= 1:
        yield Flaw(f"{path}.gpuPortionRequest", "must be above 0 and at most 1", "max")
    for key in ("cpuCore", "cpuMemory", "gpuMemory", "gpuPortion"):
        yield from _limit(compute, key, path)
    for index, item in enumerate(compute.get("extendedResources") or ()):
        yield from missing(item, ("resource",), f"{path}.extendedResources[{index}]")


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
        yield required(f"{path}.value")


def _toleration(item: Spec, path: str) -> Iterator[Flaw]:
    if item.get("exclude"):
        return
    yield from missing(item, ("operator", "key", "effect"), path)
    if item.get("operator") == "Exists" and item.get("value"):
        yield Flaw(f"{path}.value", "must be empty when operator is Exists")
    if item.get("seconds") is not None and item.get("effect") != "NoExecute":
        yield Flaw(f"{path}.seconds", "can only be set when effect is NoExecute")


def _affinity(spec: Spec, path: str) -> Iterator[Flaw]:
    pods = spec.get("podAffinity")
    if pods:
        yield from missing(pods, ("type", "key"), f"{path}.podAffinity")
    terms = (spec.get("nodeAffinityRequired") or {}).get("nodeSelectorTerms") or ()
    for index, term in enumerate(terms):
        for place, one in enumerate(term.get("matchExpressions") or ()):
            where = f"{path}.nodeAffinityRequired.nodeSelectorTerms[{index}].matchExpressions[{place}].values"
            yield from _expression(one, where)


def _expression(one: Spec, path: str) -> Iterator[Flaw]:
    values, operator = one.get("values") or [], one["operator"]
    low, high = _VALUES[operator]
    if not low <= len(values) <= (len(values) if high is None else high):
        wanted = {(1, None): "not be empty", (0, 0): "be empty", (1, 1): "have one element"}[low, high]
        yield Flaw(path, f"must {wanted} when operator is {operator}")
    elif operator in {"Gt", "Lt"} and not re.fullmatch(r"-?\d+", values[0]):
        yield Flaw(path, f"must be an integer when operator is {operator}")


def readiness(spec: Spec, path: str) -> Iterator[Flaw]:
    """Yield what is wrong about a probe."""
    probe = (spec.get("probes") or {}).get("readiness") or {}
    if probe and not (probe.get("handler") or {}).get("httpGet"):
        yield required(f"{path}.probes.readiness.handler.httpGet")


def _storage(kind: str, storage: Spec, path: str, switches: Switches) -> Iterator[Flaw]:
    for name, needed in _STORAGE.items():
        for index, item in enumerate(storage.get(name) or ()):
            yield from missing(item, needed, f"{path}.{name}[{index}]")
            if name == "pvc" and not item.get("exclude"):
                yield from claim(kind, item, f"{path}.pvc[{index}]", switches)


def claim(kind: str, item: Spec, path: str, switches: Switches) -> Iterator[Flaw]:
    """Yield what is wrong about a volume claim."""
    is_existing = item.get("existingPvc")
    if is_existing and not item.get("claimName"):
        yield required(f"{path}.claimName")
    if not is_existing and not (item.get("claimInfo") or {}).get("size"):
        yield required(f"{path}.claimInfo.size")
    if is_existing and item.get("claimInfo") and switches.refuse_inapplicable:
        yield Flaw(f"{path}.claimInfo", "should not be provided for an existing PVC")
    if item.get("ephemeral") and kind == "Inference":
        yield Flaw(f"{path}.ephemeral", "is not supported for inference workloads")
