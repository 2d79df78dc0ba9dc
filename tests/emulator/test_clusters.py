"""Clusters: registered, connected, renamed, gone; and what each reader of them is shown."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.emulator.runai import clusterlife
from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.plane import Plane

ROOT = "/api/v1/clusters"


def made(plane: Plane, name: str = "edge", **more: Any) -> str:
    answer = plane.http.post(ROOT, json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    return f"{ROOT}/{answer.json()['uuid']}"


def names(plane: Plane, **query: Any) -> list[str]:
    return [one["name"] for one in plane.get(ROOT, **query)]


def state(plane: Plane, path: str) -> str:
    return str(plane.get(path)["status"]["state"])


def test_a_new_cluster_waits_to_connect_until_somebody_installs_it() -> None:
    plane = Plane()
    path = made(plane)

    assert (state(plane, path), state(plane.wait(86400), path)) == ("WaitingToConnect", "WaitingToConnect")
    clusterlife.connect(plane.emu.world, "edge")

    shown = plane.get(path)
    assert shown["status"]["state"] == "Connected"
    assert (shown["version"], shown["domain"]) == ("2.25.6", "127.0.0.1")
    assert shown["lastLiveness"]


def test_a_cluster_may_connect_by_itself_after_a_while() -> None:
    plane = Plane(connect_after_s=60.0)
    path = made(plane, version="2.24")

    assert state(plane.wait(59), path) == "WaitingToConnect"
    assert state(plane.wait(2), path) == "Connected"
    assert plane.get(path)["version"] == "2.24.6"


@pytest.mark.parametrize("trouble", sorted(clusterlife.TROUBLES))
def test_a_troubled_cluster_says_so_and_recovers(trouble: str) -> None:
    plane = Plane()
    path = f"{ROOT}/{CLUSTER}"

    clusterlife.trouble(plane.emu.world, "dgx-east", trouble)
    told = plane.get(path)["status"]
    clusterlife.connect(plane.emu.world, "dgx-east")

    assert told["state"] == trouble
    assert told["conditions"][0]["message"] == clusterlife.TROUBLES[trouble]
    assert state(plane, path) == "Connected"


def test_only_the_name_of_a_cluster_changes() -> None:
    plane = Plane()
    path = made(plane, domain="edge.example.com")

    assert plane.status("PUT", path, json={"name": "west", "domain": "x", "version": "9"}) == 204

    shown = plane.get(path)
    assert (shown["name"], shown["domain"], shown["version"]) == ("west", "edge.example.com", None)


def test_a_cluster_that_is_asked_to_go_cleans_up_first() -> None:
    plane = Plane()
    path = made(plane)

    assert plane.status("DELETE", path) == 202
    assert plane.get(path)["deleteRequestedAt"]
    assert (names(plane), names(plane, includeRequestedForDelete="true")) == (
        ["dgx-east"],
        ["dgx-east", "edge"],
    )
    assert plane.wait(30).status("GET", path) == 404


def test_a_cluster_that_does_not_answer_goes_by_force_alone() -> None:
    plane = Plane()
    path = f"{ROOT}/{CLUSTER}"
    clusterlife.trouble(plane.emu.world, "dgx-east", "Disconnected")

    assert (plane.status("DELETE", path), plane.wait(86400).status("GET", path)) == (202, 200)
    assert (plane.status("DELETE", f"{path}?force=true"), plane.status("GET", path)) == (204, 404)


def test_an_old_cluster_goes_at_once() -> None:
    plane = Plane()
    path = made(plane, version="2.19")

    assert (plane.status("DELETE", path), plane.status("GET", path)) == (204, 404)


def test_what_is_on_a_cluster_goes_with_it() -> None:
    plane = Plane()
    plane.made("trainings", "one")

    plane.status("DELETE", f"{ROOT}/{CLUSTER}?force=true")

    assert plane.get("/api/v1/org-unit/projects")["projects"] == []
    assert {row["phase"] for row in plane.get("/api/v1/workloads")["workloads"]} <= {"Deleting"}
    assert plane.post("trainings", "two").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 254},
        {"name": "a", "domain": "d" * 254},
        {"name": "a", "version": "1" * 51},
    ],
    ids=["no name", "empty", "long name", "long domain", "long version"],
)
def test_a_field_out_of_bounds_is_refused(body: dict[str, str]) -> None:
    assert Plane().status("POST", ROOT, json=body) == 400


@pytest.mark.parametrize(("switch", "status"), [(400, 400), (409, 409), (None, 201)])
def test_a_name_that_is_taken_is_an_open_question(switch: int | None, status: int) -> None:
    plane = Plane(duplicate_cluster_status=switch)

    assert plane.status("POST", ROOT, json={"name": "dgx-east"}) == status


def test_metadata_leaves_the_status_out() -> None:
    assert "status" not in Plane().get(ROOT, verbosity="metadata")[0]


def test_the_short_form_is_for_everybody_and_can_be_filtered_and_paged() -> None:
    plane = Plane()
    made(plane)
    plane.emu.tokens.add("reader", "s", "reader", reads_clusters=False, can_write=False)
    plane.sign_in("reader")
    short = f"{ROOT}/minimal"

    assert (plane.status("GET", ROOT), plane.status("GET", f"{ROOT}/{CLUSTER}")) == (403, 403)
    assert plane.get(f"{ROOT}/{CLUSTER}/minimal")["state"] == "Connected"
    assert [one["name"] for one in plane.get(short, filterBy="name==edge")] == ["edge"]
    assert [one["name"] for one in plane.get(short, offset=1, limit=1)] == ["edge"]


def test_only_writers_write_and_see_the_secret() -> None:
    plane = Plane()
    plane.emu.tokens.add("reader", "s", "reader", can_write=False)
    plane.sign_in("reader")
    path = f"{ROOT}/{CLUSTER}"

    told = [
        plane.status("POST", ROOT, json={"name": "x"}),
        plane.status("PUT", path, json={"name": "x"}),
        plane.status("DELETE", path),
        plane.status("GET", f"{path}/cluster-install-info?version=2.25"),
    ]

    assert told == [403, 403, 403, 403]


def test_each_cluster_has_a_secret_of_its_own() -> None:
    plane = Plane()
    info = [
        plane.get(f"{path}/cluster-install-info", version="2.25", remoteClusterUrl="https://edge.example.com")
        for path in (made(plane), f"{ROOT}/{CLUSTER}")
    ]

    assert info[0]["clientSecret"] != info[1]["clientSecret"]
    assert all(one["clientSecret"] in one["installationStr"] for one in info)
    assert "https://edge.example.com" in info[0]["installationStr"]
    assert plane.status("GET", f"{ROOT}/{CLUSTER}/cluster-install-info") == 400


def test_the_ledger_counts_each_effect_once() -> None:
    plane = Plane()
    path = made(plane)

    plane.status("PUT", path, json={"name": "west"})
    plane.status("PUT", path, json={"name": "west"})
    plane.status("DELETE", path)
    plane.status("DELETE", path)

    effects = [entry.effect for entry in plane.emu.ledger.mutations() if entry.effect]
    assert [(effect.verb, effect.name) for effect in effects] == [
        ("create", "edge"),
        ("update", "west"),
        ("delete", "west"),
    ]
