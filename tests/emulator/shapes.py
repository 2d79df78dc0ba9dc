"""What each answer of the platform looks like, from its documents, by hand."""

from tests.emulator.shape import both, closed, listed, one_of, open_

PHASE = one_of(
    "Creating", "Initializing", "Resuming", "Pending", "Deleting", "Running", "Updating", "Stopped",
    "Stopping", "Degraded", "Failed", "Completed", "Terminating", "Unknown",
)  # fmt: skip
DESIRED = one_of("Running", "Stopped", "Deleted")
CONDITIONS = listed(
    closed(
        "type*:text status*:tri message:text reason:text lastTransitionTime:time?",
        tri=one_of("True", "False", "Unknown"),
    )
)
_LIMITS = {
    "number": closed("limit:num? request:num?"),
    "amount": closed("limit:text? request:text?"),
    "more": closed("resource:text? quantity:text? exclude:bool?"),
}
REQUESTED = closed(
    "gpuRequestType:unit gpu:number gpuMemory:amount cpu:number cpuMemory:amount extendedResources:[more]",
    unit=one_of("portion", "memory"), **_LIMITS,
)  # fmt: skip
ALLOCATED = closed("gpu:num? gpuMemory:text? cpu:num? cpuMemory:text? extendedResources:[more]", **_LIMITS)
PODS_ASKED = closed("number:int? min:int? max:int? parallelism:int? completions:int?")
ENDPOINT = closed("host:text port:int path:text tlsEnabled:bool? protocol:text url:text")
ERROR = closed(
    "code*:int message*:text details:text complianceIssues:[issue]",
    issue=closed("field*:text details*:text rule:text"),
)
DONE = closed("code*:int message*:text")
COUNT = closed("count*:int")

_ROW = closed(
    """
    tenantId*:int runningPods*:int phaseUpdatedAt*:time k8sPhaseUpdatedAt*:time updatedAt*:time
    source*:source deletedAt*:time? type*:text name*:text id*:uuid priority*:int? priorityClassName*:text
    submittedBy:text clusterId*:uuid projectName*:text projectId*:text departmentName*:text
    departmentId*:text namespace*:text createdAt*:time workloadRequestedResources:requested
    podsRequestedResources:requested allocatedResources:allocated actionsSupport:actions phase*:phase
    conditions*:conditions phaseMessage:text k8sPhase*:text requestedPods:pods requestedNodePools:[text]
    currentNodePools:[text] completedAt:time? images:[text] urls:[text] datasources:[object]
    environments:[object] externalConnections:[object] endpoints:[endpoint] distributedFramework:text
    additionalFields:object preemptible:bool? environmentVariables:texts command:text arguments:text
    phaseReason:reason? idleGpus:int? idleAllocatedGpus:int? totalPendingTimeSeconds:int?
    totalRunningTimeSeconds:int? category*:text guaranteedRuntimeEndsAt:time? aiApplicationId:text?
    aiApplicationName:text? sourceApi:api? topology:object?
    """,
    source=one_of("CLI", "Control-plane", "Other"), requested=REQUESTED, allocated=ALLOCATED,
    actions=closed("delete:bool suspend:bool"), phase=PHASE, conditions=CONDITIONS, pods=PODS_ASKED,
    endpoint=ENDPOINT, reason=one_of("NonPreemptibleOverQuota", "OverLimit"), api=one_of("WorkloadsV2"),
)  # fmt: skip
WORKLOADS = closed("next:int workloads*:[row]", row=_ROW)
DETAILED = both(
    _ROW,
    closed(
        "pendingSchedulingMessages:[why]?",
        why=closed("nodePool*:text phaseReason*:text reason*:text orgType:org? userMessage:text",
                   org=one_of("PROJECT", "DEPARTMENT")),
    ),
)  # fmt: skip
ASKED = closed(
    """
    name*:text requestedName*:text workloadId*:uuid projectId*:text departmentId:text clusterId*:uuid
    createdBy*:text createdAt*:time deletedAt:time? desiredPhase*:desired actualPhase:phase spec:object
    """,
    desired=DESIRED, phase=PHASE,
)  # fmt: skip
DISTRIBUTED = both(ASKED, closed("masterSpecSameAsWorker:bool? masterSpec:object?"))
_META = closed(
    """
    name*:text projectId*:text priority:text category:text preemptibility:word id*:uuid gvk*:gvk
    projectName*:text clusterId*:uuid tenantId*:int departmentId*:text departmentName*:text
    createdAt*:time createdBy*:text updatedAt*:time updatedBy*:text deletedAt:time? deletedBy:text?
    """,
    word=one_of("preemptible", "non-preemptible"), gvk=closed("group*:text version*:text kind*:text"),
)  # fmt: skip
V2 = closed(
    "metadata*:meta desiredPhase*:desired workloadManifest*:object rawManifest*:object",
    meta=_META, desired=DESIRED,
)  # fmt: skip
V2_READ = closed(
    "workload*:workload syncInfo:sync",
    workload=V2,
    sync=closed("status*:status message:text", status=one_of(
        "Queued", "Applying", "Deleting", "Synced", "Deleted", "Failed",
    )),
)  # fmt: skip
NIM = closed("metadata*:meta desiredPhase*:desired spec*:object", meta=_META, desired=DESIRED)
BATCH = closed(
    "id*:uuid succeeded:[uuid] failed:[failure]", failure=closed("id*:uuid code*:int message*:text")
)

EVENT = closed(
    "createdAt*:time id:uuid type*:text clusterId*:uuid message*:text reason:text "
    "source:text involvedObject:on",
    on=closed("uid*:uuid kind*:text name*:text namespace*:text"),
)
EVENTS = closed("next:int events*:[event]", event=EVENT)
RECORDS = closed(
    "next:int records*:[record]",
    record=closed(
        "meta*:meta spec*:spec",
        meta=closed("creationTimestamp*:time type*:type", type=one_of("Event", "PhaseUpdate")),
        spec=closed("event:event phaseUpdate:update", event=EVENT,
                    update=closed("phase*:phase phaseMessage*:text", phase=PHASE)),
    ),
)  # fmt: skip
_POD = closed(
    """
    name*:text priorityClassName*:text id*:uuid workloadId*:uuid revisionId:uuid? clusterId*:uuid
    projectId:text nodeName:text? createdAt*:time completedAt:time? containers*:[container]
    currentNodePool:text? requestedNodePools:[text] requestedResources:requested
    allocatedResources:allocated tolerations:[toleration] k8sPhase*:text ip:text? nodeAffinity:object
    tenantId*:int k8sPhaseUpdatedAt*:time updatedAt*:time deletedAt:time?
    """,
    container=closed("name*:text image*:text startedAt:time?"), requested=REQUESTED, allocated=ALLOCATED,
    toleration=closed("key:text operator:text value:text effect:text tolerationSeconds:int?"),
)  # fmt: skip
PODS = closed("next:int pods*:[pod]", pod=_POD)
FULL_PODS = closed("next:int pods*:[pod]", pod=both(_POD, closed("projectName*:text workloadName*:text")))
ENDPOINTS = closed("endpoints*:[endpoint]", endpoint=ENDPOINT)
ELEMENTS = closed(
    "next:int elements*:[element]",
    element=closed(
        "id*:uuid name*:text hierarchyLevel*:level parentId:uuid? createdAt:time kubernetesRef:ref?",
        level=one_of(1, 2, 3),
        ref=closed("uid:uuid name:text gvk:gvk", gvk=closed("group:text version:text kind:text")),
    ),
)
ELEMENT_COUNT = closed("totalElementsCount*:int storedElementsCount*:int")
REVISION = closed(
    """
    type*:text name*:text id*:uuid workloadId*:uuid tenantId*:int clusterId*:uuid projectId*:text
    departmentId*:text createdAt*:time deletedAt:time? revisionRequestedResources:requested
    podsRequestedResources:requested requestedPods:pods requestedNodePools:[text]
    allocatedResources:allocated currentNodePools:[text] runningPods:int images:[text]
    environmentVariables:texts command:text arguments:text conditions:conditions phase*:phase
    phaseMessage:text phaseUpdatedAt:time additionalFields:object
    """,
    requested=REQUESTED, allocated=ALLOCATED, pods=PODS_ASKED, conditions=CONDITIONS, phase=PHASE,
)  # fmt: skip
REVISIONS = closed("revisions*:[revision]", revision=REVISION)

_GROUP = closed("key*:text value*:text name:text")
TELEMETRY = closed(
    "type*:text timestamp*:time values*:[value]",
    value=closed("value*:numeral groups:groups", groups={**listed(_GROUP), "maxItems": 2}),
)
_SAMPLE = closed("value*:numeral timestamp*:time?")
_MEASUREMENT = closed("type*:text labels:texts? values*:[sample]?", sample=_SAMPLE)
MEASURED = closed("measurements*:[measurement]", measurement=_MEASUREMENT)
METRICS = closed(
    "measurements*:[measurement] histogram:[series]?",
    measurement=_MEASUREMENT,
    series=closed("type*:text values*:[value]", value=closed("timestamp*:time? data*:texts")),
)
CLUSTER_METRICS = closed(
    "measurements*:[measurement]", measurement=both(_MEASUREMENT, closed("groups:[group]", group=_GROUP))
)

_STATE = one_of(
    "WaitingToConnect", "Connected", "Disconnected", "MissingPrerequisites", "ServiceIssues", "Unknown"
)
CLUSTER = closed(
    """
    uuid*:uuid tenantId*:int name*:text createdAt*:time domain:text? version:text? status:status
    updatedAt:time? deletedAt:time? lastLiveness:time? deleteRequestedAt:time?
    """,
    status=closed(
        "state:state conditions:conditions operands:object platform:platform? "
        "config:config? dependencies:needs",
        state=_STATE, conditions=CONDITIONS, platform=closed("type:text? kubeVersion:text?"),
        config=closed("workloadOwnershipProtection:bool? subdomainEnabled:bool? ingressClass:text?"),
        needs=closed("required*:object optional*:object"),
    ),
)  # fmt: skip
CLUSTERS = listed(CLUSTER)
MINIMAL = closed(
    "uuid*:uuid name*:text tenantId*:int version:text? domain:text? state:state ingressClass:text?",
    state=_STATE,
)
MINIMALS = listed(MINIMAL)
INSTALL = closed("installationStr*:text repositoryName*:text chartRepoURL*:text clientSecret*:text")

_STATUS = closed(
    "clusterId:uuid updatedAt:time phase:text conditions:conditions version:text", conditions=CONDITIONS
)
TYPE = closed(
    """
    id:uuid name:text group:text categoryId:uuid priorityId:uuid categoryName:text priorityName:text
    updatedAt:time updatedBy:text createdAt:time createdBy:text resourceInterfaces:[object]
    clusterStatuses:[status]?
    """,
    status=_STATUS,
)
TYPES = closed("types*:[type]", type=TYPE)
PRIORITIES = closed(
    "priorities*:[priority]",
    priority=closed(
        """
        id*:text source:text name*:text value*:int createdAt:time updatedAt:time aggregatedPhase:text
        status:[status] scopeType:text scopeId:text
        """,
        status=closed("clusterId:uuid phase:text"),
    ),
)
_PERMITTED = closed("system*:bool tenants*:[text] clusters*:[text] departments*:[text] projects*:[text]")
PERMITTED = closed("create*:where read*:where update*:where delete*:where", where=_PERMITTED)
CATEGORY = closed("id*:uuid name*:text description:text createdAt:time createdBy:text")
CATEGORIES = closed("categories*:[category]", category=CATEGORY)
_POLICY = closed("defaults:object? rules:object? imposedAssets:[uuid] status:object")
POLICY = closed(
    "meta*:meta policy:policy? effective*:policy effectiveUpdatedAt:time",
    policy=_POLICY,
    meta=closed(
        """
        id*:uuid tenantId:int clusterId:uuid createdBy*:text createdAt*:time updatedBy*:text updatedAt*:time
        scope*:scope projectId:int departmentId:text name*:text
        """,
        scope=one_of("system", "tenant", "cluster", "department", "project"),
    ),
)

# Capacity is another story: only what names a thing is held here.
PROJECT = open_("id*:text name*:text clusterId*:uuid createdAt*:time updatedAt*:time")
PROJECTS = open_("projects*:[project]", project=PROJECT)
DEPARTMENTS = open_("departments*:[unit]", unit=open_("id*:text name*:text clusterId*:uuid"))
POOLS = open_("nodepools*:[pool]", pool=open_("id*:uuid name*:text clusterId*:uuid isDefault*:bool"))
NODES = closed(
    "nodes*:[node]",
    node=closed(
        """
        id:uuid name*:text clusterUuid*:uuid status*:text nodePool*:text conditions:[object] taints:[object]
        gpuInfo:gpus? nvLinkDomainUid:text nvLinkCliqueId:text createdAt*:time updatedAt*:time
        """,
        gpus=closed("gpuType:text gpuCount:int"),
    ),
)
TOKEN = closed("accessToken*:text idToken:text refreshToken:text expiresIn:int")
OAUTH = closed(
    "access_token*:text token_type*:text expires_in:int refresh_token:text id_token:text scope:text"
)
CLUSTER_FEATURES = closed("version*:text features*:object")
CLUSTER_STATUS = closed("status*:phase", phase=PHASE)
