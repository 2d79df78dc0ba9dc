"""What comes back other than it was sent: facts C5 to C8."""

from typing import Any

import pytest

from reconciler.emulator.primus_safe.quantity import Malformed, parse
from reconciler.emulator.primus_safe.seed import PLAIN, SERVE
from tests.emulator.primus_safe.bench import ROOT, Bench, b64, body, kind, resource

Json = Any
both = pytest.mark.parametrize("generation", [1, 2])
SERVICE = {"port": 80, "targetPort": 8080, "serviceType": "ClusterIP"}


def asked(bench: Bench, **changes: Json) -> Json:
    """Create, and give what is read back of the first group of pods."""
    told = bench.get(bench.made(**resource(bench.generation, **changes)))
    return told["resource"] if bench.generation == 1 else told["resources"][0]


def served(bench: Bench, **changes: Json) -> Json:
    return bench.get(bench.made(workspaceId=SERVE, **{**kind("Deployment"), **changes}))


@both
@pytest.mark.parametrize(
    ("memory", "shared"),
    [
        ("128Gi", "64Gi"), ("3Gi", "1536Mi"), ("1Gi", "512Mi"), ("100G", "50G"), ("131072Mi", "64Gi"),
        ("1000M", "500M"), ("1e11", "50G"), ("3", "1"),
    ],
)  # fmt: skip
def test_shared_memory_is_half_of_memory_in_canonical_text(generation: int, memory: str, shared: str) -> None:
    told = asked(Bench(generation), memory=memory)

    assert (told["memory"], told["sharedMemory"]) == (memory, shared)


@both
def test_what_is_stated_is_kept_verbatim(generation: int) -> None:
    told = asked(Bench(generation), cpu="8000m", memory="65536Mi", sharedMemory="1e9", ephemeralStorage="99G")

    assert told == {
        "replica": 1,
        "cpu": "8000m",
        "memory": "65536Mi",
        "sharedMemory": "1e9",
        "ephemeralStorage": "99G",
    }


@both
def test_ephemeral_storage_is_50_gi(generation: int) -> None:
    assert asked(Bench(generation))["ephemeralStorage"] == "50Gi"


@both
def test_no_gpu_is_no_key_and_a_gpu_has_a_name(generation: int) -> None:
    bench = Bench(generation)

    assert "gpu" not in asked(bench, gpu="0")
    told = asked(bench, gpu="4")
    assert (told["gpu"], told["gpuName"]) == ("4", "amd.com/gpu")
    plain = bench.get(bench.made(workspaceId=PLAIN, **resource(generation, gpu="4")))
    first = plain["resource"] if generation == 1 else plain["resources"][0]
    assert (first["gpu"], "gpuName" in first) == ("4", False)


@both
@pytest.mark.parametrize(
    ("replica", "gpu", "has_card"), [(2, "8", True), (1, "8", False), (2, "4", False), (2, "", False)]
)
def test_several_full_nodes_get_a_network_card(
    generation: int, replica: int, gpu: str, has_card: bool
) -> None:
    assert ("rdmaResource" in asked(Bench(generation), replica=replica, gpu=gpu)) is has_card


@both
@pytest.mark.parametrize(("sent", "read"), [(0, None), (-5, None), (60, 60)])
def test_a_timeout_of_nothing_reads_null(generation: int, sent: int, read: int | None) -> None:
    bench = Bench(generation)

    assert bench.get(bench.made(timeout=sent))["timeout"] == read


def test_the_second_generation_takes_the_workspaces_longest_run_for_a_timeout() -> None:
    bench = Bench(2, who="root")
    bench.http.patch("/api/v1/workspaces/train-mi300", json={"maxRuntime": {"Train": 2}})

    assert bench.get(bench.made())["timeout"] == 7200
    assert bench.get(bench.made(timeout=60))["timeout"] == 60


@both
@pytest.mark.parametrize(("sent", "read"), [(None, 60), (0, None), (300, 300)])
def test_the_time_to_keep_is_60_seconds(generation: int, sent: int | None, read: int | None) -> None:
    bench = Bench(generation)

    assert bench.get(bench.made(ttlSecondsAfterFinished=sent))["ttlSecondsAfterFinished"] == read


@both
@pytest.mark.parametrize(("sent", "read"), [(-1, 0), (3, 3), (51, 50)])
def test_retries_are_clamped(generation: int, sent: int, read: int) -> None:
    bench = Bench(generation)

    assert bench.get(bench.made(maxRetry=sent))["maxRetry"] == read


@both
@pytest.mark.parametrize("name", ["Deployment", "StatefulSet", "Authoring"])
def test_what_serves_is_neither_retried_nor_supervised(generation: int, name: str) -> None:
    told = served(Bench(generation), maxRetry=3, isSupervised=True, **kind(name))

    assert (told["maxRetry"], told["isSupervised"]) == (0, False)


@both
def test_an_authoring_has_one_pod_that_sleeps_and_does_not_tell(generation: int) -> None:
    bench = Bench(generation)
    id_ = bench.made(timeout=60, dependencies=["a"], **resource(generation, replica=3), **kind("Authoring"))
    told = bench.get(id_)

    group = told["resource"] if generation == 1 else told["resources"][0]
    assert group["replica"] == 1
    assert told["entryPoint" if generation == 1 else "entryPoints"] == ("" if generation == 1 else None)
    assert "dependencies" not in told
    assert told["timeout"] == (None if generation == 1 else 60)


def test_an_authoring_without_an_image_gets_one() -> None:
    bench = Bench(1)
    image = bench.read("/envs")["authoringImage"]

    assert bench.get(bench.made(image="", **kind("Authoring")))["image"] == image


def test_dependencies_of_what_serves_are_cleared_in_the_second_generation() -> None:
    assert served(Bench(1), dependencies=["a"])["dependencies"] == ["a"]
    assert "dependencies" not in served(Bench(2), dependencies=["a"])


def test_c7_plain_text_is_encoded_and_reads_back_as_text() -> None:
    bench = Bench(1)

    for sent, read in (
        ("python train.py", "python train.py"),
        (b64("python train.py"), "python train.py"),
        ("  echo hi  ", "echo hi"),
        (f" {b64('echo hi')}\n", "echo hi"),
    ):
        assert bench.get(bench.made(entryPoint=sent))["entryPoint"] == read


@pytest.mark.parametrize("word", ["bash", "run1", "python12", "make/all"])
def test_c7_short_words_pass_for_base64_and_come_back_as_garbage(word: str) -> None:
    bench = Bench(1)
    told = bench.get(bench.made(entryPoint=word))

    assert told["entryPoint"] != word


@pytest.mark.parametrize("word", ["bash run", "run", "python", "bash=", "a===", "b@sh"])
def test_c7_other_words_do_not(word: str) -> None:
    bench = Bench(1)

    assert bench.get(bench.made(entryPoint=word))["entryPoint"] == word


def test_c7_bytes_that_are_no_text_become_replacement_characters() -> None:
    bench = Bench(1)

    assert bench.get(bench.made(entryPoint="/////w=="))["entryPoint"] == "\ufffd" * 4


def test_c7_entry_points_of_several_groups_are_each_decoded() -> None:
    bench = Bench(2)
    told = bench.get(bench.made(entryPoints=[b64("a b"), "c d"], images=[" x ", "y"]))

    assert (told["entryPoints"], told["images"]) == (["a b", "c d"], ["x", "y"])


@both
def test_an_image_is_trimmed(generation: int) -> None:
    bench = Bench(generation)
    sent = {"image": " rocm/a:1\n"} if generation == 1 else {"images": [" rocm/a:1\n"]}
    told = bench.get(bench.made(**sent))

    assert told.get("image", (told.get("images") or [None])[0]) == "rocm/a:1"


def test_environment_without_a_value_vanishes_in_the_first_generation_only() -> None:
    env = {"A": "1", "B": "", " C ": "2"}

    first, second = Bench(1), Bench(2)
    assert first.get(first.made(env=env))["env"] == {"A": "1", " C ": "2"}
    assert second.get(second.made(env=env))["env"] == {"A": "1", "B": "", "C": "2"}


@both
def test_c8_labels_part_from_the_nodes_that_were_chosen(generation: int) -> None:
    bench = Bench(generation)
    nodes = ["smc300x-01", "smc300x-02"]

    only = bench.get(bench.made(specifiedNodes=nodes))
    with_labels = bench.get(bench.made(specifiedNodes=nodes[:1], customerLabels={"a": "b", "c": ""}))

    assert (only["customerLabels"], only["specifiedNodes"]) == ({}, nodes)
    assert (with_labels["customerLabels"], with_labels["specifiedNodes"]) == ({"a": "b"}, nodes[:1])
    assert bench.get(bench.made())["customerLabels"] is None


def test_c8_the_first_generation_counts_replicas_by_nodes() -> None:
    first, second = Bench(1), Bench(2)
    nodes = ["smc300x-01", "smc300x-02"]

    assert first.get(first.made(specifiedNodes=nodes))["resource"]["replica"] == 2
    assert second.get(second.made(specifiedNodes=nodes))["resources"][0]["replica"] == 1


def test_c8_the_second_generation_tells_how_strictly_nodes_are_meant() -> None:
    bench = Bench(2)

    told = bench.get(bench.made(specifiedNodes=["smc300x-01"], excludedNodes=["smc300x-02"]))
    loose = bench.get(bench.made(specifiedNodes=["smc300x-01"], nodesAffinity="preferred"))
    without = bench.get(bench.made(nodesAffinity="required"))

    assert (told["nodesAffinity"], "excludedNodes" in told) == ("required", False)
    assert loose["nodesAffinity"] == "preferred"
    assert "nodesAffinity" not in without


def test_probes_get_their_times_and_only_what_serves_has_them_in_the_second_generation() -> None:
    probe = {"path": "/health", "port": 8080}
    full = {**probe, "initialDelaySeconds": 600, "periodSeconds": 3, "failureThreshold": 3}

    first, second = Bench(1), Bench(2)
    assert first.get(first.made(liveness=probe))["liveness"] == full
    assert "liveness" not in second.get(second.made(liveness=probe))
    assert served(second, readiness={**probe, "periodSeconds": 9})["readiness"] == {
        **full,
        "periodSeconds": 9,
    }


def test_a_service_gets_its_protocol_and_how_it_rolls() -> None:
    rolls = {"maxUnavailable": "25%", "maxSurge": "25%"}
    plain = {**SERVICE, "protocol": "TCP"}

    for generation in (1, 2):
        bench = Bench(generation)
        assert served(bench, service=SERVICE)["service"] == {**plain, "extends": rolls}
        udp = served(bench, service={**SERVICE, "protocol": "udp", "extends": {"maxSurge": "1"}})["service"]
        assert (udp["protocol"], udp["extends"]) == ("UDP", {**rolls, "maxSurge": "1"})
        job = bench.get(bench.made(service=SERVICE))["service"]
        assert ("extends" in job) is (generation == 2)


def test_a_service_listens_where_its_pods_do_in_the_second_generation() -> None:
    portless = {"targetPort": 8080, "serviceType": "ClusterIP"}

    assert served(Bench(2), service=portless)["service"]["port"] == 8080
    assert Bench(1).refused(service=portless)[0] == 400


@both
def test_a_schedule_starts_unless_it_says_otherwise(generation: int) -> None:
    bench = Bench(generation)
    told = bench.get(bench.made(cronJobs=[{"schedule": "2026-03-03T00:00:00Z"}]))

    assert told["cronJobs"] == [{"schedule": "2026-03-03T00:00:00Z", "action": "start"}]


@both
def test_the_kind_is_a_training_of_v1_without_a_group(generation: int) -> None:
    bench = Bench(generation)
    told = bench.get(bench.made(groupVersionKind={"group": "kubeflow.org"}))

    assert told["groupVersionKind"] == {"version": "v1", "kind": "PyTorchJob"}


def test_the_secrets_of_the_workspace_are_added_and_shown_to_owners_in_the_second_generation() -> None:
    bench = Bench(2)
    id_ = bench.made()

    assert bench.get(id_)["secrets"] == [{"id": "harbor-pull", "type": "image"}]
    assert "secrets" not in bench.sign_in("mina").get(id_)


def test_the_type_of_a_secret_is_its_own() -> None:
    bench = Bench(2)
    id_ = bench.made(secrets=[{"id": "harbor-pull", "type": "ssh"}])

    assert bench.get(id_)["secrets"] == [{"id": "harbor-pull", "type": "image"}]


def test_groups_without_pods_are_dropped_in_the_second_generation() -> None:
    bench = Bench(2)
    groups = [
        {"replica": 1, "cpu": "1", "memory": "1Gi"},
        {"replica": 0},
        {"replica": 2, "cpu": "1", "memory": "1Gi"},
    ]

    assert [one["replica"] for one in bench.get(bench.made(resources=groups))["resources"]] == [1, 2]
    assert bench.refused(resources=[{"replica": 0}])[2].endswith("the resources are empty")


@both
def test_some_fields_are_taken_and_never_told(generation: int) -> None:
    bench = Bench(generation)
    sent = {"hostpath": ["/data"], "jobPort": 22, "labels": {"a": "b"}, "annotations": {"c": "d"}}

    told = bench.get(bench.http.post(ROOT, json={**body(generation), **sent}).json()["workloadId"])

    assert not set(sent) & set(told)


@both
def test_without_supervision_there_is_none(generation: int) -> None:
    bench = Bench(generation)

    assert bench.get(bench.made())["isSupervised"] is False
    assert bench.get(bench.made(isSupervised=True))["isSupervised"] is True


@pytest.mark.parametrize(
    "text", ["", "1 Gi", "1GiB", "Gi", "1.5.2", "1ee3", "0x10", "1e", "½", "1" * 61, "1e" + "9" * 30]
)
def test_c6_what_is_no_quantity(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("8", 8),
        ("0.5", 1),
        ("500m", 1),
        ("128Gi", 2**37),
        ("131072Mi", 2**37),
        ("1e3", 1000),
        ("1E", 10**18),
        ("+.5", 1),
    ],
)
def test_c6_quantities_are_whole_and_rounded_up(text: str, whole: int) -> None:
    assert parse(text).whole == whole
