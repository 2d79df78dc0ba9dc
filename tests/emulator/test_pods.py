"""Pods are listed with all that the documents let one ask: of one workload and of all of them."""

from typing import Any

import pytest

from tests.emulator.plane import ROOT, Plane, env

Json = Any
PODS = f"{ROOT}/pods"


@pytest.fixture
def plane() -> Plane:
    plane = Plane()
    plane.made("trainings", "short", **_seconds(20))
    plane.wait(1)
    plane.made("trainings", "long", "team-b", compute={"gpuDevicesRequest": 1, "cpuMemoryRequest": "1Gi"})
    return plane.wait(40)


def _seconds(count: int) -> dict[str, Json]:
    return {"environmentVariables": env(EMULATOR_SECONDS=str(count))}


def _names(plane: Plane, **query: Json) -> list[str]:
    return [pod["name"] for pod in plane.get(PODS, **query)["pods"]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["short-0-0", "long-0-0"]),
        ({"completed": "all"}, ["short-0-0", "long-0-0"]),
        ({"completed": "true"}, ["short-0-0"]),
        ({"completed": "false"}, ["long-0-0"]),
        ({"search": "LONG"}, ["long-0-0"]),
        ({"sortBy": "createdAt", "sortOrder": "desc"}, ["long-0-0", "short-0-0"]),
        ({"filterBy": "completedAt>=2020-01-01T00:00:00Z"}, ["short-0-0"]),
        ({"filterBy": "createdAt<=2020-01-01T00:00:00Z"}, []),
        ({"filterBy": "nodeName=^h100"}, ["short-0-0", "long-0-0"]),
        ({"filterBy": "currentNodepool!=h100-pool"}, []),
        ({"limit": 1, "offset": 1}, ["long-0-0"]),
        ({"deleted": "true"}, []),
    ],
    ids=str,
)
def test_a_list_of_all_pods_is_narrowed(plane: Plane, query: dict[str, Json], names: list[str]) -> None:
    assert _names(plane, **query) == names


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"search": "LONG"}, 1),
        ({"filterBy": "completedAt>=2020-01-01T00:00:00Z"}, 1),
        ({"limit": 1}, 2),
    ],
    ids=str,
)
def test_a_count_of_all_pods_is_narrowed_but_has_no_pages(
    plane: Plane, query: dict[str, Json], count: int
) -> None:
    assert plane.get(f"{PODS}/count", **query) == {"count": count}


@pytest.mark.parametrize(
    "query",
    [
        {"completed": "maybe"},
        {"verbosity": "loud"},
        {"sortBy": "name"},
        {"sortOrder": "up"},
        {"filterBy": "name==a"},
        {"filterBy": "createdAt>=yesterday"},
        {"filterBy": "createdAt=@2026"},
        {"deleted": "yes"},
        {"limit": "501"},
        {"limit": "0"},
        {"offset": "-1"},
    ],
    ids=str,
)
def test_a_query_that_the_documents_do_not_know_is_refused(plane: Plane, query: dict[str, Json]) -> None:
    answer = plane.http.get(PODS, params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_names_of_project_and_workload_come_only_in_full(plane: Plane) -> None:
    full = plane.get(PODS, verbosity="full")["pods"][1]

    assert (full["projectName"], full["workloadName"]) == ("team-b", "long")
    assert "projectName" not in plane.get(PODS)["pods"][1]


def test_a_pod_tells_what_it_holds(plane: Plane) -> None:
    pod = plane.get(PODS, search="long")["pods"][0]

    assert pod["allocatedResources"] == {"gpu": 1.0, "cpuMemory": "1Gi"}


def test_a_pod_tells_what_it_tolerates() -> None:
    plane = Plane()
    taint = {"name": "t", "key": "gpu", "operator": "Exists", "effect": "NoExecute", "seconds": 30}
    id_ = plane.made("trainings", tolerations=[taint])

    pod = plane.wait(10).pods(id_)[0]

    assert pod["tolerations"] == [
        {"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}
    ]


def test_pods_that_went_with_a_stop_are_told_as_deleted() -> None:
    plane = Plane()
    id_ = plane.made("trainings")
    plane.wait(10).http.post(f"{ROOT}/trainings/{id_}/suspend")

    gone = plane.wait(10).get(f"{ROOT}/{id_}/pods", deleted="true")["pods"]

    assert plane.pods(id_) == []
    assert [(pod["name"], pod["deletedAt"] is None) for pod in gone] == [("x-0-0", False)]
    assert _names(plane, deleted="true") == ["x-0-0"]


def test_the_pods_of_a_deleted_workload_are_found_among_all_alone() -> None:
    plane = Plane()
    id_ = plane.made("trainings")
    plane.wait(10).http.delete(f"{ROOT}/trainings/{id_}")

    plane.wait(10)

    assert plane.status("GET", f"{ROOT}/{id_}/pods") == 404
    assert (_names(plane), _names(plane, deleted="true")) == ([], ["x-0-0"])


def test_only_pods_within_reach_are_listed(plane: Plane) -> None:
    plane.emu.tokens.add("narrow", "secret", "narrow", projects=["team-b"])
    plane.sign_in("narrow")

    assert (_names(plane), plane.get(f"{PODS}/count")) == (["long-0-0"], {"count": 1})
