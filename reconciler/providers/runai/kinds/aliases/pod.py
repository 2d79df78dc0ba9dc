"""Words for what one pod states, as fields of its spec: from the Run:ai CLI, old and new, and Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Mapping

Words = Mapping[str, str]

_DOTTED = re.compile(r"\w+(?:\[\])?\.[\w.\[\]]*\w")
_ANYWHERE = frozenset({"claimName", "mountPath", "seconds"})
"""Fields of items, which stand wherever the item does."""

_GPUS = (
    "compute.gpuDevicesRequest (whole GPUs) or "
    "compute.gpuPortionRequest with gpuRequestType: portion (a fraction)"
)
_PORTION = "compute.gpuPortionRequest with gpuRequestType: portion"
_GPU_MEMORY = "compute.gpuMemoryRequest with gpuRequestType: memory"

DEVICES: Words = {
    "gpu": _GPUS,
    "gpus": _GPUS,
    "numGpus": "compute.gpuDevicesRequest",
    "gpuCount": "compute.gpuDevicesRequest",
    "gpu-devices": "compute.gpuDevicesRequest",
    "gpu-devices-request": "compute.gpuDevicesRequest",
    "gpuRequest": "compute.gpuDevicesRequest",
    "gpuLimit": "compute.gpuDevicesRequest",
    "accelerators": "compute.gpuDevicesRequest",
    "nvidia.com/gpu": "compute.gpuDevicesRequest",
    "gpu-portion": _PORTION,
    "gpu-portion-request": _PORTION,
    "gpuFraction": _PORTION,
    "fraction": _PORTION,
    "mig-profile": _PORTION,
    "gpu-portion-limit": "compute.gpuPortionLimit",
    "gpu-memory": _GPU_MEMORY,
    "gpu-memory-request": _GPU_MEMORY,
    "gpu-memory-limit": "compute.gpuMemoryLimit",
    "gpu-request-type": "compute.gpuRequestType",
    "cpu": "compute.cpuCoreRequest",
    "cpus": "compute.cpuCoreRequest",
    "cores": "compute.cpuCoreRequest",
    "cpuRequest": "compute.cpuCoreRequest",
    "cpu-core": "compute.cpuCoreRequest",
    "cpu-core-request": "compute.cpuCoreRequest",
    "cpuLimit": "compute.cpuCoreLimit",
    "cpu-core-limit": "compute.cpuCoreLimit",
    "memory": "compute.cpuMemoryRequest",
    "mem": "compute.cpuMemoryRequest",
    "ram": "compute.cpuMemoryRequest",
    "memoryRequest": "compute.cpuMemoryRequest",
    "cpu-memory": "compute.cpuMemoryRequest",
    "cpu-memory-request": "compute.cpuMemoryRequest",
    "memoryLimit": "compute.cpuMemoryLimit",
    "cpu-memory-limit": "compute.cpuMemoryLimit",
    "resources": "compute",
    "requests": "compute",
    "limits": "compute",
}
"""What every kind with pods of its own has under compute."""

BARE: Words = {
    "env": "environmentVariables",
    "envs": "environmentVariables",
    "environment": "environmentVariables",
    "environment-variable": "environmentVariables",
    "envVars": "environmentVariables",
    "envFrom": "environmentVariables",
    "variables": "environmentVariables",
    "env-secret": "environmentVariables[].secret",
    "env-pod-field-ref": "environmentVariables[].podFieldRef",
    "env-my-credentials": "environmentVariables[].userCredential",
    "secretKeyRef": "environmentVariables[].secret",
    "configMapKeyRef": "environmentVariables[].configMap",
    "fieldRef": "environmentVariables[].podFieldRef",
    "valueFrom": "environmentVariables[].secret, configMap, podFieldRef or userCredential",
    "container-image": "image",
    "docker-image": "image",
    "repository": "image",
    "pullPolicy": "imagePullPolicy",
    "always-pull-image": "imagePullPolicy",
    "local-image": "imagePullPolicy",
    "pullSecrets": "imagePullSecrets",
    "image-pull-secret": "imagePullSecrets",
    "registrySecret": "imagePullSecrets",
    "toleration": "tolerations",
    "tolerationSeconds": "seconds",
    "taints": "tolerations",
    "readinessProbe": "probes.readiness",
    "healthCheck": "probes.readiness",
    "httpGet": "probes.readiness.handler.httpGet",
    "annotation": "annotations",
    "label": "labels",
}
"""What every pod has, also one whose image brings its program."""

OWN: Words = {
    "containers": "image, command, args and compute: a pod has one container, which is not named",
    "entrypoint": "command",
    "cmd": "command",
    "script": "command",
    "arguments": "args",
    "workdir": "workingDir",
    "working-dir": "workingDir",
    "workingDirectory": "workingDir",
    "cwd": "workingDir",
    "shm": "compute.largeShmRequest",
    "large-shm": "compute.largeShmRequest",
    "shmSize": "compute.largeShmRequest",
    "extended-resource": "compute.extendedResources",
    "node-type": "nodeType",
    "nodeSelector": "nodeAffinityRequired",
    "affinity": "nodeAffinityRequired",
    "nodeAffinity": "nodeAffinityRequired",
    "node-affinity": "nodeAffinityRequired",
    "exclude-node": "nodeAffinityRequired",
    "nodeName": "nodeAffinityRequired",
    "podAntiAffinity": "podAffinity",
    "preferred-pod-topology-key": "podAffinity.key with podAffinity.type: Preferred",
    "required-pod-topology-key": "podAffinity.key with podAffinity.type: Required",
    "topologyKey": "podAffinity.key",
    "securityContext": "security",
    "capability": "security.capabilities",
    "run-as-user": "security.runAsUid",
    "run-as-uid": "security.runAsUid",
    "run-as-gid": "security.runAsGid",
    "run-as-group": "security.runAsGid",
    "runAsUserId": "security.runAsUid",
    "fsGroup": "security.supplementalGroups",
    "user-group-source": "security.uidGidSource",
    "seccomp-profile": "security.seccompProfileType",
    "supplemental-groups": "security.supplementalGroups",
    "create-home-dir": "createHomeDir",
    "home": "createHomeDir",
    "pvc": "storage.pvc",
    "pvcs": "storage.pvc",
    "existing-pvc": "storage.pvc[].existingPvc with storage.pvc[].claimName",
    "new-pvc": "storage.pvc[].claimInfo.size",
    "persistentVolumeClaim": "storage.pvc",
    "claimname": "claimName",
    "mountpath": "mountPath",
    "volume": "storage",
    "volumes": "storage",
    "volumeMounts": "storage",
    "mounts": "storage",
    "datasource": "storage",
    "emptyDir": "storage.emptyDirVolume",
    "configMap": "storage.configMapVolume",
    "configmap-map-volume": "storage.configMapVolume",
    "secretVolume": "storage.secretVolume",
    "secret-volume": "storage.secretVolume",
}
"""What a pod has besides that runs a program of yours."""

MORE_VOLUMES: Words = {
    "nfs": "storage.nfs",
    "nfs-server": "storage.nfs[].server",
    "hostPath": "storage.hostPath",
    "host-path": "storage.hostPath",
    "mount-propagation": "storage.hostPath[].mountPropagation",
    "git": "storage.git",
    "git-sync": "storage.git",
    "dataVolume": "storage.dataVolume",
}
"""Volumes that a pod of a distributed inference does not have."""

HOST: Words = {
    "s3": "storage.s3",
    "bucket": "storage.s3[].bucket",
    "host-ipc": "security.hostIpc",
    "host-network": "security.hostNetwork",
    "privileged": "security.allowPrivilegeEscalation",
    "allow-privilege-escalation": "security.allowPrivilegeEscalation",
    "prevent-privilege-escalation": "security.allowPrivilegeEscalation",
}
"""What a pod that serves does not have."""


def below(part: str, words: Words) -> dict[str, str]:
    """Give words as fields of a pod whose spec is a part of the whole."""
    return {word: _below(part, field) for word, field in words.items()}


def _below(part: str, field: str) -> str:
    if field in _ANYWHERE:
        return field
    first, rest = re.split(r"(?<=\w)(?=[^\w.\[])", f"{field} ", maxsplit=1)
    return f"{part}.{first}{_DOTTED.sub(lambda found: f'{part}.{found[0]}', rest)}".rstrip()
