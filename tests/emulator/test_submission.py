"""What the submission service refuses, and what it lets pass."""

from typing import Any

import pytest

from reconciler.emulator.runai.seed import CLUSTER, TEMPLATES
from tests.emulator.plane import ROOT, Plane

NAME_RULE = "start with an alphabetic character"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "must not be empty"),
        ("a" * 64, "must not exceed 63 characters"),
        ("Train", NAME_RULE),
        ("1st", NAME_RULE),
        ("a_b", NAME_RULE),
        ("a.b", NAME_RULE),
        ("a-", NAME_RULE),
        ("-a", NAME_RULE),
    ],
)
def test_a_bad_name_is_refused(name: str, words: str) -> None:
    answer = Plane().post("trainings", name)

    assert (answer.status_code, words in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize("name", ["a", "a" * 63, "a-1", "a--b"])
def test_a_good_name_is_taken(name: str) -> None:
    assert Plane().post("trainings", name).status_code == 202


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"projectId": None}, {"projectId": 1}, {"projectId": "99"},
        {"clusterId": None}, {"clusterId": "dgx-east"},
        {"clusterId": "00000000-0000-4000-8000-000000000000"},
        {"templateId": "00000000-0000-4000-8000-000000000000"},
        {"useGivenNameAsPrefix": "yes"},
    ],
)  # fmt: skip
def test_a_bad_envelope_is_refused(change: dict[str, Any]) -> None:
    plane = Plane()

    answer = plane.http.post(f"{ROOT}/trainings", json={**plane.body(), **change})

    assert (answer.status_code, answer.json()["code"]) == (400, 400)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("trainings", {"image": None}),
        ("trainings", {"image": 7}),
        ("trainings", {"args": ["--a"]}),
        ("trainings", {"backoffLimit": 1.0}),
        ("trainings", {"backoffLimit": True}),
        ("trainings", {"imagePullPolicy": "Sometimes"}),
        ("trainings", {"preemptibility": "yes"}),
        ("trainings", {"priorityClass": "train"}),
        ("trainings", {"category": "Nonsense"}),
        ("trainings", {"nodePools": ["b200-pool"]}),
        ("trainings", {"nodePools": "h100-pool"}),
        ("trainings", {"tty": True}),
        ("trainings", {"parallelism": 2**31}),
        ("trainings", {"labels": [{"name": "x" * 64, "value": "a"}]}),
        ("trainings", {"labels": [{"value": "a"}]}),
        ("trainings", {"labels": [{"name": "a", "value": "a/b"}]}),
        ("trainings", {"annotations": [{"name": "", "value": "a"}]}),
        ("trainings", {"compute": {"cpuMemoryRequest": "500x"}}),
        ("trainings", {"compute": {"cpuMemoryRequest": "-1G"}}),
        ("trainings", {"compute": {"cpuCoreRequest": "1"}}),
        ("trainings", {"compute": {"cpuCoreRequest": 2, "cpuCoreLimit": 1}}),
        ("trainings", {"compute": {"gpuDevicesRequest": "eight"}}),
        ("trainings", {"compute": {"gpuPortionRequest": 0.5}}),
        ("trainings", {"compute": {"gpuRequestType": "portion"}}),
        ("trainings", {"compute": {"gpuRequestType": "portion", "gpuPortionRequest": 1.5}}),
        ("trainings", {"compute": {"gpuRequestType": "memory", "gpuPortionRequest": 0.5}}),
        (
            "trainings",
            {"compute": {"gpuDevicesRequest": 2, "gpuRequestType": "memory", "gpuMemoryRequest": "1G"}},
        ),
        ("trainings", {"environmentVariables": [{"name": "A", "value": "x" * 10_001}]}),
        ("trainings", {"environmentVariables": [{"name": "A", "value": 1}]}),
        ("trainings", {"environmentVariables": [{"value": "1"}]}),
        (
            "trainings",
            {"environmentVariables": [{"name": "A", "value": "1", "secret": {"name": "s", "key": "k"}}]},
        ),
        ("trainings", {"environmentVariables": [{"name": "A", "secret": {"name": "Bad_Name", "key": "k"}}]}),
        ("trainings", {"tolerations": [{"key": "a", "operator": "Exists"}]}),
        (
            "trainings",
            {"tolerations": [{"key": "a", "operator": "Equal", "effect": "NoSchedule", "seconds": 3}]},
        ),
        ("trainings", {"storage": {"pvc": [{"path": "/data"}]}}),
        ("trainings", {"storage": {"pvc": [{"path": "/data", "existingPvc": True}]}}),
        ("trainings", {"storage": {"nfs": [{"path": "/x", "mountPath": "/y"}]}}),
        ("trainings", {"security": {"capabilities": ["CAP_IPC_LOCK"]}}),
        ("workspaces", {"ports": [{"container": 70_000, "serviceType": "NodePort"}]}),
        ("workspaces", {"ports": [{"container": 80}]}),
        (
            "workspaces",
            {"exposedUrls": [{"container": 80, "authorizedUsers": ["a"], "authorizedGroups": ["b"]}]},
        ),
        ("inferences", {"autoscaling": {"minReplicas": 2, "maxReplicas": 1}}),
        ("inferences", {"autoscaling": {"minReplicas": 1, "maxReplicas": 2}}),
        ("inferences", {"autoscaling": {"metric": "throughput"}}),
        ("inferences", {"autoscaling": {"scaleToZeroRetentionSeconds": 5}}),
        ("inferences", {"autoscaling": {"minReplicas": 0, "scaleToZeroRetentionSeconds": 3601}}),
        ("inferences", {"servingPort": {"container": 0}}),
        ("inferences", {"servingPort": {"authorizationType": "authorizedUsers"}}),
        ("inferences", {"probes": {"readiness": {"periodSeconds": 5}}}),
        (
            "inferences",
            {"storage": {"pvc": [{"path": "/d", "claimInfo": {"size": "1G"}, "ephemeral": True}]}},
        ),
    ],
)
def test_a_bad_spec_is_refused(kind: str, spec: dict[str, Any]) -> None:
    plane = Plane()

    answer = plane.post(kind, **spec)

    assert answer.status_code == 400, answer.text
    assert {"code", "message", "details"} <= set(answer.json())
    assert plane.emu.ledger.effects() == []


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (
            "trainings",
            {"compute": {"gpuDevicesRequest": 2, "gpuRequestType": "portion", "gpuPortionRequest": 0.5}},
        ),
        (
            "trainings",
            {"environmentVariables": [{"name": "A", "value": "x" * 10_000}, {"name": "B", "exclude": True}]},
        ),
        ("trainings", {"backoffLimit": None, "storage": None, "labels": []}),
        ("trainings", {"storage": {"pvc": [{"path": "/data", "claimInfo": {"size": "10Gi"}}]}}),
        (
            "workspaces",
            {"stdin": True, "tty": True, "ports": [{"container": 80, "serviceType": "ClusterIP"}]},
        ),
        ("inferences", {"autoscaling": {"minReplicas": 0, "maxReplicas": 1}}),
        ("inferences", {"servingPort": {"container": 8000, "protocol": "grpc"}}),
        ("distributed", {"distributedFramework": "PyTorch", "numWorkers": 3}),
    ],
)
def test_a_good_spec_is_taken(kind: str, spec: dict[str, Any]) -> None:
    assert Plane().post(kind, **spec).status_code == 202


def test_unknown_keys_and_nulls_are_silently_dropped() -> None:
    plane = Plane()
    id_ = plane.made("trainings", gpu=8, backoffLimit=None, compute={"cpuCores": 1})

    assert plane.spec("trainings", id_) == {"image": "busybox:1", "compute": {}}


def test_the_text_of_a_refusal_names_the_field() -> None:
    answer = Plane().post("trainings", compute={"gpuDevicesRequest": "eight"})

    assert answer.json()["message"] == "Bad request - spec.compute.gpuDevicesRequest must be an integer"


def test_a_broken_policy_is_listed_rule_by_rule() -> None:
    plane = Plane()
    plane.emu.world.set_policy("team-a", {"spec.compute.gpuDevicesRequest": {"max": 4}})

    answer = plane.post("trainings", compute={"gpuDevicesRequest": 8})

    assert (answer.status_code, len(answer.json()["complianceIssues"])) == (400, 1)
    assert answer.json()["complianceIssues"][0]["rule"] == "max"


def test_a_body_that_is_no_json_is_refused() -> None:
    answer = Plane().http.request("POST", f"{ROOT}/trainings", content=b"{")

    assert (answer.status_code, answer.json()["message"]) == (400, "Failed to read request body")


@pytest.mark.parametrize("status", [409, 400])
def test_a_taken_name_is_refused_across_types(status: int) -> None:
    plane = Plane(duplicate_name_status=status)
    plane.made("trainings")

    answer = plane.post("inferences")

    assert answer.status_code == status
    assert answer.json()["message"] == "workload with name 'x' already exists in this project"


def test_a_name_is_free_in_another_project() -> None:
    plane = Plane()
    plane.made("trainings")

    assert plane.post("trainings", project="team-b").status_code == 202


def test_a_given_name_may_be_a_prefix() -> None:
    plane = Plane()

    made = plane.http.post(f"{ROOT}/trainings", json={**plane.body(), "useGivenNameAsPrefix": True}).json()

    assert (made["requestedName"], made["name"][:2], len(made["name"])) == ("x", "x-", 10)
    assert "useGivenNameAsPrefix" not in made


def test_a_template_fills_in_what_the_spec_leaves_out() -> None:
    plane = Plane()
    template = next(iter(TEMPLATES))

    made = plane.http.post(
        f"{ROOT}/workspaces",
        json={"name": "x", "projectId": "1", "clusterId": CLUSTER, "templateId": template},
    ).json()

    assert made["spec"]["image"] == TEMPLATES[template]["image"]
    assert "templateId" not in made


def test_the_answer_to_a_create_comes_before_anything_runs() -> None:
    answer = Plane().post("trainings")

    assert (answer.status_code, answer.json()["desiredPhase"], answer.json()["actualPhase"]) == (
        202,
        "Running",
        "Creating",
    )


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("inferences", {"servingPort": {"protocol": "http"}}),
        ("inferences", {"servingPort": {"container": 80, "authorizationType": "authorizedUsersOrGroups"}}),
        ("inferences", {"autoscaling": {"minReplicas": 0, "metric": "latency", "metricThreshold": 1}}),
        ("workspaces", {"spec": []}),
        (
            "workspaces",
            {"probes": {"readiness": {"handler": {"httpGet": {"port": 80, "host": "not a host"}}}}},
        ),
    ],
)
def test_what_the_texts_demand_is_demanded(kind: str, spec: dict[str, Any]) -> None:
    plane = Plane()
    body = plane.body(**spec) if "spec" not in spec else {**plane.body(), **spec}

    assert plane.http.post(f"{ROOT}/{kind}", json=body).status_code == 400


@pytest.mark.parametrize(
    ("switch", "spec"),
    [
        (
            {"refuse_inapplicable": True},
            {
                "storage": {
                    "pvc": [
                        {"path": "/a", "existingPvc": True, "claimName": "a", "claimInfo": {"size": "1Gi"}}
                    ]
                }
            },
        ),
        (
            {"fractions_of_many": False},
            {"compute": {"gpuDevicesRequest": 2, "gpuRequestType": "portion", "gpuPortionRequest": 0.5}},
        ),
    ],
)
def test_where_the_texts_disagree_a_switch_decides(switch: dict[str, Any], spec: dict[str, Any]) -> None:
    assert Plane().post("trainings", **spec).status_code == 202
    assert Plane(**switch).post("trainings", **spec).status_code == 400
