"""Kubernetes: shapes that people paste from there, each answered once with what to do instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.resource import Json

_PODS = ("containers", "template", "jobTemplate", "podTemplate", "podSpec")
_OF_PODS = frozenset(
    [
        "initContainers",
        "ephemeralContainers",
        "selector",
        "replicas",
        "strategy",
        "updateStrategy",
        "volumes",
        "volumeMounts",
        "volumeClaimTemplates",
        "serviceName",
        "serviceAccountName",
        "serviceAccount",
        "schedulerName",
        "hostNetwork",
        "hostIPC",
        "dnsPolicy",
        "imagePullSecrets",
        "nodeSelector",
        "affinity",
        "restartPolicy",
        "runPolicy",
        "suspend",
        "schedule",
        "activeDeadlineSeconds",
        "terminationGracePeriodSeconds",
        "progressDeadlineSeconds",
        "revisionHistoryLimit",
        "minReadySeconds",
        "podManagementPolicy",
        "runtimeClassName",
        "priorityClassName",
        "completionMode",
        "resources",
        "ports",
    ]
)
_OWNED = frozenset(
    [
        "status",
        "creationTimestamp",
        "uid",
        "resourceVersion",
        "generation",
        "managedFields",
        "ownerReferences",
        "selfLink",
        "deletionTimestamp",
        "finalizers",
    ]
)
_OBJECTS = frozenset(
    [
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "Job",
        "CronJob",
        "Service",
        "ConfigMap",
        "Secret",
        "Ingress",
        "PersistentVolumeClaim",
        "PyTorchJob",
        "TFJob",
        "MPIJob",
        "XGBoostJob",
        "JAXJob",
        "PaddleJob",
        "RayJob",
        "RayCluster",
        "RayService",
        "LeaderWorkerSet",
        "JobSet",
        "TrainJob",
        "InferenceService",
        "Workflow",
    ]
)
EXTERNAL = "ExternalWorkload"


def pod_words(block: Mapping[str, Json], unknown: Iterable[str]) -> list[str]:
    """Find the unknown fields of a block that together are the spec of a Kubernetes object."""
    found = [str(name) for name in unknown]
    if not any(_holds_pods(name, block[name]) for name in found):
        return []
    return [name for name in found if _holds_pods(name, block[name]) or name in _OF_PODS]


def _holds_pods(name: str, value: Json) -> bool:
    if name.endswith("ReplicaSpecs"):
        return True
    return name in _PODS and isinstance(value, Mapping | list)


def instead(has_external: bool) -> str:
    """Say what to write instead of the spec of a Kubernetes object."""
    fields = "write image, command, args, environmentVariables, compute and storage here"
    whole = f"; or declare kind: {EXTERNAL} with the whole object under spec.manifest"
    return fields + (whole if has_external else "")


def is_owned(name: str) -> bool:
    """Tell whether a field is one that a server writes and nobody declares."""
    return name in _OWNED


def is_object(value: Json) -> bool:
    """Tell whether a whole document is an object of Kubernetes."""
    return isinstance(value, Mapping) and value.get("kind") in _OBJECTS and "apiVersion" in value


def is_list(value: Json) -> bool:
    """Tell whether a document is a list of objects, as `kubectl get -o yaml` prints one."""
    return (
        isinstance(value, Mapping)
        and str(value.get("kind", "")).endswith("List")
        and isinstance(value.get("items"), list)
    )
