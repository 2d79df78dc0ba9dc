"""Phases, conditions, retries and hooks: facts B9, B10 and C2."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe import hooks
from reconciler.emulator.primus_safe.seed import SERVE
from tests.emulator.primus_safe.bench import Bench, kind, program, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "NodePort", "nodePort": 31000}


def serving(bench: Bench, **changes: Json) -> str:
    return bench.made(workspaceId=SERVE, **{**kind("Deployment"), **changes})


def runs(*numbers: int) -> set[str]:
    return {f"run_{number}_times" for number in numbers}


@both
def test_a_job_goes_its_way_to_succeeded(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(env={"EMULATOR_SECONDS": "60"})

    assert bench.phases(id_, 0, 2, 5, 59, 1) == ["Pending", "Pending", "Running", "Running", "Succeeded"]
    assert bench.conditions(id_) == [
        (type_, "run_1_times")
        for type_ in ("AdminScheduled", "AdminDispatched", "K8sPending", "K8sRunning", "K8sSucceeded")
    ]


@both
def test_looking_seldom_or_often_makes_no_difference(generation: int) -> None:
    often, seldom = Bench(generation), Bench(generation)
    ids = [bench.made(maxRetry=2, **program(generation, "crash")) for bench in (often, seldom)]
    for _ in range(200):
        often.wait(1).get(ids[0])
    seldom.wait(200)

    assert often.get(ids[0]) == seldom.get(ids[1])


@both
def test_a_job_sleeps_as_long_as_its_command_says(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(**program(generation, "sleep 30"))

    assert bench.phases(id_, 20, 20) == ["Running", "Succeeded"]


@both
@pytest.mark.parametrize("name", ["Deployment", "StatefulSet", "Authoring"])
def test_what_serves_never_ends(generation: int, name: str) -> None:
    bench = Bench(generation)
    id_ = serving(bench, **kind(name))

    assert bench.phases(id_, 20, 10_000_000) == ["Running", "Running"]


@both
def test_a_failed_job_says_so(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(**program(generation, "crash"))

    told = bench.wait(20).get(id_)
    assert (told["phase"], told["endTime"], told["dispatchCount"]) == ("Failed", "2026-03-02T09:00:11", 1)
    assert told["conditions"][-1]["type"] == "K8sFailed"
    assert told["conditions"][-1]["message"] == "rank 0 ended with exit code 1"


@both
@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_job_runs_at_most_once_more_than_it_has_retries(generation: int, retries: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(maxRetry=retries, **program(generation, "crash"))

    told = bench.wait(1000).get(id_)
    assert (told["phase"], told["dispatchCount"], len(told["nodes"])) == ("Failed", retries + 1, retries + 1)
    reasons = {reason for type_, reason in bench.conditions(id_) if type_ == "K8sFailed"}
    assert reasons == runs(*range(1, retries + 2))


@both
def test_between_two_runs_a_job_is_pending(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(maxRetry=1, env={"EMULATOR_FAILS": "1", "EMULATOR_SECONDS": "60"})

    assert bench.phases(id_, 10, 2, 5, 8, 60) == ["Running", "Pending", "Pending", "Running", "Succeeded"]
    assert bench.get(id_)["dispatchCount"] == 2
    assert ("AdminFailover", "run_1_times") in bench.conditions(id_)


@both
def test_the_start_is_that_of_the_first_run(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(maxRetry=1, **program(generation, "crash"))
    started = bench.wait(10).get(id_)["startTime"]

    assert bench.wait(100).get(id_)["startTime"] == started == "2026-03-02T09:00:07"


@both
def test_a_timeout_counts_from_the_first_start(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(timeout=20, maxRetry=50, **program(generation, "crash"))

    assert bench.phases(id_, 26, 1) != ["Stopped", "Stopped"]
    assert bench.phase(id_) == "Stopped"


@both
def test_an_image_that_does_not_come_leaves_a_job_pending(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(**program(generation, image="ghcr.io/x/does-not-exist:1"))

    assert bench.phases(id_, 100, 1_000_000) == ["Pending", "Pending"]
    assert bench.get(id_)["dispatchCount"] == 1


def test_a_starting_deployment_carries_a_failure_that_is_none_in_the_first_generation() -> None:
    first, second = Bench(1), Bench(2)
    one, two = serving(first), serving(second)

    assert (first.wait(3).phase(one), first.conditions(one)[-1][0]) == ("Pending", "K8sFailed")
    assert (second.wait(3).phase(two), second.conditions(two)[-1][0]) == ("NotReady", "K8sNotReady")
    assert (first.wait(10).phase(one), second.wait(10).phase(two)) == ("Running", "Running")


def test_the_start_is_the_first_state_other_than_pending() -> None:
    for generation, started in ((1, "2026-03-02T09:00:07"), (2, "2026-03-02T09:00:02")):
        bench = Bench(generation)
        id_ = serving(bench)
        assert bench.wait(20).get(id_)["startTime"] == started


def test_one_that_never_becomes_available_never_says_failed() -> None:
    for generation, phase in ((1, "Pending"), (2, "NotReady")):
        bench = Bench(generation)
        id_ = serving(bench, **program(generation, image="no-such:1"))
        assert bench.wait(1_000_000).phase(id_) == phase


@both
def test_an_application_that_loses_its_pods_is_not_ready(generation: int) -> None:
    bench = Bench(generation)
    id_ = serving(bench, **program(generation, "serve and crash"))

    assert bench.phases(id_, 8, 10, 1_000_000) == ["Running", "NotReady", "NotReady"]
    assert bench.get(id_)["endTime"] == ""


@both
def test_each_roll_out_is_told_by_conditions(generation: int) -> None:
    bench = Bench(generation)
    id_ = serving(bench)
    for number in range(2):
        bench.wait(15).patch(id_, env={"N": str(number)})

    told = [type_ for type_, _ in bench.wait(15).conditions(id_)]
    assert told[-4:] == ["K8sUpdating", "K8sRunning"] * 2


@both
def test_an_application_keeps_its_last_30_conditions(generation: int) -> None:
    bench = Bench(generation)
    id_ = serving(bench)
    for number in range(40):
        env = {"N": str(number)}
        bench.wait(15).patch(id_, env=env)

    assert len(bench.get(id_)["conditions"]) == 30


@both
def test_a_node_port_out_of_range_fails_at_the_dispatch(generation: int) -> None:
    bench = Bench(generation)
    id_ = serving(bench, service={**SERVICE, "nodePort": 12345})

    assert bench.phases(id_, 1, 1) == ["Pending", "Failed"]
    assert bench.conditions(id_)[-1][0] == "AdminFailed"


def test_a_node_port_that_is_taken_fails_so_too_in_the_first_generation() -> None:
    bench = Bench(1)
    first = serving(bench, service=SERVICE)
    bench.wait(10)
    second = serving(bench, service=SERVICE)

    assert (bench.wait(10).phase(first), bench.phase(second)) == ("Running", "Failed")


@both
def test_the_time_a_run_took_is_told(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(env={"EMULATOR_SECONDS": "3723"})
    name = "runtime" if generation == 1 else "duration"

    assert bench.get(id_)[name] == "0s"
    assert bench.wait(67).get(id_)[name] == "1m"
    assert bench.wait(10_000).get(id_)[name] == "1h2m3s"


@both
def test_the_seconds_left_are_told(generation: int) -> None:
    bench = Bench(generation)
    endless, limited = bench.made(), bench.made(timeout=100)

    assert [bench.get(id_)["secondsUntilTimeout"] for id_ in (endless, limited)] == [0, -1]
    assert bench.wait(17).get(limited)["secondsUntilTimeout"] == 90
    ended = bench.made(timeout=1000, env={"EMULATOR_SECONDS": "1"})
    assert (bench.wait(10).get(ended)["secondsUntilTimeout"] > 0) is (generation == 1)


@both
def test_the_end_falls_back_to_the_deletion(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    bench.emu.world.stop_row(id_)

    assert bench.get(id_)["endTime"] == bench.get(id_)["deletionTime"] == "2026-03-02T09:00:10"


@both
def test_hooks_end_spoil_and_preempt_behind_everybodys_back(generation: int) -> None:
    bench = Bench(generation)
    world = bench.emu.world
    done, broken, lost = (bench.running() for _ in range(3))
    app = serving(bench)
    bench.wait(10)

    hooks.finish(world, done)
    hooks.fail(world, broken, "node smc300x-01 is gone")
    hooks.vanish(world, lost)
    hooks.unready(world, app)

    assert [bench.phase(id_) for id_ in (done, broken, app)] == ["Succeeded", "Failed", "NotReady"]
    assert bench.phase(lost) == {1: "Failed", 2: "Stopped"}[generation]
    again = bench.running()
    hooks.preempt(world, again)
    assert (bench.phase(again), bench.get(again)["dispatchCount"]) == ("Pending", 0)
    assert (bench.wait(10).phase(again), bench.get(again)["dispatchCount"]) == ("Running", 1)


@both
def test_uids_change_with_the_object(generation: int) -> None:
    bench = Bench(generation)
    one, two = bench.get(bench.made()), bench.get(bench.made(**resource(generation, cpu="4")))

    assert one["workloadUid"] != two["workloadUid"]
    assert ("k8sObjectUid" in one, "avgGpuUsage" in one) == (generation == 1, generation == 2)
