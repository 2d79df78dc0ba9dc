"""The official client drives the emulator, and its own models accept every answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.emulator.runai import Emulator, ManualClock

models: Any = pytest.importorskip("runai.models")
exceptions: Any = pytest.importorskip("runai.exceptions")
ApiClient: Any = pytest.importorskip("runai.api_client").ApiClient
Configuration: Any = pytest.importorskip("runai.configuration").Configuration
RunaiClient: Any = pytest.importorskip("runai.runai_client").RunaiClient


@dataclass
class Official:
    client: Any
    clock: ManualClock
    project: str
    cluster: str

    @property
    def workloads(self) -> Any:
        return self.client.workloads

    def training(self, name: str = "train", **spec: Any) -> str:
        body = models.TrainingCreationRequest(
            name=name, projectId=self.project, clusterId=self.cluster,
            spec=models.TrainingSpecSpec(image="busybox:1", command="sleep", args="600", **spec),
        )  # fmt: skip
        answer = self.workloads.trainings.create_training1(training_creation_request=body)
        assert answer.status_code == 202
        return str(models.Training1.from_dict(answer.data).workload_id)

    def inference(self, name: str = "chat") -> str:
        body = models.InferenceCreationRequest(
            name=name, projectId=self.project, clusterId=self.cluster,
            spec=models.InferenceSpecSpec(image="vllm/vllm-openai:v1"),
        )  # fmt: skip
        answer = self.workloads.inferences.create_inference1(body)
        return str(models.Inference1.from_dict(answer.data).workload_id)

    def call(self, path: str) -> Any:
        return self.client.api_client.call_api("GET", path).data


@pytest.fixture
def official() -> Iterator[Official]:
    clock = ManualClock()
    with Emulator(seed="empty", clock=clock).serve() as url:
        settings = Configuration(
            client_id="demo", client_secret="demo-secret", runai_base_url=url, retry_enabled=False
        )
        with ApiClient(settings) as connected:
            client = RunaiClient(connected)
            found = client.organizations.projects.get_projects(filter_by=["name==team-a"]).data
            project = found["projects"][0]
            yield Official(client, clock, project["id"], project["clusterId"])


def test_every_cluster_fits_the_model(official: Official) -> None:
    clusters = official.client.organizations.clusters.get_clusters(verbosity="full").data

    assert [models.DisplayedCluster.from_dict(one).name for one in clusters] == ["dgx-east"]


def test_a_cluster_is_driven_through_its_life(official: Official) -> None:
    clusters = official.client.organizations.clusters
    made = clusters.create_cluster(models.ClusterCreationRequest(name="edge", domain="edge.example.com"))
    uuid = models.DisplayedCluster.from_dict(made.data).uuid

    renamed = clusters.update_cluster(uuid, models.ClusterUpdateRequest(name="west"))
    shown = models.DisplayedCluster.from_dict(clusters.get_cluster_by_uuid(uuid, verbosity="full").data)
    info = clusters.get_cluster_install_info_by_uuid(uuid, version="2.24").data
    gone = clusters.delete_cluster(uuid)
    leaving = clusters.get_clusters(include_requested_for_delete=True).data

    assert (made.status_code, renamed.status_code, gone.status_code) == (201, 204, 202)
    assert (shown.name, shown.status.state) == ("west", "WaitingToConnect")
    assert models.ClusterInstallationInfoResponse.from_dict(info).client_secret
    assert models.HttpResponse.from_dict(gone.data).code == 202
    assert [models.DisplayedCluster.from_dict(one).name for one in leaving] == ["dgx-east", "west"]


def test_every_node_pool_fits_the_model(official: Official) -> None:
    pools = official.client.organizations.node_pools.get_nodepools().data["nodepools"]

    assert [models.Nodepool.from_dict(one).name for one in pools] == ["a100-40g", "default", "h100-pool"]


def test_the_list_fits_the_model(official: Official) -> None:
    official.training()
    official.inference()

    page = official.workloads.workloads.get_workloads(limit=50, offset=0, filter_by=["projectId==1"])

    assert [one.name for one in models.GetWorkloads200Response.from_dict(page.data).workloads] == [
        "train",
        "chat",
    ]


def test_the_count_counts(official: Official) -> None:
    official.training()

    assert official.workloads.workloads.count_workloads(filter_by=["name==train"]).data == {"count": 1}


def test_a_workload_in_detail_fits_the_model(official: Official) -> None:
    id_ = official.training(
        compute=models.SupersetSpecAllOfCompute(gpuDevicesRequest=1),
        nodePools=["a100-40g"],
        preemptibility="non-preemptible",
    )
    official.clock.advance(10)

    shown = models.WorkloadDetailed.from_dict(official.workloads.workloads.get_workload(id_).data)

    assert (shown.phase, len(shown.pending_scheduling_messages)) == ("Pending", 1)


def test_a_training_reads_back_as_it_was_sent(official: Official) -> None:
    id_ = official.training(labels=[models.Label(name="owner", value="demo")])

    shown = models.Training1.from_dict(official.workloads.trainings.get_training(id_).data)

    assert (shown.spec.args, shown.spec.labels[0].value) == ("600", "demo")


def test_suspend_and_resume_answer_in_the_envelope(official: Official) -> None:
    id_, trainings = official.training(), official.workloads.trainings

    answers = [trainings.suspend_training(id_), trainings.resume_training(id_)]

    assert [models.HttpResponse.from_dict(one.data).code for one in answers] == [202, 202]


def test_a_deleted_training_is_gone_after_a_while(official: Official) -> None:
    id_ = official.training()

    official.workloads.trainings.delete_training(id_)
    official.clock.advance(10)

    with pytest.raises(exceptions.NotFoundException):
        official.workloads.trainings.get_training(id_)


def test_a_taken_name_is_a_conflict(official: Official) -> None:
    official.training()

    with pytest.raises(exceptions.ConflictException):
        official.inference("train")


def test_events_pods_and_history_fit_their_models(official: Official) -> None:
    id_ = official.training()
    official.clock.advance(10)

    events = official.workloads.events.get_workload_events(id_).data["events"]
    history = official.workloads.events.get_workload_history(id_).data["records"]
    pods = official.workloads.pods.get_workload_pods(id_).data["pods"]

    assert models.Event2.from_dict(events[0]).reason == "Started"
    assert all(models.HistoryRecord1.from_dict(one) for one in history)
    assert [models.Pod1.from_dict(one).k8s_phase for one in pods] == ["Running"]


def test_revisions_fit_the_model(official: Official) -> None:
    id_ = official.inference()
    official.clock.advance(10)
    official.workloads.inferences.update_inference_spec(id_, {"spec": {"image": "vllm/vllm-openai:v2"}})
    official.clock.advance(10)

    found = official.call(f"/api/v1/workloads/inferences/{id_}/revisions")["revisions"]

    assert [models.Revision.from_dict(one).images for one in found] == [["vllm/vllm-openai:v2"]]


def test_a_batch_fits_the_model(official: Official) -> None:
    id_ = official.training()

    answer = official.workloads.workloads_batch.batch_workloads(
        models.WorkloadBatch(ids=[id_], action="delete")
    )

    assert models.BatchResponse.from_dict(answer.data).succeeded == [id_]


def test_a_workspace_lives_and_stops(official: Official) -> None:
    body = models.WorkspaceCreationRequest(
        name="desk", projectId=official.project, clusterId=official.cluster,
        spec=models.WorkspaceSpecSpec(image="busybox:1"),
    )  # fmt: skip
    made = models.Workspace1.from_dict(official.workloads.workspaces.create_workspace1(body).data)

    official.workloads.workspaces.suspend_workspace(made.workload_id)
    official.clock.advance(10)

    shown = official.workloads.workspaces.get_workspace(made.workload_id).data
    assert (shown["desiredPhase"], shown["actualPhase"]) == ("Stopped", "Stopped")
