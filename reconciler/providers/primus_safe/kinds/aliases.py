"""Aliases: the words people bring from other tools and from later servers, and the fields that mean them.

A field is written by its path in spec, `resource.gpu`; one that stands in many places by its name alone. The
first path counts; what follows it explains.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.field import plain

Words = Mapping[str, str]

_ASKED: Words = {
    "resources": "resource",
    "requests": "resource",
    "limits": "resource",
    "compute": "resource",
    "cpu": "resource.cpu",
    "cpus": "resource.cpu",
    "cores": "resource.cpu",
    "cpuCoreRequest": "resource.cpu",
    "gpu": "resource.gpu",
    "gpus": "resource.gpu",
    "gpuCount": "resource.gpu",
    "numGpus": "resource.gpu",
    "gpuDevicesRequest": "resource.gpu",
    "accelerators": "resource.gpu",
    "amd.com/gpu": "resource.gpu",
    "nvidia.com/gpu": "resource.gpu",
    "memory": "resource.memory",
    "mem": "resource.memory",
    "ram": "resource.memory",
    "cpuMemoryRequest": "resource.memory",
    "disk": "resource.ephemeralStorage",
    "storage": "resource.ephemeralStorage",
    "ephemeral-storage": "resource.ephemeralStorage",
    "shm": "resource.sharedMemory",
    "shmSize": "resource.sharedMemory",
    "largeShmRequest": "resource.sharedMemory",
}
_PODS: Words = {
    "replica": "resource.replica",
    "replicas": "resource.replica",
    "numWorkers": "resource.replica (the master among them)",
    "workers": "resource.replica (the master among them)",
    "nnodes": "resource.replica",
    "completions": "resource.replica",
}
_ANY: Words = {
    "images": "image",
    "container-image": "image",
    "docker-image": "image",
    "repository": "image",
    "containers": "image, entryPoint and resource: a pod has one container, which is not named",
    "environment": "env",
    "envs": "env",
    "envVars": "env",
    "environmentVariables": "env (a map: NAME: value)",
    "variables": "env",
    "priorityClass": "priority (0 low, 1 medium, 2 high)",
    "priorityClassName": "priority (0 low, 1 medium, 2 high)",
    "ttl": "ttlSecondsAfterFinished",
    "ttlSeconds": "ttlSecondsAfterFinished",
    "autoDeletionTimeAfterCompletionSeconds": "ttlSecondsAfterFinished",
    "nodeSelector": "customerLabels",
    "nodeLabels": "customerLabels",
    "customLabels": "customerLabels",
    "nodeAffinity": "customerLabels",
    "nodes": "specifiedNodes",
    "nodeName": "specifiedNodes",
    "nodeNames": "specifiedNodes",
    "exclude-node": "excludedNodes",
    "affinity": "nodesAffinity",
    "tolerations": "isTolerateAll",
    "tolerateAll": "isTolerateAll",
    "taints": "isTolerateAll",
    "cron": "cronJobs",
    "cronJob": "cronJobs",
    "schedule": "cronJobs[].schedule",
    "startTime": "cronJobs[].schedule",
    "hostPath": "hostpath",
    "hostPaths": "hostpath",
    "volumes": "hostpath",
    "label": "labels",
    "annotation": "annotations",
    "secret": "secrets",
    "imagePullSecrets": "secrets",
    "hostNetwork": "forceHostNetwork",
    "securityContext": "privileged",
    "port": "service.port",
    "ports": "service",
    "targetPort": "service.targetPort",
    "containerPort": "targetPort",
    "nodePort": "service.nodePort",
    "serviceType": "service.serviceType",
    "type": "serviceType",
    "maxSurge": "service.extends",
    "maxUnavailable": "service.extends",
    "note": "description",
}
_PROGRAM: Words = {
    "entryPoints": "entryPoint",
    "command": "entryPoint",
    "cmd": "entryPoint",
    "args": "entryPoint",
    "arguments": "entryPoint",
    "script": "entryPoint",
    "run": "entryPoint",
    "time-limit": "timeout",
    "maxRuntime": "timeout",
    "activeDeadlineSeconds": "timeout",
}
_JOB: Words = {
    "supervised": "isSupervised",
    "retries": "maxRetry",
    "maxRetries": "maxRetry",
    "backoffLimit": "maxRetry",
    "dependsOn": "dependencies",
    "dependency": "dependencies",
    "after": "dependencies",
    "needs": "dependencies",
}
_APPLICATION: Words = {
    "livenessProbe": "liveness",
    "readinessProbe": "readiness",
    "probes": "readiness",
    "healthCheck": "readiness",
    "initialDelay": "initialDelaySeconds",
    "period": "periodSeconds",
}


def _in_any_case(*tables: Words) -> Words:
    """Join tables, the later one first, and add every word as a near miss is looked up."""
    words = {word: field for table in tables for word, field in table.items()}
    found = {**{plain(word): field for word, field in words.items()}, **words}
    return {word: field for word, field in found.items() if word != field}


_NOT_TAKEN: Words = {
    "displayName": "it is metadata.name: delete the line",
    "workspaceId": "it is metadata.workspace: delete the line",
    "workspace": "it is metadata.workspace: delete the line",
    "groupVersionKind": "it is the manifest's kind: delete the line",
    "workloadId": "the server makes it: delete the line",
    "ownerId": "ids are the server's to make: delete the line; dependsOn orders objects by name",
    "userEntity": "it is whoever signs in: delete the line",
    **dict.fromkeys(
        ("gpuName", "rdmaResource", "jobPort", "sshPort"), "the server fills it in: delete the line"
    ),
}
_ENDLESS = "the server keeps it off for what does not finish: delete the line"
_SERVED = "it is for a Deployment or a StatefulSet: today's servers drop it elsewhere"
_AFTER = "write dependsOn beside spec: today's servers drop it of what does not finish"

NOT_TAKEN_BY_JOB: Words = {**_NOT_TAKEN, "liveness": _SERVED, "readiness": _SERVED}
NOT_TAKEN_BY_APPLICATION: Words = {
    **_NOT_TAKEN,
    "isSupervised": _ENDLESS,
    "maxRetry": _ENDLESS,
    "dependencies": _AFTER,
}
NOT_TAKEN_BY_AUTHORING: Words = {
    **NOT_TAKEN_BY_APPLICATION,
    "liveness": _SERVED,
    "readiness": _SERVED,
    "entryPoint": "an Authoring sleeps, and people start what they want in it: delete the line",
}

PYTORCH_JOB = _in_any_case(_ASKED, _PODS, _ANY, _PROGRAM, _JOB)
APPLICATION = _in_any_case(_ASKED, _PODS, _ANY, _PROGRAM, _APPLICATION)
AUTHORING = _in_any_case(_ASKED, _ANY)
