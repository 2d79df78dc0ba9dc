"""Pods, their logs, containers and service: facts B9 and G."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.seed import SERVE, TRAIN
from tests.emulator.primus_safe.bench import ROOT, Bench, kind, no, program, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"}
DEATHS = {
    "rccl-timeout": (134, "Watchdog caught collective operation timeout"),
    "hip-error": (134, "HIP error: an illegal memory access was encountered"),
    "oom": (1, "torch.OutOfMemoryError: HIP out of memory"),
    "crash": (1, "FileNotFoundError: [Errno 2] No such file or directory"),
}


def fallen(generation: int, word: str, **more: Json) -> tuple[Bench, str, list[Json]]:
    """Give a server, a job of four pods with eight GPUs each that fell, and its pods."""
    bench = Bench(generation)
    asked = {
        **resource(generation, replica=4, gpu="8"),
        **program(generation, f"python train.py {word}"),
        **more,
    }
    id_ = bench.made(**asked)
    return bench, id_, bench.wait(60).get(id_)["pods"]


@both
def test_a_job_has_a_pod_for_each_replica_with_a_rank_and_a_node(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(**resource(generation, replica=3, gpu="8"))
    assert bench.get(id_)["pods"] is None

    pods = bench.wait(10).get(id_)["pods"]
    assert [pod["podId"] for pod in pods] == [
        f"{id_}-{tail}" for tail in ("master-0", "worker-0", "worker-1")
    ]
    assert [pod["rank"] for pod in pods] == ["0", "1", "2"]
    assert len({pod["adminNodeName"] for pod in pods}) == 3
    assert {pod["phase"] for pod in pods} == {"Running"}
    assert bench.get(id_)["ranks"] == [["0", "1", "2"]]


def test_a_master_and_its_workers_may_be_two_groups_in_the_second_generation() -> None:
    bench = Bench(2)
    group = {"cpu": "8", "memory": "64Gi"}
    id_ = bench.running(resources=[{"replica": 1, **group}, {"replica": 2, **group}], images=["a", "b"])

    pods = bench.get(id_)["pods"]
    assert [(pod["podId"].removeprefix(id_), pod["rank"], pod.get("resourceId")) for pod in pods] == [
        ("-master-0", "0", None),
        ("-worker-0", "1", 1),
        ("-worker-1", "2", 1),
    ]


@both
def test_what_serves_has_no_ranks(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running(workspaceId=SERVE, **kind("Deployment"))

    told = bench.get(id_)
    assert "rank" not in told["pods"][0]
    assert told["ranks"] is None


@both
def test_a_pending_pod_has_neither_address_nor_start(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    pod = bench.wait(3).get(id_)["pods"][0]

    assert pod["phase"] == "Pending"
    assert not {"hostIP", "podIP", "startTime", "containers"} & set(pod)


@both
@pytest.mark.parametrize("word", DEATHS)
def test_one_rank_falls_first_and_the_others_abort_after_it(generation: int, word: str) -> None:
    code, said = DEATHS[word]
    bench, id_, pods = fallen(generation, word)
    first = min(pods, key=lambda pod: pod["endTime"])

    assert bench.phase(id_) == "Failed"
    assert first["containers"][0]["exitCode"] == code
    others = [pod for pod in pods if pod != first]
    assert {pod["containers"][0]["exitCode"] for pod in others} == {1}
    assert {pod["endTime"] > first["endTime"] for pod in others} == {True}
    assert any(said in line for line in bench.log(id_, first["podId"]))
    for pod in others:
        log = bench.log(id_, pod["podId"])
        assert not any(said in line for line in log)
        assert log[-2] == f"[rank{pod['rank']}]: Exiting, for rank {first['rank']} was lost"
    condition = bench.get(id_)["conditions"][-1]
    assert condition["message"].startswith(f"rank {first['rank']} ended with exit code {code}")


@both
def test_without_gpus_it_is_the_machine_that_runs_out_of_memory(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(**program(generation, "python train.py --oom"))
    pod = bench.wait(20).get(id_)["pods"][0]

    assert pod["containers"][0]["exitCode"] == 137
    assert bench.log(id_, pod["podId"])[-2] == "Killed"
    assert pod["containers"][0].get("reason") == {1: "OOMKilled", 2: None}[generation]


@both
def test_a_word_that_only_contains_such_a_word_is_harmless(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(env={"NOTE": "zoom failover crashed"}, **program(generation, "python classroom.py"))

    assert bench.wait(100).phase(id_) == "Running"


def test_an_image_that_does_not_come_says_so_on_its_pod() -> None:
    for generation in (1, 2):
        bench = Bench(generation)
        id_ = bench.made(**program(generation, image="ghcr.io/x/does-not-exist:1"))
        pod = bench.wait(60).get(id_)["pods"][0]
        said = 'Back-off pulling image "ghcr.io/x/does-not-exist:1"'
        assert pod["containers"][0]["message"] == said
        assert (pod["containers"][0].get("reason"), pod.get("failedMessage")) == {
            1: ("ImagePullBackOff", None), 2: (None, said),
        }[generation]  # fmt: skip


def test_each_generation_tells_its_own_things_of_a_pod() -> None:
    first, second = (Bench(generation) for generation in (1, 2))
    one, two = (bench.get(bench.running())["pods"][0] for bench in (first, second))

    assert set(one) - set(two) == {"k8sNodeName"}
    assert set(two) - set(one) == set()


def test_pods_that_run_tell_how_to_log_in_where_the_server_lets_one() -> None:
    for generation in (1, 2):
        bench = Bench(generation, ssh=True)
        id_ = bench.made()
        assert "ssh" not in repr(bench.wait(3).get(id_)["pods"])
        owner, caller = (bench.emu.world.users.named(name).id for name in ("demo", "mina"))
        pod = bench.wait(10).sign_in("mina").get(id_)["pods"][0]
        told = pod["sshAddr" if generation == 1 else "sshCommand"]
        assert (
            told
            == {
                1: f"ssh {owner}.{id_}-master-0.{TRAIN}@10.20.0.9",
                2: f"ssh -o ServerAliveInterval=60 {caller}.{id_}-master-0.pytorch.bash.{TRAIN}"
                "@10.20.0.9 -p 2222",
            }[generation]
        )


# -- logs --------------------------------------------------------------------------------------


@both
def test_a_log_is_split_at_its_ends_of_line(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    pod = f"{id_}-master-0"
    told = bench.read(f"/workloads/{id_}/pods/{pod}/logs")

    assert set(told) == {"workloadId", "podId", "namespace", "logs"}
    assert (told["workloadId"], told["podId"], told["namespace"]) == (id_, pod, TRAIN)
    assert told["logs"][-1] == ""
    assert "PyTorch 2.8.0+rocm6.4" in told["logs"][0]


@both
def test_a_log_is_the_same_whenever_one_looks(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    early = bench.log(id_, f"{id_}-master-0")
    late = bench.wait(60).log(id_, f"{id_}-master-0")

    assert late[: len(early) - 1] == early[:-1]
    assert len(late) > len(early)


@both
@pytest.mark.parametrize(
    ("image", "command", "said"),
    [
        ("lmsysorg/sglang:v0.5", "python -m sglang.launch_server", "Using ROCm AITER attention backend"),
        ("busybox:1", "sleep infinity", "[entrypoint] "),
        ("busybox:1", "./serve --port 80", "has run for 30 s"),
    ],
)
def test_a_log_tells_what_the_program_does(generation: int, image: str, command: str, said: str) -> None:
    bench = Bench(generation)
    id_ = bench.running(workspaceId=SERVE, **kind("StatefulSet"), **program(generation, command, image))

    assert any(said in line for line in bench.wait(60).log(id_, f"{id_}-0"))


@both
def test_a_job_that_ends_well_says_so(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(env={"EMULATOR_SECONDS": "20"})

    assert bench.wait(30).log(id_, f"{id_}-master-0")[-2] == "training finished after 20 s"


@both
def test_a_tail_is_the_last_lines_and_1000_without_one(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running(env={"EMULATOR_SECONDS": "100000"})
    pod = f"{id_}-master-0"
    bench.wait(10_000)

    assert len(bench.log(id_, pod)) == len(bench.log(id_, pod, tailLines=0)) == 1001
    assert bench.log(id_, pod, tailLines=3) == bench.log(id_, pod)[-4:]
    assert no(bench.http.get(f"{ROOT}/{id_}/pods/{pod}/logs", params={"tailLines": -1}))[:2] == (
        400, "Primus.00002",
    )  # fmt: skip


@both
def test_since_leaves_out_what_is_older(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    pod = f"{id_}-master-0"
    bench.wait(100)

    recent = bench.log(id_, pod, sinceSeconds=10)
    assert 4 <= len(recent) <= 7
    assert bench.log(id_, pod, sinceSeconds=0) == bench.log(id_, pod)


@both
def test_the_main_container_is_that_of_the_kind(generation: int) -> None:
    bench = Bench(generation)
    job = bench.running()
    app = bench.running(workspaceId=SERVE, **kind("Deployment"))
    pods = f"{job}-master-0", bench.get(app)["pods"][0]["podId"]

    for id_, pod, name in zip((job, app), pods, ("pytorch", "main"), strict=True):
        told = bench.read(f"/workloads/{id_}/pods/{pod}/containers")
        assert told == {"containers": [{"name": name}], "shells": ["bash", "sh", "zsh"]}
        assert bench.log(id_, pod, container=name) == bench.log(id_, pod)
    answer = bench.http.get(f"{ROOT}/{job}/pods/{pods[0]}/logs", params={"container": "other"})
    assert no(answer)[:2] == (400, "BadRequest")


@both
def test_a_pod_that_has_not_begun_has_no_log(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made()
    bench.wait(3)

    status, code, message = no(bench.http.get(f"{ROOT}/{id_}/pods/{id_}-master-0/logs"))
    assert (status, code) == (400, "BadRequest")
    assert "is waiting to start: ContainerCreating" in message


@both
def test_logs_are_gone_with_the_object(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(env={"EMULATOR_SECONDS": "1"})
    path = f"{ROOT}/{id_}/pods/{id_}-master-0/logs"
    assert bench.wait(20).http.get(path).status_code == 200

    assert no(bench.wait(100).http.get(path))[:2] == (404, "NotFound")
    assert no(bench.http.get(f"{ROOT}/never-was/pods/p/logs"))[:2] == (404, "NotFound")
    running = bench.running()
    assert no(bench.http.get(f"{ROOT}/{running}/pods/other/logs")) == (
        404,
        "NotFound",
        'pods "other" not found',
    )


@both
def test_a_cluster_without_a_client_answers_500(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    bench.emu.world.unreachable.add("mi300-west")

    for what in (f"pods/{id_}-master-0/logs", f"pods/{id_}-master-0/containers"):
        assert no(bench.http.get(f"{ROOT}/{id_}/{what}")) == (
            500,
            "Primus.00001",
            "Internal error. client of cluster mi300-west is not found. please retry later",
        )
    assert bench.phase(id_) == "Running"


@both
def test_a_stranger_reads_no_log(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()
    path = f"{ROOT}/{id_}/pods/{id_}-master-0"

    assert bench.sign_in("mina").http.get(f"{path}/logs").status_code == 200
    bench.sign_in("jonas")
    assert [bench.http.get(f"{path}/{what}").status_code for what in ("logs", "containers")] == [403, 403]


# -- the search --------------------------------------------------------------------------------


def hits(bench: Bench, id_: str, **asked: Json) -> list[Json]:
    answer = bench.http.post(f"{ROOT}/{id_}/logs", json=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["hits"]["hits"])


@both
def test_a_search_finds_words_pods_and_times_also_when_the_object_is_gone(generation: int) -> None:
    bench, id_, pods = fallen(generation, "rccl-timeout")
    bench.wait(1000)
    name = pods[1]["podId"]

    everything = hits(bench, id_, limit=10_000)
    assert len(hits(bench, id_)) <= 100
    assert [hit["_source"]["message"] for hit in hits(bench, id_, keywords=["watchdog", "timeout"])]
    mine = hits(bench, id_, podNames=name, limit=10_000)
    assert {hit["_source"]["kubernetes"]["pod_name"] for hit in mine} == {name}
    late = hits(bench, id_, since="2026-03-02T09:00:30Z", limit=10_000)
    assert 0 < len(late) < len(everything)
    assert hits(bench, id_, dispatchCount=7) == []
    assert everything == list(reversed(hits(bench, id_, order="desc", limit=10_000)))


@both
def test_the_lines_around_a_hit_can_be_read(generation: int) -> None:
    bench, id_, _ = fallen(generation, "crash")
    hit = hits(bench, id_, keywords=["FileNotFoundError"])[0]

    answer = bench.http.post(f"{ROOT}/{id_}/logs/{hit['_id']}/context", json={})
    around = [one["_source"]["message"] for one in answer.json()["hits"]["hits"]]
    assert hit["_source"]["message"] in around
    assert len(around) > 3


@both
def test_a_search_reaches_no_further_than_10000_lines(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.running()

    assert hits(bench, id_, offset=10_000, limit=10) == []
    assert no(bench.http.post(f"{ROOT}/{id_}/logs/nothing/context", json={}))[0] == 404
    assert no(bench.http.post(f"{ROOT}/never-was/logs", json={}))[:2] == (404, "Primus.01001")
    assert no(bench.http.get(f"{ROOT}/never-was/pods/p/containers"))[:2] == (404, "Primus.01001")


@both
def test_a_server_without_a_search_answers_500(generation: int) -> None:
    bench = Bench(generation, logs=False)

    assert no(bench.http.post(f"{ROOT}/{bench.made()}/logs", json={}))[:2] == (500, "Primus.00001")
    assert bench.read("/envs")["enableLog"] is False


# -- the service -------------------------------------------------------------------------------


def test_the_service_is_raw_in_the_first_generation_and_told_in_the_second() -> None:
    first, second = Bench(1), Bench(2)
    asked: dict[str, Json] = {"workspaceId": SERVE, "service": SERVICE, **kind("Deployment")}
    one, two = first.running(**asked), second.running(**asked)

    raw = first.read(f"/workloads/{one}/service")
    told = second.read(f"/workloads/{two}/service")
    assert (raw["type"], raw["ports"][0]["targetPort"]) == ("ClusterIP", 8080)
    assert set(told) == {"port", "externalDomain", "internalDomain", "clusterIp", "type"}
    assert told["internalDomain"] == f"{two}.{SERVE}.svc.cluster.local:80"


def test_without_an_object_or_a_service_there_is_none() -> None:
    for generation in (1, 2):
        bench = Bench(generation)
        assert no(bench.http.get(f"{ROOT}/{bench.running()}/service"))[:2] == (404, "NotFound")
        gone = bench.http.get(f"{ROOT}/never-was/service")
        if generation == 1:
            assert no(gone)[:2] == (404, "Primus.00005")
        else:
            assert (gone.status_code, gone.content) == (200, b"null")
