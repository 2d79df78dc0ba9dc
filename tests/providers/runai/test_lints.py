"""Lints: what the platform takes and nobody means is warned of; what may be meant is let through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.kind import Kind
from reconciler.providers.runai.kinds import (
    DISTRIBUTED_INFERENCE,
    DISTRIBUTED_TRAINING,
    EXTERNAL_WORKLOAD,
    INFERENCE,
    KINDS,
    NIM_SERVICE,
    TRAINING,
    WORKSPACE,
)
from reconciler.yaml import parse

ROOT = Path(__file__).parents[3]
MANIFESTS = sorted(
    file
    for folder in ("examples/manifests", "reconciler/cli/templates/demo")
    for file in (ROOT / folder).rglob("*.yaml")
    if file.name != "reconciler.yaml"
)
ONE_POD = (WORKSPACE, TRAINING, INFERENCE)
ODD_FIELDS = ["compute", "storage", "environmentVariables", "image", "command", "args", "masterSpec"]
ODD_FIELDS += ["leader", "worker", "manifest"]
EIGHT = {"gpuDevicesRequest": 8, "largeShmRequest": True}


def spec(**fields: Any) -> dict[str, Any]:
    return {"image": "pytorch:2.5", **fields}


def run(args: str, command: str = "python", **compute: Any) -> dict[str, Any]:
    return spec(command=command, args=args, compute={"largeShmRequest": True, **compute})


def warned(kind: Kind, stated: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in kind.lint(stated)]


IDLE = [
    run("infinity", "sleep", gpuDevicesRequest=1),
    run("sleep infinity", "/entrypoint.sh", gpuDevicesRequest=1),
    run("inf", "/bin/sleep", gpuDevicesRequest=1),
    run("1000000", "sleep", gpuDevicesRequest=1),
    run("7d", "sleep", gpuDevicesRequest=1),
    run("-f /dev/null", "tail", gpuDevicesRequest=1),
    run("-F /dev/null", "tail", gpuDevicesRequest=1),
    run("-c 'python t.py; sleep infinity'", "bash", gpuDevicesRequest=1),
    run("-c 'while true; do sleep 30; done'", "bash", gpuDevicesRequest=1),
    run("-c 'while :; do :; done'", "sh", gpuDevicesRequest=1),
    run("infinity", "sleep", gpuPortionRequest=0.1, gpuRequestType="portion"),
]
BUSY = [
    run("600", "sleep", gpuDevicesRequest=1),
    run("infinity", "sleep"),
    run("infinity", "sleep", gpuDevicesRequest=0),
    run("train.py --sleep infinity.txt", gpuDevicesRequest=1),
    run("-f train.log", "tail", gpuDevicesRequest=1),
    run("-c 'sleep infinity & python t.py'", "bash", gpuDevicesRequest=1),
    run("-c 'while true; do python step.py || break; done'", "bash", gpuDevicesRequest=1),
    run("-c 'sleep infinity; python t.py'", "bash", gpuDevicesRequest=1),
    spec(compute=EIGHT),
]


@pytest.mark.parametrize("stated", IDLE, ids=lambda stated: f"{stated['command']} {stated['args']}")
def test_a_training_that_idles_on_gpus_is_warned_of(stated: dict[str, Any]) -> None:
    assert warned(TRAINING, stated) == [("RC150", "/spec/args")]


@pytest.mark.parametrize("stated", BUSY, ids=lambda stated: str(stated.get("args")))
def test_a_training_that_works_or_holds_no_gpu_is_not_idle(stated: dict[str, Any]) -> None:
    assert warned(TRAINING, stated) == []


@pytest.mark.parametrize("stated", IDLE, ids=lambda stated: f"{stated['command']} {stated['args']}")
def test_a_workspace_may_idle(stated: dict[str, Any]) -> None:
    assert warned(WORKSPACE, stated) == []


def test_an_idle_job_says_how_many_gpus_it_holds() -> None:
    stated = {**run("infinity", "sleep", gpuDevicesRequest=8), "parallelism": 4}

    assert "holds 32 GPUs" in next(iter(TRAINING.lint(stated))).what


STALE = [{"image": "a"}, {"image": "a:latest"}, {"image": "registry:5000/team/a"}, {"image": "r/a:latest"}]
FIXED = [
    {"image": "a:1"},
    {"image": "a@sha256:00"},
    {"image": "a:latest@sha256:00"},
    {"image": "a:${{ vars.TAG }}"},
    {"templateId": "x"},
]


@pytest.mark.parametrize("kind", [*ONE_POD, DISTRIBUTED_TRAINING, NIM_SERVICE], ids=lambda kind: kind.name)
@pytest.mark.parametrize("stated", STALE, ids=lambda stated: stated["image"])
def test_a_tag_that_moves_beside_if_not_present_is_warned_of(kind: Kind, stated: dict[str, Any]) -> None:
    assert warned(kind, {**stated, "imagePullPolicy": "IfNotPresent"}) == [("RC151", "/spec/imagePullPolicy")]


@pytest.mark.parametrize("stated", FIXED, ids=str)
def test_a_tag_that_stays_may_be_kept(stated: dict[str, Any]) -> None:
    assert warned(TRAINING, {**stated, "imagePullPolicy": "IfNotPresent"}) == []


@pytest.mark.parametrize("policy", [None, "Always", "Never"])
def test_latest_is_fine_where_a_node_asks_again(policy: str | None) -> None:
    assert warned(TRAINING, spec(image="a:latest", imagePullPolicy=policy)) == []


SHARING = [
    spec(compute={"gpuDevicesRequest": 2}),
    spec(command="torchrun", args="t.py"),
    spec(command="bash", args="-c 'cd /w && uv run torchrun t.py'"),
    spec(command="python", args="-m torch.distributed.run t.py"),
    spec(command="accelerate", args="launch t.py"),
    spec(command="vllm serve", args="--model m"),
    spec(image="vllm/vllm-openai:v0.18.0", compute={"gpuDevicesRequest": 1}),
    spec(environmentVariables=[{"name": "NCCL_DEBUG", "value": "INFO"}]),
    spec(compute={"gpuDevicesRequest": 2}, storage={"emptyDirVolume": [{"path": "/scratch"}]}),
]
ENOUGH = [
    spec(command="python", args="t.py", compute={"gpuDevicesRequest": 1}),
    spec(command="torchrun", args="t.py", compute={"largeShmRequest": True}),
    spec(command="torchrun", args="t.py", compute={"largeShmRequest": False}),
    spec(command="torchrun", args="t.py", templateId="x"),
    spec(command="torchrun", args="t.py", storage={"emptyDirVolume": [{"path": "/dev/shm"}]}),
    spec(command="torchrun", args="t.py", security={"hostIpc": True}),
    spec(command="bash", args="-c 'pip install vllm && python t.py'"),
    spec(image="${{ vars.VLLM_IMAGE }}"),
]


@pytest.mark.parametrize("stated", SHARING, ids=str)
def test_processes_that_share_memory_need_a_large_shm(stated: dict[str, Any]) -> None:
    assert warned(TRAINING, stated) == [("RC152", "/spec/compute/largeShmRequest")]


@pytest.mark.parametrize("kind", ONE_POD)
@pytest.mark.parametrize("name", ["cpuMemoryRequest", "cpuMemoryLimit", "gpuMemoryRequest", "gpuMemoryLimit"])
@pytest.mark.parametrize("amount", ["500m", "16", "1000Ki", 64])
def test_memory_that_is_counted_in_bytes_is_warned_of(kind: Kind, name: str, amount: str | int) -> None:
    assert warned(kind, spec(compute={name: amount})) == [("RC156", f"/spec/compute/{name}")]


@pytest.mark.parametrize("amount", ["0", "1Mi", "2e9", "16G", "${{ vars.MEMORY }}", None, "x"])
def test_other_memory_is_let_through(amount: str | None) -> None:
    assert not warned(TRAINING, spec(compute={"cpuMemoryRequest": amount}))


@pytest.mark.parametrize("stated", ENOUGH, ids=str)
def test_enough_shared_memory_or_one_process_is_let_through(stated: dict[str, Any]) -> None:
    assert warned(TRAINING, stated) == []


WORDS = [
    (run("-- --epochs 3"), "/spec/args"),
    (run("x", "--"), "/spec/command"),
    (run("training submit a -i img -g 1 -- python t.py", "runai"), "/spec/command"),
    (run("--image img --gpu 1 -- python t.py"), "/spec/args"),
    (run("a.py && python b.py"), "/spec/args"),
    (run("a.py > /data/log"), "/spec/args"),
    (run("/work", "cd"), "/spec/command"),
    (run("t.py", "SEED=1 python"), "/spec/command"),
    (run("--lr $LR"), "/spec/args"),
    (run("pip install x", "bash -c"), "/spec/args"),
]
MEANT = [
    run("launch -- t.py --epochs 3", "accelerate"),
    run("--gpu 1 -- t.py", "slurm-like"),
    run("-c 'cd /w && SEED=1 python t.py > log'", "bash"),
    run("--expr 'a && b'"),
    run("--lr $(LR)"),
    run("-c run.sh", "bash"),
    spec(args="a && b"),
    spec(args="--lr $LR"),
]


@pytest.mark.parametrize("kind", [*ONE_POD, DISTRIBUTED_TRAINING], ids=lambda kind: kind.name)
@pytest.mark.parametrize(("stated", "pointer"), WORDS, ids=lambda value: str(value)[:60])
def test_words_that_a_program_will_not_see_as_meant(kind: Kind, stated: dict[str, Any], pointer: str) -> None:
    assert warned(kind, stated) == [("RC131", pointer)]


@pytest.mark.parametrize("stated", MEANT, ids=lambda stated: str(stated.get("args")))
def test_words_that_may_be_meant_are_let_through(stated: dict[str, Any]) -> None:
    assert warned(TRAINING, stated) == []


@pytest.mark.parametrize(
    ("stated", "is_too_many"),
    [
        (run("--nproc_per_node=8 t.py", "torchrun", gpuDevicesRequest=4), True),
        (run("--tensor-parallel-size 2", "vllm serve", gpuDevicesRequest=1), True),
        (run("-c 'torchrun --nproc-per-node 8 t.py'", "bash", gpuDevicesRequest=4), True),
        (run("--nproc_per_node=8 t.py", "torchrun", gpuDevicesRequest=8), False),
        (run("--nproc_per_node=2 t.py", "torchrun", gpuDevicesRequest=8), False),
        (run("--nproc_per_node=gpu t.py", "torchrun", gpuDevicesRequest=4), False),
        (run("--nproc_per_node=8 t.py", "torchrun"), False),
        (run("--nproc_per_node=8 t.py", "torchrun", gpuDevicesRequest=0), False),
    ],
    ids=lambda value: str(value)[:70],
)
def test_more_processes_than_gpus_are_warned_of(stated: dict[str, Any], is_too_many: bool) -> None:
    expected = [("RC153", "/spec/compute/gpuDevicesRequest")] if is_too_many else []

    assert warned(TRAINING, stated) == expected


def test_a_node_directory_without_a_mode_is_warned_of() -> None:
    mounts = [{"path": "/a", "mountPath": "/a"}, {"path": "/b", "mountPath": "/b", "readOnly": False}]

    assert warned(TRAINING, spec(storage={"hostPath": mounts})) == [
        ("RC154", "/spec/storage/hostPath/path=~1a/readOnly")
    ]


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_example_is_warned_of(file: Path) -> None:
    kinds = {kind.name: kind for kind in KINDS}
    documents = [document.value for document in parse(file.read_bytes(), file.name).documents]

    assert [p.what for document in documents for p in kinds[document["kind"]].lint(document["spec"])] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("odd", [3, "x", [1], {"name": 3}, None, True], ids=repr)
@pytest.mark.parametrize("field", ODD_FIELDS)
def test_lints_survive_any_shape(kind: Kind, field: str, odd: Any) -> None:
    list(kind.lint({field: odd}))


MASTER = {"masterSpec": run("train.py", gpuDevicesRequest=1)}
SLEEPS = run("infinity", "sleep", gpuDevicesRequest=8)


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        (SLEEPS, [("RC150", "/spec/args")]),
        ({**SLEEPS, "masterSpec": run("infinity", "sleep")}, [("RC150", "/spec/args")]),
        ({**SLEEPS, **MASTER}, []),
        ({**SLEEPS, "masterSpec": {"image": "mpi-launcher:2"}}, []),
        ({**run("train.py", gpuDevicesRequest=8), "masterSpec": run("infinity", "sleep")}, []),
    ],
    ids=["no master", "both sleep", "master works", "the master's image may work", "workers work"],
)
def test_a_distributed_training_idles_only_when_all_its_pods_do(
    stated: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    assert warned(DISTRIBUTED_TRAINING, stated) == codes


def test_each_pod_of_a_distributed_training_needs_its_own_shared_memory() -> None:
    pod = {"image": "a:1", "compute": {"gpuDevicesRequest": 1}}

    assert warned(DISTRIBUTED_TRAINING, {**pod, "masterSpec": pod}) == [
        ("RC152", "/spec/compute/largeShmRequest"),
        ("RC152", "/spec/masterSpec/compute/largeShmRequest"),
    ]
    assert warned(DISTRIBUTED_TRAINING, {**pod, "masterSpec": pod, "templateId": "x"}) == []
    assert warned(DISTRIBUTED_TRAINING, {"image": "a:1", "compute": {"cpuCoreRequest": 4}}) == []


def test_a_group_of_an_inference_spreads_its_model_over_pods() -> None:
    leader = run("--tensor-parallel-size 16", "vllm serve", gpuDevicesRequest=8)
    worker = {"image": "vllm/vllm-openai:v0.18.0", "compute": {"gpuDevicesRequest": 8}}

    assert warned(DISTRIBUTED_INFERENCE, {"leader": leader, "worker": worker, "workers": 1}) == [
        ("RC152", "/spec/worker/compute/largeShmRequest")
    ]


def manifest(kind: str, **container: Any) -> dict[str, Any]:
    whole = {"name": "main", "image": "a:1", "resources": {"limits": {"nvidia.com/gpu": 2}}, **container}
    template = {"spec": {"containers": [whole]}}
    return {"manifest": {"apiVersion": "v1", "kind": kind, "spec": {"template": template}}}


def test_a_kubernetes_job_that_idles_on_gpus_is_warned_of() -> None:
    sleeps = {"command": ["bash", "-c"], "args": ["sleep infinity"]}
    at = "/spec/manifest/spec/template/spec/containers/name=main"

    assert warned(EXTERNAL_WORKLOAD, manifest("Job", **sleeps)) == [("RC150", f"{at}/args")]
    assert warned(EXTERNAL_WORKLOAD, manifest("Deployment", **sleeps)) == []
    assert warned(EXTERNAL_WORKLOAD, manifest("Job", command=["python", "t.py"])) == []


def test_a_stale_image_in_a_kubernetes_manifest_is_warned_of() -> None:
    stated = manifest("Deployment", image="a:latest", imagePullPolicy="IfNotPresent")
    at = "/spec/manifest/spec/template/spec/containers/name=main/imagePullPolicy"

    assert warned(EXTERNAL_WORKLOAD, stated) == [("RC151", at)]
    assert warned(EXTERNAL_WORKLOAD, manifest("Deployment", image="a:latest")) == []
