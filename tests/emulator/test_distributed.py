"""Distributed training: a master and workers that start, finish and fall together."""

from typing import Any

import pytest

from tests.emulator.plane import CLUSTER_API, ROOT, Plane, env, gpus

Json = Any
KIND = "distributed"


def post(plane: Plane, master: Json = None, same: Json = None, **spec: Json) -> Any:
    body = plane.body(**spec) | {"masterSpec": master, "masterSpecSameAsWorker": same}
    return plane.http.post(f"{ROOT}/{KIND}", json=body)


def made(plane: Plane, master: Json = None, **spec: Json) -> str:
    answer = post(plane, master, **{"distributedFramework": "PyTorch", "numWorkers": 2, **spec})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["workloadId"])


@pytest.mark.parametrize(
    "spec",
    [
        {"distributedFramework": "torch"},
        {"numWorkers": 0},
        {"numWorkers": 1.5},
        {"slotsPerWorker": 0},
        {"cleanPodPolicy": "Some"},
        {"mpiLauncherCreationPolicy": "Later"},
        {"minReplicas": 3, "maxReplicas": 2},
        {"minReplicas": "1"},
        {"restartPolicy": "Sometimes"},
        {"backoffLimit": -1},
        {"image": ""},
        {"relatedUrls": [{"url": "https://a.example"}]},
        {"podAffinity": {"type": "Required"}},
        {"compute": {"extendedResources": [{"quantity": "1"}]}},
    ],
)
def test_a_bad_spec_is_refused(spec: dict[str, Json]) -> None:
    assert post(Plane(), **spec).status_code == 400


@pytest.mark.parametrize(
    ("operator", "values", "status"),
    [
        ("In", ["a"], 202), ("In", [], 400), ("NotIn", None, 400), ("Exists", None, 202),
        ("Exists", ["a"], 400), ("DoesNotExist", ["a"], 400), ("Gt", ["5"], 202), ("Gt", ["a"], 400),
        ("Lt", ["1", "2"], 400), ("Near", ["a"], 400),
    ],
)  # fmt: skip
def test_the_operator_of_an_affinity_decides_its_values(operator: str, values: Json, status: int) -> None:
    one = {"key": "zone", "operator": operator, "values": values}

    answer = post(Plane(), nodeAffinityRequired={"nodeSelectorTerms": [{"matchExpressions": [one]}]})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("master", "same", "message"),
    [
        ({"image": "a:1", "backoffLimit": "6"}, None, "masterSpec.backoffLimit must be an integer"),
        ({"image": "a:1", "tty": True}, None, "masterSpec.tty needs stdin"),
        ({"image": "a:1", "ports": [{"container": 1}]}, None, "masterSpec.ports[0].serviceType is required"),
        ({"command": "x"}, None, "masterSpec.image is required"),
        ({"image": "a:1"}, True, "masterSpec should not be specified"),
        ([], None, "masterSpec must be an object"),
        (None, "yes", "masterSpecSameAsWorker must be a boolean"),
    ],
)
def test_a_bad_master_is_refused(master: Json, same: Json, message: str) -> None:
    answer = post(Plane(), master, same)

    assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text


def test_whether_a_master_takes_after_the_workers_is_a_switch() -> None:
    plane = Plane(master_inherits=True)
    id_ = made(plane, {"command": "lead"}, **gpus(1))

    shown = plane.wait(10).get(f"{ROOT}/{KIND}/{id_}")

    assert shown["masterSpec"] == {"command": "lead"}
    assert plane.row(id_)["allocatedResources"]["gpu"] == 3


def test_what_was_asked_of_the_master_reads_back() -> None:
    plane = Plane()
    id_ = made(plane, {"image": "lead:1", "nonsense": 1})

    shown = plane.get(f"{ROOT}/{KIND}/{id_}")

    assert (shown["masterSpec"], shown["masterSpecSameAsWorker"]) == ({"image": "lead:1"}, None)


def test_the_master_of_other_kinds_is_an_unknown_key() -> None:
    plane = Plane()
    body = plane.body() | {"masterSpec": 7, "masterSpecSameAsWorker": "x"}

    assert plane.http.post(f"{ROOT}/trainings", json=body).status_code == 202


@pytest.mark.parametrize(
    ("key", "value", "framework"),
    [
        ("slotsPerWorker", 2, "PyTorch"), ("sshAuthMountPath", "/ssh", "TF"), ("minReplicas", 1, "MPI"),
        ("maxReplicas", 2, "JAX"), ("mpiLauncherCreationPolicy", "AtStartup", "XGBoost"),
    ],
)  # fmt: skip
def test_a_field_of_another_framework_is_ignored_or_refused(key: str, value: Json, framework: str) -> None:
    spec = {"distributedFramework": framework, key: value}

    assert post(Plane(), **spec).status_code == 202
    assert post(Plane(refuse_inapplicable=True), **spec).status_code == 400


@pytest.mark.parametrize(
    ("framework", "names"),
    [
        ("PyTorch", ["x-master-0", "x-worker-0", "x-worker-1"]),
        ("TF", ["x-master-0", "x-worker-0", "x-worker-1"]),
        ("XGBoost", ["x-master-0", "x-worker-0", "x-worker-1"]),
        ("JAX", ["x-worker-0", "x-worker-1"]),
    ],
)
def test_pods_are_named_as_the_operator_names_them(framework: str, names: list[str]) -> None:
    plane = Plane()
    id_ = made(plane, distributedFramework=framework)

    assert plane.wait(10).pod_names(id_) == names
    assert plane.row(id_)["requestedPods"]["number"] == len(names)


def test_a_launcher_waits_for_its_workers_if_asked() -> None:
    plane = Plane()
    id_ = made(plane, distributedFramework="MPI", mpiLauncherCreationPolicy="WaitForWorkersReady")

    assert plane.wait(2).pod_names(id_) == ["x-worker-0", "x-worker-1"]
    assert plane.wait(10).pod_names(id_)[0].startswith("x-launcher-")


@pytest.mark.parametrize(("policy", "left"), [(None, 1), ("Running", 1), ("None", 3), ("All", 0)])
def test_the_policy_says_which_pods_are_left_at_the_end(policy: str | None, left: int) -> None:
    plane = Plane()
    id_ = made(plane, distributedFramework="MPI", cleanPodPolicy=policy, command="sleep 5")

    assert (plane.wait(30).phase(id_), len(plane.pods(id_))) == ("Completed", left)


def test_all_pods_are_scheduled_or_none() -> None:
    plane = Plane()
    first = made(plane, numWorkers=1, **gpus(8))
    second = plane.http.post(
        f"{ROOT}/{KIND}",
        json=plane.body("y", distributedFramework="PyTorch", numWorkers=1, **gpus(8)),
    ).json()["workloadId"]

    assert plane.wait(20).phase(first) == "Running"
    assert (plane.phase(second), plane.row(second)["runningPods"]) == ("Pending", 0)
    assert "Unschedulable" in plane.reasons(second)


def test_no_pod_may_be_larger_than_a_node() -> None:
    plane = Plane()
    id_ = made(plane, {"image": "a:1", **gpus(0)}, numWorkers=1, **gpus(9))

    assert plane.wait(20).phase(id_) == "Pending"


def test_a_distributed_training_stops_and_runs_again() -> None:
    plane = Plane()
    id_ = made(plane)
    path = f"{ROOT}/{KIND}/{id_}"

    assert plane.wait(10).status("POST", f"{path}/suspend") == 202
    assert (plane.wait(5).phase(id_), plane.pods(id_)) == ("Stopped", [])
    assert plane.status("POST", f"{path}/resume") == 202
    assert (plane.wait(10).phase(id_), len(plane.pods(id_))) == ("Running", 3)
    assert [e.verb for e in plane.emu.ledger.effects()] == ["create", "suspend", "resume"]


def test_nothing_of_it_changes_in_place() -> None:
    plane = Plane()
    id_ = made(plane)

    assert plane.status("PATCH", f"{ROOT}/{KIND}/{id_}", json={"spec": {"numWorkers": 3}}) == 405


def test_merged_reads_show_the_defaults_of_the_framework() -> None:
    plane = Plane(merge_defaults=True)
    id_ = made(plane, {"image": "lead"}, distributedFramework="MPI")

    shown = plane.get(f"{ROOT}/{KIND}/{id_}")

    assert (shown["spec"]["slotsPerWorker"], shown["spec"]["sshAuthMountPath"]) == (1, "/root/.ssh")
    assert shown["spec"]["cleanPodPolicy"] == "Running"
    assert shown["masterSpec"]["imagePullPolicy"] == "Always"
    assert "slotsPerWorker" not in plane.spec(KIND, _named(plane, "y", distributedFramework="TF"))


def _named(plane: Plane, name: str, **spec: Json) -> str:
    return str(plane.http.post(f"{ROOT}/{KIND}", json=plane.body(name, **spec)).json()["workloadId"])


def test_one_rank_fails_first_and_the_others_lose_it() -> None:
    plane = Plane()
    id_ = made(plane, command="python train.py --fail", backoffLimit=1)
    plane.wait(20)
    logs = {
        name: plane.log("distributed/pytorch/x", pod=name, previous="true") for name in plane.pod_names(id_)
    }

    first = [name for name, lines in logs.items() if lines[-1].startswith("FileNotFoundError")]
    lost = [name for name, lines in logs.items() if any(f"remote peer {first[0]}" in x for x in lines)]

    assert (len(first), len(lost)) == (1, 2)
    events = plane.get(f"{ROOT}/{id_}/events", limit=500)["events"]
    back_off = next(event for event in events if event["reason"] == "BackOff")
    assert back_off["involvedObject"]["name"] == first[0]


def test_a_launcher_reports_what_its_ranks_said() -> None:
    plane = Plane()
    id_ = made(plane, distributedFramework="MPI", command="python train.py --fail", backoffLimit=1)
    launcher = plane.wait(20).pod_names(id_)[0]

    said = plane.log("distributed/mpi/x", pod=launcher, previous="true")

    assert "mpirun detected that one or more processes exited with non-zero status" in said
    assert any(line.startswith("[1,1]<stderr>: FileNotFoundError") for line in said)


def test_a_master_that_fails_ends_all() -> None:
    plane = Plane()
    id_ = made(plane, {"image": "no-such:1"})

    assert plane.wait(400).phase(id_) == "Failed"
    pulls = [e for e in plane.get(f"{ROOT}/{id_}/events", limit=500)["events"] if e["reason"] == "BackOff"]
    assert {event["involvedObject"]["name"] for event in pulls} == {"x-master-0"}


def test_the_master_decides_when_it_is_done() -> None:
    plane = Plane()
    master = {"image": "a:1", "environmentVariables": env(EMULATOR_SECONDS="10")}
    id_ = made(plane, master, command="sleep infinity")

    assert plane.wait(30).phase(id_) == "Completed"


@pytest.mark.parametrize("framework", ["mpi", "pytorch", "tf", "xgboost", "runai", "any", "external"])
def test_jax_has_no_place_in_the_cluster_api(framework: str) -> None:
    plane = Plane()
    made(plane, distributedFramework="JAX")

    answer = plane.wait(20).http.get(f"{CLUSTER_API}/distributed/{framework}/x/status")

    assert (answer.status_code, "not found" in answer.text) == (500, True)
