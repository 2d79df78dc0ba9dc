"""Who runs and who waits: nodes, queues, preemption, time and dependencies; facts C2, C10 and B5."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.emulator.primus_safe.rules import WORDS
from reconciler.emulator.primus_safe.scheduler import Claim, Pod, Seat, Verdict, schedule
from reconciler.emulator.primus_safe.seed import PLAIN, SERVE, TRAIN
from tests.emulator.primus_safe.bench import Bench, kind, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
ZERO = datetime(2026, 3, 2, 9, tzinfo=UTC)
GPU = "amd.com/gpu"


# -- the scheduler alone -----------------------------------------------------------------------


def claim(name: str, gpus: int = 8, pods: int = 1, *, age: int = 0, **more: Json) -> Claim:
    asked = tuple(Pod(0, {GPU: gpus}) for _ in range(pods))
    return Claim(name, more.pop("priority", 0), ZERO + timedelta(seconds=age), asked, **more)


def decide(waiting: Sequence[Claim], running: Sequence[Claim] = (), seats: int = 2, **rules: Any) -> Verdict:
    nodes = [Seat(f"n{i}", {GPU: 8}, {"rack": f"r{i}"}) for i in range(seats)]
    options = {"is_fifo": False, "preempts": False, **rules}
    return schedule(waiting, running, nodes, words=WORDS[1], **options)


def test_pods_are_put_on_nodes_with_room() -> None:
    verdict = decide([claim("a", 4, 3), claim("b", 4, age=1)])

    assert verdict.placed == {"a": ("n0", "n0", "n1"), "b": ("n1",)}


def test_the_highest_priority_goes_first_and_then_the_oldest() -> None:
    verdict = decide([claim("old"), claim("new", age=9), claim("high", age=5, priority=1)])

    assert set(verdict.placed) == {"high", "old"}


def test_reasons_tell_a_lack_in_all_from_one_on_each_node() -> None:
    full = claim("full", nodes=("n0",))

    assert decide([claim("a", 8, 2)], [full]).waits == {"a": "Insufficient total gpu resources"}
    half = [claim("h0", 4, nodes=("n0",)), claim("h1", 4, nodes=("n1",))]
    assert decide([claim("a", 8)], half).waits == {"a": "Insufficient gpu due to node fragmentation"}
    assert decide([claim("a", names=("n9",))]).waits["a"].startswith("All nodes are unavailable")


def test_first_in_first_out_stops_at_the_first_that_does_not_fit() -> None:
    queue = [claim("big", 8, 3), claim("small", 1, age=1)]

    assert decide(queue, is_fifo=True).placed == {}
    assert (
        decide(queue, is_fifo=True).waits["small"].startswith("There are high priority or pre-created tasks")
    )
    assert list(decide(queue).placed) == ["small"]


def test_a_balanced_queue_waits_for_what_is_more_important_than_the_next() -> None:
    queue = [claim("big", 8, 3, priority=1), claim("small", 1, age=1)]

    assert decide(queue).placed == {}
    assert list(decide([replace(queue[0], names=("n0",)), queue[1]]).placed) == ["small"]


def test_what_waits_for_time_or_others_holds_nobody_up() -> None:
    queue = [
        claim("later", priority=2, wait="schedule"),
        claim("after", wait="dependency"),
        claim("now", age=1),
    ]
    verdict = decide(queue, is_fifo=True)

    assert list(verdict.placed) == ["now"]
    assert verdict.waits == {
        "later": "The Execution time has not been reached",
        "after": "Dependency cannot be satisfied",
    }


def test_preemption_takes_from_the_lowest_and_youngest_and_only_as_much_as_it_must() -> None:
    running = [
        claim("old", nodes=("n0",)),
        claim("young", age=5, nodes=("n1",)),
    ]
    verdict = decide([claim("high", priority=1)], running, preempts=True)

    assert (verdict.preempted, verdict.placed) == (("young",), {"high": ("n1",)})
    assert decide([claim("equal")], running, preempts=True).preempted == ()
    assert decide([claim("high", 8, 3, priority=1)], running, preempts=True).preempted == ()


def test_labels_names_and_exclusions_narrow_the_nodes() -> None:
    assert decide([claim("a", labels={"rack": "r1"})]).placed == {"a": ("n1",)}
    assert decide([claim("a", names=("n1",))]).placed == {"a": ("n1",)}
    assert decide([claim("a", excluded=("n0",))]).placed == {"a": ("n1",)}
    assert decide([claim("a", labels={"made": "up"})]).placed == {}


def test_only_what_tolerates_it_runs_on_a_node_out_of_order() -> None:
    broken = [Seat("n0", {GPU: 8}, {}, is_available=False)]
    for tolerates in (False, True):
        asked = [claim("a", tolerates=tolerates)]
        verdict = schedule(asked, [], broken, is_fifo=False, preempts=False, words=WORDS[1])
        assert bool(verdict.placed) is tolerates


# -- through the server ------------------------------------------------------------------------


@both
def test_gpus_are_finite_and_the_rest_waits_in_order(generation: int) -> None:
    bench = Bench(generation)
    full = bench.running(**resource(generation, replica=8, gpu="8"))
    first, second = (bench.made(**resource(generation, replica=2, gpu="8")) for _ in range(2))
    queue = "schedulerOrder" if generation == 1 else "queuePosition"

    bench.wait(10)
    told = [bench.get(id_) for id_ in (first, second)]
    assert [one["phase"] for one in told] == ["Pending", "Pending"]
    assert [one[queue] for one in told] == [1, 2]
    said = {1: "Insufficient total gpu resources", 2: "In queue - insufficient resources, no gpu available"}
    assert told[0]["message"] == said[generation]

    bench.stop(full)
    assert bench.wait(10).phase(first) == bench.phase(second) == "Running"
    assert [bench.get(id_)[queue] for id_ in (first, second)] == [0, 0]
    assert bench.get(first)["message"] == ""


@both
def test_who_comes_later_and_matters_more_goes_first_in_the_queue(generation: int) -> None:
    bench = Bench(generation)
    bench.running(priority=1, **resource(generation, replica=8, gpu="8"))
    low = bench.made(**resource(generation, gpu="8"))
    bench.wait(5)
    high = bench.made(priority=1, **resource(generation, gpu="8"))
    queue = "schedulerOrder" if generation == 1 else "queuePosition"

    for _ in range(3):
        assert [bench.wait(2).get(id_)[queue] for id_ in (high, low)] == [1, 2]


@both
def test_a_first_in_first_out_workspace_blocks_behind_its_head(generation: int) -> None:
    bench = Bench(generation)
    one = {"workspaceId": SERVE, **kind("Deployment")}
    bench.running(**one, **resource(generation, replica=1, gpu="8"))
    big = bench.made(**one, **resource(generation, replica=2, gpu="8"))
    small = bench.made(**one, **resource(generation, replica=1, gpu="1"))

    assert [bench.wait(10).phase(id_) for id_ in (big, small)] == ["Pending", "Pending"]
    bench.sign_in("root").http.patch(f"/api/v1/workspaces/{SERVE}", json={"queuePolicy": "balance"})
    assert bench.wait(10).phase(small) == "Running"


@both
def test_a_higher_priority_sends_running_work_back_to_pending(generation: int) -> None:
    bench = Bench(generation)
    low = bench.running(**resource(generation, replica=8, gpu="8"))
    high = bench.made(priority=1, **resource(generation, replica=1, gpu="8"))

    assert (bench.wait(10).phase(high), bench.phase(low)) == ("Running", "Pending")
    assert bench.get(low)["dispatchCount"] == 0
    bench.stop(high)
    assert (bench.wait(10).phase(low), bench.get(low)["dispatchCount"]) == ("Running", 1)


@both
def test_what_serves_and_grows_beyond_the_room_keeps_what_it_has(generation: int) -> None:
    bench = Bench(generation)
    asked = {"workspaceId": SERVE, **kind("Deployment")}
    other = bench.running(**asked, **resource(generation, gpu="8"))
    id_ = bench.running(**asked, **resource(generation, gpu="8"))
    grown = {"replica": 2, "cpu": "8", "memory": "64Gi", "gpu": "8"}

    bench.patch(id_, **(grown if generation == 1 else {"resources": [grown]}))

    pods = bench.wait(20).get(id_)["pods"]
    assert [pod["phase"] for pod in pods] == ["Running", "Pending"]
    assert bench.phase(other) == "Running"


@both
def test_a_roll_out_preempts_nobody(generation: int) -> None:
    bench = Bench(generation)
    spaces = bench.emu.world.workspaces
    spaces[SERVE] = replace(spaces[SERVE], enables_preempt=True)
    asked = {"workspaceId": SERVE, **kind("Deployment")}
    low = bench.running(**asked, **resource(generation, gpu="8"))
    high = bench.running(**asked, priority=1, **resource(generation, gpu="8"))
    grown = {"replica": 2, "cpu": "8", "memory": "64Gi", "gpu": "8"}

    bench.patch(high, **(grown if generation == 1 else {"resources": [grown]}))

    held = [place.node for one in bench.emu.world.resources.values() for place in one.held if place.node]
    assert len(held) == len(set(held)) == 2
    assert bench.phase(low) == "Running"


@both
def test_a_made_up_label_makes_a_workload_unschedulable(generation: int) -> None:
    bench = Bench(generation)
    lost = bench.made(customerLabels={"gitops": "mine"})
    placed = bench.made(customerLabels={"topology.amd.com/rack": "r2"})

    bench.wait(10)
    assert (bench.phase(lost), bench.phase(placed)) == ("Pending", "Running")
    rack = {node["nodeName"] for node in bench.read("/nodes", workspaceId=TRAIN)["items"]}
    assert bench.get(placed)["nodes"][0][0] in rack


@both
def test_chosen_nodes_are_names_and_not_ids(generation: int) -> None:
    bench = Bench(generation)
    node = bench.read("/nodes", workspaceId=TRAIN)["items"][4]

    right = bench.made(specifiedNodes=[node["nodeName"]])
    wrong = bench.made(specifiedNodes=[node["nodeId"]])

    bench.wait(10)
    assert bench.get(right)["nodes"] == [[node["nodeName"]]]
    assert bench.phase(wrong) == "Pending"


@both
def test_a_start_by_the_clock_holds_a_workload_once(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(cronJobs=[{"schedule": "2026-03-02T09:10:00Z"}, {"schedule": "2026-03-02T09:05:59Z"}])

    assert bench.phases(id_, 5, 594) == ["Pending", "Pending"]
    assert bench.get(id_)["message"] == WORDS[generation]["schedule"]
    assert bench.phases(id_, 10, 10) == ["Running", "Running"]


# -- dependencies ------------------------------------------------------------------------------


@both
def test_c10_a_dependant_waits_until_the_other_has_succeeded(generation: int) -> None:
    bench = Bench(generation)
    first = bench.made(env={"EMULATOR_SECONDS": "60"})
    second = bench.made(dependencies=[first])

    assert bench.wait(10).get(second)["message"] == WORDS[generation]["dependency"]
    assert bench.get(second)["dependencies"] == [first]
    assert bench.phases(second, 58, 10) == ["Pending", "Running"]


@both
def test_c10_a_dependency_that_is_not_there_fails_at_the_first_look(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(dependencies=["never-was"])

    assert bench.phase(id_) == "Pending"
    told = bench.wait(2).get(id_)
    assert (told["phase"], told["conditions"][-1]["type"]) == ("Failed", "AdminFailed")
    assert told["conditions"][-1]["message"] == "dependency workload never-was not found"


@both
def test_c10_one_that_succeeded_and_was_collected_fails_it_too(generation: int) -> None:
    bench = Bench(generation)
    first = bench.made(env={"EMULATOR_SECONDS": "1"})
    bench.wait(120)
    id_ = bench.made(dependencies=[first])

    assert bench.wait(2).phase(id_) == "Failed"


def test_c10_one_that_has_just_ended_is_never_noticed_in_the_first_generation() -> None:
    for generation, switches, phase in (
        (1, {}, "Pending"),
        (1, {"dependency_waits": False}, "Running"),
        (2, {}, "Running"),
    ):
        bench = Bench(generation, **dict[str, Any](switches))
        first = bench.made(env={"EMULATOR_SECONDS": "1"}, ttlSecondsAfterFinished=1000)
        bench.wait(20)
        id_ = bench.made(dependencies=[first])
        assert bench.wait(100).phase(id_) == phase


def test_c10_one_that_has_just_failed_fails_what_comes_after_in_the_second_generation() -> None:
    bench = Bench(2)
    first = bench.made(env={"EMULATOR_FAILS": "9"}, ttlSecondsAfterFinished=1000)
    bench.wait(20)
    id_ = bench.made(dependencies=[first])

    assert bench.wait(2).phase(id_) == "Failed"


@both
@pytest.mark.parametrize("how", ["fails", "stops"])
def test_c10_a_dependency_that_ends_otherwise_fails_its_dependants(generation: int, how: str) -> None:
    bench = Bench(generation)
    first = bench.made(env={"EMULATOR_FAILS": "9"} if how == "fails" else {})
    second = bench.made(dependencies=[first])
    bench.wait(8)
    if how == "stops":
        bench.stop(first)

    assert bench.wait(10).phase(second) == "Failed"


@both
def test_c10_any_workspace_will_do_and_nothing_is_looked_at_when_created(generation: int) -> None:
    bench = Bench(generation)
    first = bench.made(workspaceId=PLAIN, env={"EMULATOR_SECONDS": "5"})
    second = bench.made(dependencies=[first])

    assert bench.wait(30).phase(second) == "Running"


def test_the_second_generation_hides_dependencies_whose_rows_are_deleted() -> None:
    for generation, shown in ((1, True), (2, False)):
        bench = Bench(generation)
        first = bench.made(env={"EMULATOR_SECONDS": "1"})
        second = bench.made(dependencies=[first])
        bench.wait(20).delete(first)
        assert ("dependencies" in bench.get(second)) is shown


def test_b3_images_are_pulled_before_by_jobs_that_nobody_sees() -> None:
    bench = Bench(2)
    id_ = bench.made(preheat=True, images=["rocm/a:1"])

    assert bench.names() == ["job"]
    assert [row["displayName"] for row in bench.listed(description="OpsJob")["items"]] == ["preheat"]
    assert "dependencies" not in bench.get(id_)
    assert bench.wait(3).get(id_)["message"] == WORDS[2]["dependency"]
    assert bench.wait(20).phase(id_) == "Running"
    lost = bench.made(preheat=True, images=["ghcr.io/x/does-not-exist:1"])
    assert bench.wait(1000).get(lost)["message"] == WORDS[2]["dependency"]
