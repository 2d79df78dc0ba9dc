"""Every operation of the documents that the emulator serves: how to call it, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator import shapes
from tests.emulator.shape import Schema

Json = Any
W, V2, CLUSTERS, INFERENCE = "/api/v1/workloads", "/api/v2/workloads", "/api/v1/clusters", "inferences"
SPAN = {"start": "2026-01-05T08:00:00Z", "end": "2026-01-05T08:10:00Z", "numberOfSamples": "3"}
_ON = "/cluster-api/api/v1/{project}/workloads/{type}/{framework}/{name}"


@dataclass(frozen=True)
class Operation:
    """One operation: `args` name parts of the path by a role in the world, or give them as they are."""

    method: str
    path: str
    schema: Schema | None
    args: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    status: int = 200
    form: Mapping[str, str] | None = None

    @property
    def key(self) -> str:
        """Name it as the documents do."""
        return f"{self.method} {self.path}"


def _get(path: str, schema: Schema, id_: str = "", query: Mapping[str, str] | None = None) -> Operation:
    return Operation("GET", path, schema, {"id": id_} if id_ else {}, query or {})


def _body(name: str, **spec: Json) -> Json:
    return {"name": name, "projectId": "1", "clusterId": CLUSTER, "spec": {"image": "busybox:1", **spec}}


def _act(path: str, id_: str, act: str) -> Operation:
    return Operation("POST", f"{path}/{{id}}/{act}", shapes.DONE, {"id": id_}, status=202)


def _kind(plural: str, schema: Schema, body: Json, *, stops: bool) -> list[Operation]:
    path = f"{W}/{plural}"
    made = [
        Operation("POST", path, schema, body=body, status=202),
        _get(f"{path}/{{id}}", schema, plural),
        Operation("DELETE", f"{path}/{{id}}", shapes.DONE, {"id": f"{plural} to delete"}, status=202),
    ]
    acts = ("suspend", "resume") if stops else ()
    return [*made, *(_act(path, f"{plural} to stop", act) for act in acts)]


_POD = {"image": "busybox:1"}
_KINDS = [
    *_kind("workspaces", shapes.ASKED, _body("new-workspace"), stops=True),
    *_kind("trainings", shapes.ASKED, _body("new-training"), stops=True),
    *_kind(
        "distributed", shapes.DISTRIBUTED,
        _body("new-distributed", distributedFramework="PyTorch", numWorkers=1), stops=True,
    ),
    *_kind("inferences", shapes.ASKED, _body("new-inference"), stops=False),
    *_kind(
        "distributed-inferences", shapes.ASKED,
        {**_body("new-groups"), "spec": {"leader": _POD, "worker": _POD, "workers": 1}}, stops=False,
    ),
    Operation(
        "PATCH", f"{W}/inferences/{{id}}", shapes.ASKED, {"id": INFERENCE},
        body={"spec": {"image": "busybox:2"}}, status=202,
    ),
    Operation(
        "PATCH", f"{W}/distributed-inferences/{{id}}", shapes.ASKED, {"id": "distributed-inferences"},
        body={"spec": {"replicas": 2}}, status=202,
    ),
]  # fmt: skip
_ANY = [
    _get(W, shapes.WORKLOADS),
    _get(f"{W}/count", shapes.COUNT),
    _get(f"{W}/{{id}}", shapes.DETAILED, "trainings"),
    _get(f"{W}/{{id}}/events", shapes.EVENTS, "trainings"),
    _get(f"{W}/{{id}}/history", shapes.RECORDS, "trainings"),
    _get(f"{W}/{{id}}/pods", shapes.PODS, "trainings"),
    _get(f"{W}/{{id}}/endpoints", shapes.ENDPOINTS, INFERENCE),
    _get(f"{W}/{{id}}/elements", shapes.ELEMENTS, "distributed-inferences"),
    _get(f"{W}/{{id}}/elements/count", shapes.ELEMENT_COUNT, INFERENCE),
    _get(f"{W}/pods", shapes.FULL_PODS, query={"verbosity": "full"}),
    _get(f"{W}/pods/count", shapes.COUNT),
    _get(f"{W}/telemetry", shapes.TELEMETRY, query={"telemetryType": "WORKLOADS_COUNT", "groupBy": "Phase"}),
    _get(f"{W}/{{id}}/metrics", shapes.METRICS, "trainings", {**SPAN, "metricType": "GPU_UTILIZATION"}),
    Operation(
        "GET", f"{W}/{{id}}/pods/{{pod}}/metrics", shapes.METRICS,
        {"id": "trainings", "pod": "pod of trainings"},
        {**SPAN, "metricType": "GPU_UTILIZATION_PER_GPU,CPU_USAGE_CORES"},
    ),
    Operation(
        "POST", f"{W}/batch", shapes.BATCH,
        body={"ids": ["00000000-0000-4000-8000-000000000000"], "action": "suspend"},
    ),
]  # fmt: skip
_INFERENCES = [
    _get(f"{W}/inferences/{{id}}/metrics", shapes.MEASURED, INFERENCE, {**SPAN, "metricType": "LATENCY"}),
    Operation(
        "GET", f"{W}/inferences/{{id}}/pods/{{pod}}/metrics", shapes.MEASURED,
        {"id": INFERENCE, "pod": "pod of inferences"}, {**SPAN, "metricType": "THROUGHPUT"},
    ),
    _get(f"{W}/inferences/{{id}}/revisions", shapes.REVISIONS, INFERENCE),
    _get(f"{W}/inferences/{{id}}/revisions/count", shapes.COUNT, INFERENCE),
    *(
        Operation("GET", f"{W}/inferences/revisions/{{revision}}{tail}", schema, {"revision": "revision"})
        for tail, schema in (
            ("", shapes.REVISION),
            ("/pods", shapes.PODS),
            ("/events", shapes.EVENTS),
            ("/history", shapes.RECORDS),
        )
    ),
]  # fmt: skip
_JOB: dict[str, Json] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "new-job"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", **_POD}]}}},
}
JOB: dict[str, Json] = {"metadata": {"name": "new-job", "projectId": "1"}, "manifest": _JOB}
NIM: dict[str, Json] = {
    "metadata": {"name": "new-nim", "projectId": "1"},
    "spec": {"image": "nvcr.io/nim/a:1"},
}
_V2 = [
    Operation("POST", V2, shapes.V2, body=JOB, status=202),
    _get(f"{V2}/{{id}}", shapes.V2_READ, "job"),
    Operation(
        "PUT", f"{V2}/{{id}}", shapes.V2, {"id": "job"},
        body={"metadata": {"priority": "high"}}, status=202,
    ),
    Operation("DELETE", f"{V2}/{{id}}", shapes.V2, {"id": "job to delete"}, status=202),
    Operation("POST", f"{V2}/nim-services", shapes.NIM, body=NIM, status=202),
    _get(f"{V2}/nim-services/{{id}}", shapes.NIM, "nim"),
    Operation(
        "PATCH", f"{V2}/nim-services/{{id}}", shapes.NIM, {"id": "nim"},
        body={"spec": {"replicas": 2}}, status=202,
    ),
]  # fmt: skip
_HERE, _OTHER = {"uuid": CLUSTER}, {"uuid": "cluster"}
_CLUSTERS = [
    _get(CLUSTERS, shapes.CLUSTERS),
    Operation("POST", CLUSTERS, shapes.CLUSTER, body={"name": "new-cluster"}, status=201),
    _get(f"{CLUSTERS}/minimal", shapes.MINIMALS),
    Operation("GET", f"{CLUSTERS}/{{uuid}}/minimal", shapes.MINIMAL, _HERE),
    Operation("GET", f"{CLUSTERS}/{{uuid}}", shapes.CLUSTER, _HERE),
    Operation("PUT", f"{CLUSTERS}/{{uuid}}", None, _OTHER, body={"name": "west"}, status=204),
    Operation("DELETE", f"{CLUSTERS}/{{uuid}}", shapes.DONE, {"uuid": "cluster to delete"}, status=202),
    Operation("GET", f"{CLUSTERS}/{{uuid}}/cluster-install-info", shapes.INSTALL, _HERE, {"version": "2.25"}),
    Operation(
        "GET", f"{CLUSTERS}/{{uuid}}/metrics", shapes.CLUSTER_METRICS, _HERE,
        {**SPAN, "metricType": "ALLOCATED_GPU,WORKLOADS_COUNT", "groupBy": "Project"},
    ),
]  # fmt: skip
_LOOKUPS = [
    _get("/api/v1/org-unit/projects", shapes.PROJECTS),
    _get("/api/v1/org-unit/projects/count", shapes.COUNT),
    _get("/api/v1/org-unit/projects/{id}", shapes.PROJECT, "1"),
    _get("/api/v1/org-unit/departments", shapes.DEPARTMENTS),
    _get("/api/v1/node-pools", shapes.POOLS),
    _get("/api/v1/nodes", shapes.NODES),
    Operation(
        "POST", "/api/v1/authorization/permitted-scopes", shapes.PERMITTED, body={"resourceType": "workload"}
    ),
    _get("/api/v1/workload-types", shapes.TYPES),
    _get("/api/v1/workload-types/{id}", shapes.TYPE, "type"),
    _get("/api/v1/workload-priorities", shapes.PRIORITIES),
    _get("/api/v1/workload-categories", shapes.CATEGORIES),
    _get("/api/v1/workload-categories/{id}", shapes.CATEGORY, "category"),
    *(
        _get(f"/api/v2/policy/{plural}", shapes.POLICY, query={"scope": "project", "projectId": "1"})
        for plural in (
            "workspaces", "trainings", "distributed", "inferences", "distributed-inferences", "nim-services",
        )
    ),
]  # fmt: skip
_SIGN_IN = [
    Operation(
        "POST", "/api/v1/token", shapes.TOKEN,
        body={"grantType": "app_token", "AppId": "demo", "AppSecret": "demo-secret"},
    ),
    Operation(
        "POST", "/api/v2/token", shapes.OAUTH,
        form={"grant_type": "client_credentials", "client_id": "demo", "client_secret": "demo-secret"},
    ),
]  # fmt: skip
_AT = {"project": "team-a", "type": "training", "framework": "runai", "name": "trainings"}
_CLUSTER_API = [
    Operation("GET", "/cluster-api/status", shapes.CLUSTER_FEATURES),
    Operation("GET", f"{_ON}/status", shapes.CLUSTER_STATUS, _AT),
    Operation("GET", f"{_ON}/logs/download", None, _AT),
]
# Over HTTPS these only say that they want a WebSocket; what they do there has tests of its own.
SESSIONS = frozenset(f"GET {_ON}/{name}" for name in ("logs", "exec", "attach", "port-forward"))
OPERATIONS = (
    *_SIGN_IN, *_CLUSTERS, *_LOOKUPS, *_ANY, *_INFERENCES, *_KINDS, *_V2, *_CLUSTER_API,
)  # fmt: skip

ADMIN = "administration that no manifest asks for"
OLD = "deprecated, and replaced by what is served"
CAPACITY = "capacity beyond what look-ups need"
NOT_SERVED: Mapping[str, str] = {
    "GET /v1/k8s/clusters/{uuid}/installfile": OLD,
    "GET /v1/k8s/clusters/{uuid}/metrics": OLD,
    f"GET {CLUSTERS}/{{uuid}}/nodes": CAPACITY,
    f"GET {CLUSTERS}/{{uuid}}/nodes/count": CAPACITY,
    f"GET {CLUSTERS}/{{uuid}}/nodepools/{{name}}/metrics": CAPACITY,
    "POST /api/v1/workload-types": ADMIN,
    "PUT /api/v1/workload-types/{id}": ADMIN,
    "DELETE /api/v1/workload-types/{id}": ADMIN,
    "GET /api/v2/policy": ADMIN,
    **{
        f"{method} /api/v2/policy/{plural}": ADMIN
        for method in ("PUT", "PATCH", "DELETE")
        for plural in (
            "workspaces", "trainings", "distributed", "inferences", "distributed-inferences", "nim-services",
        )
    },
}  # fmt: skip
