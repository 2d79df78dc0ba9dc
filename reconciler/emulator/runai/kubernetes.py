"""What the Kubernetes API server objects to in a manifest, in its own words."""

from collections.abc import Iterator
from typing import Any

from reconciler.emulator.runai.podspecs import at

Json = Any
_TEMPLATED = frozenset({"Job", "Deployment", "ReplicaSet", "StatefulSet"})
_RESTARTS = {"Job": ("OnFailure", "Never"), "Deployment": ("Always",), "StatefulSet": ("Always",)}


def objection(manifest: Json) -> str:
    """Say why Kubernetes would refuse to create an object; empty if it would not."""
    found = list(_objections(manifest))
    return _phrase(manifest, found) if found else ""


def objection_to_change(old: Json, new: Json) -> str:
    """Say why Kubernetes would refuse to change an object so; empty if it would not."""
    kind = str(new.get("kind"))
    if kind == "Job" and at(old, "spec.template") != at(new, "spec.template"):
        return _phrase(new, ["spec.template: Invalid value: field is immutable"])
    fixed = {"Deployment": ("selector",), "StatefulSet": ("selector", "serviceName", "volumeClaimTemplates")}
    changed = [k for k in fixed.get(kind, ()) if at(old, f"spec.{k}") != at(new, f"spec.{k}")]
    return (
        _phrase(new, [f"spec.{key}: Invalid value: field is immutable" for key in changed]) if changed else ""
    )


def _phrase(manifest: Json, objections: list[str]) -> str:
    name = at(manifest, "metadata.name") or ""
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    full = f"{manifest.get('kind')}.{group}" if group else str(manifest.get("kind"))
    said = objections[0] if len(objections) == 1 else f"[{', '.join(objections)}]"
    return f'{full} "{name}" is invalid: {said}'


def _objections(manifest: Json) -> Iterator[str]:
    kind = str(manifest.get("kind"))
    if kind not in _TEMPLATED:
        return
    path = "spec.template.spec"
    containers = at(manifest, f"{path}.containers")
    if not isinstance(containers, list) or not containers:
        yield f"{path}.containers: Required value"
        return
    for index, one in enumerate(containers):
        for key in ("name", "image"):
            if not isinstance(one, dict) or not one.get(key):
                yield f"{path}.containers[{index}].{key}: Required value"
    restart = at(manifest, f"{path}.restartPolicy") or "Always"
    allowed = _RESTARTS.get(kind, (restart,))
    if restart not in allowed:
        values = ", ".join(f'"{value}"' for value in allowed)
        yield f'{path}.restartPolicy: Unsupported value: "{restart}": supported values: {values}'
    if kind != "Job":
        yield from _selector(manifest)


def _selector(manifest: Json) -> Iterator[str]:
    wanted = at(manifest, "spec.selector.matchLabels")
    if not wanted:
        yield "spec.selector: Required value"
        return
    labels = at(manifest, "spec.template.metadata.labels") or {}
    if not isinstance(wanted, dict) or any(labels.get(key) != value for key, value in wanted.items()):
        yield "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`"
