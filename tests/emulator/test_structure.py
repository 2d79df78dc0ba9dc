"""What a workload is made of, where it is reached, and what happened to it."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.plane import ROOT, Plane

Json = Any


def _tree(plane: Plane, id_: str, **query: Json) -> list[tuple[int, str, str | None]]:
    """List level, name, and the name of the parent."""
    found = plane.get(f"{ROOT}/{id_}/elements", **query)["elements"]
    names = {each["id"]: each["name"] for each in found}
    return [(each["hierarchyLevel"], each["name"], names.get(each["parentId"])) for each in found]


def test_a_training_is_its_pod() -> None:
    plane = Plane()
    id_ = plane.made("trainings")

    found = plane.wait(10).get(f"{ROOT}/{id_}/elements")["elements"]

    assert [(each["name"], each["hierarchyLevel"], each["parentId"]) for each in found] == [
        ("x-0-0", 1, None)
    ]
    assert found[0]["kubernetesRef"] == {
        "uid": plane.pods(id_)[0]["id"],
        "name": "x-0-0",
        "gvk": {"group": "", "version": "v1", "kind": "Pod"},
    }


def test_a_distributed_training_is_roles_with_pods() -> None:
    plane = Plane()
    id_ = plane.made("distributed", distributedFramework="PyTorch", numWorkers=2)

    assert _tree(plane.wait(10), id_) == [
        (1, "master", None),
        (1, "worker", None),
        (2, "x-master-0", "master"),
        (2, "x-worker-0", "worker"),
        (2, "x-worker-1", "worker"),
    ]


def test_a_distributed_inference_is_replicas_with_roles_with_pods() -> None:
    plane = Plane()
    id_ = plane.group(replicas=2, workers=1)

    found = _tree(plane.wait(10), id_)

    assert found[:2] == [(1, "replica-0", None), (1, "replica-1", None)]
    assert sorted(found[2:6]) == [
        (2, "leader", "replica-0"),
        (2, "leader", "replica-1"),
        (2, "worker", "replica-0"),
        (2, "worker", "replica-1"),
    ]
    assert [name for level, name, _ in found if level == 3] == ["x-0", "x-1", "x-0-1", "x-1-1"]


def test_an_inference_is_revisions_with_pods() -> None:
    plane = Plane()
    id_ = plane.made("inferences")

    found = plane.wait(10).get(f"{ROOT}/{id_}/elements")["elements"]

    assert [each["kubernetesRef"]["gvk"]["kind"] for each in found] == ["Revision", "Pod"]
    assert found[0]["name"] == "x-00001"


def test_elements_come_in_pages_and_only_so_many_are_kept() -> None:
    plane = Plane()
    id_ = plane.group(replicas=400, workers=1, compute=None)

    plane.wait(10)

    assert plane.get(f"{ROOT}/{id_}/elements", limit=2, offset=998)["elements"][0]["hierarchyLevel"] == 2
    assert "next" not in plane.get(f"{ROOT}/{id_}/elements", limit=2, offset=998)
    assert plane.get(f"{ROOT}/{id_}/elements", limit=2)["next"] == 2
    assert plane.get(f"{ROOT}/{id_}/elements/count") == {
        "totalElementsCount": 2000,
        "storedElementsCount": 1000,
    }


def test_a_cluster_of_an_older_release_reports_neither_elements_nor_endpoints() -> None:
    plane = Plane()
    plane.emu.world.clusters[CLUSTER] = replace(plane.emu.world.clusters[CLUSTER], version="2.24.3")
    id_ = plane.made("workspaces", exposedUrls=[{"container": 8888}])

    assert plane.status("GET", f"{ROOT}/{id_}/elements") == 400
    assert plane.status("GET", f"{ROOT}/{id_}/elements/count") == 400
    assert plane.get(f"{ROOT}/{id_}/endpoints") == {"endpoints": []}
    assert (plane.row(id_)["endpoints"], len(plane.row(id_)["urls"])) == ([], 1)


@pytest.mark.parametrize("tail", ["endpoints", "elements", "elements/count"])
def test_a_server_of_an_older_level_does_not_know_the_route(tail: str) -> None:
    plane = Plane(api_level="2.24")
    id_ = plane.made("trainings")

    assert plane.status("GET", f"{ROOT}/{id_}/{tail}") == 404


@pytest.mark.parametrize("tail", ["endpoints", "elements", "elements/count", "pods", "events", "history"])
def test_what_is_deleted_has_none_of_it(tail: str) -> None:
    plane = Plane()
    id_ = plane.made("trainings")
    plane.http.delete(f"{ROOT}/trainings/{id_}")

    assert plane.wait(10).status("GET", f"{ROOT}/{id_}/{tail}") == 404
    assert plane.status("GET", f"{ROOT}/not-an-id/{tail}") == 400


def test_every_tool_and_every_outer_port_is_an_endpoint() -> None:
    plane = Plane()
    id_ = plane.made(
        "workspaces",
        exposedUrls=[{"container": 8888}, {"container": 6006, "url": "http://board.example.com:8080/tb"}],
        ports=[
            {"container": 22, "serviceType": "LoadBalancer"},
            {"container": 23, "serviceType": "ClusterIP"},
            {"container": 24, "serviceType": "NodePort", "external": 30024},
        ],
    )

    found = plane.get(f"{ROOT}/{id_}/endpoints")["endpoints"]

    assert [(one["port"], one["path"], one["tlsEnabled"], one["protocol"]) for one in found] == [
        (443, "/", True, "http"),
        (8080, "/tb", False, "http"),
        (22, "", False, "tcp"),
        (30024, "", False, "tcp"),
    ]


def test_a_revision_has_its_own_history_and_pods() -> None:
    plane = Plane()
    id_ = plane.made("inferences")
    plane.wait(30).patch(id_, image="busybox:2")
    new, old = [
        plane.wait(30).get(f"{ROOT}/inferences/{id_}/revisions", deleted=gone)["revisions"][0]["id"]
        for gone in ("false", "true")
    ]
    base = f"{ROOT}/inferences/revisions"

    young, all_ = (len(plane.get(f"{base}/{each}/history")["records"]) for each in (new, old))

    assert young < all_
    assert [len(plane.get(f"{base}/{each}/pods")["pods"]) for each in (new, old)] == [1, 0]
    assert [len(plane.get(f"{base}/{each}/pods", deleted="true")["pods"]) for each in (new, old)] == [0, 1]
    plane.http.delete(f"{ROOT}/inferences/{id_}")
    assert plane.wait(30).status("GET", f"{base}/{new}") == 404
