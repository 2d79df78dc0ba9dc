"""The values that the server fills in, for reads under the switch `merge_defaults`."""

import copy
from typing import Any

from reconciler.emulator.runai.fields import SPECS
from reconciler.emulator.runai.merge import merge
from reconciler.emulator.runai.quantity import canonical
from reconciler.emulator.runai.records import Spec, Workload, made_id
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.shapes import QTY, Block, Items, Real
from reconciler.emulator.runai.switches import Switches

Json = Any
_JOB = {"autoDeletionTimeAfterCompletionSeconds": 2_592_000, "backoffLimit": 6}
_PVC = {"existingPvc": False, "readOnly": False, "ephemeral": False, "dataSharing": False}
_CLAIM_INFO = {
    "accessModes": {"readWriteOnce": True, "readOnlyMany": False, "readWriteMany": False},
    "volumeMode": "Filesystem",
}
_HOST = "chat.emulator.invalid"


def shown(one: Workload, switches: Switches) -> Spec:
    """Give a spec as reads show it."""
    spec = merged(one) if switches.merge_defaults else one.spec
    whole: Spec = reordered(spec) if switches.reorder_lists else spec
    return whole


def merged(one: Workload) -> Spec:
    """Give a spec as the platform completes it: defaults laid under, numbers normalised."""
    spec = merge(_for_kind(one), copy.deepcopy(one.spec))
    _fill_network(one, spec)
    _fill_storage(one, spec)
    whole: Spec = normal(spec, SPECS[one.kind])
    return whole


def reordered(value: Json) -> Json:
    """Turn every list of objects around, as a server that keeps maps does."""
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        items = [reordered(item) for item in value]
        return items[::-1] if items and isinstance(items[0], dict) else items
    return value


def normal(value: Json, shape: Json) -> Json:
    """Write numbers as floats where the schema has a number, and quantities canonically."""
    if isinstance(shape, Block) and isinstance(value, dict):
        return {
            key: normal(inner, shape.fields[key]) if key in shape.fields else inner
            for key, inner in value.items()
        }
    if isinstance(shape, Items) and isinstance(value, list):
        return [normal(item, shape.of) for item in value]
    if isinstance(shape, Real) and isinstance(value, int):
        return float(value)
    return canonical(value) if shape == QTY and isinstance(value, str) else value


def _for_kind(one: Workload) -> Spec:
    kind = kind_of(one.kind)
    spec: Spec = {
        "priorityClass": kind.priority,
        "preemptibility": "preemptible" if kind.preemptible else "non-preemptible",
        "category": kind.category,
        "nodePools": list(one.project.default_pools),
    }
    if kind.type == "DistributedInference":
        policy = {"startupPolicy": "LeaderCreated", "restartPolicy": "RecreateGroupOnPodRestart"}
        return {**spec, **policy, "replicas": 1, "workers": 0}
    image = str(one.spec.get("image") or "")
    is_latest = image.endswith(":latest") or ":" not in image.rsplit("/", 1)[-1]
    spec["imagePullPolicy"] = "Always" if is_latest else "IfNotPresent"
    security: Spec = {"uidGidSource": "fromTheImage"}
    if kind.can_suspend:
        spec |= _JOB
        security |= {"hostIpc": False, "hostNetwork": False}
    if kind.type == "Inference":
        spec["autoscaling"] = _scaling(one.spec.get("autoscaling") or {})
    if kind.type == "Distributed":
        spec |= {"cleanPodPolicy": "Running"}
    return {**spec, "security": security}


def _scaling(asked: Spec) -> Spec:
    low = asked.get("minReplicas")
    low = 1 if low is None else low
    some = low or 1
    scaling: Spec = {
        "minReplicas": low,
        "maxReplicas": some,
        "initialReplicas": some,
        "activationReplicas": some,
        "scaleToZeroRetentionSeconds": 0,
    }
    return scaling | ({"metricThresholdPercentage": 70} if asked.get("metric") else {})


def _fill_network(one: Workload, spec: Spec) -> None:
    for port in spec.get("ports") or ():
        port.setdefault("external", 30000 + int(made_id(one.id, port.get("container"))[:4], 16) % 2767)
    for url in spec.get("exposedUrls") or ():
        url.setdefault("url", f"https://{one.name}-{one.project.name}.{_HOST}")
    serving = spec.get("servingPort")
    if serving and one.kind == "Inference":
        serving.setdefault("protocol", "http")
        serving.setdefault("authorizationType", "public")
        serving.setdefault("clusterLocalAccessOnly", False)
    elif serving:
        serving.setdefault("protocol", "http")
        serving.setdefault("exposeExternally", True)


def _fill_storage(one: Workload, spec: Spec) -> None:
    storage = spec.get("storage") or {}
    for index, item in enumerate(storage.get("pvc") or ()):
        for key, value in _PVC.items():
            item.setdefault(key, value)
        item.setdefault("claimName", f"{one.name}-pvc-{index}")
        if "claimInfo" in item:
            item["claimInfo"] = merge(copy.deepcopy(_CLAIM_INFO), item["claimInfo"])
    for name in ("nfs", "hostPath"):
        for item in storage.get(name) or ():
            item.setdefault("readOnly", True)
    for item in storage.get("git") or ():
        item.setdefault("secretKeyOfUser", "User")
        item.setdefault("secretKeyOfPassword", "Password")
    for item in storage.get("s3") or ():
        item.setdefault("secretKeyOfAccessKeyId", "AccessKeyId")
        item.setdefault("secretKeyOfSecretKey", "SecretKey")
