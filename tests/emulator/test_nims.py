"""NIM services: written as a spec, all of which can change, and deleted like any v2 workload."""

from typing import Any

import pytest

from tests.emulator.plane import NIMS, ROOT, V2, Plane, gpus

Json = Any


def made(plane: Plane, name: str = "x", **spec: Json) -> str:
    answer = plane.nim(name, **spec)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["metadata"]["id"])


def test_a_nim_service_reads_back_as_it_was_sent() -> None:
    plane = Plane()
    id_ = made(plane, servingPort={"port": 8000}, replicas=2)

    shown = plane.get(f"{NIMS}/{id_}")

    assert shown["spec"] == {
        "image": "nvcr.io/nim/meta/llama3:1.8", "replicas": 2, "servingPort": {"port": 8000},
    }  # fmt: skip
    assert (shown["metadata"]["gvk"]["kind"], shown["desiredPhase"]) == ("NIMService", "Running")


def test_a_nim_service_runs_its_replicas() -> None:
    plane = Plane()
    id_ = made(plane, replicas=2, **gpus(1))

    row = plane.wait(20).row(id_)

    assert (row["phase"], row["runningPods"], row["allocatedResources"]["gpu"]) == ("Running", 2, 2)
    assert (row["sourceApi"], row["category"]) == ("WorkloadsV2", "Deploy")


@pytest.mark.parametrize("spelling", ["NIMService", "NimService"])
def test_how_the_list_spells_the_type_is_a_switch(spelling: str) -> None:
    plane = Plane(nim_type=spelling)
    made(plane)

    assert plane.get(ROOT, filterBy=f"type=={spelling}")["workloads"][0]["type"] == spelling


@pytest.mark.parametrize(
    "spec",
    [
        {"image": None},
        {"image": ""},
        {"replicas": 1001},
        {"replicas": -1},
        {"replicas": "2"},
        {"servingPort": {}},
        {"servingPort": {"port": 0}},
        {"servingPort": {"port": 80, "serviceType": "Ingress"}},
        {"servingPort": {"port": 80, "exposedProtocol": "grpc"}},
        {"servingPort": {"port": 80, "grpcPort": 70_000}},
        {"autoscaling": {"minReplicas": 1}},
        {"autoscaling": {"minReplicas": 0, "metric": "a", "metricThreshold": 1}},
        {"autoscaling": {"minReplicas": 3, "maxReplicas": 2, "metric": "a", "metricThreshold": 1}},
        {"autoscaling": {"metric": "1a", "metricThreshold": 1}},
        {"autoscaling": {"metric": "a", "metricThreshold": 1, "scaleWindowSeconds": 59}},
        {"autoscaling": {"metric": "a", "metricThreshold": 1, "scaleWindowSeconds": 3601}},
        {"multiNode": {"workers": 0}},
        {"ngcAuthSecret": "Not_A_Name"},
        {"modelStore": {"nimCache": {}}},
        {"modelStore": {"nimCache": {"name": "a"}, "pvc": {"existingPvc": True, "claimName": "b"}}},
        {"modelStore": {"pvc": {"existingPvc": True}}},
        {"modelStore": {"pvc": {"claimName": "a"}}},
        {"security": {"runAsUid": "0"}},
        {"compute": {"gpuPortionRequest": 0.5}},
        {"probes": {"readiness": {"periodSeconds": 5}}},
        {"labels": [{"name": "a", "value": "a/b"}]},
        {"environmentVariables": [{"name": "A"}]},
        {"priorityClass": "urgent"},
        {"category": "Fun"},
        {"nodePools": ["b200"]},
        {"preemptibility": "yes"},
    ],
)
def test_a_bad_spec_is_refused(spec: dict[str, Json]) -> None:
    plane = Plane()

    assert plane.nim(**spec).status_code == 400
    assert plane.emu.ledger.effects() == []


def test_keys_that_a_nim_does_not_have_are_silently_dropped() -> None:
    plane = Plane()
    spec: dict[str, Json] = {"command": "run", "storage": {"pvc": []}, "compute": {"largeShmRequest": True}}

    shown = plane.get(f"{NIMS}/{made(plane, **spec)}")["spec"]

    assert shown == {"image": "nvcr.io/nim/meta/llama3:1.8", "compute": {}}


@pytest.mark.parametrize("meta", [{"name": "x"}, {"projectId": "1"}, {"name": "X", "projectId": "1"}])
def test_bad_metadata_is_refused(meta: dict[str, Json]) -> None:
    answer = Plane().http.post(NIMS, json={"metadata": meta, "spec": {"image": "a:1"}})

    assert answer.status_code == 400


def test_a_spec_is_needed() -> None:
    plane = Plane()

    assert plane.http.post(NIMS, json={"metadata": {"name": "x", "projectId": "1"}}).status_code == 400
    assert plane.http.patch(f"{NIMS}/{made(plane)}", json={}).status_code == 400


def test_a_taken_name_is_a_conflict() -> None:
    plane = Plane()
    plane.made("workspaces")

    assert plane.nim().status_code == 409


def test_any_field_of_the_spec_can_change() -> None:
    plane = Plane()
    id_ = made(plane, labels=[{"name": "a", "value": "1"}], servingPort={"port": 8000, "metricsPort": 9})

    changes = {"labels": [{"name": "b", "value": "2"}], "servingPort": {"metricsPort": None}, "replicas": 3}
    answer = plane.wait(20).http.patch(f"{NIMS}/{id_}", json={"spec": changes})

    assert answer.status_code == 202
    assert answer.json()["spec"] == {
        "image": "nvcr.io/nim/meta/llama3:1.8", "labels": [{"name": "b", "value": "2"}],
        "replicas": 3, "servingPort": {"port": 8000},
    }  # fmt: skip
    assert plane.wait(20).row(id_)["runningPods"] == 3


def test_a_bad_change_is_refused() -> None:
    plane = Plane()
    id_ = made(plane)

    assert plane.http.patch(f"{NIMS}/{id_}", json={"spec": {"image": None}}).status_code == 400
    assert plane.http.patch(f"{NIMS}/{id_}", json={"spec": {"replicas": 1.5}}).status_code == 400
    assert [effect.verb for effect in plane.emu.ledger.effects()] == ["create"]


def test_a_nim_service_is_deleted_by_the_common_route() -> None:
    plane = Plane()
    id_ = made(plane)

    assert plane.status("DELETE", f"{NIMS}/{id_}") == 405
    assert plane.http.delete(f"{V2}/{id_}").json()["metadata"]["id"] == id_
    assert plane.wait(6).status("GET", f"{NIMS}/{id_}") == 404
    assert [(e.verb, e.kind) for e in plane.emu.ledger.effects()] == [
        ("create", "NIMService"), ("delete", "NIMService"),
    ]  # fmt: skip


@pytest.mark.parametrize(("by_v2", "status"), [(True, 200), (False, 404)])
def test_whether_the_common_read_finds_it_is_a_switch(by_v2: bool, status: int) -> None:
    plane = Plane(nim_by_v2=by_v2)

    assert plane.status("GET", f"{V2}/{made(plane)}") == status


def test_an_image_that_does_not_exist_leaves_the_old_pods() -> None:
    plane = Plane()
    id_ = made(plane)
    plane.wait(20).http.patch(f"{NIMS}/{id_}", json={"spec": {"image": "no-such:1"}})

    assert plane.wait(60).row(id_)["runningPods"] == 1
    assert plane.sync(id_)["status"] == "Synced"


def test_servers_before_2_24_have_no_nim_services() -> None:
    plane = Plane(api_level="2.23")

    assert plane.nim().status_code == 405
