"""Policies, priorities and categories answer as the documents say."""

from typing import Any

import pytest

from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.plane import Plane

Json = Any
POLICY = "/api/v2/policy/trainings"
NOWHERE = "00000000-0000-4000-8000-000000000000"


def test_the_rules_of_a_project_are_shown_as_the_tree_that_they_are() -> None:
    plane = Plane()
    rules: dict[str, dict[str, Json]] = {
        "spec.compute.gpuDevicesRequest": {"max": 4},
        "spec.imagePullPolicy": {"options": ["Always"]},
    }
    plane.emu.world.set_policy("team-a", rules)

    shown = plane.get(POLICY, scope="project", projectId="1")

    assert shown["effective"]["rules"] == {
        "compute": {"gpuDevicesRequest": {"max": 4}},
        "imagePullPolicy": {"options": [{"value": "Always"}]},
    }
    assert (shown["meta"]["scope"], shown["meta"]["projectId"]) == ("project", 1)
    assert plane.get(POLICY, scope="project", projectId="2")["effective"]["rules"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"scope": "tenant"}, 200),
        ({"scope": "cluster", "clusterId": CLUSTER}, 200),
        ({"scope": "cluster", "clusterId": NOWHERE}, 404),
        ({"scope": "cluster", "clusterId": "east"}, 400),
        ({"scope": "project", "projectId": "99"}, 404),
        ({"scope": "department", "departmentId": "99"}, 404),
        ({"scope": "project"}, 400),
        ({"scope": "universe"}, 400),
        ({}, 400),
    ],
    ids=str,
)
def test_the_scope_is_needed_and_must_be_there(query: dict[str, str], status: int) -> None:
    assert Plane().http.get(POLICY, params=query).status_code == status


def test_the_policy_of_a_project_out_of_reach_is_forbidden() -> None:
    plane = Plane()
    plane.emu.tokens.add("narrow", "secret", "narrow", projects=["team-b"])
    plane.sign_in("narrow")

    assert plane.http.get(POLICY, params={"scope": "project", "projectId": "1"}).status_code == 403


@pytest.mark.parametrize(("level", "status"), [("2.23", 404), ("2.24", 200)])
def test_nim_services_have_a_policy_since_they_are_there(level: str, status: int) -> None:
    plane = Plane(api_level=level)

    answer = plane.http.get("/api/v2/policy/nim-services", params={"scope": "tenant"})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"filterBy": "value>=125"}, ["high", "very-high"]),
        ({"filterBy": "value>=125", "sortOrder": "desc"}, ["very-high", "high"]),
        ({"filterBy": "name=^medium", "sortBy": "name"}, ["medium", "medium-high", "medium-low"]),
        ({"filterBy": "source!=Run:ai"}, []),
    ],
    ids=str,
)
def test_priorities_are_narrowed_and_sorted(query: dict[str, str], names: list[str]) -> None:
    found = Plane().get("/api/v1/workload-priorities", **query)["priorities"]

    assert [one["name"] for one in found] == names


@pytest.mark.parametrize("query", [{"filterBy": "id==1"}, {"sortBy": "id"}, {"sortOrder": "up"}], ids=str)
def test_other_fields_of_priorities_are_refused(query: dict[str, str]) -> None:
    assert Plane().http.get("/api/v1/workload-priorities", params=query).status_code == 400


def test_a_category_is_found_by_its_id() -> None:
    plane = Plane()
    first = plane.get("/api/v1/workload-categories")["categories"][0]

    assert plane.get(f"/api/v1/workload-categories/{first['id']}") == first
    assert plane.status("GET", f"/api/v1/workload-categories/{NOWHERE}") == 404
