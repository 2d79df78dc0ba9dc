"""Aliases: the words people bring from other tools, and the fields that mean them here."""

from __future__ import annotations

from collections.abc import Mapping

_GPUS = (
    "compute.gpuDevicesRequest (whole GPUs) or "
    "compute.gpuPortionRequest with gpuRequestType: portion (a fraction)"
)
_PORTION = "compute.gpuPortionRequest with gpuRequestType: portion"
_GPU_MEMORY = "compute.gpuMemoryRequest with gpuRequestType: memory"
_ANY: Mapping[str, str] = {
    "gpu": _GPUS,
    "gpus": _GPUS,
    "numGpus": "compute.gpuDevicesRequest",
    "gpuCount": "compute.gpuDevicesRequest",
    "gpu-devices": "compute.gpuDevicesRequest",
    "gpuDevices": "compute.gpuDevicesRequest",
    "gpu-devices-request": "compute.gpuDevicesRequest",
    "gpuRequest": "compute.gpuDevicesRequest",
    "nvidia.com/gpu": "compute.gpuDevicesRequest",
    "gpu-portion-request": _PORTION,
    "gpuPortion": _PORTION,
    "gpuFraction": _PORTION,
    "fraction": _PORTION,
    "gpu-portion-limit": "compute.gpuPortionLimit",
    "gpu-memory": _GPU_MEMORY,
    "gpuMemory": _GPU_MEMORY,
    "gpu-memory-request": _GPU_MEMORY,
    "gpu-memory-limit": "compute.gpuMemoryLimit",
    "gpu-request-type": "compute.gpuRequestType",
    "cpu": "compute.cpuCoreRequest",
    "cpus": "compute.cpuCoreRequest",
    "cores": "compute.cpuCoreRequest",
    "cpuRequest": "compute.cpuCoreRequest",
    "cpu-core-request": "compute.cpuCoreRequest",
    "cpuLimit": "compute.cpuCoreLimit",
    "cpu-core-limit": "compute.cpuCoreLimit",
    "memory": "compute.cpuMemoryRequest",
    "mem": "compute.cpuMemoryRequest",
    "ram": "compute.cpuMemoryRequest",
    "memoryRequest": "compute.cpuMemoryRequest",
    "cpuMemory": "compute.cpuMemoryRequest",
    "cpu-memory-request": "compute.cpuMemoryRequest",
    "memoryLimit": "compute.cpuMemoryLimit",
    "cpu-memory-limit": "compute.cpuMemoryLimit",
    "resources": "compute",
    "requests": "compute",
    "limits": "compute",
    "shm": "compute.largeShmRequest",
    "large-shm": "compute.largeShmRequest",
    "largeShm": "compute.largeShmRequest",
    "shmSize": "compute.largeShmRequest",
    "extended-resource": "compute.extendedResources",
    "env": "environmentVariables",
    "envs": "environmentVariables",
    "environment": "environmentVariables",
    "environment-variable": "environmentVariables",
    "envVars": "environmentVariables",
    "env-secret": "environmentVariables[].secret",
    "secretKeyRef": "environmentVariables[].secret",
    "configMapKeyRef": "environmentVariables[].configMap",
    "fieldRef": "environmentVariables[].podFieldRef",
    "valueFrom": "environmentVariables[].secret, configMap, podFieldRef or userCredential",
    "pvc": "storage.pvc",
    "pvcs": "storage.pvc",
    "existing-pvc": "storage.pvc with existingPvc: true",
    "new-pvc": "storage.pvc with claimInfo.size",
    "persistentVolumeClaim": "storage.pvc",
    "volumes": "storage",
    "volumeMounts": "storage",
    "mounts": "storage",
    "nfs": "storage.nfs",
    "hostPath": "storage.hostPath",
    "host-path": "storage.hostPath",
    "git-sync": "storage.git",
    "emptyDir": "storage.emptyDirVolume",
    "configMap": "storage.configMapVolume",
    "configmap-map-volume": "storage.configMapVolume",
    "secretVolume": "storage.secretVolume",
    "secret-volume": "storage.secretVolume",
    "dataVolume": "storage.dataVolume",
    "mountpath": "mountPath",
    "claimname": "claimName",
    "port": "ports",
    "containerPort": "container",
    "targetPort": "container",
    "external-url": "exposedUrls",
    "externalUrl": "exposedUrls",
    "ingress": "exposedUrls",
    "url": "exposedUrls",
    "urls": "exposedUrls",
    "service-type": "ports[].serviceType",
    "node-pools": "nodePools",
    "node-pool": "nodePools",
    "nodePool": "nodePools",
    "node_pools": "nodePools",
    "node-type": "nodeType",
    "nodeSelector": "nodeAffinityRequired",
    "affinity": "nodeAffinityRequired",
    "nodeAffinity": "nodeAffinityRequired",
    "toleration": "tolerations",
    "tolerationSeconds": "seconds",
    "priority": "priorityClass",
    "priorityClassName": "priorityClass",
    "preemptible": "preemptibility",
    "entrypoint": "command",
    "cmd": "command",
    "arguments": "args",
    "workdir": "workingDir",
    "working-dir": "workingDir",
    "workingDirectory": "workingDir",
    "image-pull-policy": "imagePullPolicy",
    "pullPolicy": "imagePullPolicy",
    "pullSecrets": "imagePullSecrets",
    "image-pull-secret": "imagePullSecrets",
    "securityContext": "security",
    "capability": "security.capabilities",
    "run-as-uid": "security.runAsUid",
    "run-as-gid": "security.runAsGid",
    "runAsUser": "security.runAsUid",
    "runAsGroup": "security.runAsGid",
    "runAsUserId": "security.runAsUid",
    "readinessProbe": "probes.readiness",
    "annotation": "annotations",
    "label": "labels",
    "template": "templateId",
    "namespace": "project",
    "create-home-dir": "createHomeDir",
}
_JOB: Mapping[str, str] = {
    "s3": "storage.s3",
    "host-ipc": "security.hostIpc",
    "hostIPC": "security.hostIpc",
    "host-network": "security.hostNetwork",
    "restart": "restartPolicy",
    "backoff-limit": "backoffLimit",
    "retries": "backoffLimit",
    "ttl": "autoDeletionTimeAfterCompletionSeconds",
    "ttlSecondsAfterFinished": "autoDeletionTimeAfterCompletionSeconds",
    "auto-deletion-time-after-completion": "autoDeletionTimeAfterCompletionSeconds",
    "gracePeriod": "terminationGracePeriodSeconds",
    "interactive": "stdin and tty",
}
_SERVING: Mapping[str, str] = {
    "replicas": "autoscaling.minReplicas and autoscaling.maxReplicas",
    "min-replicas": "autoscaling.minReplicas",
    "minReplicas": "autoscaling.minReplicas",
    "minScale": "autoscaling.minReplicas",
    "max-replicas": "autoscaling.maxReplicas",
    "maxReplicas": "autoscaling.maxReplicas",
    "maxScale": "autoscaling.maxReplicas",
    "scaling": "autoscaling",
    "metric": "autoscaling.metric",
    "metric-threshold": "autoscaling.metricThreshold",
    "scale-to-zero-retention-seconds": "autoscaling.scaleToZeroRetentionSeconds",
    "scale-down-delay-seconds": "autoscaling.scaleDownDelaySeconds",
    "initialization-timeout-seconds": "servingConfiguration.initializationTimeoutSeconds",
    "initializationTimeout": "servingConfiguration.initializationTimeoutSeconds",
    "requestTimeout": "servingConfiguration.requestTimeoutSeconds",
    "serving": "servingPort",
    "serving-port": "servingPort",
    "port": "servingPort",
    "authorization-type": "servingPort.authorizationType",
}


_SEPARATORS = str.maketrans("", "", "-_. ")


def _in_any_case(words: Mapping[str, str]) -> Mapping[str, str]:
    """Add every word without case and separators, which is how a near miss is looked up."""
    plain = {word.casefold().translate(_SEPARATORS): field for word, field in words.items()}
    return {**plain, **words}


WORKSPACE = _in_any_case({**_ANY, **_JOB})
TRAINING = _in_any_case({**_ANY, **_JOB, "replicas": "parallelism", "workers": "parallelism"})
INFERENCE = _in_any_case({**_ANY, **_SERVING})
DISTRIBUTED_TRAINING = _in_any_case({**_ANY, **_JOB, "workers": "numWorkers"})
DISTRIBUTED_INFERENCE = _in_any_case({"port": "servingPort.port"})
NIM_SERVICE = _in_any_case({"port": "servingPort.port"})
EXTERNAL_WORKLOAD = _in_any_case({"yaml": "manifest"})

CLUSTER = _in_any_case(
    {
        "url": "domain",
        "host": "domain",
        "hostname": "domain",
        "fqdn": "domain",
        "clusterUrl": "domain",
        "cluster-url": "domain",
        "endpoint": "domain",
        "clusterVersion": "version",
        "runaiVersion": "version",
    }
)
