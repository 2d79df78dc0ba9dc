"""Every operation that the official client has a method for: it asks as we serve, its model parses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.emulator.operations import JOB, NIM, OPERATIONS, SPAN, W
from tests.emulator.test_operations import Stage

models: Any = pytest.importorskip("runai.models")
ApiClient: Any = pytest.importorskip("runai.api_client").ApiClient
Configuration: Any = pytest.importorskip("runai.configuration").Configuration
api: Any = pytest.importorskip("runai.api")

Json = Any
_SPAN = {"start": SPAN["start"], "end": SPAN["end"], "number_of_samples": 3}
# What the client has no method for, or signs in with by itself; its v2 sign-in sends a form as JSON.
WITHOUT = {
    "POST /api/v1/token",
    "POST /api/v2/token",
    "POST /api/v1/authorization/permitted-scopes",
    "GET /api/v1/clusters/minimal",
    "GET /api/v1/clusters/{uuid}/minimal",
    "GET /api/v1/workloads/{id}/endpoints",
    "GET /api/v1/workloads/{id}/elements",
    "GET /api/v1/workloads/{id}/elements/count",
    *(one.key for one in OPERATIONS if one.path.startswith("/cluster-api")),
}
_BY_KEY = {one.key: one for one in OPERATIONS}


@dataclass(frozen=True)
class Made:
    """One call of the client: the operation it is, its method, and the model of the answer.

    `at` leads to what the model describes: a key of the answer, whose first item is meant if it
    is a list.
    """

    key: str
    method: str
    model: str = ""
    at: str = ""
    args: tuple[Json, ...] = ()
    more: Mapping[str, Json] = field(default_factory=dict)


def _kind(plural: str, group: str, one: str, made: str, model: str, request: str) -> Iterator[Made]:
    path, body = f"{W}/{plural}", _BY_KEY[f"POST {W}/{plural}"].body
    asked = getattr(models, request).from_dict({**body, "name": f"by-client-{plural}"})
    yield Made(f"POST {path}", f"{group}.{made}", model, args=(asked,))
    yield Made(f"GET {path}/{{id}}", f"{group}.get_{one}", model, args=(plural,))
    yield Made(
        f"DELETE {path}/{{id}}", f"{group}.delete_{one}", "HttpResponse", args=(f"{plural} to delete",)
    )
    for act in ("suspend", "resume"):
        if f"POST {path}/{{id}}/{act}" in _BY_KEY:
            stopped = f"{plural} to stop"
            yield Made(f"POST {path}/{{id}}/{act}", f"{group}.{act}_{one}", "HttpResponse", args=(stopped,))


def _policy(plural: str, method: str, model: str) -> Made:
    asked = {"scope": "project", "project_id": "1"}
    return Made(f"GET /api/v2/policy/{plural}", f"PolicyApi.{method}", model, more=asked)


_INFERENCE = f"{W}/inferences"
_REVISION = f"{_INFERENCE}/revisions/{{revision}}"
_V2 = "/api/v2/workloads"
CALLS = (
    Made(f"GET {W}", "WorkloadsApi.get_workloads", "GetWorkloads200Response"),
    Made(f"GET {W}/count", "WorkloadsApi.count_workloads", "CountNodes200Response"),
    Made(f"GET {W}/{{id}}", "WorkloadsApi.get_workload", "WorkloadDetailed", args=("trainings",)),
    Made(
        f"GET {W}/telemetry",
        "WorkloadsApi.get_workloads_telemetry",
        "TelemetryResponse",
        args=("PENDING_TIME_DISTRIBUTION",),
        more={"group_by": ["ProjectId"]},
    ),
    Made(
        f"GET {W}/{{id}}/metrics",
        "WorkloadsApi.get_workload_metrics",
        "MetricsCompositeResponse",
        args=("trainings",),
        more={"metric_type": ["GPU_UTILIZATION", "CPU_USAGE_CORES"], **_SPAN},
    ),
    Made(f"GET {W}/{{id}}/pods", "PodsApi.get_workload_pods", "Pod1", "pods", ("trainings",)),
    Made(f"GET {W}/pods", "PodsApi.list_pods", "Pod1", "pods", more={"verbosity": "full"}),
    Made(f"GET {W}/pods/count", "PodsApi.count_pods", "CountNodes200Response"),
    Made(
        f"GET {W}/{{id}}/pods/{{pod}}/metrics",
        "PodsApi.get_workload_pod_metrics",
        "MetricsCompositeResponse",
        args=("trainings", "pod of trainings"),
        more={"metric_type": ["GPU_UTILIZATION_PER_GPU"], **_SPAN},
    ),
    Made(f"GET {W}/{{id}}/events", "EventsApi.get_workload_events", "Event2", "events", ("trainings",)),
    Made(
        f"GET {W}/{{id}}/history",
        "EventsApi.get_workload_history",
        "HistoryRecord1",
        "records",
        ("trainings",),
    ),
    Made(
        f"POST {W}/batch",
        "WorkloadsBatchApi.batch_workloads",
        "BatchResponse",
        args=(models.WorkloadBatch(ids=["00000000-0000-4000-8000-000000000000"], action="suspend"),),
    ),
    Made(
        f"GET {_INFERENCE}/{{id}}/metrics",
        "InferencesApi.get_inference_workload_metrics",
        "MetricsResponse",
        args=("inferences",),
        more={"metric_type": ["THROUGHPUT"], **_SPAN},
    ),
    Made(
        f"GET {_INFERENCE}/{{id}}/pods/{{pod}}/metrics",
        "InferencesApi.get_inference_workload_pod_metrics",
        "MetricsResponse",
        args=("inferences", "pod of inferences"),
        more={"metric_type": ["LATENCY"], **_SPAN},
    ),
    Made(
        f"GET {_INFERENCE}/{{id}}/revisions",
        "RevisionsApi.get_inference_workload_revisions",
        "Revision",
        "revisions",
        ("inferences",),
    ),
    Made(
        f"GET {_INFERENCE}/{{id}}/revisions/count",
        "RevisionsApi.count_inference_workload_revisions",
        "CountNodes200Response",
        args=("inferences",),
    ),
    Made(f"GET {_REVISION}", "RevisionsApi.get_revision", "Revision", args=("revision",)),
    Made(f"GET {_REVISION}/pods", "PodsApi.get_revision_pods", "Pod1", "pods", ("revision",)),
    Made(f"GET {_REVISION}/events", "EventsApi.get_revision_events", "Event2", "events", ("revision",)),
    Made(
        f"GET {_REVISION}/history",
        "EventsApi.get_revision_history",
        "HistoryRecord1",
        "records",
        ("revision",),
    ),
    *_kind(
        "workspaces",
        "WorkspacesApi",
        "workspace",
        "create_workspace1",
        "Workspace1",
        "WorkspaceCreationRequest",
    ),
    *_kind(
        "trainings", "TrainingsApi", "training", "create_training1", "Training1", "TrainingCreationRequest"
    ),
    *_kind(
        "distributed",
        "DistributedApi",
        "distributed",
        "create_distributed",
        "DistributedWorkload",
        "DistributedCreationRequest",
    ),
    *_kind(
        "inferences",
        "InferencesApi",
        "inference",
        "create_inference1",
        "Inference1",
        "InferenceCreationRequest",
    ),
    *_kind(
        "distributed-inferences",
        "DistributedInferencesApi",
        "distributed_inference",
        "create_distributed_inference",
        "DistributedInference",
        "DistributedInferenceCreationRequest",
    ),
    Made(
        f"PATCH {_INFERENCE}/{{id}}",
        "InferencesApi.update_inference_spec",
        "Inference1",
        args=("inferences", {"spec": {"image": "busybox:3"}}),
    ),
    Made(
        f"PATCH {W}/distributed-inferences/{{id}}",
        "DistributedInferencesApi.update_distributed_inference_spec",
        "DistributedInference",
        args=("distributed-inferences", {"spec": {"replicas": 2}}),
    ),
    Made(f"POST {_V2}", "WorkloadsV2Api.create_workload_v2", "WorkloadV2", args=(JOB,)),
    Made(f"GET {_V2}/{{id}}", "WorkloadsV2Api.get_workload_v2_by_id", "WorkloadV2GetResponse", args=("job",)),
    Made(
        f"PUT {_V2}/{{id}}",
        "WorkloadsV2Api.update_workload_v2",
        "WorkloadV2",
        args=("job", {"metadata": {"priority": "high"}}),
    ),
    Made(f"DELETE {_V2}/{{id}}", "WorkloadsV2Api.delete_workload_v2", "WorkloadV2", args=("job to delete",)),
    Made(f"POST {_V2}/nim-services", "NVIDIANIMApi.create_nim_service", "NimServiceResponse", args=(NIM,)),
    Made(
        f"GET {_V2}/nim-services/{{id}}",
        "NVIDIANIMApi.get_nim_service_by_id",
        "NimServiceResponse",
        args=("nim",),
    ),
    Made(
        f"PATCH {_V2}/nim-services/{{id}}",
        "NVIDIANIMApi.update_nim_service_spec",
        "NimServiceResponse",
        args=("nim", {"spec": {"replicas": 2}}),
    ),
    Made("GET /api/v1/clusters", "ClustersApi.get_clusters", "DisplayedCluster", "[]"),
    Made(
        "POST /api/v1/clusters",
        "ClustersApi.create_cluster",
        "DisplayedCluster",
        args=(models.ClusterCreationRequest(name="by-client"),),
    ),
    Made(
        "GET /api/v1/clusters/{uuid}",
        "ClustersApi.get_cluster_by_uuid",
        "DisplayedCluster",
        args=("cluster",),
    ),
    Made(
        "PUT /api/v1/clusters/{uuid}",
        "ClustersApi.update_cluster",
        args=("cluster", models.ClusterUpdateRequest(name="west")),
    ),
    Made(
        "DELETE /api/v1/clusters/{uuid}",
        "ClustersApi.delete_cluster",
        "HttpResponse",
        args=("cluster to delete",),
    ),
    Made(
        "GET /api/v1/clusters/{uuid}/cluster-install-info",
        "ClustersApi.get_cluster_install_info_by_uuid",
        "ClusterInstallationInfoResponse",
        args=("cluster",),
        more={"version": "2.25"},
    ),
    Made(
        "GET /api/v1/clusters/{uuid}/metrics",
        "ClustersApi.get_cluster_metrics",
        "GroupedMetricsResponse",
        args=("cluster",),
        more={"metric_type": ["WORKLOADS_COUNT"], "group_by": "Category", **_SPAN},
    ),
    Made("GET /api/v1/org-unit/projects", "ProjectsApi.get_projects"),
    Made("GET /api/v1/org-unit/projects/count", "ProjectsApi.count_projects", "CountNodes200Response"),
    Made("GET /api/v1/org-unit/projects/{id}", "ProjectsApi.get_project", args=("1",)),
    Made("GET /api/v1/org-unit/departments", "DepartmentsApi.get_departments"),
    Made("GET /api/v1/nodes", "NodesApi.get_tenant_nodes", "Node", "nodes"),
    Made("GET /api/v1/node-pools", "NodePoolsApi.get_nodepools", "Nodepool", "nodepools"),
    Made(
        "GET /api/v1/workload-types",
        "WorkloadPropertiesApi.list_workload_types",
        "WorkloadTypeConfig",
        "types",
    ),
    Made(
        "GET /api/v1/workload-types/{id}",
        "WorkloadPropertiesApi.get_workload_type",
        "WorkloadTypeConfig",
        args=("type",),
    ),
    Made(
        "GET /api/v1/workload-priorities",
        "WorkloadPropertiesApi.get_workload_priorities",
        "WorkloadPriority",
        "priorities",
    ),
    Made(
        "GET /api/v1/workload-categories",
        "WorkloadPropertiesApi.list_categories",
        "WorkloadCategory",
        "categories",
    ),
    Made(
        "GET /api/v1/workload-categories/{id}",
        "WorkloadPropertiesApi.get_category_by_id",
        "WorkloadCategory",
        args=("category",),
    ),
    _policy("workspaces", "get_workspace_policy_v2", "WorkspacePolicyV2"),
    _policy("trainings", "get_training_policy_v2", "TrainingPolicyV2"),
    _policy("distributed", "get_distributed_policy_v2", "DistributedPolicyV2"),
    _policy("inferences", "get_inference_policy_v2", "InferencePolicyV2"),
    _policy("distributed-inferences", "get_distributed_inference_policy_v2", "DistributedInferencePolicyV2"),
    _policy("nim-services", "get_nim_service_policy", "NimServicePolicy"),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Stage, Any]]:
    found = Stage()
    with found.emu.serve() as url:
        settings = Configuration(
            client_id="demo", client_secret="demo-secret", runai_base_url=url, retry_enabled=False
        )
        with ApiClient(settings) as client:
            yield found, client


def test_the_client_has_a_method_for_everything_else() -> None:
    assert {one.key for one in OPERATIONS} - WITHOUT == {one.key for one in CALLS}


@pytest.mark.parametrize("made", CALLS, ids=lambda one: one.method)
def test_the_client_asks_as_we_serve_and_its_model_parses(stage: tuple[Stage, Any], made: Made) -> None:
    world, client = stage
    mark = world.emu.ledger.mark()
    args = [world.ids.get(each, each) if isinstance(each, str) else each for each in made.args]
    group, name = made.method.split(".")

    answer = getattr(getattr(api, group)(client), name)(*args, **made.more)

    entry = world.emu.ledger.since(mark)[-1]
    method, path = made.key.split(" ")
    assert entry.method == method
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), entry.path)
    assert entry.status == _BY_KEY[made.key].status == answer.status_code
    if made.model:
        assert getattr(models, made.model).from_dict(_meant(answer.data, made.at)) is not None


def _meant(body: Json, at: str) -> Json:
    found = body if at in {"", "[]"} else body[at]
    return found[0] if isinstance(found, list) else found
