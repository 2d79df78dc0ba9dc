"""What each answer of the server looks like, from its documents, by hand."""

from collections.abc import Mapping
from typing import Any

from tests.emulator.shape import Schema, closed, listed, one_of, open_

Json = Any
NULL: Schema = {"type": "null"}
ERROR = closed(
    "errorCode*:code errorMessage*:text", code={"type": "string", "pattern": r"^(Primus\.\d{5}|[A-Z]\w+)$"}
)
_TIME: Schema = {"type": "string", "pattern": r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?$"}
_ZONED: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_LASTED: Schema = {"type": "string", "pattern": r"^(\d+h)?(\d+m)?(\d+s)?$"}
_PHASE = one_of("", "Pending", "Running", "Updating", "NotReady", "Succeeded", "Failed", "Stopped")
_AMOUNTS: Schema = {"type": "object", "additionalProperties": {"type": "integer"}}
_RESOURCE = closed(
    """
    replica*:int cpu*:text gpu:text gpuName:text memory*:text sharedMemory:text
    ephemeralStorage:text rdmaResource:text
    """
)
_GVK = closed("group:text version*:text kind*:text")
_NAMED = closed("id*:text name*:text")
_PROBE = closed("path*:text port*:int initialDelaySeconds*:int periodSeconds*:int failureThreshold*:int")
_SERVICE = closed(
    """
    protocol*:proto port*:int nodePort:int targetPort*:int serviceType*:type extends:texts
    extraSelectors:texts
    """,
    proto=one_of("TCP", "UDP"),
    type=one_of("ClusterIP", "NodePort"),
)
_CRON = closed("schedule*:text action*:text")
_CONDITION = closed(
    "type*:type status*:true reason*:run message*:text lastTransitionTime*:zoned",
    type=one_of(
        "AdminScheduled",
        "AdminDispatched",
        "K8sPending",
        "K8sRunning",
        "K8sSucceeded",
        "K8sFailed",
        "K8sUpdating",
        "K8sDeleted",
        "AdminFailover",
        "AdminFailed",
        "AdminStopped",
        "AdminScheduling",
        "K8sNotReady",
    ),
    true=one_of("True"),
    run={"type": "string", "pattern": r"^run_\d+_times$"},
    zoned=_ZONED,
)
_ITEM = """
    workloadId*:text workspaceId*:text clusterId*:text displayName*:text description*:text
    userId*:text userName*:text phase*:phase message*:text priority*:int creationTime*:time
    startTime*:time endTime*:time deletionTime*:time secondsUntilTimeout*:int dispatchCount*:int
    isTolerateAll*:bool groupVersionKind*:gvk timeout*:int? workloadUid*:text
"""
_OWN = {
    1: "resource*:res runtime*:lasted schedulerOrder*:int k8sObjectUid*:text",
    2: """
    resources*:[res] duration*:lasted queuePosition*:int avgGpuUsage*:num maxRetry*:int
    scaleRunnerSet:text
    """
    "scaleRunnerId:text",
}
_DETAIL = """
    specifiedNodes:[text] isSupervised*:bool ttlSecondsAfterFinished*:int? conditions*:[condition]?
    pods*:[pod]? nodes*:[names]? ranks*:[names]? customerLabels*:texts? env*:texts? liveness:probe
    readiness:probe service:service dependencies:[text] cronJobs:[cron]
"""
_OWN_DETAIL = {
    1: "image*:text entryPoint*:text maxRetry*:int",
    2: """
    images*:[text]? entryPoints*:[text]? nodesAffinity:text excludedNodes:[text] secrets:[secret]
    privileged*:bool
    """
    "useWorkspaceStorage*:bool forceHostNetwork*:bool",
}
_POD = """
    podId*:text adminNodeName:text phase:podphase hostIP:text podIP:text rank:text startTime:time
    endTime:time
"""
_OWN_POD = {
    1: "k8sNodeName:text containers:[c1] sshAddr:text",
    2: "resourceId:int failedMessage:text containers:[c2] groupId:int sshCommand:text",
}
_PARTS: Mapping[str, Schema] = {
    "res": _RESOURCE,
    "time": _TIME,
    "lasted": _LASTED,
    "phase": _PHASE,
    "gvk": _GVK,
    "condition": _CONDITION,
    "probe": _PROBE,
    "service": _SERVICE,
    "cron": _CRON,
    "names": listed({"type": "string"}),
    "secret": closed("id*:text type*:text"),
}


def _pod(generation: int) -> Schema:
    return closed(
        f"{_POD} {_OWN_POD[generation]}",
        time=_TIME,
        podphase=one_of("Pending", "Running", "Succeeded", "Failed", "Unknown"),
        c1=closed("name*:text reason:text message:text exitCode*:int"),
        c2=closed("name*:text message:text exitCode*:int"),
    )


def row(generation: int) -> Schema:
    """Describe an item of the list."""
    return closed(f"{_ITEM} {_OWN[generation]}", **_PARTS)


def listing(generation: int) -> Schema:
    """Describe the list: nothing is null in the first generation, and a list in the second."""
    items = "items*:[row]?" if generation == 1 else "items*:[row]"
    return closed(f"totalCount*:int {items}", row=row(generation))


def detail(generation: int) -> Schema:
    """Describe the whole of a workload."""
    text = f"{_ITEM} {_OWN[generation]} {_DETAIL} {_OWN_DETAIL[generation]}"
    return closed(text, pod=_pod(generation), **_PARTS)


CREATED = closed("workloadId*:text")
LOG = closed("workloadId*:text podId*:text namespace*:text logs*:[text]")
CONTAINERS = closed("containers*:[c] shells*:[text]", c=closed("name*:text"))
_HIT = closed(
    "_id*:text _source*:source",
    source=open_("@timestamp*:text message*:text stream:text kubernetes:object"),
)
HITS = closed(
    "took*:int hits*:hits", hits=closed("total*:total hits*:[hit]", total=closed("value*:int"), hit=_HIT)
)
_PORT = closed("name:text protocol*:text port*:int targetPort*:int nodePort:int")
SERVICES = {
    1: open_("ports*:[port] clusterIP*:text type*:text", port=_PORT),
    2: closed("port*:port externalDomain*:text internalDomain*:text clusterIp*:text type*:text", port=_PORT),
}

_USER = """
    id*:text name*:text email*:text type*:text roles*:[text] workspaces*:[named]?
    managedWorkspaces*:[named]? creationTime*:time restrictedType*:int avatarUrl:text
"""
USER = closed(_USER, named=_NAMED, time=_TIME)
LOGIN = closed(f"{_USER} expire*:int token*:text", named=_NAMED, time=_TIME)
USERS = closed("totalCount*:int items*:[user]?", user=USER)
_KEY = (
    "id*:int name*:text userId*:text expirationTime*:time creationTime*:time whitelist*:[text] deleted*:bool"
)
KEY = closed(_KEY, time=_TIME)
NEW_KEY = closed(f"{_KEY} apiKey*:text", time=_TIME)
KEYS = closed("totalCount*:int items*:[key]", key=KEY)
_ENVS = "enableLog*:bool enableLogDownload*:bool enableSsh*:bool sshPort*:int sshIP*:text"
ENVS = {
    1: closed(f"{_ENVS} authoringImage*:text"),
    2: closed(f"{_ENVS} ssoEnable*:bool ssoAuthUrl*:text cdRequireApproval*:bool"),
}
_SPACE = """
    workspaceId*:text workspaceName*:text clusterId*:text flavorId*:text userId*:text
    targetNodeCount*:int currentNodeCount*:int abnormalNodeCount*:int phase*:phase
    creationTime*:time description*:text queuePolicy*:policy scopes*:[text] volumes*:[object]
    enablePreempt*:bool managers*:[named]? isDefault*:bool
"""
_OWN_SPACE = {1: "", 2: "maxRuntime*:amounts idleTime*:int gpuProduct*:text"}
_QUOTAS = """
    totalQuota*:amounts? availQuota*:amounts? abnormalQuota*:amounts? usedQuota*:amounts?
    usedNodeCount*:int imageSecretIds*:[text]?
"""
_SPACE_PARTS: Mapping[str, Schema] = {
    "phase": one_of("Creating", "Running", "Abnormal", "Deleting"),
    "policy": one_of("fifo", "balance"),
    "named": _NAMED,
    "time": _TIME,
    "amounts": _AMOUNTS,
}


def spaces(generation: int) -> Schema:
    """Describe the list of workspaces."""
    return closed(
        "totalCount*:int items*:[space]", space=closed(f"{_SPACE} {_OWN_SPACE[generation]}", **_SPACE_PARTS)
    )


def space(generation: int) -> Schema:
    """Describe one workspace."""
    return closed(f"{_SPACE} {_OWN_SPACE[generation]} {_QUOTAS}", **_SPACE_PARTS)


_CLUSTER = "clusterId*:text userId*:text phase*:text isProtected*:bool creationTime*:time"
CLUSTERS = closed("totalCount*:int items*:[cluster]", cluster=closed(_CLUSTER, time=_TIME))
CLUSTER = open_(f"{_CLUSTER} description*:text endpoint*:text nodes*:[text]", time=_TIME)
_NODE = """
    nodeId*:text nodeName*:text internalIP*:text clusterId*:text workspace*:named phase*:text
    available*:bool message:text totalResources*:amounts availResources*:amounts creationTime*:time
    workloads*:[held]? isControlPlane*:bool isAddonsInstalled*:bool
"""
_NODE_PARTS: Mapping[str, Schema] = {
    "named": _NAMED,
    "amounts": _AMOUNTS,
    "time": _TIME,
    "held": closed("id*:text userId*:text workspaceId*:text"),
}
NODES = closed("totalCount*:int items*:[node]?", node=closed(_NODE, **_NODE_PARTS))
NODE = closed(
    f"{_NODE} flavorId*:text templateId*:text taints*:[object]? customerLabels*:texts? lastStartupTime*:time",
    **_NODE_PARTS,
)
_FLAVOR = closed(
    """
    flavorId*:text cpu*:cpu memory*:text gpu*:gpu? rootDisk*:object dataDisk*:object
    extendedResources*:texts
    """,
    cpu=closed("product*:text quantity*:text"),
    gpu=closed("product*:text resourceName*:text quantity*:text"),
)
FLAVORS = closed("totalCount*:int items*:[flavor]", flavor=_FLAVOR)
FLAVOR, AVAIL = _FLAVOR, _AMOUNTS
TEMPLATES = closed("totalCount*:int items*:[one]", one=closed("templateId*:text addOnTemplates*:[text]"))
_SECRET = "secretId*:text secretName*:text type*:text creationTime*:time"
_OWN_SECRET = {1: "bindAllWorkspaces*:bool", 2: "workspaceIds*:[text] userId*:text userName*:text"}


def secrets(generation: int) -> Schema:
    """Describe the list of secrets, which tells their values in the first generation."""
    more = "params*:[texts]" if generation == 1 else ""
    one = closed(f"{_SECRET} {_OWN_SECRET[generation]} {more}", time=_TIME)
    return closed("totalCount*:int items*:[secret]", secret=one)


def secret(generation: int) -> Schema:
    """Describe one secret."""
    return closed(f"{_SECRET} {_OWN_SECRET[generation]} params*:[texts]", time=_TIME)
