"""One change for every field of every create call, and the specs that make it.

Fields are named as the official client nests them: `/storage/pvc/claimInfo/size`, list items without
an index. A field that has no change here fails its test by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Json = Any
MISSING: Json = object()
"""Stands for a field that is not declared."""

NOTEBOOK = "1d6f1c52-93b0-4b0e-8a1c-5f1b6c9e0a11"
TRAINER = "7b9a4e0d-2c11-4f6a-b9d5-3e8f7a6c5d22"
"""Templates that every emulated control plane has."""

BASE: Mapping[str, Json] = {"image": "busybox:1", "command": "sleep infinity"}
PODS: Mapping[str, Json] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "main", "image": "busybox:1", "command": ["sleep", "infinity"]}]},
}
DEPLOYMENT: Mapping[str, Json] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": PODS},
}
BASES: Mapping[str, Mapping[str, Json]] = {
    "DistributedTraining": {**BASE, "distributedFramework": "PyTorch", "numWorkers": 1},
    "DistributedInference": {"leader": BASE, "worker": BASE, "workers": 1},
    "NimService": {"image": "nvcr.io/nim/meta/llama3:1"},
    "ExternalWorkload": {"manifest": DEPLOYMENT},
}
"""What every spec of a kind holds, where that is not `BASE`."""

POD_PARTS = ("leader", "masterSpec", "worker")
"""Parts of a spec that are the spec of a pod of their own, with fields as everywhere."""


@dataclass(frozen=True)
class Pair:
    """Change one field from `before` to `after`.

    `base` is what else the enclosing list item, or the enclosing top-level block, holds. `moved` are
    siblings that the platform forces to change with the field; MISSING takes one away. `is_same` says
    that the two values mean the same.
    """

    before: Json
    after: Json
    base: Mapping[str, Json] | None = None
    moved: Mapping[str, Json] = field(default_factory=dict)
    is_same: bool = False


def change(before: Json, after: Json, **base: Json) -> Pair:
    return Pair(before, after, base or None)


ITEMS: Mapping[str, Mapping[str, Json]] = {
    "/annotations": {"name": "a"},
    "/compute/extendedResources": {"resource": "rdma/rdma", "quantity": "1"},
    "/environmentVariables": {"name": "A"},
    "/exposedUrls": {"container": 8080},
    "/imagePullSecrets": {"name": "registry"},
    "/labels": {"name": "a"},
    "/nodeAffinityRequired/nodeSelectorTerms": {},
    "/nodeAffinityRequired/nodeSelectorTerms/matchExpressions": {
        "key": "disk",
        "operator": "In",
        "values": ["ssd"],
    },
    "/ports": {"container": 9000, "serviceType": "ClusterIP"},
    "/relatedUrls": {"url": "https://wandb.example/a", "type": "wandb"},
    "/storage/configMapVolume": {"configMap": "settings", "mountPath": "/etc/settings"},
    "/storage/dataVolume": {"id": NOTEBOOK, "mountPath": "/data"},
    "/storage/emptyDirVolume": {"path": "/scratch"},
    "/storage/git": {"repository": "https://git.example/a.git", "path": "/code"},
    "/storage/hostPath": {"path": "/mnt/disk", "mountPath": "/disk"},
    "/storage/nfs": {"server": "nfs.example", "path": "/export", "mountPath": "/export"},
    "/storage/pvc": {"path": "/data", "claimName": "data", "existingPvc": True},
    "/storage/pvc/claimInfo/addedAttrValues": {"key": "tier"},
    "/modelStore/pvc/claimInfo/addedAttrValues": {"key": "tier"},
    "/storage/s3": {"bucket": "data", "path": "/bucket"},
    "/storage/secretVolume": {"secret": "keys", "mountPath": "/keys"},
    "/tolerations": {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},
}
"""The least that an item of each list holds."""

BLOCKS: Mapping[str, Mapping[str, Json]] = {"/modelStore/pvc/claimInfo": {"size": "10Gi"}}
"""The least that a block holds whose fields are changed without stating it."""

_NEW_CLAIM_OF_NIM = {"claimInfo": {"size": "10Gi"}}
_NEW_CLAIM = {"path": "/data", "claimInfo": {"size": "10Gi"}}
_PROBE = {"readiness": {"handler": {"httpGet": {"port": 80}}}}
_EXPRESSION = "/nodeAffinityRequired/nodeSelectorTerms/matchExpressions"
_SECRET_REF = {"name": "git", "authenticationMethod": "password"}
_BY_LOAD = {"minReplicas": 1, "maxReplicas": 3, "metric": "concurrency", "metricThreshold": 10}

_COMPUTE = {
    "/compute": change(MISSING, {"cpuCoreRequest": 1, "cpuMemoryRequest": "1Gi"}),
    "/compute/cpuCoreLimit": change(2, 2.5),
    "/compute/cpuCoreRequest": change(0.5, 1),
    "/compute/cpuMemoryLimit": change("2Gi", "3Gi"),
    "/compute/cpuMemoryRequest": change("1Gi", "1.5Gi"),
    "/compute/extendedResources": change(
        [{"resource": "a/a", "quantity": "1"}],
        [{"resource": "a/a", "quantity": "1"}, {"resource": "b/b", "quantity": "2"}],
    ),
    "/compute/extendedResources/resource": change("rdma/a", "rdma/b"),
    "/compute/extendedResources/quantity": change("1", "2"),
    "/compute/extendedResources/exclude": change(False, True),
    "/compute/gpuDevicesRequest": change(0, 1),
    "/compute/gpuMemoryLimit": change("2G", "3G", gpuRequestType="memory", gpuMemoryRequest="1G"),
    "/compute/gpuMemoryRequest": change("1G", "2G", gpuRequestType="memory"),
    "/compute/gpuPortionLimit": change(0.2, 0.3, gpuRequestType="portion", gpuPortionRequest=0.1),
    "/compute/gpuPortionRequest": change(0.1, 0.2, gpuRequestType="portion"),
    "/compute/gpuRequestType": Pair(
        "portion",
        "memory",
        {"gpuPortionRequest": 0.1},
        {"gpuPortionRequest": MISSING, "gpuMemoryRequest": "1G"},
    ),
    "/compute/largeShmRequest": change(False, True),
}
_ENVIRONMENT = {
    "/environmentVariables": change(
        [{"name": "A", "value": "1"}], [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    ),
    "/environmentVariables/name": change("A", "B", value="1"),
    "/environmentVariables/value": change("1", "2"),
    "/environmentVariables/secret": Pair(
        MISSING, {"name": "s", "key": "k"}, {"name": "A", "value": "1"}, {"value": MISSING}
    ),
    "/environmentVariables/secret/name": change("s", "t", name="A", secret={"key": "k"}),
    "/environmentVariables/secret/key": change("k", "l", name="A", secret={"name": "s"}),
    "/environmentVariables/configMap": change({"name": "s", "key": "k"}, {"name": "t", "key": "k"}),
    "/environmentVariables/configMap/name": change("s", "t", name="A", configMap={"key": "k"}),
    "/environmentVariables/configMap/key": change("k", "l", name="A", configMap={"name": "s"}),
    "/environmentVariables/podFieldRef": change({"path": "status.podIP"}, {"path": "metadata.name"}),
    "/environmentVariables/podFieldRef/path": change("status.podIP", "metadata.uid"),
    "/environmentVariables/userCredential": change({"name": "u", "key": "k"}, {"name": "v", "key": "l"}),
    "/environmentVariables/userCredential/name": change("u", "v", name="A", userCredential={"key": "k"}),
    "/environmentVariables/userCredential/key": change("k", "l", name="A", userCredential={"name": "u"}),
    "/environmentVariables/exclude": change(False, True, name="A", value="1"),
    "/environmentVariables/description": change("one", "two", name="A", value="1"),
}
_ACCESS = {
    "/exposedUrls": change([{"container": 80}], [{"container": 80}, {"container": 81}]),
    "/exposedUrls/container": change(8080, 8081),
    "/exposedUrls/url": change("https://a.example", "https://b.example"),
    "/exposedUrls/authorizationType": change(MISSING, "authenticatedUsers"),
    "/exposedUrls/authorizedUsers": change(
        ["a@x.example"], ["b@x.example"], container=80, authorizationType="authorizedUsers"
    ),
    "/exposedUrls/authorizedGroups": change(
        ["a"], ["a", "b"], container=80, authorizationType="authorizedGroups"
    ),
    "/exposedUrls/toolType": change("jupyter", "tensorboard"),
    "/exposedUrls/toolName": change("one", "two"),
    "/exposedUrls/name": change("one", "two"),
    "/exposedUrls/exclude": change(False, True),
    "/ports": change(MISSING, [{"container": 9000, "serviceType": "NodePort"}]),
    "/ports/container": change(9000, 9001),
    "/ports/serviceType": change("ClusterIP", "NodePort"),
    "/ports/external": change(30001, 30002),
    "/ports/toolType": change("ssh", "grpc"),
    "/ports/toolName": change("one", "two"),
    "/ports/name": change("one", "two"),
    "/ports/exclude": change(False, True),
    "/relatedUrls": change(
        [{"url": "https://a.example", "type": "wandb"}], [{"url": "https://b.example", "type": "wandb"}]
    ),
    "/relatedUrls/url": change("https://a.example", "https://b.example"),
    "/relatedUrls/type": change("wandb", "mlflow"),
    "/relatedUrls/name": change("one", "two"),
    "/relatedUrls/exclude": change(False, True),
}
_PLACEMENT = {
    "/nodeAffinityRequired": change(
        MISSING, {"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]}
    ),
    "/nodeAffinityRequired/nodeSelectorTerms": change(
        [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}],
        [
            {"matchExpressions": [{"key": "disk", "operator": "Exists"}]},
            {"matchExpressions": [{"key": "zone", "operator": "Exists"}]},
        ],
    ),
    _EXPRESSION: change(
        [{"key": "disk", "operator": "Exists"}],
        [{"key": "disk", "operator": "Exists"}, {"key": "zone", "operator": "Exists"}],
    ),
    f"{_EXPRESSION}/key": change("disk", "zone"),
    f"{_EXPRESSION}/operator": change("In", "NotIn"),
    f"{_EXPRESSION}/values": change(["ssd"], ["ssd", "nvme"]),
    "/nodePools": change(["h100-pool", "default"], ["default", "h100-pool"]),
    "/nodeType": change("dgx", "hgx"),
    "/podAffinity": change(MISSING, {"type": "Required", "key": "rack"}),
    "/podAffinity/type": change("Required", "Preferred", key="rack"),
    "/podAffinity/key": change("rack", "zone", type="Required"),
    "/tolerations": change(MISSING, [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]),
    "/tolerations/name": change("one", "two"),
    "/tolerations/operator": change("Exists", "Equal"),
    "/tolerations/key": change("gpu", "cpu"),
    "/tolerations/value": change("a", "b", key="gpu", operator="Equal", effect="NoSchedule"),
    "/tolerations/effect": change("NoSchedule", "NoExecute"),
    "/tolerations/seconds": change(30, 60, key="gpu", operator="Exists", effect="NoExecute"),
    "/tolerations/exclude": change(False, True),
}
_PROBES = {
    "/probes": change(MISSING, _PROBE),
    "/probes/readiness": change(_PROBE["readiness"], {**_PROBE["readiness"], "periodSeconds": 5}),
    "/probes/readiness/initialDelaySeconds": change(0, 10, **_PROBE),
    "/probes/readiness/periodSeconds": change(5, 10, **_PROBE),
    "/probes/readiness/timeoutSeconds": change(1, 2, **_PROBE),
    "/probes/readiness/successThreshold": change(1, 2, **_PROBE),
    "/probes/readiness/failureThreshold": change(3, 4, **_PROBE),
    "/probes/readiness/handler": change(
        {"httpGet": {"port": 80}}, {"httpGet": {"port": 81, "path": "/ready"}}
    ),
    "/probes/readiness/handler/httpGet": change({"port": 80}, {"port": 80, "path": "/ready"}),
    "/probes/readiness/handler/httpGet/path": change("/a", "/b", **_PROBE),
    "/probes/readiness/handler/httpGet/port": change(80, 81),
    "/probes/readiness/handler/httpGet/host": change("a.example", "b.example", **_PROBE),
    "/probes/readiness/handler/httpGet/scheme": change("HTTP", "HTTPS", **_PROBE),
}
_RIGHTS = {
    "/security": change(MISSING, {"runAsNonRoot": True}),
    "/security/allowPrivilegeEscalation": change(False, True),
    "/security/capabilities": change(["CHOWN"], ["CHOWN", "SYS_PTRACE"]),
    "/security/hostIpc": change(False, True),
    "/security/hostNetwork": change(False, True),
    "/security/readOnlyRootFilesystem": change(False, True),
    "/security/runAsGid": change(100, 101, uidGidSource="custom"),
    "/security/runAsNonRoot": change(False, True),
    "/security/runAsUid": change(1000, 1001, uidGidSource="custom"),
    "/security/seccompProfileType": change("RuntimeDefault", "Unconfined"),
    "/security/supplementalGroups": change("100", "100,200", uidGidSource="custom"),
    "/security/uidGidSource": change("custom", "fromIdpToken"),
}
_VOLUMES = {
    "/storage": change(MISSING, {"emptyDirVolume": [{"path": "/scratch"}]}),
    "/storage/configMapVolume": change(MISSING, [{"configMap": "settings", "mountPath": "/a"}]),
    "/storage/configMapVolume/name": change("one", "two"),
    "/storage/configMapVolume/configMap": change("settings", "others"),
    "/storage/configMapVolume/mountPath": change("/a", "/b"),
    "/storage/configMapVolume/subPath": change("a", "b"),
    "/storage/configMapVolume/defaultMode": change("0644", "0600"),
    "/storage/configMapVolume/exclude": change(False, True),
    "/storage/dataVolume": change(MISSING, [{"id": TRAINER, "mountPath": "/a"}]),
    "/storage/dataVolume/id": change(NOTEBOOK, TRAINER),
    "/storage/dataVolume/mountPath": change("/a", "/b"),
    "/storage/dataVolume/exclude": change(False, True),
    "/storage/emptyDirVolume": change([{"path": "/a"}], [{"path": "/a"}, {"path": "/b"}]),
    "/storage/emptyDirVolume/name": change("one", "two"),
    "/storage/emptyDirVolume/path": change("/a", "/b"),
    "/storage/emptyDirVolume/medium": change(MISSING, "Memory"),
    "/storage/emptyDirVolume/sizeLimit": change("1Gi", "2Gi"),
    "/storage/emptyDirVolume/exclude": change(False, True),
    "/storage/git": change(MISSING, [{"repository": "https://git.example/a.git", "path": "/code"}]),
    "/storage/git/name": change("one", "two"),
    "/storage/git/repository": change("https://git.example/a.git", "https://git.example/b.git"),
    "/storage/git/branch": change("main", "next"),
    "/storage/git/revision": change("v1", "v2"),
    "/storage/git/path": change("/a", "/b"),
    "/storage/git/passwordSecret": change("one", "two"),
    "/storage/git/secretKeyOfUser": change("user", "name"),
    "/storage/git/secretKeyOfPassword": change("pass", "word"),
    "/storage/git/exclude": change(False, True),
    "/storage/git/secretRef": change(MISSING, _SECRET_REF),
    "/storage/git/secretRef/name": change("one", "two", **ITEMS["/storage/git"], secretRef=_SECRET_REF),
    "/storage/git/secretRef/authenticationMethod": change(
        "password", "ssh-key", **ITEMS["/storage/git"], secretRef=_SECRET_REF
    ),
    "/storage/git/secretRef/secretKeyOfUser": change(
        "a", "b", **ITEMS["/storage/git"], secretRef=_SECRET_REF
    ),
    "/storage/git/secretRef/secretKeyOfPassword": change(
        "a", "b", **ITEMS["/storage/git"], secretRef=_SECRET_REF
    ),
    "/storage/hostPath": change(MISSING, [{"path": "/mnt", "mountPath": "/mnt", "readOnly": True}]),
    "/storage/hostPath/name": change("one", "two"),
    "/storage/hostPath/path": change("/mnt/a", "/mnt/b"),
    "/storage/hostPath/readOnly": change(True, False),
    "/storage/hostPath/mountPath": change("/a", "/b"),
    "/storage/hostPath/mountPropagation": change("None", "HostToContainer"),
    "/storage/hostPath/exclude": change(False, True),
    "/storage/nfs": change(MISSING, [{"server": "nfs.example", "path": "/a", "mountPath": "/a"}]),
    "/storage/nfs/name": change("one", "two"),
    "/storage/nfs/path": change("/a", "/b"),
    "/storage/nfs/readOnly": change(True, False),
    "/storage/nfs/server": change("a.example", "b.example"),
    "/storage/nfs/mountPath": change("/a", "/b"),
    "/storage/nfs/exclude": change(False, True),
    "/storage/pvc": change(MISSING, [{"path": "/data", "claimInfo": {"size": "1Ti"}}]),
    "/storage/pvc/name": change("one", "two"),
    "/storage/pvc/path": change("/a", "/b"),
    "/storage/pvc/existingPvc": Pair(
        False, True, {**_NEW_CLAIM, "claimName": "data"}, {"claimInfo": MISSING}
    ),
    "/storage/pvc/claimName": change("one", "two"),
    "/storage/pvc/readOnly": change(False, True),
    "/storage/pvc/ephemeral": change(False, True, **_NEW_CLAIM),
    "/storage/pvc/claimInfo": change({"size": "1Gi"}, {"size": "1Gi", "storageClass": "fast"}, path="/data"),
    "/storage/pvc/claimInfo/size": change("10Gi", "20Gi", path="/data"),
    "/storage/pvc/claimInfo/storageClass": change("slow", "fast", **_NEW_CLAIM),
    "/storage/pvc/claimInfo/accessModes": change(MISSING, {"readWriteMany": True}, **_NEW_CLAIM),
    "/storage/pvc/claimInfo/accessModes/readWriteOnce": change(True, False, **_NEW_CLAIM),
    "/storage/pvc/claimInfo/accessModes/readOnlyMany": change(False, True, **_NEW_CLAIM),
    "/storage/pvc/claimInfo/accessModes/readWriteMany": change(False, True, **_NEW_CLAIM),
    "/storage/pvc/claimInfo/volumeMode": change("Filesystem", "Block", **_NEW_CLAIM),
    "/storage/pvc/claimInfo/addedAttrValues": change(
        [{"key": "a", "value": "1"}], [{"key": "a", "value": "2"}], **_NEW_CLAIM
    ),
    "/storage/pvc/claimInfo/addedAttrValues/key": change("a", "b", **_NEW_CLAIM),
    "/storage/pvc/claimInfo/addedAttrValues/value": change("1", "2", **_NEW_CLAIM),
    "/storage/pvc/dataSharing": change(False, True),
    "/storage/pvc/exclude": change(False, True),
    "/storage/s3": change(MISSING, [{"bucket": "data", "path": "/bucket"}]),
    "/storage/s3/name": change("one", "two"),
    "/storage/s3/bucket": change("one", "two"),
    "/storage/s3/path": change("/a", "/b"),
    "/storage/s3/url": change("https://a.example", "https://b.example"),
    "/storage/s3/accessKeySecret": change("one", "two"),
    "/storage/s3/secretKeyOfAccessKeyId": change("one", "two"),
    "/storage/s3/secretKeyOfSecretKey": change("one", "two"),
    "/storage/s3/exclude": change(False, True),
    "/storage/secretVolume": change(MISSING, [{"secret": "keys", "mountPath": "/keys"}]),
    "/storage/secretVolume/name": change("one", "two"),
    "/storage/secretVolume/mountPath": change("/a", "/b"),
    "/storage/secretVolume/defaultMode": change("0400", "0440"),
    "/storage/secretVolume/secret": change("one", "two"),
    "/storage/secretVolume/exclude": change(False, True),
}
_SCALING = {
    "/autoscaling": change(MISSING, _BY_LOAD),
    "/autoscaling/metricThresholdPercentage": change(60, 80.5, **_BY_LOAD),
    "/autoscaling/minReplicas": change(1, 2, **_BY_LOAD),
    "/autoscaling/maxReplicas": change(2, 4, **_BY_LOAD),
    "/autoscaling/initialReplicas": change(2, 3, **_BY_LOAD),
    "/autoscaling/activationReplicas": change(2, 3, **_BY_LOAD),
    "/autoscaling/concurrencyHardLimit": change(10, 20, **_BY_LOAD),
    "/autoscaling/scaleToZeroRetentionSeconds": change(60, 120, minReplicas=0, maxReplicas=1),
    "/autoscaling/scaleDownDelaySeconds": change(60, 120, **_BY_LOAD),
    "/autoscaling/initializationTimeoutSeconds": change(60, 120, **_BY_LOAD),
    "/autoscaling/metric": change("concurrency", "latency", **_BY_LOAD),
    "/autoscaling/metricThreshold": change(10, 20, **_BY_LOAD),
    "/servingConfiguration": change(MISSING, {"requestTimeoutSeconds": 30}),
    "/servingConfiguration/initializationTimeoutSeconds": change(600, 900),
    "/servingConfiguration/requestTimeoutSeconds": change(30, 60),
    "/servingPort": change(MISSING, {"container": 8000}),
    "/servingPort/container": change(8000, 8001),
    "/servingPort/protocol": change("http", "grpc", container=8000),
    "/servingPort/authorizationType": change("public", "authenticatedUsers", container=8000),
    "/servingPort/authorizedUsers": change(
        ["a@x.example"], ["b@x.example"], container=8000, authorizationType="authorizedUsers"
    ),
    "/servingPort/authorizedGroups": change(
        ["a"], ["a", "b"], container=8000, authorizationType="authorizedGroups"
    ),
    "/servingPort/clusterLocalAccessOnly": change(False, True, container=8000),
}
_PLAIN = {
    "/annotations": change(
        [{"name": "a", "value": "1"}], [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    ),
    "/annotations/name": change("a", "b", value="1"),
    "/annotations/value": change("1", "2"),
    "/annotations/exclude": change(False, True, name="a", value="1"),
    "/args": change("--epochs 1", "--epochs 2"),
    "/autoDeletionTimeAfterCompletionSeconds": change(60, 120),
    "/backoffLimit": change(1, 2),
    "/category": change("Gaming", "Build"),
    "/command": change("sleep infinity", "exec sleep infinity"),
    "/completions": change(2, 3),
    "/createHomeDir": change(False, True),
    "/image": change("busybox:1", "busybox:2"),
    "/imagePullPolicy": change("Always", "Never"),
    "/imagePullSecrets": change([{"name": "one"}], [{"name": "one"}, {"name": "two"}]),
    "/imagePullSecrets/name": change("one", "two"),
    "/imagePullSecrets/userCredential": change(False, True),
    "/imagePullSecrets/exclude": change(False, True),
    "/labels": change(MISSING, [{"name": "a", "value": "1"}]),
    "/labels/name": change("a", "b", value="1"),
    "/labels/value": change("1", "2"),
    "/labels/exclude": change(False, True, name="a", value="1"),
    "/parallelism": change(1, 2),
    "/preemptibility": change("preemptible", "non-preemptible"),
    "/priorityClass": change("medium", "medium-high"),
    "/restartPolicy": change("Never", "OnFailure"),
    "/stdin": change(False, True),
    "/templateId": change(NOTEBOOK, TRAINER),
    "/terminateAfterPreemption": change(False, True),
    "/terminationGracePeriodSeconds": change(30, 60),
    "/tty": change(False, True, stdin=True),
    "/workingDir": change("/a", "/b"),
}
_TRAINED = {
    "/cleanPodPolicy": change("All", "None"),
    "/distributedFramework": change("TF", "XGBoost"),
    "/masterSpec": change(MISSING, {**BASE, "image": "busybox:2"}),
    "/masterSpecSameAsWorker": change(False, True),
    "/maxReplicas": change(3, 4, minReplicas=1),
    "/minReplicas": change(1, 2, maxReplicas=3),
    "/mpiLauncherCreationPolicy": change("AtStartup", "WaitForWorkersReady", distributedFramework="MPI"),
    "/numWorkers": change(1, 2),
    "/slotsPerWorker": change(2, 3, distributedFramework="MPI"),
    "/sshAuthMountPath": change("/ssh", "/keys", distributedFramework="MPI"),
}
_GROUPED = {
    "/leader": change(BASE, {**BASE, "image": "busybox:2"}),
    "/worker": change(BASE, {**BASE, "image": "busybox:2"}),
    "/workers": change(1, 2),
    "/startupPolicy": change("LeaderCreated", "LeaderReady"),
}
_NIM_PORT = {"port": 8000}
_BY_METRIC = {"metric": "requests", "metricThreshold": 10}
_NIM = {
    "/autoscaling/scaleWindowSeconds": change(60, 120, **_BY_METRIC),
    "/modelStore": change(MISSING, {"nimCache": {"name": "llama"}}),
    "/modelStore/nimCache": change({"name": "llama"}, {"name": "llama", "profile": "fast"}),
    "/modelStore/nimCache/name": change("llama", "mistral", nimCache={}),
    "/modelStore/nimCache/profile": change("fast", "small", nimCache={"name": "llama"}),
    "/modelStore/pvc": change(
        {"existingPvc": True, "claimName": "one"}, {"existingPvc": True, "claimName": "two"}
    ),
    "/modelStore/pvc/claimInfo": change({"size": "1Gi"}, {"size": "1Gi", "storageClass": "fast"}),
    "/modelStore/pvc/claimInfo/accessModes": change(MISSING, {"readWriteMany": True}, pvc=_NEW_CLAIM_OF_NIM),
    "/modelStore/pvc/claimInfo/accessModes/readOnlyMany": change(False, True, pvc=_NEW_CLAIM_OF_NIM),
    "/modelStore/pvc/claimInfo/accessModes/readWriteMany": change(False, True, pvc=_NEW_CLAIM_OF_NIM),
    "/modelStore/pvc/claimInfo/accessModes/readWriteOnce": change(True, False, pvc=_NEW_CLAIM_OF_NIM),
    "/modelStore/pvc/claimInfo/addedAttrValues": change(
        [{"key": "a", "value": "1"}], [{"key": "a", "value": "2"}], pvc=_NEW_CLAIM_OF_NIM
    ),
    "/modelStore/pvc/claimInfo/addedAttrValues/key": change("a", "b"),
    "/modelStore/pvc/claimInfo/addedAttrValues/value": change("1", "2"),
    "/modelStore/pvc/claimInfo/size": change("10Gi", "20Gi"),
    "/modelStore/pvc/claimInfo/storageClass": change("slow", "fast", pvc=_NEW_CLAIM_OF_NIM),
    "/modelStore/pvc/claimInfo/volumeMode": change("Filesystem", "Block", pvc=_NEW_CLAIM_OF_NIM),
    "/modelStore/pvc/claimName": change("one", "two", pvc={"existingPvc": True}),
    "/modelStore/pvc/existingPvc": Pair(
        False, True, {"pvc": {**_NEW_CLAIM_OF_NIM, "claimName": "data"}}, {"claimInfo": MISSING}
    ),
    "/modelStore/pvc/readOnly": change(False, True, pvc={"existingPvc": True, "claimName": "data"}),
    "/multiNode": change(MISSING, {"workers": 2}),
    "/multiNode/workers": change(2, 3),
    "/ngcAuthSecret": change("ngc-one", "ngc-two"),
    "/replicas": change(1, 2),
    "/servingPort/exposeExternally": change(True, False, **_NIM_PORT),
    "/servingPort/exposedProtocol": change("http", "grpc", port=8000, grpcPort=9000),
    "/servingPort/exposedUrl": change("https://a.example", "https://b.example", **_NIM_PORT),
    "/servingPort/grpcPort": change(9000, 9001, **_NIM_PORT),
    "/servingPort/metricsPort": change(9000, 9001, **_NIM_PORT),
    "/servingPort/port": change(8000, 8001),
    "/servingPort/serviceType": change("ClusterIP", "NodePort", **_NIM_PORT),
}
_MANIFEST = {
    "/manifest": change(DEPLOYMENT, {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 2}}),
    "/priority": change("medium", "medium-high"),
}
PAIRS: Mapping[str, Pair] = {
    **_PLAIN,
    **_COMPUTE,
    **_ENVIRONMENT,
    **_ACCESS,
    **_PLACEMENT,
    **_PROBES,
    **_RIGHTS,
    **_VOLUMES,
    **_SCALING,
    **_TRAINED,
    **_GROUPED,
    **_NIM,
    **_MANIFEST,
}
ONLY_FOR: Mapping[tuple[str, str], Pair] = {
    # the platform takes no other value of it for an inference, and that value is its default
    ("Inference", "/storage/pvc/ephemeral"): Pair(MISSING, False, is_same=True),
    ("DistributedInference", "/restartPolicy"): change("RecreateGroupOnPodRestart", "None"),
    ("DistributedInference", "/servingPort"): change(MISSING, {"port": 8000}),
    # the only protocol there is, which is its default
    ("DistributedInference", "/servingPort/protocol"): Pair(MISSING, "http", _NIM_PORT, is_same=True),
    ("DistributedInference", "/servingPort/authorizationType"): change(
        "public", "authenticatedUsers", port=8000
    ),
    ("DistributedInference", "/servingPort/authorizedUsers"): change(
        ["a@x.example"], ["b@x.example"], port=8000, authorizationType="authorizedUsers"
    ),
    ("DistributedInference", "/servingPort/authorizedGroups"): change(
        ["a"], ["a", "b"], port=8000, authorizationType="authorizedGroups"
    ),
    ("NimService", "/image"): change("nvcr.io/nim/meta/llama3:1", "nvcr.io/nim/meta/llama3:2"),
    ("NimService", "/security"): change(MISSING, {"runAsUid": 1000}),
    ("NimService", "/security/runAsGid"): change(100, 101),
    ("NimService", "/security/runAsUid"): change(1000, 1001),
    ("NimService", "/servingPort"): change(MISSING, _NIM_PORT),
    ("NimService", "/autoscaling"): change(MISSING, _BY_METRIC),
    ("NimService", "/autoscaling/metric"): change("requests", "latency", metricThreshold=10),
    ("NimService", "/autoscaling/metricThreshold"): change(10, 20, metric="requests"),
    ("NimService", "/autoscaling/minReplicas"): change(1, 2, maxReplicas=3, **_BY_METRIC),
    ("NimService", "/autoscaling/maxReplicas"): change(2, 3, **_BY_METRIC),
}


def pair_of(kind: str, path: str) -> Pair | None:
    """Find the change of a field; None where the table has none."""
    part, inner = part_of(path)
    return ONLY_FOR.get((kind, path)) or PAIRS.get(inner if part else path)


def specs_of(kind: str, path: str, pair: Pair) -> tuple[dict[str, Json], dict[str, Json]]:
    """Build two specs of a kind that differ in one field alone."""
    part, inner = part_of(path)
    base = BASES.get(kind, BASE)
    values: tuple[tuple[Json, dict[str, Json]], ...] = ((pair.before, {}), (pair.after, dict(pair.moved)))
    if not part:
        before, after = (_spec(base, path, pair, value, moved) for value, moved in values)
        return before, after
    before, after = (
        {**deepcopy(dict(base)), part: _spec(BASE, inner, pair, value, moved)} for value, moved in values
    )
    return before, after


def part_of(path: str) -> tuple[str, str]:
    """Split a field of a pod of its own into that part and the rest; ("", "") for any other."""
    _, part, *rest = path.split("/")
    return (part, "/" + "/".join(rest)) if part in POD_PARTS and rest else ("", "")


def _spec(
    base: Mapping[str, Json], path: str, pair: Pair, value: Json, moved: Mapping[str, Json]
) -> dict[str, Json]:
    names = path.split("/")[1:]
    spec = deepcopy(dict(base))
    home = _outermost(names)
    node, here, has_base = spec, "", pair.base is None
    for depth, name in enumerate(names[:-1]):
        here += f"/{name}"
        inner = node.setdefault(name, [] if here in ITEMS else deepcopy(dict(BLOCKS.get(here, {}))))
        if here in ITEMS:
            inner or inner.append(deepcopy(dict(ITEMS[here])))
            inner = inner[0]
        if depth == home and not has_base:
            inner.clear()
            inner.update(deepcopy(dict(pair.base or {})))
        node = inner
    if len(names) == 1:
        node.update(deepcopy(dict(pair.base or {})))
    for name, item in {**moved, names[-1]: value}.items():
        if item is MISSING:
            node.pop(name, None)
        else:
            node[name] = deepcopy(item)
    return spec


def _outermost(names: list[str]) -> int:
    """Tell at which depth the enclosing item, or else the enclosing top-level block, stands."""
    paths = ["/" + "/".join(names[: depth + 1]) for depth in range(len(names) - 1)]
    return next((depth for depth, path in enumerate(paths) if path in ITEMS), 0)
