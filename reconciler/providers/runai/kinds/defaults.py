"""Defaults: what the platform documents that it fills in, by canonical pointer.

Priority, preemptibility and category are an installation's to change; these are as delivered. Left out
where documents disagree (`hostPath[].readOnly`) or the value is generated (URLs, claim names, ports).
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.kind import NOTHING
from reconciler.resource import Json

_ANY: Mapping[str, Json] = {
    "/spec/security/uidGidSource": "fromTheImage",
    "/spec/probes/readiness/handler/httpGet/path": "/",
    "/spec/probes/readiness/handler/httpGet/scheme": "HTTP",
}
_JOB: Mapping[str, Json] = {
    **_ANY,
    "/spec/autoDeletionTimeAfterCompletionSeconds": 2_592_000,
    "/spec/backoffLimit": 6,
    "/spec/security/hostIpc": False,
    "/spec/security/hostNetwork": False,
}
WORKSPACE: Mapping[str, Json] = {
    **_JOB,
    "/spec/category": "Build",
    "/spec/preemptibility": "non-preemptible",
    "/spec/priorityClass": "high",
}
TRAINING: Mapping[str, Json] = {
    **_JOB,
    "/spec/category": "Train",
    "/spec/preemptibility": "preemptible",
    "/spec/priorityClass": "low",
}
INFERENCE: Mapping[str, Json] = {
    **_ANY,
    "/spec/autoscaling/metricThresholdPercentage": 70,
    "/spec/autoscaling/minReplicas": 1,
    "/spec/autoscaling/scaleToZeroRetentionSeconds": 0,
    "/spec/category": "Deploy",
    "/spec/preemptibility": "non-preemptible",
    "/spec/priorityClass": "very-high",
    "/spec/servingPort/authorizationType": "public",
    "/spec/servingPort/clusterLocalAccessOnly": False,
    "/spec/servingPort/protocol": "http",
}

_VOLUMES: Mapping[str, Mapping[str, Json]] = {
    "pvc": {
        "claimInfo/accessModes/readOnlyMany": False,
        "claimInfo/accessModes/readWriteMany": False,
        "claimInfo/accessModes/readWriteOnce": True,
        "claimInfo/volumeMode": "Filesystem",
        "dataSharing": False,
        "ephemeral": False,
        "existingPvc": False,
        "readOnly": False,
    },
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
        case ["imagePullPolicy"]:
            return _pull_policy(spec.get("image"))
        case ["autoscaling", field] if field in _AS_MANY_AS_LEAST:
            return _least(spec.get("autoscaling"))
        case ["storage", volume, _, *rest] if volume in _VOLUMES:
            return _VOLUMES[volume].get("/".join(rest), NOTHING)
    return NOTHING


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
