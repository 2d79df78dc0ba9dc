"""What PATCH changes, and when it may: facts B7 and C4."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import SERVE
from tests.emulator.primus_safe.bench import Bench, b64, kind, no, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
HOOK = 'admission webhook "vworkload.kb.io" denied the request: '
GONE = (500, "Primus.00001", "Internal error. The workload can only be edited when it is running.")
SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"}


def changed(bench: Bench, id_: str, **changes: Json) -> Json:
    answer = bench.patch(id_, **changes)
    assert (answer.status_code, answer.content) == (200, b"null"), answer.text
    return bench.get(id_)


def deployment(bench: Bench, **changes: Json) -> str:
    return bench.running(workspaceId=SERVE, **kind("Deployment"), **changes)


@both
def test_absent_and_null_leave_and_a_value_replaces(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(description="a", maxRetry=2, env={"A": "1"})

    assert changed(bench, id_, description=None, env=None)["description"] == "a"
    told = changed(bench, id_, description="", maxRetry=0)
    assert (told["description"], told["maxRetry"], told["env"]) == ("", 0, {"A": "1"})


@both
def test_environment_and_schedules_are_replaced_wholly(generation: int) -> None:
    bench = Bench(generation)
    start = {"schedule": "2026-03-03T00:00:00Z", "action": "start"}
    id_ = bench.made(env={"A": "1", "B": "2"}, cronJobs=[start])

    assert changed(bench, id_, env={"C": "3"})["env"] == {"C": "3"}
    assert changed(bench, id_, env={})["env"] in ({}, None)
    assert "cronJobs" not in changed(bench, id_, cronJobs=[])


def test_images_and_commands_that_are_empty_are_left() -> None:
    first, second = Bench(1), Bench(2)
    one, two = first.made(), second.made()

    assert changed(first, one, image="", entryPoint="")["image"] == "rocm/pytorch:1"
    assert changed(second, two, images=[], entryPoints=[])["images"] == ["rocm/pytorch:1"]


@both
def test_what_cannot_be_changed_is_ignored_and_says_200(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(customerLabels={"topology.amd.com/rack": "r1"})
    before = bench.get(id_)
    sent: dict[str, Json] = {
        "displayName": "other",
        "workspaceId": SERVE,
        "isSupervised": True,
        "ttlSecondsAfterFinished": 5,
        "customerLabels": {},
        "liveness": {"path": "/"},
        "dependencies": ["a"],
        "isTolerateAll": True,
        "groupVersionKind": {"kind": "Deployment"},
        "specifiedNodes": ["smc300x-01"],
    }

    assert changed(bench, id_, **sent) == before


def test_each_generation_ignores_the_other_ones_patch() -> None:
    first, second = Bench(1), Bench(2)
    one, two = first.made(), second.made()

    before = first.get(one), second.get(two)
    after = (
        changed(first, one, images=["other"], resources=[{"replica": 2}]),
        changed(second, two, image="other", replica=2),
    )
    assert after == before


def test_the_first_generation_takes_flat_keys_while_queued() -> None:
    bench = Bench(1)
    id_ = bench.made()

    told = changed(
        bench,
        id_,
        replica=2,
        cpu="16",
        gpu="8",
        memory="128Gi",
        ephemeralStorage="60Gi",
        image="rocm/pytorch:2",
        entryPoint=b64("python other.py"),
        timeout=60,
        priority=1,
    )

    assert told["resource"]["sharedMemory"] == "32Gi"  # that of the old memory
    assert (told["resource"]["replica"], told["resource"]["memory"], told["resource"]["gpu"]) == (
        2,
        "128Gi",
        "8",
    )
    assert (told["image"], told["entryPoint"], told["timeout"], told["priority"]) == (
        "rocm/pytorch:2",
        "python other.py",
        60,
        1,
    )
    assert changed(bench, id_, sharedMemory="")["resource"]["sharedMemory"] == "64Gi"


def test_the_second_generation_takes_whole_lists_while_queued() -> None:
    bench = Bench(2)
    id_ = bench.made()

    told = changed(
        bench,
        id_,
        resources=[{"replica": 2, "cpu": "16", "memory": "128Gi"}],
        images=["rocm/pytorch:2"],
        entryPoints=[b64("python other.py")],
        service=SERVICE,
    )

    assert told["resources"][0]["sharedMemory"] == "64Gi"
    assert (told["images"], told["entryPoints"]) == (["rocm/pytorch:2"], ["python other.py"])
    assert told["service"]["protocol"] == "TCP"


def test_the_first_generation_has_no_patch_of_a_service() -> None:
    bench = Bench(1)
    id_ = bench.made(service=SERVICE)

    assert changed(bench, id_, service={**SERVICE, "port": 81})["service"]["port"] == 80


def test_retries_are_clamped_on_a_change_in_the_second_generation_only() -> None:
    for generation, read in ((1, 99), (2, 50)):
        bench = Bench(generation)
        assert changed(bench, bench.made(), maxRetry=99)["maxRetry"] == read


@both
def test_a_patch_is_validated_like_a_create(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    too_much = (
        {"cpu": "999"} if generation == 1 else {"resources": [{"replica": 1, "cpu": "999", "memory": "1Gi"}]}
    )

    assert no(bench.patch(id_, **too_much))[0] == (503 if generation == 1 else 403)
    assert no(bench.patch(id_, cronJobs=[{"schedule": "0 3 * * *"}]))[:2] == (400, "Primus.00002")
    assert no(bench.patch(id_, priority="high"))[:2] == (400, "Primus.00002")


@both
def test_the_count_of_chosen_nodes_is_fixed(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(specifiedNodes=["smc300x-01"])
    more = (
        {"replica": 2} if generation == 1 else {"resources": [{"replica": 2, "cpu": "8", "memory": "64Gi"}]}
    )
    same = (
        {"replica": 1} if generation == 1 else {"resources": [{"replica": 1, "cpu": "8", "memory": "64Gi"}]}
    )

    assert no(bench.patch(id_, **more)) == (
        400,
        "Primus.00002",
        "Bad request. cannot update replica when specifying nodes",
    )
    assert bench.patch(id_, **same).status_code == 200


# -- when --------------------------------------------------------------------------------------

FROZEN: list[tuple[str, Json, str]] = [
    ("image", {"image": "rocm/pytorch:2"}, "Image"),
    ("entryPoint", {"entryPoint": b64("python b.py")}, "EntryPoint"),
    ("cpu", {"cpu": "16"}, "Resources"),
    ("gpu", {"gpu": "8"}, "Resources"),
    ("memory", {"memory": "32Gi"}, "Resources"),
    ("ephemeralStorage", {"ephemeralStorage": "60Gi"}, "Resources"),
    ("replica", {"replica": 2}, "Resources"),
    ("env", {"env": {"A": "2"}}, "Env"),
]
OPEN: list[Json] = [
    {"description": "b"},
    {"timeout": 86400},
    {"maxRetry": 1},
    {"priority": 1},
    {"cronJobs": [{"schedule": "2026-03-04T00:00:00Z", "action": "start"}]},
]


@pytest.mark.parametrize(("what", "change", "word"), FROZEN, ids=[row[0] for row in FROZEN])
def test_c4_the_first_generation_freezes_jobs_once_scheduled(what: str, change: Json, word: str) -> None:
    bench = Bench(1)
    id_ = bench.made(env={"A": "1"})
    bench.wait(1)
    assert bench.get(id_)["dispatchCount"] == 0  # scheduled, and not yet dispatched

    said = f"{HOOK}{word} cannot be changed once the workload has been scheduled"
    assert no(bench.patch(id_, **change)) == (403, "Primus.00003", said)
    assert no(bench.wait(10).patch(id_, **change)) == (403, "Primus.00003", said)


def test_c4_shared_memory_is_not_part_of_the_freeze_of_the_first_generation() -> None:
    bench = Bench(1)
    id_ = bench.running()

    assert changed(bench, id_, sharedMemory="1Gi")["resource"]["sharedMemory"] == "1Gi"


SECOND: list[tuple[str, Json]] = [
    ("images", {"images": ["rocm/pytorch:2"]}),
    ("entryPoints", {"entryPoints": [b64("python b.py")]}),
    ("resources", {"resources": [{"replica": 1, "cpu": "16", "memory": "64Gi"}]}),
    ("sharedMemory", {"resources": [{"replica": 1, "cpu": "8", "memory": "64Gi", "sharedMemory": "1Gi"}]}),
    ("env", {"env": {"A": "2"}}),
    ("service", {"service": SERVICE}),
]


@pytest.mark.parametrize(("what", "change"), SECOND, ids=[row[0] for row in SECOND])
def test_c4_the_second_generation_freezes_jobs_once_dispatched(what: str, change: Json) -> None:
    bench = Bench(2)
    scheduled = bench.made(env={"A": "1"})
    bench.wait(1)
    assert bench.patch(scheduled, **change).status_code == 200

    id_ = bench.running(env={"A": "1"})
    assert no(bench.patch(id_, **change))[:2] == (409, "Primus.00012")
    assert bench.get(id_)["env"] == {"A": "1"}


@both
@pytest.mark.parametrize("change", OPEN, ids=lambda change: next(iter(change)))
def test_c4_some_fields_are_open_as_long_as_there_is_an_object(generation: int, change: Json) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    told = changed(bench, id_, **change)

    assert {key: told[key] for key in change} == change
    bench.wait(3600)
    assert bench.phase(id_) == "Succeeded"
    assert bench.patch(id_, **change).status_code == 200


def test_c4_times_of_schedules_are_not_looked_at_once_scheduled_in_the_first_generation() -> None:
    past = [{"schedule": "2020-01-01T00:00:00Z", "action": "start"}]
    first, second = Bench(1), Bench(2)

    assert first.patch(first.made(), cronJobs=past).status_code == 400
    assert first.patch(first.running(), cronJobs=past).status_code == 200
    assert second.patch(second.running(), cronJobs=past).status_code == 400


@both
def test_c4_nothing_is_frozen_on_servers_of_the_time_between(generation: int) -> None:
    bench = Bench(generation, freezes=False)
    id_ = bench.running()

    assert changed(bench, id_, env={"A": "2"})["env"] == {"A": "2"}
    assert bench.phase(id_) == "Running"


@both
def test_c4_without_an_object_every_patch_is_500(generation: int) -> None:
    bench = Bench(generation)
    ended, stopped, deleted = (bench.made(env={"EMULATOR_SECONDS": "1"}) for _ in range(3))
    bench.wait(20)
    bench.stop(stopped)
    bench.delete(deleted)
    bench.wait(120)

    answers = [no(bench.patch(id_, description="x")) for id_ in (ended, stopped, deleted, "never-was")]

    assert answers == [GONE] * 4
    assert bench.http.patch(f"/api/v1/workloads/{ended}", json=5).status_code == 500


@both
def test_c4_a_patch_of_what_is_being_deleted_says_200_and_means_nothing(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    bench.stop(id_)

    assert bench.patch(id_, env={"A": "2"}, description="b").status_code == 200
    assert bench.phase(id_) == "Stopped"


@both
def test_c4_a_job_that_is_queued_again_can_be_changed_again(generation: int) -> None:
    bench = Bench(generation)
    env = {"EMULATOR_FAILS": "1"}
    id_ = bench.running(maxRetry=1, env=env)
    assert bench.patch(id_, env={**env, "A": "2"}).status_code in {403, 409}

    bench.wait(6)  # it has failed, and has just been put back
    assert changed(bench, id_, env={**env, "A": "2"})["env"]["A"] == "2"


@both
def test_c4_what_serves_is_rolled_over(generation: int) -> None:
    bench = Bench(generation)
    id_ = deployment(bench)
    pods = [pod["podId"] for pod in bench.get(id_)["pods"]]
    image = {"image": "rocm/vllm:2"} if generation == 1 else {"images": ["rocm/vllm:2"]}

    assert changed(bench, id_, **image)["phase"] == "Updating"
    assert bench.wait(10).phase(id_) == "Running"
    assert [pod["podId"] for pod in bench.get(id_)["pods"]] != pods


@both
def test_c4_what_serves_is_scaled(generation: int) -> None:
    bench = Bench(generation)
    id_ = deployment(bench)
    more = (
        {"replica": 2} if generation == 1 else {"resources": [{"replica": 2, "cpu": "8", "memory": "64Gi"}]}
    )

    changed(bench, id_, **more)

    assert bench.wait(10).phase(id_) == "Running"
    assert len(bench.get(id_)["pods"]) == 2


@both
def test_c4_a_roll_out_of_an_image_that_is_not_there_never_ends(generation: int) -> None:
    bench = Bench(generation)
    id_ = deployment(bench)
    image = "ghcr.io/x/does-not-exist:1"

    changed(bench, id_, **({"image": image} if generation == 1 else {"images": [image]}))

    assert bench.phases(id_, 100, 100_000) == ["Updating", "Updating"]


def test_a_node_port_is_in_its_own_way_in_the_second_generation() -> None:
    service = {**SERVICE, "serviceType": "NodePort", "nodePort": 31000}
    for generation, switches, status in ((1, {}, 200), (2, {}, 400), (2, {"node_port_collides": False}, 200)):
        bench = Bench(generation, **dict[str, Any](switches))
        id_ = deployment(bench, service=service)
        assert bench.patch(id_, description="x").status_code == status


def test_the_second_generation_guards_the_longest_run() -> None:
    bench = Bench(2)
    id_ = bench.made()
    bench.sign_in("root").http.patch("/api/v1/workspaces/train-mi300", json={"maxRuntime": {"Train": 1}})
    bench.sign_in("demo")

    assert [bench.patch(id_, timeout=n).status_code for n in (60, 3600, 3601, 0)] == [200, 200, 403, 403]


@both
def test_a_timeout_that_is_already_over_stops_at_once(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    bench.wait(100)

    told = changed(bench, id_, timeout=5)
    assert (told["phase"], told["endTime"]) == ("Stopped", "2026-03-02T09:01:50")


@both
def test_a_schedule_of_a_patch_without_its_parts_is_refused(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()

    assert no(bench.patch(id_, cronJobs=[{}]))[:2] == (400, "Primus.00002")
    told = changed(bench, id_, cronJobs=[{"schedule": "2026-03-03T00:00:00Z"}])
    assert told["cronJobs"] == [{"schedule": "2026-03-03T00:00:00Z", "action": "start"}]


@both
def test_no_patch_restarts_a_job(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    started = bench.get(id_)["startTime"]

    changed(bench, id_, description="x", priority=1)

    told = bench.wait(60).get(id_)
    assert (told["phase"], told["startTime"], told["dispatchCount"]) == ("Running", started, 1)


@both
def test_the_ledger_tells_of_a_change_that_changed_something(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(description="a")
    mark = bench.emu.ledger.mark()
    bench.patch(id_, description="a")
    bench.patch(id_, description="b")
    bench.patch(id_, image=5, images=5)

    effects = [[effect.verb for effect in entry.effects] for entry in bench.emu.ledger.since(mark)]
    assert effects == [[], ["update"], []]


@both
def test_memory_of_a_patch_of_the_other_kind_stays(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(**resource(generation, memory="3Gi"))

    assert changed(bench, id_, description="x").get("resource", {}).get("sharedMemory", "1536Mi") == "1536Mi"
