"""Defaults: what the platform documents that it fills in, by canonical pointer.

Priority, preemptibility and category are an installation's to change; these are as delivered. Left out
where documents disagree (`hostPath[].readOnly`) or the value is generated (URLs, claim names, ports).
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.kind import NOTHING
from reconciler.providers.runai.kinds.weight import PODS
from reconciler.resource import Json

_ANY: Mapping[str, Json] = {
    "/spec/probes/readiness/handler/httpGet/path": "/",
    "/spec/probes/readiness/handler/httpGet/scheme": "HTTP",
}
_POD: Mapping[str, Json] = {**_ANY, "/spec/security/uidGidSource": "fromTheImage"}
_JOB_POD: Mapping[str, Json] = {
    **_POD,
    "/spec/security/hostIpc": False,
    "/spec/security/hostNetwork": False,
}
_JOB: Mapping[str, Json] = {
    **_JOB_POD,
    "/spec/autoDeletionTimeAfterCompletionSeconds": 2_592_000,
    "/spec/backoffLimit": 6,
}
_TRAINED: Mapping[str, Json] = {
    "/spec/category": "Train",
    "/spec/preemptibility": "preemptible",
    "/spec/priorityClass": "low",
}
_SERVED: Mapping[str, Json] = {
    "/spec/category": "Deploy",
    "/spec/preemptibility": "non-preemptible",
    "/spec/priorityClass": "very-high",
}


def _below(part: str, of: Mapping[str, Json]) -> dict[str, Json]:
    """Give the defaults of a pod whose spec is a part of the whole."""
    return {pointer.replace("/spec/", f"/spec/{part}/", 1): value for pointer, value in of.items()}


WORKSPACE: Mapping[str, Json] = {
    **_JOB,
    "/spec/category": "Build",
    "/spec/preemptibility": "non-preemptible",
    "/spec/priorityClass": "high",
}
TRAINING: Mapping[str, Json] = {**_JOB, **_TRAINED}
DISTRIBUTED_TRAINING: Mapping[str, Json] = {
    **_JOB,
    **_TRAINED,
    **_below("masterSpec", _JOB_POD),
    "/spec/cleanPodPolicy": "Running",
    "/spec/slotsPerWorker": 1,
    "/spec/sshAuthMountPath": "/root/.ssh",
}
INFERENCE: Mapping[str, Json] = {
    **_POD,
    **_SERVED,
    "/spec/autoscaling/metricThresholdPercentage": 70,
    "/spec/autoscaling/minReplicas": 1,
    "/spec/autoscaling/scaleToZeroRetentionSeconds": 0,
    "/spec/servingPort/authorizationType": "public",
    "/spec/servingPort/clusterLocalAccessOnly": False,
    "/spec/servingPort/protocol": "http",
}
DISTRIBUTED_INFERENCE: Mapping[str, Json] = {
    **_SERVED,
    **_below("leader", _POD),
    **_below("worker", _POD),
    "/spec/replicas": 1,
    "/spec/restartPolicy": "RecreateGroupOnPodRestart",
    "/spec/servingPort/authorizationType": "public",
    "/spec/servingPort/exposeExternally": True,
    "/spec/servingPort/protocol": "http",
    "/spec/startupPolicy": "LeaderCreated",
    "/spec/workers": 0,
}

_CLAIM: Mapping[str, Json] = {
    "claimInfo/accessModes/readOnlyMany": False,
    "claimInfo/accessModes/readWriteMany": False,
    "claimInfo/accessModes/readWriteOnce": True,
    "claimInfo/volumeMode": "Filesystem",
    "existingPvc": False,
    "readOnly": False,
}
NIM_SERVICE: Mapping[str, Json] = {
    **_ANY,
    **_SERVED,
    **{f"/spec/modelStore/pvc/{field}": value for field, value in _CLAIM.items()},
    "/spec/autoscaling/minReplicas": 1,
    "/spec/autoscaling/scaleWindowSeconds": 300,
    "/spec/replicas": 1,
    "/spec/servingPort/exposeExternally": True,
    "/spec/servingPort/serviceType": "ClusterIP",
}

_VOLUMES: Mapping[str, Mapping[str, Json]] = {
    "pvc": {**_CLAIM, "dataSharing": False, "ephemeral": False},
    "nfs": {"readOnly": True},
    "git": {
        "secretKeyOfPassword": "Password",
        "secretKeyOfUser": "User",
        "secretRef/secretKeyOfPassword": "Password",
        "secretRef/secretKeyOfUser": "User",
    },
    "s3": {"secretKeyOfAccessKeyId": "AccessKeyId", "secretKeyOfSecretKey": "SecretKey"},
}
_AS_MANY_AS_LEAST = frozenset({"activationReplicas", "initialReplicas", "maxReplicas"})


def default_of(spec: Mapping[str, Json], pointer: str) -> Json:
    """Give the defaults that hang on the rest of the spec or stand in list items, else NOTHING."""
    parts = pointer.removeprefix("/spec/").split("/")
    match parts:
        case [pod, *rest] if pod in PODS and rest:
            inner = spec.get(pod)
            return default_of(inner if isinstance(inner, Mapping) else {}, "/".join(("/spec", *rest)))
        case ["imagePullPolicy"]:
            return _pull_policy(spec.get("image"))
        case ["autoscaling", field] if field in _AS_MANY_AS_LEAST:
            return _least(spec.get("autoscaling"))
        case ["servingPort", "exposedProtocol"]:
            return _protocol(spec.get("servingPort"))
        case ["storage", volume, _, *rest] if volume in _VOLUMES:
            return _VOLUMES[volume].get("/".join(rest), NOTHING)
    return NOTHING


def _protocol(port: Json) -> Json:
    return "grpc" if isinstance(port, Mapping) and port.get("grpcPort") is not None else "http"


def _pull_policy(image: Json) -> Json:
    """Judge by the tag; an image without tag and digest means latest, as everywhere."""
    if not isinstance(image, str) or not image or "${{" in image:
        return NOTHING
    name, digest = image.rpartition("/")[2], "@" in image
    is_latest = not digest and (":" not in name or name.endswith(":latest"))
    return "Always" if is_latest else "IfNotPresent"


def _least(scaling: Json) -> Json:
    least = scaling.get("minReplicas") if isinstance(scaling, Mapping) else None
    if least is None:
        return 1
    return max(least, 1) if isinstance(least, int) else NOTHING
