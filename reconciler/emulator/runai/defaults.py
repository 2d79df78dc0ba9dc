"""The values that the server fills in, for reads under the switch `merge_defaults`."""

import copy
from typing import Any

from reconciler.emulator.runai.fields import MASTER, SPECS
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
_HOST = {"hostIpc": False, "hostNetwork": False}
_MPI = {"slotsPerWorker": 1, "sshAuthMountPath": "/root/.ssh"}
_DOMAIN = "chat.emulator.invalid"


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
        roles = {role: _of_container(one.spec[role]) for role in ("leader", "worker") if one.spec.get(role)}
        return {**spec, **policy, "replicas": 1, "workers": 0, **roles}
    if kind.type == "NimService":
        scaling = one.spec.get("autoscaling")
        grown = {"autoscaling": _nim_scaling(scaling)} if scaling else {"replicas": 1}
        return {**spec, **grown, "imagePullPolicy": _pull_policy(one.spec)}
    spec |= _of_container(one.spec)
    if kind.can_suspend:
        spec = merge(spec, {**_JOB, "security": _HOST})
    if kind.type == "Inference":
        spec["autoscaling"] = _scaling(one.spec.get("autoscaling") or {})
    if kind.type == "Distributed":
        spec |= {"cleanPodPolicy": "Running"}
        spec |= _MPI if one.spec.get("distributedFramework") == "MPI" else {}
    return spec


def of_master(master: Spec | None, switches: Switches) -> Spec | None:
    """Give the master of a distributed training as reads show it."""
    if master is None or not switches.merge_defaults:
        return master
    under = merge(_of_container(master), {"security": _HOST})
    whole: Spec = normal(merge(under, copy.deepcopy(master)), MASTER)
    return whole


def _of_container(spec: Spec) -> Spec:
    return {"imagePullPolicy": _pull_policy(spec), "security": {"uidGidSource": "fromTheImage"}}


def _pull_policy(spec: Spec) -> str:
    image = str(spec.get("image") or "")
    is_latest = image.endswith(":latest") or ":" not in image.rsplit("/", 1)[-1]
    return "Always" if is_latest else "IfNotPresent"


def _nim_scaling(asked: Spec) -> Spec:
    low = asked.get("minReplicas") or 1
    return {"minReplicas": low, "maxReplicas": low, "scaleWindowSeconds": 300}


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
        url.setdefault("url", f"https://{one.name}-{one.project.name}.{_DOMAIN}")
    serving = spec.get("servingPort")
    if serving and one.kind == "Inference":
        serving.setdefault("protocol", "http")
        serving.setdefault("authorizationType", "public")
        serving.setdefault("clusterLocalAccessOnly", False)
    elif serving and one.kind == "NimService":
        serving.setdefault("serviceType", "ClusterIP")
        serving.setdefault("exposeExternally", True)
        serving.setdefault("exposedProtocol", "grpc" if serving.get("grpcPort") else "http")
    elif serving:
        serving.setdefault("protocol", "http")
        serving.setdefault("authorizationType", "public")
        serving.setdefault("exposeExternally", True)


def _fill_storage(one: Workload, spec: Spec) -> None:
    for role in ("leader", "worker"):
        if spec.get(role):
            _fill_storage(one, spec[role])
    claim = (spec.get("modelStore") or {}).get("pvc")
    if claim:
        claim |= {"existingPvc": False, "readOnly": False, **claim}
        _fill_claim(claim, f"{one.name}-model-store")
    storage = spec.get("storage") or {}
    for index, item in enumerate(storage.get("pvc") or ()):
        item |= {**_PVC, **item}
        _fill_claim(item, f"{one.name}-pvc-{index}")
    for name in ("nfs", "hostPath"):
        for item in storage.get(name) or ():
            item.setdefault("readOnly", True)
    for item in storage.get("git") or ():
        item.setdefault("secretKeyOfUser", "User")
        item.setdefault("secretKeyOfPassword", "Password")
    for item in storage.get("s3") or ():
        item.setdefault("secretKeyOfAccessKeyId", "AccessKeyId")
        item.setdefault("secretKeyOfSecretKey", "SecretKey")


def _fill_claim(claim: Spec, name: str) -> None:
    claim.setdefault("claimName", name)
    if "claimInfo" in claim:
        claim["claimInfo"] = merge(copy.deepcopy(_CLAIM_INFO), claim["claimInfo"])
