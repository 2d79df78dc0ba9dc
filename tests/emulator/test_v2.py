"""Workloads as Kubernetes manifests: what is accepted, how it reaches the cluster, what it shows."""

import base64
from typing import Any

import pytest

from reconciler.emulator.runai.kinds import KINDS
from reconciler.emulator.runai.registry import TYPES
from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.kubernetes import deployment, job, pytorch_job
from tests.emulator.plane import ROOT, V2, Plane

Json = Any


def syncs(plane: Plane, id_: str, *waits: float) -> list[str]:
    return [plane.wait(seconds).sync(id_)["status"] for seconds in waits]


def test_a_manifest_is_accepted_before_the_cluster_knows() -> None:
    plane = Plane()

    answer = plane.send(job(), priority="high")

    body = answer.json()
    assert (answer.status_code, body["desiredPhase"]) == (202, "Running")
    assert body["metadata"]["gvk"] == {"group": "batch", "version": "v1", "kind": "Job"}
    assert (body["metadata"]["priority"], body["metadata"]["updatedBy"]) == ("high", "demo")


def test_what_was_sent_and_what_is_applied_are_shown_apart() -> None:
    plane = Plane()
    id_ = plane.sent(job("other", spec={"backoffLimit": 0}), priority="high")

    shown = plane.get(f"{V2}/{id_}")["workload"]

    assert shown["rawManifest"] == job("other", spec={"backoffLimit": 0})
    assert shown["workloadManifest"]["metadata"] == {
        "name": "x", "namespace": "runai-team-a",
        "labels": {"run.ai/project": "team-a", "priorityClassName": "high"},
    }  # fmt: skip


def test_a_manifest_is_queued_applied_and_synced() -> None:
    plane = Plane()
    id_ = plane.sent(job(command="sleep 30"))

    assert syncs(plane, id_, 0, 1, 1) == ["Queued", "Applying", "Synced"]
    assert [plane.wait(s).phase(id_) for s in (0, 2, 5, 30)] == [
        "Creating", "Initializing", "Running", "Completed",
    ]  # fmt: skip


def test_what_kubernetes_refuses_never_starts() -> None:
    plane = Plane()
    id_ = plane.sent(job(spec={"template": {"spec": {"containers": []}}}))

    assert syncs(plane, id_, 0, 5) == ["Queued", "Failed"]
    assert plane.sync(id_)["message"] == (
        'Job.batch "x" is invalid: spec.template.spec.containers: Required value'
    )
    assert plane.wait(1000).phase(id_) == "Creating"


def test_a_refused_manifest_may_show_as_failed() -> None:
    plane = Plane(refused_shows=True)
    id_ = plane.sent(job(spec={"template": {}}))

    row = plane.wait(5).row(id_)

    assert row["phase"] == "Failed"
    assert "Required value" in row["phaseMessage"]


@pytest.mark.parametrize("shows", [False, True])
def test_a_mended_manifest_starts(shows: bool) -> None:
    plane = Plane(refused_shows=shows)
    id_ = plane.sent(job(spec={"template": {}}))

    assert plane.wait(5).http.put(f"{V2}/{id_}", json={"manifest": job()}).status_code == 202
    assert (plane.wait(20).phase(id_), plane.sync(id_)["status"]) == ("Running", "Synced")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "Workload name must not be empty"),
        ({"name": "a" * 64}, "The length of a workload name must not exceed 63 characters"),
        ({"name": "1st"}, "start with an alphabetic character."),
        ({"projectId": None}, "either projectId or clusterId must be provided"),
        ({"clusterId": CLUSTER}, "projectId and clusterId are mutually exclusive, provide only one"),
        ({"projectId": "99"}, "project '99' was not found"),
        ({"projectId": 1}, "metadata.projectId must be a string"),
        ({"priority": "urgent"}, "priority 'urgent' is not available in this cluster"),
        ({"category": "Fun"}, "category 'Fun' is not available in this cluster"),
        ({"preemptibility": "sometimes"}, "must be one of preemptible, non-preemptible"),
        ({"useGivenNameAsPrefix": "yes"}, "must be a boolean"),
        ({"clusterId": "dgx-east", "projectId": None}, "must be a uuid"),
    ],
)
def test_bad_metadata_is_refused(change: dict[str, Json], message: str) -> None:
    plane = Plane()

    answer = plane.send(job(), **{"name": "x", **change})

    assert (answer.status_code, message in answer.json()["message"]) == (400, True), answer.text
    assert plane.emu.ledger.effects() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apiVersion": None}, "missing required field: apiVersion"),
        ({"kind": None}, "missing required field: kind"),
        ({"metadata": "x"}, "manifest metadata is not a valid map"),
        ({"kind": "Secret"}, "workload type not found for GVK: batch/v1/Secret"),
        ({"apiVersion": "batch/v2"}, "workload type not found for GVK: batch/v2/Job"),
        ({"apiVersion": "apps/v1"}, "workload type not found for GVK: apps/v1/Job"),
    ],
)
def test_a_bad_manifest_is_refused(change: dict[str, Json], message: str) -> None:
    answer = Plane().send({**job(), **change})

    assert (answer.status_code, answer.json()["message"]) == (400, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"manifest": job(), "manifestBase64Encoded": "eA=="}, "are mutually exclusive"),
        ({}, "either manifest or manifestBase64Encoded must be provided"),
        ({"manifest": [job()]}, "manifest must be an object"),
        ({"manifestBase64Encoded": "%"}, "failed to convert YAML to JSON"),
        ({"manifestBase64Encoded": base64.b64encode(b"a: [").decode()}, "failed to convert YAML to JSON"),
    ],
)
def test_a_body_has_one_manifest(body: dict[str, Json], message: str) -> None:
    meta = {"name": "x", "projectId": "1"}

    answer = Plane().http.post(V2, json={"metadata": meta, **body})

    assert (answer.status_code, message in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize("body", [None, [], "x", {"manifest": job()}])
def test_a_body_without_metadata_is_refused(body: Json) -> None:
    assert Plane().http.post(V2, json=body).status_code == 400


def test_a_manifest_may_come_as_encoded_yaml() -> None:
    plane = Plane()
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b:1}]}\n"
    body = {
        "metadata": {"name": "x", "projectId": "1"},
        "manifestBase64Encoded": base64.b64encode(text.encode()).decode(),
    }

    answer = plane.http.post(V2, json=body)

    assert answer.json()["rawManifest"]["spec"]["containers"][0]["image"] == "b:1"


def test_in_a_cluster_the_namespace_names_the_project() -> None:
    plane = Plane()
    manifest = {**job(), "metadata": {"namespace": "runai-team-b"}}

    answer = plane.send(manifest, projectId=None, clusterId=CLUSTER)

    assert answer.json()["metadata"]["projectName"] == "team-b"
    assert plane.send(job(), "y", projectId=None, clusterId=CLUSTER).status_code == 400


def test_a_type_that_the_cluster_does_not_serve_yet_is_refused() -> None:
    plane = Plane()
    plane.emu.world.unready[CLUSTER, "RayJob"] = "Installing"

    answer = plane.send({"apiVersion": "ray.io/v1", "kind": "RayJob"})

    assert answer.json()["message"] == (
        f"workload type is not ready in cluster {CLUSTER} (phase: Installing) - CRDNotFound"
    )


def test_a_name_is_unique_in_a_project_over_all_kinds() -> None:
    plane = Plane()
    plane.made("trainings")

    answer = plane.send(job())

    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "workload with name 'x' already exists in this project",
    )
    assert plane.send(job(), project="team-b").status_code == 202
    assert plane.post("workspaces", project="team-b").status_code == 409


def test_the_list_shows_the_kind_and_the_api() -> None:
    plane = Plane()
    plane.sent(deployment(replicas=2), "web")

    row = plane.wait(20).get(ROOT)["workloads"][0]

    assert (row["type"], row["sourceApi"], row["runningPods"], row["category"]) == (
        "Deployment", "WorkloadsV2", 2, "Deploy",
    )  # fmt: skip
    assert row["images"] == ["busybox:1"]
    assert plane.names(filterBy="type==Deployment") == ["web"]
    assert plane.get(f"{ROOT}/count", filterBy="type==Deployment") == {"count": 1}


def test_the_kind_decides_whether_a_workload_finishes() -> None:
    plane = Plane()
    ids = [
        plane.sent(deployment(command="sleep 5"), "web"),
        plane.sent(pytorch_job(command="sleep 5"), "fit"),
        plane.sent(job(command="sleep 5"), "once"),
    ]

    assert [plane.wait(60).phase(id_) for id_ in ids] == ["Running", "Completed", "Completed"]


def test_a_put_changes_priority_category_and_manifest_only() -> None:
    plane = Plane()
    id_ = plane.sent(deployment(), preemptibility="preemptible")
    meta = {
        "name": "y",
        "projectId": "2",
        "priority": "low",
        "category": "Build",
        "preemptibility": "non-preemptible",
    }

    answer = plane.http.put(f"{V2}/{id_}", json={"metadata": meta, "manifest": deployment(image="b:2")})

    shown = answer.json()["metadata"]
    assert answer.status_code == 202
    assert (shown["name"], shown["projectId"], shown["priority"], shown["category"]) == (
        "x", "1", "low", "Build",
    )  # fmt: skip
    assert shown["preemptibility"] == "preemptible"
    assert plane.wait(20).row(id_)["images"] == ["b:2"]


def test_an_update_reaches_the_pods_once_it_is_synced() -> None:
    plane = Plane()
    id_ = plane.sent(deployment())
    plane.wait(20).http.put(f"{V2}/{id_}", json={"manifest": deployment(replicas=3)})

    assert syncs(plane, id_, 0, 1) == ["Queued", "Applying"]
    assert plane.row(id_)["runningPods"] == 1
    assert plane.wait(20).row(id_)["runningPods"] == 3


def test_an_update_that_kubernetes_refuses_fails_and_leaves_the_pods() -> None:
    plane = Plane()
    id_ = plane.sent(job())
    plane.wait(20).http.put(f"{V2}/{id_}", json={"manifest": job(image="b:2")})

    assert syncs(plane, id_, 5) == ["Failed"]
    assert "field is immutable" in plane.sync(id_)["message"]
    assert plane.phase(id_) == "Running"


def test_the_type_of_a_workload_cannot_change() -> None:
    plane = Plane()
    id_ = plane.sent(job())

    assert plane.status("PUT", f"{V2}/{id_}", json={"manifest": deployment()}) == 400


def test_an_update_that_changes_nothing_is_no_effect() -> None:
    plane = Plane()
    id_ = plane.sent(job(), priority="low")

    plane.http.put(f"{V2}/{id_}", json={"metadata": {"priority": "low"}, "manifest": job()})

    assert [effect.verb for effect in plane.emu.ledger.effects()] == ["create"]


def test_a_deleted_workload_goes_as_all_others_do() -> None:
    plane = Plane()
    id_ = plane.sent(job())
    answer = plane.wait(5).http.delete(f"{V2}/{id_}")

    assert (answer.status_code, answer.json()["desiredPhase"]) == (202, "Deleted")
    assert syncs(plane, id_, 0) == ["Deleting"]
    assert plane.wait(6).status("GET", f"{V2}/{id_}") == 404
    assert (plane.names(), plane.names(deleted="true")) == ([], ["x"])
    assert [(e.verb, e.kind) for e in plane.emu.ledger.effects()] == [("create", "Job"), ("delete", "Job")]


def test_a_deleted_workload_may_stay_readable() -> None:
    plane = Plane(gone_status=200)
    id_ = plane.sent(job())
    plane.http.delete(f"{V2}/{id_}")

    shown = plane.wait(10).get(f"{V2}/{id_}")

    assert (shown["syncInfo"]["status"], shown["workload"]["metadata"]["deletedBy"]) == ("Deleted", "demo")


def test_workloads_of_v1_are_not_found_by_v2() -> None:
    plane = Plane()
    id_ = plane.made("trainings")

    assert [plane.status(m, f"{V2}/{id_}", json={}) for m in ("GET", "PUT", "DELETE")] == [404] * 3


def test_what_cannot_be_suspended_fails_in_a_batch() -> None:
    plane = Plane()
    id_ = plane.sent(deployment())

    suspended = plane.http.post(f"{ROOT}/batch", json={"ids": [id_], "action": "suspend"}).json()
    deleted = plane.http.post(f"{ROOT}/batch", json={"ids": [id_], "action": "delete"}).json()

    assert (suspended["failed"][0]["code"], deleted["succeeded"]) == (400, [id_])


@pytest.mark.parametrize("key", ["clusterId", "preemptibility", "useGivenNameAsPrefix"])
def test_servers_of_2_23_do_not_know_every_key(key: str) -> None:
    values: dict[str, Json] = {
        "clusterId": CLUSTER,
        "preemptibility": "non-preemptible",
        "useGivenNameAsPrefix": True,
    }
    plane = Plane(api_level="2.23")

    answer = plane.send(job(), **{key: values[key]})

    assert answer.status_code == 202
    shown = answer.json()["metadata"]
    assert (shown["name"], shown["preemptibility"]) == ("x", "preemptible")


def test_a_prefix_gets_a_tail() -> None:
    name = Plane().send(job(), useGivenNameAsPrefix=True).json()["metadata"]["name"]

    assert name.startswith("x-")


def test_the_names_of_kinds_are_unique() -> None:
    assert not set(TYPES) & {*KINDS, "NimService"}


def test_the_types_say_what_may_be_sent() -> None:
    plane = Plane()

    external = plane.get("/api/v1/workload-types", externalTypesOnly="true")["types"]
    rays = plane.get("/api/v1/workload-types", filterBy="group==ray.io")["types"]
    everything = plane.get("/api/v1/workload-types")["types"]

    assert {row["name"] for row in external} == set(TYPES)
    assert [row["name"] for row in rays] == ["RayJob", "RayCluster", "RayService"]
    assert rays[0]["clusterStatuses"][0]["phase"] == "Ready"
    assert {row["name"] for row in everything} == {*TYPES, *KINDS}
    assert plane.get(f"/api/v1/workload-types/{rays[0]['id']}") == rays[0]
