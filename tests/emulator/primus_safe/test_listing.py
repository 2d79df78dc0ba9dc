"""The list: its filters, order and pages; facts D."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import CLUSTER, PLAIN, SERVE, TRAIN
from tests.emulator.primus_safe.bench import ROOT, Bench, kind, no

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])


def filled(generation: int, count: int = 3, **switches: Json) -> Bench:
    """Give a server with jobs a, b, c …, one in each second."""
    bench = Bench(generation, **switches)
    for letter in "abcdefgh"[:count]:
        bench.made(displayName=f"job-{letter}", description=f"[fleet/{letter}]")
        bench.wait(1)
    return bench


def refused(bench: Bench, **query: Json) -> tuple[int, str, str]:
    return no(bench.http.get(ROOT, params={"workspaceId": TRAIN, **query}))


@both
def test_the_newest_comes_first(generation: int) -> None:
    assert filled(generation).names() == ["job-c", "job-b", "job-a"]


@both
def test_without_a_limit_there_are_100_and_there_is_no_most(generation: int) -> None:
    bench = Bench(generation)
    for _ in range(120):
        bench.made()

    assert len(bench.listed()["items"]) == 100
    assert len(bench.listed(limit=0)["items"]) == 100
    assert len(bench.listed(limit=100_000)["items"]) == 120
    assert bench.listed(limit=5)["totalCount"] == 120


@both
def test_pages_are_cut_by_offset(generation: int) -> None:
    bench = filled(generation)

    assert bench.names(limit=2) == ["job-c", "job-b"]
    assert bench.names(limit=2, offset=2) == ["job-a"]
    assert bench.listed(offset=9)["totalCount"] == 3


@both
@pytest.mark.parametrize(
    "query",
    [
        {"limit": -1},
        {"offset": -1},
        {"limit": "x"},
        {"order": "DESC"},
        {"order": "up"},
        {"workloadId": "x" * 65},
    ],
)
def test_odd_queries_are_refused(generation: int, query: Json) -> None:
    assert refused(filled(generation), **query)[:2] == (400, "Primus.00002")


@both
@pytest.mark.parametrize("name", ["workspaceId", "clusterId", "userId"])
def test_ids_are_exact_trimmed_and_short(generation: int, name: str) -> None:
    bench = filled(generation)
    right = {"workspaceId": TRAIN, "clusterId": CLUSTER, "userId": bench.emu.world.users.named("demo").id}[
        name
    ]

    assert len(bench.names(**{name: f" {right} "})) == 3
    if name != "workspaceId":
        assert bench.names(**{name: right[:-1]}) == []
    assert refused(bench, **{name: "x" * 65})[0] == 400


@both
def test_phases_come_in_a_list_whose_items_are_not_trimmed(generation: int) -> None:
    bench = Bench(generation)
    bench.running(displayName="runs")
    bench.made(displayName="waits")

    assert sorted(bench.names(phase="Running,Pending")) == ["runs", "waits"]
    assert bench.names(phase="Running, Pending") == ["runs"]
    assert bench.names(phase="running") == []
    assert bench.names(phase="Nonsense") == []


@both
def test_kinds_come_in_such_a_list_too(generation: int) -> None:
    bench = Bench(generation)
    bench.made(displayName="trains")
    bench.made(displayName="sits", **kind("Authoring"))

    assert sorted(bench.names(kind="PyTorchJob,Authoring")) == ["sits", "trains"]
    assert bench.names(kind="Authoring, PyTorchJob") == ["sits"]


@both
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fleet/b", ["job-b"]),
        ("FLEET", []),
        ("[fleet/_]", ["job-c", "job-b", "job-a"]),
        ("f%/a", ["job-a"]),
        ("%25", ["job-c", "job-b", "job-a"]),
        ("fleet%2Fb", ["job-b"]),
        ("fleet+b", []),
        (" fleet/c ", ["job-c"]),
    ],
)
def test_descriptions_match_as_like_does_and_are_unescaped_twice(
    generation: int, text: str, found: list[str]
) -> None:
    assert filled(generation).names(description=text) == found


@both
def test_a_plus_in_a_description_cannot_be_found_as_it_is(generation: int) -> None:
    bench = Bench(generation)
    bench.made(description="a+b")
    bench.made(description="a b")

    assert [row["description"] for row in bench.listed(description="a+b")["items"]] == ["a b"]
    assert [row["description"] for row in bench.listed(description="a%2Bb")["items"]] == ["a+b"]


@both
def test_ids_match_as_like_does_and_are_not_unescaped_again(generation: int) -> None:
    bench = filled(generation)

    assert bench.names(workloadId="job-b") == ["job-b"]
    assert bench.names(workloadId="job_b") == ["job-b"]
    assert bench.names(workloadId="j%-b-") == ["job-b"]
    assert bench.names(workloadId="job%2Db") == []


@both
def test_user_names_match_in_part(generation: int) -> None:
    bench = filled(generation)
    bench.sign_in("mina").made(displayName="hers")

    assert bench.names(userName="min") == ["hers"]
    assert len(bench.names(userName="_e_o")) == 3


def test_what_the_platform_made_is_hidden() -> None:
    for generation, hidden, found in (
        (1, {"by": "system"}, {"userName": "system"}),
        (2, {}, {"description": "OpsJob"}),
    ):
        bench = Bench(generation)
        if hidden:
            bench.emu.world.users.add("system", "x", bench.clock.now(), workspaces=(TRAIN,))
            bench.sign_in("system")
        bench.made(description="OpsJob")
        assert bench.names() == []
        assert bench.names(**found) == ["job"]


@both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"since": "2026-03-02T09:00:01Z"}, ["job-c", "job-b"]),
        ({"until": "2026-03-02T09:00:01.000Z"}, ["job-b", "job-a"]),
        ({"since": "2026-03-02T09:00:01", "until": "2026-03-02T09:00:01"}, ["job-b"]),
        ({"since": "yesterday"}, ["job-c", "job-b", "job-a"]),
        ({"until": "0"}, ["job-c", "job-b", "job-a"]),
    ],
)
def test_times_include_their_ends_and_odd_ones_are_passed_over(
    generation: int, query: Json, found: list[str]
) -> None:
    assert filled(generation).names(**query) == found


def test_ascending_alone_is_ignored_in_the_first_generation() -> None:
    up = ["job-a", "job-b", "job-c"]

    assert filled(1).names(order="asc") == up[::-1]
    assert filled(1).names(order="asc", sortBy="create_time") == up[::-1]
    assert filled(1).names(order="asc", sortBy="createTime") == up
    assert filled(2).names(order="asc") == up
    assert filled(2).names(order="asc", sortBy="nonsense") == up


@both
def test_what_has_no_value_comes_first_descending_and_last_ascending(generation: int) -> None:
    bench = Bench(generation)
    bench.running(displayName="runs")
    bench.made(displayName="waits")

    assert bench.names(sortBy="startTime") == ["waits", "runs"]
    assert bench.names(sortBy="STARTTIME", order="asc") == ["runs", "waits"]


@both
def test_other_fields_sort_too(generation: int) -> None:
    bench = filled(generation)
    bench.made(displayName="first", priority=1)

    assert bench.names(sortBy="priority")[0] == "first"
    assert bench.names(sortBy="displayName", order="asc")[0] == "first"


@both
def test_rows_of_one_second_come_in_no_order(generation: int) -> None:
    bench = Bench(generation)
    made = [bench.made() for _ in range(12)]
    listed = [row["workloadId"] for row in bench.listed()["items"]]

    assert sorted(listed) == sorted(made)
    assert listed not in (made, made[::-1])


@both
def test_history_stays_and_what_is_deleted_does_not(generation: int) -> None:
    bench = filled(generation)
    stopped, deleted, _ = (row["workloadId"] for row in bench.listed()["items"])
    bench.stop(stopped)
    bench.delete(deleted)

    assert bench.wait(10_000_000).names() == ["job-c", "job-a"]


@both
def test_other_workspaces_stay_out(generation: int) -> None:
    bench = filled(generation)
    bench.made(displayName="serves", workspaceId=SERVE, **kind("Deployment"))

    assert bench.names(workspaceId=SERVE) == ["serves"]
    assert bench.listed(workspaceId=PLAIN)["totalCount"] == 0
    assert bench.sign_in("root").read("/workloads")["totalCount"] == 4


def test_the_environment_is_a_filter_in_the_second_generation_only() -> None:
    bench = Bench(2)
    bench.made(displayName="one", env={"OWNER": "a"})
    bench.made(displayName="two", env={"OWNER": "b"})
    bench.made(displayName="three")

    assert sorted(bench.names(envKey="OWNER")) == ["one", "two"]
    assert bench.names(envKey="OWNER", envValue="b") == ["two"]
    assert refused(bench, envKey="x" * 257)[0] == 400
    assert refused(bench, envValue="x" * 1025)[0] == 400
    first = Bench(1)
    first.made(env={"OWNER": "a"})
    assert first.names(envKey="OTHER") == ["job"]


def test_the_list_leaves_out_what_only_the_detail_tells() -> None:
    lacking = {
        1: {
            "image",
            "entryPoint",
            "env",
            "customerLabels",
            "ttlSecondsAfterFinished",
            "maxRetry",
            "isSupervised",
            "conditions",
            "pods",
            "nodes",
            "ranks",
        },
        2: {
            "images",
            "entryPoints",
            "env",
            "customerLabels",
            "ttlSecondsAfterFinished",
            "isSupervised",
            "conditions",
            "pods",
            "nodes",
            "ranks",
            "secrets",
            "privileged",
            "useWorkspaceStorage",
            "forceHostNetwork",
        },
    }
    for generation in (1, 2):
        bench = Bench(generation)
        detail = bench.get(bench.made())
        assert set(detail) - set(bench.listed()["items"][0]) == lacking[generation]
