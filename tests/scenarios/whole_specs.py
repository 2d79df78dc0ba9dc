"""Specs that together state every field of a kind, and the same specs in other words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

Json = Any

TEMPLATE = "7b9a4e0d-2c11-4f6a-b9d5-3e8f7a6c5d22"
DATA_VOLUME = "1d6f1c52-93b0-4b0e-8a1c-5f1b6c9e0a11"


def _excluding(**key: Json) -> dict[str, Json]:
    """Take away the item of this key that a policy would add."""
    return {**key, "exclude": True}


_COMMON: Mapping[str, Json] = {
    "image": "busybox:1",
    "command": "sleep infinity",
    "args": "--epochs 1",
    "workingDir": "/work",
    "category": "Gaming",
    "createHomeDir": True,
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "one", "userCredential": True}, {"name": "two"}, _excluding(name="three")],
    "nodePools": ["h100-pool", "default"],
    "nodeType": "dgx",
    "preemptibility": "preemptible",
    "priorityClass": "medium",
    "templateId": TEMPLATE,
    "annotations": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}, _excluding(name="c")],
    "labels": [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}, _excluding(name="c")],
    "compute": {
        "cpuCoreRequest": 1,
        "cpuCoreLimit": 2.5,
        "cpuMemoryRequest": "1536Mi",
        "cpuMemoryLimit": "2Gi",
        "gpuDevicesRequest": 1,
        "gpuRequestType": "portion",
        "gpuPortionRequest": 0.1,
        "gpuPortionLimit": 0.2,
        "largeShmRequest": True,
        "extendedResources": [
            {"resource": "b/b", "quantity": "2000m"},
            {"resource": "a/a", "quantity": "1"},
            _excluding(resource="c/c"),
        ],
    },
    "environmentVariables": [
        {"name": "PLAIN", "value": "1", "description": "for people"},
        {"name": "SECRET", "secret": {"name": "s", "key": "k"}},
        {"name": "CONFIG", "configMap": {"name": "s", "key": "k"}},
        {"name": "POD", "podFieldRef": {"path": "status.podIP"}},
        {"name": "USER", "userCredential": {"name": "u", "key": "k"}},
        {"name": "EMPTY", "value": ""},
        _excluding(name="NOT_THIS"),
    ],
    "exposedUrls": [
        {
            "container": 8080,
            "name": "one",
            "url": "https://a.example",
            "toolType": "jupyter",
            "toolName": "one",
            "authorizationType": "authorizedUsers",
            "authorizedUsers": ["b@x.example", "a@x.example"],
        },
        {"container": 8081, "authorizationType": "authorizedGroups", "authorizedGroups": ["b", "a"]},
        {"container": 8082},
        _excluding(container=8083),
    ],
    "ports": [
        {"container": 9001, "serviceType": "NodePort", "external": 30001},
        {"container": 9000, "serviceType": "ClusterIP", "toolType": "ssh", "toolName": "s", "name": "ssh"},
        _excluding(container=9002),
    ],
    "relatedUrls": [
        {"url": "https://b.example", "type": "wandb", "name": "b"},
        {"url": "https://a.example", "type": "mlflow"},
        _excluding(name="c"),
    ],
    "nodeAffinityRequired": {
        "nodeSelectorTerms": [
            {
                "matchExpressions": [
                    {"key": "zone", "operator": "In", "values": ["b", "a"]},
                    {"key": "disk", "operator": "Exists"},
                ]
            },
            {"matchExpressions": [{"key": "age", "operator": "Lt", "values": ["5"]}]},
        ]
    },
    "podAffinity": {"type": "Preferred", "key": "rack"},
    "probes": {
        "readiness": {
            "initialDelaySeconds": 1,
            "periodSeconds": 5,
            "timeoutSeconds": 2,
            "successThreshold": 1,
            "failureThreshold": 3,
            "handler": {"httpGet": {"path": "/ready", "port": 80, "host": "a.example", "scheme": "HTTPS"}},
        }
    },
    "tolerations": [
        {
            "name": "one",
            "key": "gpu",
            "operator": "Equal",
            "value": "a",
            "effect": "NoExecute",
            "seconds": 30,
        },
        {"key": "cpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "cpu", "operator": "Exists", "effect": "NoExecute"},
        _excluding(name="two"),
    ],
    "security": {
        "capabilities": ["SYS_PTRACE", "CHOWN"],
        "readOnlyRootFilesystem": True,
        "runAsGid": 100,
        "runAsNonRoot": True,
        "runAsUid": 1000,
        "seccompProfileType": "RuntimeDefault",
        "supplementalGroups": "100,200",
        "uidGidSource": "custom",
    },
}
_STORAGE: Mapping[str, Json] = {
    "configMapVolume": [
        {"name": "b", "configMap": "b", "mountPath": "/cm/b", "subPath": "x", "defaultMode": "0644"},
        {"configMap": "a", "mountPath": "/cm/a"},
        _excluding(name="c"),
    ],
    "dataVolume": [{"id": DATA_VOLUME, "mountPath": "/dv"}, _excluding(id=TEMPLATE)],
    "emptyDirVolume": [
        {"name": "b", "path": "/ed/b", "medium": "Memory", "sizeLimit": "1536Mi"},
        {"path": "/ed/a"},
        _excluding(name="c"),
    ],
    "git": [
        {
            "name": "b",
            "repository": "https://git.example/b.git",
            "branch": "main",
            "revision": "v1",
            "path": "/git/b",
            "passwordSecret": "old",
            "secretKeyOfUser": "u",
            "secretKeyOfPassword": "p",
        },
        {
            "repository": "https://git.example/a.git",
            "path": "/git/a",
            "secretRef": {
                "name": "git",
                "authenticationMethod": "password",
                "secretKeyOfUser": "u",
                "secretKeyOfPassword": "p",
            },
        },
        _excluding(name="c"),
    ],
    "hostPath": [
        {"name": "b", "path": "/mnt", "mountPath": "/hp/b", "readOnly": True, "mountPropagation": "None"},
        {"path": "/mnt", "mountPath": "/hp/a", "readOnly": False},
        {"path": "/mnt", "mountPath": "/hp/c", "readOnly": True},
        _excluding(name="c"),
    ],
    "nfs": [
        {"name": "b", "server": "nfs.example", "path": "/export", "mountPath": "/nfs/b", "readOnly": False},
        {"server": "nfs.example", "path": "/export", "mountPath": "/nfs/a"},
        {"server": "other.example", "path": "/export", "mountPath": "/nfs/c"},
        _excluding(name="c"),
    ],
    "pvc": [
        {"name": "b", "path": "/pvc/b", "claimName": "b", "existingPvc": True, "readOnly": True},
        {"path": "/pvc/c", "claimInfo": {"size": "10Gi"}},
        {
            "path": "/pvc/a",
            "ephemeral": False,
            "dataSharing": True,
            "claimInfo": {
                "size": "1536Gi",
                "storageClass": "fast",
                "accessModes": {"readWriteOnce": False, "readOnlyMany": True, "readWriteMany": True},
                "volumeMode": "Block",
                "addedAttrValues": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}],
            },
        },
        _excluding(name="c"),
    ],
    "secretVolume": [
        {"name": "b", "secret": "b", "mountPath": "/sv/b", "defaultMode": "0400"},
        {"secret": "a", "mountPath": "/sv/a"},
        _excluding(name="c"),
    ],
}
_BUCKETS = [
    {
        "name": "b",
        "bucket": "b",
        "path": "/s3/b",
        "url": "https://s3.example",
        "accessKeySecret": "keys",
        "secretKeyOfAccessKeyId": "id",
        "secretKeyOfSecretKey": "key",
    },
    {"bucket": "a", "path": "/s3/a"},
    _excluding(name="c"),
]
_JOB: Mapping[str, Json] = {
    **_COMMON,
    "security": {
        **_COMMON["security"],
        "allowPrivilegeEscalation": True,
        "hostIpc": True,
        "hostNetwork": True,
    },
    "storage": {**_STORAGE, "s3": _BUCKETS},
    "autoDeletionTimeAfterCompletionSeconds": 60,
    "backoffLimit": 2,
    "restartPolicy": "OnFailure",
    "stdin": True,
    "tty": True,
    "terminateAfterPreemption": True,
    "terminationGracePeriodSeconds": 30,
}
_SERVER: Mapping[str, Json] = {
    **_COMMON,
    "storage": _STORAGE,
    "autoscaling": {
        "minReplicas": 0,
        "maxReplicas": 3,
        "initialReplicas": 1,
        "activationReplicas": 2,
        "metric": "concurrency",
        "metricThreshold": 10,
        "metricThresholdPercentage": 80.0,
        "concurrencyHardLimit": 20,
        "scaleToZeroRetentionSeconds": 60,
        "scaleDownDelaySeconds": 60,
        "initializationTimeoutSeconds": 60,
    },
    "servingConfiguration": {"initializationTimeoutSeconds": 600, "requestTimeoutSeconds": 30},
    "servingPort": {
        "container": 8000,
        "protocol": "grpc",
        "authorizationType": "authorizedUsers",
        "authorizedUsers": ["b@x.example", "a@x.example"],
        "clusterLocalAccessOnly": True,
    },
}
_BY_MEMORY: Mapping[str, Json] = {
    "image": "busybox:1",
    "command": "sleep infinity",
    "compute": {"gpuRequestType": "memory", "gpuMemoryRequest": "1536Mi", "gpuMemoryLimit": "2Gi"},
}

_POD: Mapping[str, Json] = {
    name: _COMMON[name]
    for name in (
        "annotations",
        "args",
        "command",
        "compute",
        "createHomeDir",
        "environmentVariables",
        "image",
        "imagePullPolicy",
        "imagePullSecrets",
        "labels",
        "nodeAffinityRequired",
        "nodeType",
        "podAffinity",
        "probes",
        "security",
        "tolerations",
        "workingDir",
    )
} | {
    "storage": {name: _STORAGE[name] for name in ("configMapVolume", "emptyDirVolume", "pvc", "secretVolume")}
}
_SCHEDULED: Mapping[str, Json] = {
    name: _COMMON[name] for name in ("category", "nodePools", "preemptibility", "priorityClass")
}
_MASTER: Mapping[str, Json] = {name: value for name, value in _JOB.items() if name != "templateId"}
_PLAIN: Mapping[str, Json] = {"image": "busybox:1", "command": "sleep infinity"}
_TRAININGS: tuple[Mapping[str, Json], ...] = (
    {
        **_JOB,
        "distributedFramework": "PyTorch",
        "numWorkers": 2,
        "minReplicas": 1,
        "maxReplicas": 3,
        "cleanPodPolicy": "All",
        "masterSpec": _MASTER,
    },
    {
        **_BY_MEMORY,
        "distributedFramework": "MPI",
        "mpiLauncherCreationPolicy": "WaitForWorkersReady",
        "slotsPerWorker": 2,
        "sshAuthMountPath": "/ssh",
        "masterSpec": _BY_MEMORY,
    },
    {**_PLAIN, "distributedFramework": "JAX", "masterSpecSameAsWorker": True},
)
_GROUPS: tuple[Mapping[str, Json], ...] = (
    {
        **_SCHEDULED,
        "leader": _POD,
        "worker": _POD,
        "workers": 1,
        "replicas": 2,
        "restartPolicy": "None",
        "startupPolicy": "LeaderReady",
        "templateId": TEMPLATE,
        "servingPort": {
            "port": 8000,
            "protocol": "http",
            "authorizationType": "authorizedUsers",
            "authorizedUsers": ["b@x.example", "a@x.example"],
            "exposeExternally": False,
            "exposedUrl": "https://a.example",
        },
    },
    {
        "leader": _BY_MEMORY,
        "worker": _BY_MEMORY,
        "workers": 1,
        "servingPort": {
            "port": 8000,
            "authorizationType": "authorizedGroups",
            "authorizedGroups": ["b", "a"],
        },
    },
)
_BARE = (
    "annotations",
    "environmentVariables",
    "imagePullPolicy",
    "imagePullSecrets",
    "labels",
    "probes",
    "tolerations",
)
_DEVICES = (
    "cpuCoreLimit",
    "cpuCoreRequest",
    "cpuMemoryLimit",
    "cpuMemoryRequest",
    "gpuDevicesRequest",
    "gpuPortionLimit",
    "gpuPortionRequest",
    "gpuRequestType",
)
_NIMS: tuple[Mapping[str, Json], ...] = (
    {
        **_SCHEDULED,
        **{name: _COMMON[name] for name in _BARE},
        "image": "nvcr.io/nim/meta/llama3:1",
        "compute": {name: value for name, value in _COMMON["compute"].items() if name in _DEVICES},
        "replicas": 2,
        "ngcAuthSecret": "ngc",
        "security": {"runAsUid": 1000, "runAsGid": 100},
        "multiNode": {"workers": 2},
        "modelStore": {"nimCache": {"name": "llama", "profile": "fast"}},
        "servingPort": {
            "serviceType": "NodePort",
            "port": 8000,
            "grpcPort": 9000,
            "metricsPort": 9001,
            "exposeExternally": False,
            "exposedUrl": "https://a.example",
            "exposedProtocol": "http",
        },
    },
    {
        "image": "nvcr.io/nim/meta/llama3:1",
        "compute": _BY_MEMORY["compute"],
        "autoscaling": {
            "minReplicas": 1,
            "maxReplicas": 2,
            "metric": "requests",
            "metricThreshold": 10,
            "scaleWindowSeconds": 60,
        },
        "modelStore": {
            "pvc": {
                "existingPvc": False,
                "claimName": "llama",
                "readOnly": False,
                "claimInfo": _STORAGE["pvc"][2]["claimInfo"],
            }
        },
    },
)
_MANIFEST: Mapping[str, Json] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"labels": {"team": "nlp"}, "annotations": {"b": "2", "a": "1"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "x"}},
        "template": {
            "metadata": {"labels": {"app": "x"}},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "busybox:1",
                        "args": ["--epochs", "1"],
                        "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                        "ports": [{"containerPort": 80}],
                        "resources": {"limits": {"memory": "1536Mi"}, "requests": {"memory": "1536Mi"}},
                    },
                    {"name": "side", "image": "busybox:2"},
                ],
                "volumes": [{"name": "b", "emptyDir": {"sizeLimit": "1536Mi"}}, {"name": "a"}],
            },
        },
    },
}

WHOLE: Mapping[str, tuple[Mapping[str, Json], ...]] = {
    "Workspace": (_JOB, _BY_MEMORY),
    "Training": ({**_JOB, "completions": 3, "parallelism": 2}, _BY_MEMORY),
    "DistributedTraining": _TRAININGS,
    "DistributedInference": _GROUPS,
    "NimService": _NIMS,
    "ExternalWorkload": (
        {
            "manifest": _MANIFEST,
            "category": "Gaming",
            "priority": "medium",
            "preemptibility": "preemptible",
        },
    ),
    "Inference": (
        _SERVER,
        {
            **_BY_MEMORY,
            "servingPort": {
                "container": 8000,
                "authorizationType": "authorizedGroups",
                "authorizedGroups": ["b", "a"],
            },
        },
    ),
}
"""For each kind the specs that state all of its fields; some fields exclude each other."""


def stated(tree: Json, path: str = "") -> Iterator[str]:
    """Name every field that a spec states, list items without an index."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield f"{path}/{name}"
            yield from stated(value, f"{path}/{name}")
    elif isinstance(tree, list):
        for item in tree:
            yield from stated(item, path)


_RESPELLED = {
    "1536Mi": "1.5Gi",
    "2Gi": "2048Mi",
    "10Gi": "10240Mi",
    "1536Gi": "1.5Ti",
    "2000m": "2",
    "1": "1000m",
}
_QUANTITIES = (
    "cpuMemoryRequest",
    "cpuMemoryLimit",
    "gpuMemoryRequest",
    "gpuMemoryLimit",
    "size",
    "sizeLimit",
    "quantity",
    "memory",
)
_NO_ORDER = frozenset({"capabilities", "authorizedUsers", "authorizedGroups", "values"})


def in_other_words(tree: Json, name: str = "") -> Json:
    """Say the same otherwise: amounts in other units, lists that have no order turned around."""
    if isinstance(tree, Mapping):
        return {key: in_other_words(value, key) for key, value in reversed(list(tree.items()))}
    if isinstance(tree, list):
        items = [in_other_words(item) for item in tree]
        has_no_order = name in _NO_ORDER or all(isinstance(item, Mapping) for item in items)
        return items[::-1] if has_no_order else items
    if name in _QUANTITIES:
        return _RESPELLED[tree]
    return float(tree) if name.startswith("cpuCore") else tree


def with_nulls(spec: Mapping[str, Json], paths: Iterator[str]) -> dict[str, Json]:
    """Write null for the top-level fields, and the fields of blocks, that the spec does not state."""
    whole = deepcopy(dict(spec))
    for path in paths:
        first, *rest = path.split("/")[1:]
        if not rest:
            whole.setdefault(first, None)
        elif len(rest) == 1 and isinstance(whole.get(first), dict):
            whole[first].setdefault(rest[0], None)
    return whole
