"""What the bodies of requests are made of, for each generation."""

from collections.abc import Mapping

from reconciler.emulator.primus_safe.decode import Map, Slice, Struct

PROBE = Struct(
    "HealthCheck",
    {"path": str, "port": int, "initialDelaySeconds": int, "periodSeconds": int, "failureThreshold": int},
)
_SERVICE: Mapping[str, object] = {
    "protocol": str,
    "port": int,
    "nodePort": int,
    "targetPort": int,
    "serviceType": str,
    "extends": Map(str),
}
SERVICE = Struct("Service", {**_SERVICE, "extraSelectors": Map(str)})
RESOURCE = Struct(
    "WorkloadResource",
    {
        "replica": int,
        "cpu": str,
        "gpu": str,
        "gpuName": str,
        "memory": str,
        "sharedMemory": str,
        "ephemeralStorage": str,
        "rdmaResource": str,
    },
)
CRON = Struct("CronJob", {"schedule": str, "action": str})
GVK = Struct("GroupVersionKind", {"group": str, "version": str, "kind": str})
_ENTITY = Struct("Entity", {"id": str, "type": str, "name": str})
_COMMON: Mapping[str, object] = {
    "displayName": str,
    "description": str,
    "workspaceId": str,
    "workspace": str,
    "specifiedNodes": Slice(str),
    "isSupervised": bool,
    "priority": int,
    "timeout": int,
    "maxRetry": int,
    "ttlSecondsAfterFinished": int,
    "customerLabels": Map(str),
    "env": Map(str),
    "liveness": PROBE,
    "readiness": PROBE,
    "service": SERVICE,
    "dependencies": Slice(str),
    "cronJobs": Slice(CRON),
    "groupVersionKind": GVK,
    "isTolerateAll": bool,
    "hostpath": Slice(str),
}
CREATE: Mapping[int, Struct] = {
    1: Struct("CreateWorkloadRequest", {**_COMMON, "resource": RESOURCE, "image": str, "entryPoint": str}),
    2: Struct(
        "CreateWorkloadRequest",
        {
            **_COMMON,
            "resources": Slice(RESOURCE),
            "images": Slice(str),
            "entryPoints": Slice(str),
            "workloadId": str,
            "labels": Map(str),
            "annotations": Map(str),
            "nodesAffinity": str,
            "excludedNodes": Slice(str),
            "preheat": bool,
            "privileged": bool,
            "userEntity": _ENTITY,
            "useWorkspaceStorage": bool,
            "forceHostNetwork": bool,
            "ownerId": str,
            "secrets": Slice(_ENTITY),
        },
    ),
}
PATCH: Mapping[int, Struct] = {
    1: Struct(
        "PatchWorkloadRequest",
        {
            "priority": int,
            "replica": int,
            "cpu": str,
            "gpu": str,
            "memory": str,
            "ephemeralStorage": str,
            "sharedMemory": str,
            "image": str,
            "entryPoint": str,
            "env": Map(str),
            "description": str,
            "timeout": int,
            "maxRetry": int,
            "cronJobs": Slice(CRON),
        },
    ),
    2: Struct(
        "PatchWorkloadRequest",
        {
            "priority": int,
            "resources": Slice(RESOURCE),
            "images": Slice(str),
            "entryPoints": Slice(str),
            "env": Map(str),
            "description": str,
            "timeout": int,
            "maxRetry": int,
            "cronJobs": Slice(CRON),
            "service": SERVICE,
        },
    ),
}
BATCH = Struct("BatchWorkloadsRequest", {"workloadIds": Slice(str)})
