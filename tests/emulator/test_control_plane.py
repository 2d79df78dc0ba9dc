"""Who may do what, which routes exist at which level, and the surroundings of workloads."""

import httpx
import pytest

from reconciler.emulator.runai import Emulator, ManualClock, Switches
from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.plane import ROOT, Plane, gpus


def limited(plane: Plane, *projects: str, can_write: bool = True) -> Plane:
    plane.emu.tokens.add("ci", "ci-secret", "ci", projects, can_write)
    plane.sign_in("ci")
    return plane


def test_a_request_without_a_token_is_unauthenticated() -> None:
    plane = Plane()
    del plane.http.headers["authorization"]

    assert plane.status("GET", ROOT) == 401


def test_a_principal_sees_only_its_projects() -> None:
    plane = Plane()
    plane.made("trainings", "theirs", "team-b")
    limited(plane, "team-a").made("trainings", "ours")

    assert plane.names() == ["ours"]
    assert [one["name"] for one in plane.get("/api/v1/org-unit/projects")["projects"]] == ["team-a"]


def test_a_project_out_of_reach_is_forbidden() -> None:
    plane = Plane()
    id_ = plane.made("trainings", "theirs", "team-b")
    limited(plane, "team-a")

    assert plane.post("trainings", project="team-b").status_code == 403
    assert plane.status("GET", f"{ROOT}/trainings/{id_}") == 403
    assert plane.status("DELETE", f"{ROOT}/trainings/{id_}") == 403


def test_a_reader_may_not_write() -> None:
    plane = limited(Plane(), "team-a", can_write=False)

    assert plane.post("trainings").json() == {
        "code": 403, "message": "insufficient permissions", "details": "insufficient permissions",
    }  # fmt: skip


def test_who_made_a_workload_is_its_principal() -> None:
    plane = limited(Plane(), "team-a")
    id_ = plane.made("trainings")

    assert plane.get(f"{ROOT}/trainings/{id_}")["createdBy"] == "ci"
    assert plane.row(id_)["submittedBy"] == "ci"


def test_the_id_of_another_type_is_not_found() -> None:
    plane = Plane()
    id_ = plane.made("trainings")

    assert plane.status("GET", f"{ROOT}/workspaces/{id_}") == 404
    assert plane.status("DELETE", f"{ROOT}/inferences/{id_}") == 404


@pytest.mark.parametrize(
    ("level", "path", "status"),
    [
        ("2.23", "/api/v1/clusters/minimal", 404),
        ("2.24", "/api/v1/clusters/minimal", 404),
        ("2.25", "/api/v1/clusters/minimal", 200),
        ("2.25", f"/api/v1/clusters/{CLUSTER}/minimal", 200),
        ("2.24", f"/api/v1/clusters/{CLUSTER}/minimal", 404),
        ("2.25", "/api/v1/nonsense", 404),
        ("2.25", "/api/v1/clusters", 200),
        ("2.25", "/api/v1/workloads/pods", 200),
        ("2.25", "/api/v1/workloads/not-an-id", 400),
        ("2.25", "/api/v1/org-unit/departments", 200),
        ("2.25", "/api/v1/org-unit/projects/1", 200),
        ("2.25", "/api/v1/org-unit/projects/9", 404),
        ("2.25", "/api/v1/workload-types", 200),
        ("2.25", "/cluster-api/status", 200),
    ],
)
def test_each_level_has_its_routes(level: str, path: str, status: int) -> None:
    answer = Plane(api_level=level).http.get(path)

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == status


def test_a_cluster_of_this_emulator_has_its_host() -> None:
    assert Plane().get("/api/v1/clusters")[0]["domain"] == "127.0.0.1"


def test_a_batch_reports_each_failure_in_a_200() -> None:
    plane = Plane()
    ids = [plane.made("trainings"), plane.made("inferences", "chat")]

    answer = plane.http.post(f"{ROOT}/batch", json={"ids": ids, "action": "suspend"}).json()

    assert (answer["succeeded"], [one["code"] for one in answer["failed"]]) == ([ids[0]], [400])


def test_merged_reads_show_defaults_and_normalised_numbers() -> None:
    plane = Plane(merge_defaults=True)
    id_ = plane.made("trainings", compute={"cpuCoreRequest": 1, "cpuMemoryRequest": "1024Mi"})

    spec = plane.spec("trainings", id_)

    assert (spec["priorityClass"], spec["backoffLimit"], spec["imagePullPolicy"]) == (
        "low",
        6,
        "IfNotPresent",
    )
    assert spec["compute"] == {"cpuCoreRequest": 1.0, "cpuMemoryRequest": "1Gi"}
    assert isinstance(spec["compute"]["cpuCoreRequest"], float)


def test_merged_reads_of_an_inference_show_its_scaling() -> None:
    plane = Plane(merge_defaults=True)
    id_ = plane.made("inferences", servingPort={"container": 8000})

    spec = plane.spec("inferences", id_)

    assert (spec["autoscaling"]["maxReplicas"], spec["servingPort"]["protocol"]) == (1, "http")


def test_lists_may_come_back_in_another_order() -> None:
    plane = Plane(reorder_lists=True)
    labels = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    id_ = plane.made("trainings", labels=labels)

    assert plane.spec("trainings", id_)["labels"] == labels[::-1]


def test_what_others_do_behind_our_back_passes_no_ledger() -> None:
    plane = Plane()
    world = plane.emu.world
    id_ = world.add_workload(
        kind="Inference", project="team-a", name="x", spec={"image": "a:1"}, created_by="mina"
    )
    plane.wait(10)
    world.edit_spec(id_, {"autoscaling": {"minReplicas": 2}}, by="lee")

    assert plane.wait(10).row(id_)["runningPods"] == 2
    assert plane.row(id_)["submittedBy"] == "mina"
    world.remove(id_)
    assert (world.live(), plane.emu.ledger.mutations()) == ([], [])


def test_a_workload_can_be_pinned_in_a_phase() -> None:
    plane = Plane()
    id_ = plane.emu.world.add_workload(
        kind="Training",
        project="team-a",
        name="x",
        spec={"image": "a:1"},
        created_by="mina",
        phase="Degraded",
    )

    assert plane.wait(10_000).phase(id_) == "Degraded"


def test_a_project_added_later_takes_workloads() -> None:
    plane = Plane()
    made = plane.emu.world.add_project("team-c", quotas={"a100-40g": 4})

    body = {"name": "x", "projectId": made.id, "clusterId": CLUSTER, "spec": {"image": "a:1", **gpus(4)}}
    id_ = plane.http.post(f"{ROOT}/workspaces", json=body).json()["workloadId"]

    assert plane.wait(10).row(id_)["currentNodePools"] == ["a100-40g"]


def test_the_demo_has_something_to_say() -> None:
    plane = Plane(seed="demo").wait(30)

    rows = {row["name"]: row["phase"] for row in plane.get(ROOT)["workloads"]}

    assert rows == {
        "old-run": "Running", "scratch-mina": "Running", "vllm-test": "Running", "nccl-debug": "Pending",
        "backtest-2025": "Completed", "prompt-lab": "Initializing", "notebook-idle": "Stopped",
    }  # fmt: skip


def test_two_worlds_of_one_seed_are_equal() -> None:
    one, other = Plane(seed="demo"), Plane(seed="demo")

    assert one.get(ROOT) == other.get(ROOT)


@pytest.mark.parametrize("wrong", [{"seed": "x"}, {"api_level": "1.0"}])
def test_a_misspelt_world_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="none of"):
        Emulator(clock=ManualClock(), **wrong)  # type: ignore[arg-type]  # only strings


@pytest.mark.parametrize("wrong", [{"duplicate_name_status": 500}, {"gone_status": 500}])
def test_a_switch_takes_only_its_positions(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="or"):
        Switches(**wrong)  # type: ignore[arg-type]  # only integers


@pytest.mark.parametrize(("level", "is_kept"), [("2.23", False), ("2.24", True)])
def test_a_field_newer_than_the_server_is_silently_dropped(level: str, is_kept: bool) -> None:
    plane = Plane(api_level=level)
    id_ = plane.made("trainings", preemptibility="non-preemptible")

    assert ("preemptibility" in plane.spec("trainings", id_)) == is_kept


def test_telemetry_counts_in_strings() -> None:
    plane = Plane()
    plane.made("trainings", **gpus(2))
    plane.wait(10).made("workspaces", "y")

    counts = plane.get(f"{ROOT}/telemetry", telemetryType="WORKLOADS_COUNT", groupBy="Type")
    held = plane.get(f"{ROOT}/telemetry", telemetryType="GPU_ALLOCATION")

    assert [(v["groups"][0]["value"], v["value"]) for v in counts["values"]] == [
        ("Training", "1"),
        ("Workspace", "1"),
    ]
    assert held["values"] == [{"value": "2", "groups": []}]


def test_every_answer_of_a_served_emulator_says_what_it_is() -> None:
    emu = Emulator(clock=ManualClock())
    with emu.serve() as url:
        answer = httpx.get(f"{url}/api/v1/clusters", trust_env=False)

    assert (answer.status_code, answer.headers["x-emulator"]) == (401, "EMULATOR")
