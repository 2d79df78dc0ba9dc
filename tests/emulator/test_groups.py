"""Distributed inference: groups of a leader and its workers, of which only the number changes."""

from typing import Any

import pytest

from tests.emulator.plane import CLUSTER_API, ROOT, Plane, gpus

Json = Any
PATH = f"{ROOT}/distributed-inferences"


def scale(plane: Plane, id_: str, replicas: int) -> Json:
    answer = plane.http.patch(f"{PATH}/{id_}", json={"spec": {"replicas": replicas}})
    assert answer.status_code == 202, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "spec",
    [
        {"leader": None},
        {"workers": 1, "worker": None},
        {"leader": {"command": "x"}},
        {"replicas": 1001},
        {"workers": 1001},
        {"replicas": -1},
        {"restartPolicy": "Always"},
        {"startupPolicy": "Never"},
        {"servingPort": {}},
        {"servingPort": {"port": 8000, "protocol": "grpc"}},
        {"servingPort": {"port": 8000, "authorizationType": "authorizedUsersOrGroups"}},
        {"servingPort": {"port": 8000, "authorizationType": "authorizedGroups"}},
        {"leader": {"image": "a:1", "compute": {"gpuDevicesRequest": -1}}},
        {"worker": {"image": "a:1", "labels": [{"value": "b"}]}},
        {"leader": {"image": "a:1", "storage": {"pvc": [{"path": "/a"}]}}},
        {"priorityClass": "urgent"},
    ],
)
def test_a_bad_spec_is_refused(spec: dict[str, Json]) -> None:
    plane = Plane()
    body = {**plane.body(), "spec": {"leader": {"image": "a:1"}, "worker": {"image": "a:1"}, **spec}}

    assert plane.http.post(PATH, json=body).status_code == 400


def test_keys_that_a_leader_does_not_have_are_silently_dropped() -> None:
    plane = Plane()
    id_ = plane.group(leader={"image": "a:1", "security": {"hostIpc": True}, "storage": {"nfs": [1]}})

    assert plane.spec("distributed-inferences", id_)["leader"] == {
        "image": "a:1", "security": {}, "storage": {},
    }  # fmt: skip


def test_each_group_has_a_leader_and_workers() -> None:
    plane = Plane()
    id_ = plane.group(replicas=2, workers=2)

    assert plane.wait(10).pod_names(id_) == ["x-0", "x-1", "x-0-1", "x-0-2", "x-1-1", "x-1-2"]
    assert plane.row(id_)["requestedPods"]["number"] == 6
    assert all("revisionId" not in pod for pod in plane.pods(id_))


def test_workers_may_wait_for_a_ready_leader() -> None:
    plane = Plane()
    id_ = plane.group(workers=2, startupPolicy="LeaderReady")

    assert plane.wait(2).pod_names(id_) == ["x-0"]
    assert plane.wait(10).pod_names(id_) == ["x-0", "x-0-1", "x-0-2"]


def test_replicas_are_added_beside_those_that_run() -> None:
    plane = Plane()
    id_ = plane.group(replicas=1, workers=1)
    before = plane.wait(10).pods(id_)

    shown = scale(plane, id_, 3)

    assert (shown["spec"]["replicas"], plane.row(id_)["phaseMessage"]) == (3, "1 of 3 replicas are ready")
    assert plane.wait(10).pod_names(id_) == ["x-0", "x-0-1", "x-1", "x-2", "x-1-1", "x-2-1"]
    assert (plane.row(id_)["runningPods"], plane.row(id_)["phaseMessage"]) == (6, "")
    assert plane.pods(id_)[:2] == before
    assert "ScalingReplicas" in plane.reasons(id_)


def test_the_newest_replicas_go_first() -> None:
    plane = Plane()
    id_ = plane.group(replicas=2, workers=1)
    plane.wait(10)
    scale(plane, id_, 4)
    plane.wait(10)

    scale(plane, id_, 1)

    assert plane.pod_names(id_) == ["x-0", "x-0-1"]
    scale(plane, id_, 2)
    assert plane.wait(10).pod_names(id_) == ["x-0", "x-0-1", "x-1", "x-1-1"]


def test_replicas_may_go_down_to_none_and_come_back() -> None:
    plane = Plane()
    id_ = plane.group(replicas=2, leader={"image": "a:1", **gpus(1)})
    plane.wait(10)

    scale(plane, id_, 0)
    assert (plane.row(id_)["runningPods"], plane.row(id_)["allocatedResources"]["gpu"]) == (0, 0)

    scale(plane, id_, 1)
    assert plane.wait(10).row(id_)["allocatedResources"]["gpu"] == 1


def test_replicas_that_do_not_fit_wait_while_the_others_serve() -> None:
    plane = Plane()
    id_ = plane.group(leader={"image": "a:1", **gpus(8)})
    plane.wait(10)

    scale(plane, id_, 3)
    row = plane.wait(60).row(id_)

    assert (row["phase"], row["runningPods"]) == ("Running", 1)
    assert row["phaseMessage"] == "1 of 3 replicas are ready"
    assert "NonPreemptibleOverQuota" in plane.reasons(id_)
    assert plane.wait(10_000).row(id_)["runningPods"] == 1


def test_scaling_before_it_runs_changes_the_first_start() -> None:
    plane = Plane()
    id_ = plane.group(replicas=1)
    scale(plane, id_, 2)

    assert plane.wait(10).pod_names(id_) == ["x-0", "x-1"]


def test_only_replicas_change_in_place() -> None:
    plane = Plane()
    id_ = plane.group(replicas=1)

    answer = plane.http.patch(f"{PATH}/{id_}", json={"spec": {"workers": 3, "leader": {"image": "b:2"}}})

    assert answer.json()["spec"] == plane.spec("distributed-inferences", id_)
    assert [e.verb for e in plane.emu.ledger.effects()] == ["create"]
    assert plane.status("PATCH", f"{PATH}/{id_}", json={"spec": {"replicas": 1001}}) == 400


def test_it_cannot_be_suspended_and_has_no_revisions() -> None:
    plane = Plane()
    id_ = plane.group()

    assert plane.status("POST", f"{PATH}/{id_}/suspend") == 404
    assert plane.status("GET", f"{PATH}/{id_}/revisions") == 404
    assert plane.status("GET", f"{ROOT}/inferences/{id_}/revisions") == 404


def test_it_has_no_place_in_the_cluster_api() -> None:
    plane = Plane()
    plane.group()

    answer = plane.wait(20).http.get(f"{CLUSTER_API}/inference/runai/x/status")

    assert answer.status_code == 500


def test_merged_reads_show_its_defaults() -> None:
    plane = Plane(merge_defaults=True)
    id_ = plane.group(servingPort={"port": 8000})

    spec = plane.spec("distributed-inferences", id_)

    assert (spec["replicas"], spec["workers"], spec["startupPolicy"]) == (1, 0, "LeaderCreated")
    assert spec["servingPort"] == {
        "port": 8000, "protocol": "http", "authorizationType": "public", "exposeExternally": True,
    }  # fmt: skip
    assert spec["leader"]["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize(
    ("serving", "urls"),
    [
        ({"port": 8000}, ["https://x-team-a.runai.emulator.invalid/"]),
        ({"port": 8000, "exposeExternally": False}, []),
        ({"port": 8000, "exposedUrl": "https://llm.example/v1"}, ["https://llm.example/v1"]),
    ],
)
def test_its_port_says_where_it_is_reached(serving: dict[str, Json], urls: list[str]) -> None:
    plane = Plane()
    id_ = plane.group(servingPort=serving)

    assert [one["url"] for one in plane.get(f"{ROOT}/{id_}/endpoints")["endpoints"]] == urls
