"""Changing an inference in place, and updates that never take effect."""

from typing import Any

import pytest

from tests.emulator.plane import ROOT, Plane, env, gpus


def serving(plane: Plane, **spec: Any) -> str:
    id_ = plane.made("inferences", **spec)
    plane.wait(10)
    return id_


def revisions(plane: Plane, id_: str) -> list[tuple[str, str]]:
    found = plane.get(f"{ROOT}/inferences/{id_}/revisions")["revisions"]
    return [(one["name"], one["phase"]) for one in found]


def test_what_a_patch_does_not_name_stays() -> None:
    plane = Plane()
    id_ = serving(plane, args="--a", command="serve")

    plane.patch(id_, args="--b")

    assert plane.spec("inferences", id_) == {"image": "busybox:1", "args": "--b", "command": "serve"}


def test_null_clears() -> None:
    plane = Plane()
    id_ = serving(plane, args="--a")

    plane.patch(id_, args=None)

    assert plane.spec("inferences", id_) == {"image": "busybox:1"}


def test_lists_are_replaced_as_a_whole() -> None:
    plane = Plane()
    id_ = serving(plane, environmentVariables=env(A="1", B="2"))

    plane.patch(id_, environmentVariables=env(C="3"))

    assert plane.row(id_)["environmentVariables"] == {"C": "3"}


def test_objects_are_merged() -> None:
    plane = Plane()
    id_ = serving(plane, compute={"cpuCoreRequest": 1, "gpuDevicesRequest": 1})

    plane.patch(id_, compute={"gpuDevicesRequest": 2})

    assert plane.spec("inferences", id_)["compute"] == {"cpuCoreRequest": 1, "gpuDevicesRequest": 2}


@pytest.mark.parametrize("key", ["labels", "servingPort", "storage", "security", "nonsense"])
def test_what_cannot_change_is_silently_ignored(key: str) -> None:
    plane = Plane()
    id_ = serving(plane)

    assert plane.patch(id_, **{key: [{"name": "a", "value": "b"}]}).status_code == 202
    assert plane.spec("inferences", id_) == {"image": "busybox:1"}
    assert [effect.verb for effect in plane.emu.ledger.effects()] == ["create"]


def test_a_patch_that_makes_the_spec_wrong_is_refused() -> None:
    plane = Plane()
    id_ = serving(plane)

    assert plane.patch(id_, image=None).status_code == 400


@pytest.mark.parametrize(("kind", "status"), [("trainings", 405), ("workspaces", 405)])
def test_jobs_cannot_be_patched(kind: str, status: int) -> None:
    plane = Plane()
    path = f"{ROOT}/{kind}/{plane.made(kind)}"

    assert plane.status("PATCH", path, json={"spec": {}}) == status


def test_a_good_update_moves_the_traffic_to_a_new_revision() -> None:
    plane = Plane()
    id_ = serving(plane)

    plane.patch(id_, image="busybox:2")

    assert revisions(plane, id_)[-1] == ("x-00001", "Running")
    plane.wait(10)
    assert revisions(plane, id_) == [("x-00002", "Running")]


def test_the_workload_stays_running_while_it_rolls() -> None:
    plane = Plane()
    id_ = serving(plane)
    plane.patch(id_, image="busybox:2")

    row = plane.wait(3).row(id_)

    assert (row["phase"], row["phaseMessage"]) == (
        "Running",
        "Rolling out revision x-00002; revision x-00001 is serving",
    )


def test_an_update_with_a_bad_image_is_dropped_while_reads_show_it() -> None:
    plane = Plane()
    id_ = serving(plane)
    plane.patch(id_, image="no-such:2")

    plane.wait(601)

    assert plane.spec("inferences", id_)["image"] == "no-such:2"
    assert revisions(plane, id_) == [("x-00002", "Failed"), ("x-00001", "Running")]
    assert plane.phase(id_) == "Running"
    assert "ProgressDeadlineExceeded" in plane.reasons(id_)


def test_an_update_without_quota_for_old_and_new_is_dropped() -> None:
    plane = Plane()
    id_ = serving(
        plane, nodePools=["h100-pool"], preemptibility="non-preemptible", project="platform", **gpus(2)
    )
    plane.patch(id_, image="busybox:2")

    assert revisions(plane.wait(2), id_)[0] == ("x-00002", "Pending")
    plane.wait(601)
    assert revisions(plane, id_) == [("x-00002", "Failed"), ("x-00001", "Running")]


def test_only_the_newest_of_several_updates_counts() -> None:
    plane = Plane()
    id_ = serving(plane)
    plane.patch(id_, image="busybox:2")
    plane.patch(id_, image="busybox:3")

    plane.wait(10)

    assert revisions(plane, id_) == [("x-00003", "Running")]


def test_an_update_heals_a_server_that_never_started() -> None:
    plane = Plane()
    id_ = plane.made("inferences", image="no-such:1")
    plane.wait(700).patch(id_, image="busybox:1")

    assert plane.wait(10).phase(id_) == "Running"


def test_a_dropped_update_can_be_mended() -> None:
    plane = Plane()
    id_ = serving(plane)
    plane.patch(id_, image="no-such:2")
    plane.wait(700).patch(id_, image="busybox:3")

    plane.wait(10)

    assert revisions(plane, id_) == [("x-00003", "Running")]
    assert plane.row(id_)["images"] == ["busybox:3"]


def test_a_new_category_needs_no_new_revision() -> None:
    plane = Plane()
    id_ = serving(plane)
    plane.patch(id_, category="Train")

    assert revisions(plane, id_) == [("x-00001", "Running")]
    assert plane.row(id_)["category"] == "Train"


def test_a_pod_tells_its_revision() -> None:
    plane = Plane()
    id_ = serving(plane)
    plane.patch(id_, image="busybox:2")

    pods = plane.wait(10).get(f"{ROOT}/{id_}/pods")["pods"]

    newest = plane.get(f"{ROOT}/inferences/{id_}/revisions")["revisions"][0]
    assert [pod["revisionId"] for pod in pods] == [newest["id"]]


def test_replicas_of_a_group_are_all_that_can_change() -> None:
    plane = Plane()
    leader = {"image": "busybox:1"}
    body = {**plane.body(), "spec": {"leader": leader, "servingPort": {"port": 8000}}}
    made = plane.http.post(f"{ROOT}/distributed-inferences", json=body).json()
    path = f"{ROOT}/distributed-inferences/{made['workloadId']}"

    answer = plane.http.patch(path, json={"spec": {"replicas": 2, "workers": 3}})

    assert answer.json()["spec"] == {**body["spec"], "replicas": 2}
