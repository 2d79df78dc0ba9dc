"""Telemetry counts over all workloads, in the groups and for the phases that one asks for."""

from typing import Any

import pytest

from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.plane import ROOT, Plane, gpus

Json = Any


@pytest.fixture
def plane() -> Plane:
    plane = Plane()
    plane.made("trainings", "works", **gpus(2))
    plane.made("workspaces", "sleeps", "team-b", command="sleep infinity", **gpus(3))
    plane.made("trainings", "waits", "team-b", preemptibility="non-preemptible", **gpus(8))
    return plane.wait(60)


def _told(plane: Plane, kind: str, **query: Json) -> dict[tuple[str, ...], float]:
    found = plane.get(f"{ROOT}/telemetry", telemetryType=kind, **query)
    assert found["type"] == kind
    return {tuple(each["value"] for each in one["groups"]): float(one["value"]) for one in found["values"]}


@pytest.mark.parametrize(
    ("kind", "query", "told"),
    [
        ("WORKLOADS_COUNT", {}, {(): 3}),
        ("WORKLOADS_COUNT", {"groupBy": "Phase"}, {("Pending",): 1, ("Running",): 2}),
        ("WORKLOADS_COUNT", {"groupBy": "ProjectId,Type"}, {
            ("1", "Training"): 1, ("2", "Training"): 1, ("2", "Workspace"): 1,
        }),
        ("WORKLOADS_COUNT", {"filterByPhases": "Pending,Failed"}, {(): 1}),
        ("WORKLOADS_COUNT", {"clusterId": CLUSTER}, {(): 3}),
        ("WORKLOADS_COUNT", {"clusterId": "00000000-0000-4000-8000-000000000000"}, {}),
        ("WORKLOADS_COUNT", {"departmentId": "none"}, {}),
        ("WORKLOADS_COUNT", {"nodepoolName": "h100-pool"}, {(): 3}),
        ("WORKLOADS_COUNT", {"nodepoolName": "default"}, {}),
        ("GPU_ALLOCATION", {}, {(): 5}),
        ("GPU_ALLOCATION", {"groupBy": "CurrentNodepools"}, {("",): 0, ("h100-pool",): 5}),
        ("GPU_ALLOCATION", {"groupBy": "RequestedNodepools"}, {("h100-pool",): 5}),
        ("IDLE_ALLOCATED_GPUS", {"groupBy": "ProjectId"}, {("1",): 0, ("2",): 3}),
        ("PENDING_TIME_DISTRIBUTION", {}, {("0-5m",): 1, ("5m-1h",): 0, ("1h-24h",): 0, ("24h+",): 0}),
        ("PENDING_TIME_DISTRIBUTION", {"groupBy": "ProjectId"}, {("0-5m", "2"): 1}),
    ],
    ids=str,
)  # fmt: skip
def test_counts(plane: Plane, kind: str, query: dict[str, Json], told: dict[tuple[str, ...], float]) -> None:
    assert _told(plane, kind, **query) == told


def test_who_waits_longer_moves_to_the_next_bucket(plane: Plane) -> None:
    plane.wait(600)

    assert _told(plane, "PENDING_TIME_DISTRIBUTION")["5m-1h",] == 1


def test_a_group_has_the_name_that_people_know(plane: Plane) -> None:
    found = plane.get(f"{ROOT}/telemetry", telemetryType="WORKLOADS_COUNT", groupBy="ProjectId")["values"]

    assert found[0]["groups"] == [{"key": "ProjectId", "value": "1", "name": "team-a"}]


@pytest.mark.parametrize(
    ("level", "query"),
    [
        ("2.25", {}),
        ("2.25", {"telemetryType": "LOVE"}),
        ("2.25", {"telemetryType": "WORKLOADS_COUNT", "groupBy": "Name"}),
        ("2.25", {"telemetryType": "WORKLOADS_COUNT", "groupBy": "Type,Phase,Category"}),
        ("2.25", {"telemetryType": "WORKLOADS_COUNT", "clusterId": "dgx-east"}),
        ("2.25", {"telemetryType": "WORKLOADS_COUNT", "filterByPhases": "Asleep"}),
        ("2.25", {"telemetryType": "WORKLOADS_COUNT", "filterByPhases": ",".join(["Failed"] * 11)}),
        ("2.25", {"telemetryType": "PENDING_TIME_DISTRIBUTION", "groupBy": "Type,Phase"}),
        ("2.24", {"telemetryType": "IDLE_ALLOCATED_GPUS"}),
        ("2.24", {"telemetryType": "WORKLOADS_COUNT", "groupBy": "RequestedNodepools"}),
        ("2.23", {"telemetryType": "PENDING_TIME_DISTRIBUTION"}),
    ],
    ids=str,
)
def test_a_query_that_the_level_does_not_know_is_refused(level: str, query: dict[str, Json]) -> None:
    answer = Plane(api_level=level).http.get(f"{ROOT}/telemetry", params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_only_what_is_within_reach_is_counted(plane: Plane) -> None:
    plane.emu.tokens.add("narrow", "secret", "narrow", projects=["team-a"])
    plane.sign_in("narrow")

    assert _told(plane, "WORKLOADS_COUNT") == {(): 1}


def test_telemetry_comes_as_a_table_to_who_asks_for_one(plane: Plane) -> None:
    plane.http.headers["accept"] = "text/csv"

    answer = plane.http.get(
        f"{ROOT}/telemetry", params={"telemetryType": "GPU_ALLOCATION", "groupBy": "ProjectId"}
    )

    head, first, *_ = answer.text.splitlines()
    assert head == "type,groups,timestamp,value"
    assert first.startswith("GPU_ALLOCATION,ProjectId=1,")
    assert first.endswith(",2")
