"""Every field that a workload spec may have, by workload type."""

from collections.abc import Mapping

from reconciler.emulator.runai.shapes import (
    ANY,
    COUNT,
    DNS,
    FLAG,
    INT64,
    LONG,
    NAME,
    PORT,
    POSITIVE,
    QTY,
    SOME,
    Block,
    Items,
    Real,
    Shape,
    Text,
    Whole,
    choice,
)

CAPABILITIES = tuple(
    """AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER
    FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN
    NET_BIND_SERVICE NET_BROADCAST NET_RAW SETGID SETFCAP SETPCAP SETUID SYS_ADMIN SYS_BOOT
    SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME
    SYS_TTY_CONFIG SYSLOG WAKE_ALARM""".split()  # noqa: SIM905 - a word list reads better
)
ENV_VALUE_MAX = 10_000
_AMOUNT = Real(0)
_METRIC = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"


def _item(required: tuple[str, ...] = (), /, **fields: Shape) -> Items:
    """Make a list of objects; all of them may say `exclude`, and then need only their key."""
    return Items(Block({**fields, "exclude": FLAG}, required))


def _tag() -> Items:
    return _item(("name",), name=Text(1, 63), value=ANY)


_COMPUTE = Block(
    {
        "cpuCoreLimit": _AMOUNT,
        "cpuCoreRequest": _AMOUNT,
        "cpuMemoryLimit": QTY,
        "cpuMemoryRequest": QTY,
        "extendedResources": _item(resource=SOME, quantity=Text(1, pattern=QTY.pattern)),
        "gpuDevicesRequest": COUNT,
        "gpuMemoryLimit": QTY,
        "gpuMemoryRequest": QTY,
        "gpuPortionLimit": _AMOUNT,
        "gpuPortionRequest": _AMOUNT,
        "gpuRequestType": choice("portion", "memory"),
        "largeShmRequest": FLAG,
    }
)
_REF = Block({"name": NAME, "key": SOME}, ("name", "key"))
_ENV = _item(
    ("name",),
    name=SOME,
    value=Text(high=ENV_VALUE_MAX),
    secret=_REF,
    configMap=_REF,
    podFieldRef=Block({"path": SOME}, ("path",)),
    userCredential=Block({"name": SOME, "key": SOME}, ("name", "key")),
    description=ANY,
)
_ACCESS: dict[str, Shape] = {"authorizedUsers": Items(ANY), "authorizedGroups": Items(ANY)}
_TOOL: dict[str, Shape] = {"toolType": ANY, "toolName": ANY, "name": SOME}
_URLS = _item(
    container=Whole(),
    url=ANY,
    authorizationType=choice("authenticatedUsers", "authorizedUsers", "authorizedGroups"),
    **_ACCESS,
    **_TOOL,
)
_PORTS = _item(
    container=PORT,
    serviceType=choice("LoadBalancer", "NodePort", "ClusterIP"),
    external=Whole(),
    **_TOOL,
)
_EXPRESSION = Block(
    {
        "key": ANY,
        "operator": choice("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
        "values": Items(ANY),
    },
    ("key", "operator"),
)
_AFFINITY = Block({"nodeSelectorTerms": Items(Block({"matchExpressions": Items(_EXPRESSION)}))})
_PROBE = Block(
    {
        "initialDelaySeconds": COUNT,
        "periodSeconds": POSITIVE,
        "timeoutSeconds": POSITIVE,
        "successThreshold": POSITIVE,
        "failureThreshold": POSITIVE,
        "handler": Block(
            {
                "httpGet": Block(
                    {
                        "path": Text(pattern=r"^(/[a-zA-Z0-9\-_./]*)?$"),
                        "port": PORT,
                        "host": Text(form="hostname"),
                        "scheme": choice("HTTP", "HTTPS"),
                    }
                )
            }
        ),
    },
    ("handler",),
)
_SECURITY: dict[str, Shape] = {
    "capabilities": Items(Text(choices=CAPABILITIES)),
    "readOnlyRootFilesystem": FLAG,
    "runAsGid": LONG,
    "runAsNonRoot": FLAG,
    "runAsUid": LONG,
    "seccompProfileType": choice("RuntimeDefault", "Unconfined", "Localhost"),
    "supplementalGroups": ANY,
    "uidGidSource": choice("fromTheImage", "fromIdpToken", "custom"),
}
_HOST_SECURITY: dict[str, Shape] = {
    "allowPrivilegeEscalation": FLAG,
    "hostIpc": FLAG,
    "hostNetwork": FLAG,
}
_TOLERATION = _item(
    name=SOME,
    operator=choice("Equal", "Exists"),
    key=ANY,
    value=ANY,
    effect=choice("NoSchedule", "NoExecute", "PreferNoSchedule", "Any"),
    seconds=POSITIVE,
)
_ATTRIBUTE = Text(1, 63, r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")
_MODE = Text(4, 4, r"0[0-7]{3}")
_CLAIM_INFO = Block(
    {
        "size": QTY,
        "storageClass": Text(1, pattern=DNS),
        "accessModes": Block({"readWriteOnce": FLAG, "readOnlyMany": FLAG, "readWriteMany": FLAG}),
        "volumeMode": choice("Filesystem", "Block"),
        "addedAttrValues": Items(Block({"key": _ATTRIBUTE, "value": ANY}, ("key",))),
    }
)
_STORAGE: dict[str, Shape] = {
    "configMapVolume": _item(
        name=SOME, configMap=NAME, mountPath=SOME, subPath=SOME, defaultMode=_MODE
    ),
    "dataVolume": _item(id=Text(form="uuid"), mountPath=ANY),
    "emptyDirVolume": _item(name=SOME, path=SOME, medium=SOME, sizeLimit=QTY),
    "git": _item(
        name=SOME, repository=SOME, branch=SOME, revision=SOME, path=SOME, passwordSecret=SOME,
        secretKeyOfUser=SOME, secretKeyOfPassword=SOME,
        secretRef=Block(
            {
                "name": SOME,
                "authenticationMethod": choice("password", "ssh-key"),
                "secretKeyOfUser": SOME,
                "secretKeyOfPassword": SOME,
            }
        ),
    ),
    "hostPath": _item(
        name=SOME, path=SOME, readOnly=FLAG, mountPath=SOME,
        mountPropagation=choice("None", "HostToContainer"),
    ),
    "nfs": _item(name=SOME, path=SOME, readOnly=FLAG, server=SOME, mountPath=SOME),
    "pvc": _item(
        name=SOME, path=SOME, existingPvc=FLAG, claimName=Text(1, 63), readOnly=FLAG,
        ephemeral=FLAG, claimInfo=_CLAIM_INFO, dataSharing=FLAG,
    ),
    "s3": _item(
        name=SOME, bucket=SOME, path=SOME, url=SOME, accessKeySecret=NAME,
        secretKeyOfAccessKeyId=SOME, secretKeyOfSecretKey=SOME,
    ),
    "secretVolume": _item(name=SOME, mountPath=SOME, defaultMode=_MODE, secret=SOME),
}  # fmt: skip

_PLACING: dict[str, Shape] = {
    "category": ANY,
    "nodePools": Items(ANY),
    "preemptibility": choice("preemptible", "non-preemptible"),
    "priorityClass": ANY,
}
_CONTAINER: dict[str, Shape] = {
    "args": SOME,
    "command": SOME,
    "compute": _COMPUTE,
    "createHomeDir": FLAG,
    "environmentVariables": _ENV,
    "image": SOME,
    "imagePullPolicy": choice("Always", "Never", "IfNotPresent"),
    "imagePullSecrets": _item(name=Text(pattern=DNS), userCredential=FLAG),
    "nodeAffinityRequired": _AFFINITY,
    "nodeType": SOME,
    "podAffinity": Block({"type": choice("Required", "Preferred"), "key": ANY}),
    "probes": Block({"readiness": _PROBE}),
    "workingDir": SOME,
    "annotations": _tag(),
    "labels": _tag(),
    "tolerations": _TOLERATION,
}
_COMMON: dict[str, Shape] = {
    **_PLACING,
    **_CONTAINER,
    "exposedUrls": _URLS,
    "ports": _PORTS,
    "relatedUrls": _item(url=ANY, type=ANY, name=ANY),
}
_JOB: dict[str, Shape] = {
    **_COMMON,
    "autoDeletionTimeAfterCompletionSeconds": Whole(0, INT64),
    "backoffLimit": Whole(0, INT64),
    "restartPolicy": choice("Always", "Never", "OnFailure"),
    "security": Block({**_SECURITY, **_HOST_SECURITY}),
    "stdin": FLAG,
    "storage": Block(_STORAGE),
    "terminateAfterPreemption": FLAG,
    "terminationGracePeriodSeconds": Whole(0, INT64),
    "tty": FLAG,
}
_SCALING = Block(
    {
        "metricThresholdPercentage": Real(1, 100),
        "minReplicas": COUNT,
        "maxReplicas": POSITIVE,
        "initialReplicas": COUNT,
        "activationReplicas": POSITIVE,
        "concurrencyHardLimit": COUNT,
        "scaleToZeroRetentionSeconds": Whole(0, 3600),
        "scaleDownDelaySeconds": Whole(0, 3600),
        "initializationTimeoutSeconds": POSITIVE,
        "metric": Text(pattern=_METRIC),
        "metricThreshold": Whole(),
    }
)
_AUTHORIZATION = ("public", "authenticatedUsers", "authorizedUsers", "authorizedGroups")
_INFERENCE: dict[str, Shape] = {
    **_COMMON,
    "autoscaling": _SCALING,
    "security": Block(_SECURITY),
    "servingConfiguration": Block(
        {"initializationTimeoutSeconds": POSITIVE, "requestTimeoutSeconds": POSITIVE}
    ),
    "servingPort": Block(
        {
            "container": PORT,
            "protocol": choice("http", "grpc"),
            "authorizationType": choice(*_AUTHORIZATION, "authorizedUsersOrGroups"),
            **_ACCESS,
            "clusterLocalAccessOnly": FLAG,
        }
    ),
    "storage": Block({kind: shape for kind, shape in _STORAGE.items() if kind != "s3"}),
}
_ROLE = Block(
    {
        **_CONTAINER,
        "security": Block(_SECURITY),
        "storage": Block(
            {k: _STORAGE[k] for k in ("configMapVolume", "emptyDirVolume", "pvc", "secretVolume")}
        ),
    }
)
_SERVING = Block(
    {
        "port": PORT,
        "protocol": choice("http"),
        "authorizationType": choice(*_AUTHORIZATION),
        **_ACCESS,
        "exposeExternally": FLAG,
        "exposedUrl": ANY,
    },
    ("port",),
)

_WHOLE_PODS = ("extendedResources", "largeShmRequest")
_NIM: dict[str, Shape] = {
    **_PLACING,
    **{
        key: _CONTAINER[key]
        for key in (
            "annotations", "environmentVariables", "image", "imagePullPolicy", "imagePullSecrets",
            "labels", "probes", "tolerations",
        )
    },
    "autoscaling": Block(
        {
            "maxReplicas": POSITIVE,
            "metric": Text(pattern=_METRIC),
            "metricThreshold": Whole(),
            "minReplicas": POSITIVE,
            "scaleWindowSeconds": Whole(60, 3600),
        }
    ),
    "compute": Block({k: v for k, v in _COMPUTE.fields.items() if k not in _WHOLE_PODS}),
    "modelStore": Block(
        {
            "nimCache": Block({"name": SOME, "profile": SOME}),
            "pvc": Block(
                {"existingPvc": FLAG, "claimName": Text(1, 63), "readOnly": FLAG, "claimInfo": _CLAIM_INFO}
            ),
        }
    ),
    "multiNode": Block({"workers": Whole(1, 1000)}),
    "ngcAuthSecret": Text(pattern=DNS),
    "replicas": Whole(0, 1000),
    "security": Block({"runAsGid": LONG, "runAsUid": LONG}),
    "servingPort": Block(
        {
            "serviceType": choice("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
            "port": PORT,
            "grpcPort": PORT,
            "metricsPort": PORT,
            "exposeExternally": FLAG,
            "exposedUrl": ANY,
            "exposedProtocol": choice("http", "grpc"),
        },
        ("port",),
    ),
}  # fmt: skip

SPECS: Mapping[str, Block] = {
    "Workspace": Block(_JOB),
    "Training": Block({**_JOB, "completions": Whole(), "parallelism": Whole()}),
    "Distributed": Block(
        {
            **_JOB,
            "cleanPodPolicy": choice("None", "All", "Running"),
            "distributedFramework": choice("MPI", "PyTorch", "TF", "XGBoost", "JAX"),
            "maxReplicas": Whole(),
            "minReplicas": Whole(),
            "mpiLauncherCreationPolicy": choice("AtStartup", "WaitForWorkersReady"),
            "numWorkers": POSITIVE,
            "slotsPerWorker": POSITIVE,
            "sshAuthMountPath": ANY,
        }
    ),
    "Inference": Block(_INFERENCE),
    "DistributedInference": Block(
        {
            **_PLACING,
            "leader": _ROLE,
            "worker": _ROLE,
            "replicas": Whole(0, 1000),
            "workers": Whole(0, 1000),
            "restartPolicy": choice("RecreateGroupOnPodRestart", "None"),
            "servingPort": _SERVING,
            "startupPolicy": choice("LeaderCreated", "LeaderReady"),
        }
    ),
    "NimService": Block(_NIM),
}
MASTER = Block(_JOB)
