"""A cluster's metrics follow from its nodes, its projects and the work on it."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.emulator.runai.seed import CLUSTER
from tests.emulator.plane import Plane, gpus

Json = Any
PATH = f"/api/v1/clusters/{CLUSTER}/metrics"


@pytest.fixture
def plane() -> Plane:
    plane = Plane()
    plane.made("trainings", "works", command="python train.py", **gpus(4))
    plane.made("workspaces", "sleeps", "team-b", command="sleep infinity", **gpus(2))
    plane.made("trainings", "waits", "team-b", preemptibility="non-preemptible", **gpus(8))
    return plane.wait(120)


def _asked(plane: Plane, metric: str, **query: Json) -> dict[str, Json]:
    now = plane.clock.now()
    start = now - timedelta(seconds=60)
    span = {"start": start.isoformat(), "end": now.isoformat(), "numberOfSamples": 3}
    return {**span, "metricType": metric, **query}


def _last(plane: Plane, metric: str, **query: Json) -> dict[str, float]:
    """Give the newest value of each group, "" without groups."""
    found = plane.get(PATH, **_asked(plane, metric, **query))["measurements"]
    assert {len(one["values"]) for one in found} <= {3}
    return {
        (one["groups"][0]["value"] if one["groups"] else ""): float(one["values"][-1]["value"])
        for one in found
    }


@pytest.mark.parametrize(
    ("metric", "query", "told"),
    [
        ("TOTAL_GPU", {}, {"": 32}),
        ("TOTAL_GPU_NODES", {}, {"": 4}),
        ("GPU_QUOTA", {}, {"": 26}),
        ("ALLOCATED_GPU", {}, {"": 6}),
        ("UNALLOCATED_GPU", {}, {"": 26}),
        ("WORKLOADS_COUNT", {}, {"": 3}),
        ("TOTAL_GPU", {"nodepoolName": "a100-40g"}, {"": 8}),
        ("ALLOCATED_GPU", {"nodepoolName": "a100-40g"}, {"": 0}),
        ("WORKLOADS_COUNT", {"nodepoolName": "h100-pool"}, {"": 3}),
        ("TOTAL_GPU", {"groupBy": "Nodepool"}, {"a100-40g": 8, "default": 0, "h100-pool": 24}),
        ("ALLOCATED_GPU", {"groupBy": "Project"}, {"platform": 0, "team-a": 4, "team-b": 2}),
        ("GPU_QUOTA", {"groupBy": "Project"}, {"platform": 2, "team-a": 16, "team-b": 8}),
        ("GPU_QUOTA", {"groupBy": "Department"}, {"default": 26}),
        ("WORKLOADS_COUNT", {"groupBy": "Category"}, {"Build": 1, "Train": 2}),
    ],
    ids=str,
)
def test_values(plane: Plane, metric: str, query: dict[str, Json], told: dict[str, float]) -> None:
    assert _last(plane, metric, **query) == told


def test_a_cluster_is_as_busy_as_the_work_on_it(plane: Plane) -> None:
    assert 50 * 4 / 32 < _last(plane, "GPU_UTILIZATION")[""] < 100 * 4 / 32
    assert 0 < _last(plane, "GPU_MEMORY_UTILIZATION")[""] < 100 * 6 / 32
    assert 0 < _last(plane, "CPU_UTILIZATION")[""] < 1
    assert 0 < _last(plane, "CPU_MEMORY_UTILIZATION")[""] < 1


def test_who_waits_longer_makes_the_average_wait_longer(plane: Plane) -> None:
    before = _last(plane, "AVG_WORKLOAD_WAIT_TIME")[""]
    plane.wait(100)

    assert _last(plane, "AVG_WORKLOAD_WAIT_TIME")[""] == pytest.approx(before + 100)


def test_the_distribution_counts_every_gpu_once(plane: Plane) -> None:
    found = plane.get(PATH, **_asked(plane, "GPU_UTILIZATION_DISTRIBUTION"))["measurements"]

    bands = {one["labels"]["range"]: float(one["values"][-1]["value"]) for one in found}
    assert list(bands) == ["0-25", "25-50", "50-75", "75-100"]
    assert sum(bands.values()) == 32
    assert bands["50-75"] + bands["75-100"] == 4


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"metricType": "LOVE"}, 400),
        ({"metricType": ""}, 400),
        ({"groupBy": "Owner"}, 400),
        ({"groupBy": "Project", "metricType": "TOTAL_GPU"}, 422),
        ({"groupBy": "Category", "metricType": "GPU_QUOTA"}, 422),
        ({"start": "then"}, 400),
        ({"numberOfSamples": "1001"}, 400),
    ],
    ids=str,
)
def test_a_query_that_makes_no_sense_is_refused(plane: Plane, query: dict[str, Json], status: int) -> None:
    answer = plane.http.get(PATH, params=_asked(plane, "ALLOCATED_GPU") | query)

    assert (answer.status_code, answer.json()["code"]) == (status, status)


def test_who_may_not_read_clusters_reads_no_metrics_of_them(plane: Plane) -> None:
    asked = _asked(plane, "TOTAL_GPU")
    plane.emu.tokens.add("short", "secret", "short", reads_clusters=False)
    plane.sign_in("short")

    assert plane.http.get(PATH, params=asked).status_code == 403


def test_a_cluster_that_is_not_there_has_none(plane: Plane) -> None:
    path = "/api/v1/clusters/00000000-0000-4000-8000-000000000000/metrics"

    assert plane.http.get(path, params=_asked(plane, "TOTAL_GPU")).status_code == 404
