"""What the Kubernetes API server objects to in a manifest, in its own words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.emulator.runai.podspecs import at
from reconciler.emulator.runai.quantity import number

Json = Any
_RESTARTS = {
    "Job": ("OnFailure", "Never"),
    "Deployment": ("Always",),
    "ReplicaSet": ("Always",),
    "StatefulSet": ("Always",),
}
_PULLS = ("Always", "IfNotPresent", "Never")
_SELECTED = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})
# Where the pod templates of each kind are; `*` stands for every key or item.
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Pod": ("",),
    "Job": ("spec.template",),
    "Deployment": ("spec.template",),
    "ReplicaSet": ("spec.template",),
    "StatefulSet": ("spec.template",),
    "Notebook": ("spec.template",),
    "Service": ("spec.template",),
    "PyTorchJob": ("spec.pytorchReplicaSpecs.*.template",),
    "TFJob": ("spec.tfReplicaSpecs.*.template",),
    "MPIJob": ("spec.mpiReplicaSpecs.*.template",),
    "XGBoostJob": ("spec.xgbReplicaSpecs.*.template",),
    "JAXJob": ("spec.jaxReplicaSpecs.*.template",),
    "RayCluster": ("spec.headGroupSpec.template", "spec.workerGroupSpecs.*.template"),
    "RayJob": (
        "spec.rayClusterSpec.headGroupSpec.template",
        "spec.rayClusterSpec.workerGroupSpecs.*.template",
    ),
    "LeaderWorkerSet": ("spec.leaderWorkerTemplate.workerTemplate",),
}
# The container that the training operator looks for in each kind of job.
_NAMED = {"PyTorchJob": "pytorch", "TFJob": "tensorflow", "XGBoostJob": "xgboost", "JAXJob": "jax"}
_KEY = re.compile(r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
_LABEL_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")


def objection(manifest: Json) -> str:
    """Say why Kubernetes would refuse to create an object; empty if it would not."""
    found = list(_objections(manifest))
    return _phrase(manifest, found) if found else ""


def objection_to_change(old: Json, new: Json) -> str:
    """Say why Kubernetes would refuse to change an object so; empty if it would not."""
    fixed = {
        "Job": ("template", "selector", "completionMode"),
        "Deployment": ("selector",),
        "ReplicaSet": ("selector",),
        "StatefulSet": ("selector", "serviceName", "volumeClaimTemplates", "podManagementPolicy"),
        "Pod": ("containers", "restartPolicy", "volumes"),
    }.get(str(new.get("kind")), ())
    changed = [key for key in fixed if at(old, f"spec.{key}") != at(new, f"spec.{key}")]
    said = [f"spec.{key}: Invalid value: field is immutable" for key in changed]
    return _phrase(new, said) if said else ""


def _phrase(manifest: Json, objections: list[str]) -> str:
    name = at(manifest, "metadata.name") or ""
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    full = f"{manifest.get('kind')}.{group}" if group else str(manifest.get("kind"))
    said = objections[0] if len(objections) == 1 else f"[{', '.join(objections)}]"
    return f'{full} "{name}" is invalid: {said}'


def _objections(manifest: Json) -> Iterator[str]:
    kind = str(manifest.get("kind"))
    yield from _metadata(manifest)
    if not isinstance(manifest.get("spec"), dict):
        yield "spec: Required value"
        return
    for key in ("replicas", "parallelism", "completions", "backoffLimit"):
        yield from _count(at(manifest, f"spec.{key}"), f"spec.{key}")
    for pattern in _TEMPLATES.get(kind, ()):
        for path, template in _spread(manifest, pattern):
            yield from _pod(kind, template, f"{path}.spec" if path else "spec")
    if kind in _SELECTED:
        yield from _selector(manifest)


def _spread(value: Json, pattern: str, path: str = "") -> Iterator[tuple[str, Json]]:
    """Follow a pattern to all that it leads to; a step that is not there leads to nothing."""
    if not pattern:
        yield path, value
        return
    step, _, rest = pattern.partition(".")
    if step != "*":
        inner = value.get(step) if isinstance(value, dict) else None
        yield from _spread(inner, rest, f"{path}.{step}" if path else step)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _spread(inner, rest, f"{path}[{key}]")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _spread(inner, rest, f"{path}[{index}]")
    elif value is None and path.rpartition(".")[2].endswith("ReplicaSpecs"):
        yield path, None


def _metadata(manifest: Json) -> Iterator[str]:
    for key in ("labels", "annotations"):
        path, pairs = f"metadata.{key}", at(manifest, f"metadata.{key}")
        if pairs is None:
            continue
        if not isinstance(pairs, dict):
            yield f"{path}: Invalid value: must be a map"
            continue
        for name, value in pairs.items():
            if not _KEY.match(name):
                yield f'{path}: Invalid value: "{name}": name part must consist of alphanumeric characters'
            elif not isinstance(value, str):
                yield f"{path}.{name}: Invalid value: must be a string"
            elif key == "labels" and not _VALUE.match(value):
                yield f'{path}: Invalid value: "{value}": a valid label consists of alphanumeric characters'


def _count(value: Json, path: str) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        yield f"{path}: Invalid value: must be an integer"
    elif value < 0:
        yield f"{path}: Invalid value: {value}: must be greater than or equal to 0"


def _pod(kind: str, template: Json, path: str) -> Iterator[str]:
    containers = at(template, "spec.containers")
    if not isinstance(containers, list) or not containers:
        yield f"{path}.containers: Required value"
        return
    for index, one in enumerate(containers):
        yield from _container(one, f"{path}.containers[{index}]")
    names = [one.get("name") for one in containers if isinstance(one, dict)]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f'{path}.containers: Duplicate value: "{name}"'
    if kind in _NAMED and _NAMED[kind] not in names:
        yield f"{path}.containers: Invalid value: there is no container named {_NAMED[kind]}"
    restart = at(template, "spec.restartPolicy") or "Always"
    allowed = _RESTARTS.get(kind, (restart,))
    if restart not in allowed:
        values = ", ".join(f'"{value}"' for value in allowed)
        yield f'{path}.restartPolicy: Unsupported value: "{restart}": supported values: {values}'


def _container(one: Json, path: str) -> Iterator[str]:
    if not isinstance(one, dict):
        yield f"{path}: Invalid value: must be an object"
        return
    for key in ("name", "image"):
        if not one.get(key):
            yield f"{path}.{key}: Required value"
    name = one.get("name")
    if name and not _LABEL_NAME.match(str(name)):
        yield f'{path}.name: Invalid value: "{name}": must be a lowercase RFC 1123 label'
    pull = one.get("imagePullPolicy", "Always")
    if pull not in _PULLS:
        values = ", ".join(f'"{value}"' for value in _PULLS)
        yield f'{path}.imagePullPolicy: Unsupported value: "{pull}": supported values: {values}'
    for key in ("command", "args"):
        words = one.get(key)
        if words is not None and not (isinstance(words, list) and all(isinstance(w, str) for w in words)):
            yield f"{path}.{key}: Invalid value: must be a list of strings"
    yield from _env(one, path)
    yield from _resources(one, path)


def _env(one: Json, path: str) -> Iterator[str]:
    items = one.get("env")
    if items is not None and not isinstance(items, list):
        yield f"{path}.env: Invalid value: must be a list"
        return
    for index, item in enumerate(items or ()):
        if not isinstance(item, dict) or not item.get("name"):
            yield f"{path}.env[{index}].name: Required value"
        elif item.get("value") is not None and not isinstance(item["value"], str):
            yield f"{path}.env[{index}].value: Invalid value: must be a string"


def _resources(one: Json, path: str) -> Iterator[str]:
    read: dict[tuple[str, str], Any] = {}
    for part in ("requests", "limits"):
        amounts = at(one, f"resources.{part}")
        for name, value in (amounts if isinstance(amounts, dict) else {}).items():
            read[part, name] = number(str(value))
            if read[part, name] is None:
                yield f'{path}.resources.{part}[{name}]: Invalid value: "{value}": not a quantity'
    for (part, name), low in read.items():
        high = read.get(("limits", name))
        if part == "requests" and low is not None and high is not None and low > high:
            said = f"must be less than or equal to {name} limit of {high}"
            yield f"{path}.resources.requests: Invalid value: {said}"


def _selector(manifest: Json) -> Iterator[str]:
    wanted = at(manifest, "spec.selector.matchLabels")
    if not wanted:
        yield "spec.selector: Required value"
        return
    labels = at(manifest, "spec.template.metadata.labels")
    labels = labels if isinstance(labels, dict) else {}
    if not isinstance(wanted, dict) or any(labels.get(key) != value for key, value in wanted.items()):
        yield "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`"
