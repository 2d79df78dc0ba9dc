"""What servers of an older level do not know."""

from typing import Any

import pytest

from tests.emulator.plane import Plane

Json = Any


@pytest.mark.parametrize(("level", "is_kept"), [("2.23", False), ("2.24", True), ("2.25", True)])
def test_keys_newer_than_the_server_are_silently_dropped(level: str, is_kept: bool) -> None:
    plane = Plane(api_level=level)
    urls = [{"container": 80, "authorizationType": "authenticatedUsers"}]

    spec = plane.spec("trainings", plane.made("trainings", exposedUrls=urls))

    assert ("authorizationType" in spec["exposedUrls"][0]) == is_kept


@pytest.mark.parametrize(("level", "status"), [("2.23", 400), ("2.24", 202)])
def test_a_variable_whose_only_source_is_unknown_has_none(level: str, status: int) -> None:
    variables = [{"name": "A", "userCredential": {"name": "a", "key": "b"}}]
    leader = {"image": "a:1", "environmentVariables": variables}
    plane = Plane(api_level=level)

    assert plane.post("trainings", environmentVariables=variables).status_code == status
    body = {**plane.body("y"), "spec": {"leader": leader}}
    assert plane.http.post("/api/v1/workloads/distributed-inferences", json=body).status_code == status


@pytest.mark.parametrize(("level", "status"), [("2.23", 400), ("2.24", 202)])
def test_users_and_groups_were_one_word_once(level: str, status: int) -> None:
    plane = Plane(api_level=level)
    port = {"container": 80, "authorizedUsers": ["a"]}

    new = plane.post("inferences", servingPort={**port, "authorizationType": "authorizedUsers"})
    old = plane.post("inferences", "y", servingPort={**port, "authorizationType": "authorizedUsersOrGroups"})

    assert (new.status_code, old.status_code) == (status, 202)


def test_an_update_drops_them_too() -> None:
    plane = Plane(api_level="2.23")
    id_ = plane.made("inferences")

    assert plane.patch(id_, preemptibility="preemptible", args="x").json()["spec"] == {
        "image": "busybox:1", "args": "x",
    }  # fmt: skip
