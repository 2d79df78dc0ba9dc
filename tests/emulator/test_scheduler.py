"""Who gets GPUs, decided without any clock or server."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.emulator.runai.crew import pods_of
from reconciler.emulator.runai.records import Pool
from reconciler.emulator.runai.scheduler import Claim, Verdict, schedule
from tests.emulator.plane import Plane, gpus

START = datetime(2026, 3, 2, tzinfo=UTC)
POOLS = {
    "h": Pool("h", "h100-pool", "c", 16, 8, 80.0, ("a", "b")),
    "d": Pool("d", "default", "c", 0, 8, 0.0, ("a", "b")),
}
QUOTAS = {"a": {"h": 8.0}, "b": {"h": 8.0}}


def claim(
    id_: str, gpus: float, project: str = "a", *, soft: bool = True, age: int = 0, **more: object
) -> Claim:
    facts: dict[str, object] = {"pods": 1, "priority": 40, "pools": ("h",), **more}
    return Claim(
        id=id_, project=project, owner=f"team-{project}", per_pod={"h": gpus, "d": gpus},
        preemptible=soft, since=START - timedelta(seconds=age), **facts,  # type: ignore[arg-type]  # facts of a Claim
    )  # fmt: skip


def decide(waiting: list[Claim], running: list[Claim] = []) -> Verdict:  # noqa: B006 - never changed
    return schedule(waiting, running, POOLS, QUOTAS)


def test_what_fits_is_granted() -> None:
    assert decide([claim("x", 8)]).granted == {"x": "h"}


def test_preemptible_work_may_go_over_quota_while_gpus_are_free() -> None:
    assert set(decide([claim("x", 8), claim("y", 8)]).granted) == {"x", "y"}


def test_non_preemptible_work_never_goes_over_quota() -> None:
    verdict = decide([claim("x", 8, soft=False), claim("y", 1, soft=False, age=-1)])

    assert set(verdict.granted) == {"x"}
    assert verdict.refused["y"][0].phase_reason == "NonPreemptibleOverQuota"
    assert verdict.refused["y"][0].message.endswith("team-a quota is 8 GPUs in node-pool h100-pool")


def test_preemptible_work_does_not_use_up_the_quota_of_the_firm() -> None:
    verdict = decide([claim("firm", 8, soft=False)], [claim("soft", 8, pool="h")])

    assert verdict.granted == {"firm": "h"}


def test_what_does_not_fit_waits() -> None:
    verdict = decide(
        [claim("x", 8, "b", soft=True, age=1)], [claim("y", 8, pool="h"), claim("z", 8, "b", pool="h")]
    )

    assert (verdict.granted, verdict.refused["x"][0].phase_reason) == ({}, "NotEnoughResources")


def test_a_project_gets_its_own_back_from_who_is_over_quota() -> None:
    verdict = decide([claim("own", 8, "b")], [claim("one", 8, pool="h", age=9), claim("two", 8, pool="h")])

    assert (set(verdict.granted), len(verdict.evicted)) == ({"own"}, 1)


def test_nobody_within_quota_is_evicted() -> None:
    verdict = decide([claim("x", 16, "b", pods=2)], [claim("y", 8, pool="h")])

    assert (verdict.granted, verdict.evicted) == ({}, ())


def test_a_higher_priority_goes_first() -> None:
    verdict = decide([claim("old", 8, age=99), claim("vip", 8, priority=150)], [claim("z", 8, "b", pool="h")])

    assert set(verdict.granted) == {"vip"}


def test_the_older_of_equals_goes_first() -> None:
    verdict = decide([claim("new", 8), claim("old", 8, age=5)], [claim("z", 8, "b", pool="h")])

    assert set(verdict.granted) == {"old"}


def test_fractions_share_a_gpu() -> None:
    verdict = decide(
        [claim(str(number), 0.1) for number in range(10)], [claim("z", 15, "b", pool="h", soft=False)]
    )

    assert len(verdict.granted) == 10


def test_a_pod_larger_than_a_node_never_fits() -> None:
    assert "x" in decide([claim("x", 9)]).refused


def test_the_next_pool_is_tried() -> None:
    assert decide([claim("x", 8, pools=("d", "h"))]).granted == {"x": "h"}


def test_a_pool_without_gpus_says_so() -> None:
    refusal = decide([claim("x", 1, pools=("d",))]).refused["x"][0]

    assert refusal.message == "No node in the default node-pool has GPU resources"


@pytest.mark.parametrize(
    ("kind", "spec", "pods"),
    [
        ("Workspace", {}, 1),
        ("Training", {"parallelism": 4}, 4),
        ("Distributed", {"numWorkers": 3}, 4),
        ("Inference", {}, 1),
        ("Inference", {"autoscaling": {"minReplicas": 2}}, 2),
        ("Inference", {"autoscaling": {"minReplicas": 0}}, 1),
        ("Inference", {"autoscaling": {"minReplicas": 0, "initialReplicas": 3}}, 3),
        ("DistributedInference", {"replicas": 2, "workers": 1}, 4),
    ],
)
def test_a_spec_tells_its_pods(kind: str, spec: dict[str, object], pods: int) -> None:
    assert pods_of(kind, spec) == pods


def test_a_queue_moves_when_gpus_come_free() -> None:
    plane = Plane()
    first = plane.made("trainings", "first", parallelism=3, command="sleep 100", **gpus(8))
    second = plane.made("trainings", "second", "platform", parallelism=2, command="sleep 100", **gpus(8))

    assert [plane.wait(20).phase(id_) for id_ in (first, second)] == ["Running", "Pending"]
    assert plane.wait(100).phase(second) == "Running"


def test_a_workload_that_waits_for_quota_says_so_everywhere() -> None:
    plane = Plane()
    id_ = plane.made("workspaces", project="platform", **gpus(4))

    row = plane.wait(10).row(id_)

    assert (row["phase"], row["phaseReason"]) == ("Pending", "NonPreemptibleOverQuota")
    assert row["pendingSchedulingMessages"][0]["orgType"] == "PROJECT"
    assert plane.reasons(id_) == ["NonPreemptibleOverQuota"]
    assert "phaseReason" in plane.get("/api/v1/workloads")["workloads"][0]


def test_a_launcher_without_gpus_costs_none() -> None:
    plane = Plane()
    master = {"image": "busybox:1", **gpus(0)}
    body = {**plane.body(numWorkers=2, **gpus(8)), "masterSpec": master}
    id_ = plane.http.post("/api/v1/workloads/distributed", json=body).json()["workloadId"]

    row = plane.wait(10).row(id_)

    assert (row["phase"], row["runningPods"], row["allocatedResources"]["gpu"]) == ("Running", 3, 16)


def test_nothing_goes_over_a_limit() -> None:
    limits = {"a": {"h": 4.0}}

    verdict = schedule([claim("x", 4), claim("y", 1, age=-1)], [], POOLS, QUOTAS, limits)

    assert (set(verdict.granted), verdict.refused["y"][0].phase_reason) == ({"x"}, "OverLimit")
