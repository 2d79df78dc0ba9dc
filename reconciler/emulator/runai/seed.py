"""The worlds an emulator starts with: an empty one, and the fleet of a fictional company.

Wattfield forecasts energy and runs an assistant. Its projects already hold work that people made
by hand, so that a first plan has something to say.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from reconciler.emulator.runai.claims import pool_id
from reconciler.emulator.runai.records import Cluster, Department, Pool, made_id
from reconciler.emulator.runai.world import World

Json = Any
CLUSTER = "5f0c2a1e-7b64-4a8e-9d3b-0c1f6e2a9b47"
FOUNDED = datetime.fromisoformat("2026-01-05T08:00:00+00:00")
TEMPLATES: Mapping[str, Mapping[str, Json]] = {
    "1d6f1c52-93b0-4b0e-8a1c-5f1b6c9e0a11": {
        "image": "jupyter/scipy-notebook:2026-01-05",
        "command": "start-notebook.sh",
        "compute": {"cpuCoreRequest": 1, "cpuMemoryRequest": "4Gi"},
    },
    "7b9a4e0d-2c11-4f6a-b9d5-3e8f7a6c5d22": {
        "image": "nvcr.io/nvidia/pytorch:26.01-py3",
        "compute": {"gpuDevicesRequest": 1, "largeShmRequest": True},
    },
}


def plant(world: World, seed: str) -> None:
    """Fill a world.  Raises ValueError for a seed that does not exist."""
    if seed not in SEEDS:
        raise ValueError(f"seed {seed!r} is none of {', '.join(SEEDS)}")
    _ground(world)
    SEEDS[seed](world)
    world.settle()


def _ground(world: World) -> None:
    """Make the one cluster with its node pools, a department, and two templates."""
    # An empty domain means: the host by which the client reached this emulator.
    world.clusters[CLUSTER] = Cluster(CLUSTER, "dgx-east", "", "2.25.6", FOUNDED)
    unit = Department(made_id("department", "default"), "default", CLUSTER)
    world.departments[unit.id] = unit
    for name, gpus, per_node, memory in (
        ("default", 0, 8, 0.0),
        ("h100-pool", 24, 8, 80.0),
        ("a100-40g", 8, 8, 40.0),
    ):
        label = ("runai/node-pool", name)
        world.pools[pool_id(CLUSTER, name)] = Pool(
            pool_id(CLUSTER, name), name, CLUSTER, gpus, per_node, memory, label, name == "default"
        )
    world.templates.update({id_: dict(spec) for id_, spec in TEMPLATES.items()})


def _empty(world: World) -> None:
    world.add_project("team-a", quotas={"h100-pool": 16})
    world.add_project("team-b", quotas={"h100-pool": 8})
    world.add_project("platform", quotas={"h100-pool": 2})


def _demo(world: World) -> None:
    world.add_project("team-forecast", quotas={"h100-pool": 16})
    world.add_project("team-assist", quotas={"h100-pool": 8, "a100-40g": 4})
    world.add_project("platform", quotas={"h100-pool": 2})
    _people(world)


NOTEBOOK = "jupyter/scipy-notebook:2026-01-05"
FORECASTER = "ghcr.io/wattfield/forecaster:v1.4.2"
# What people made by hand; `then` is what time or the platform did to it before today.
PEOPLE: tuple[Mapping[str, Json], ...] = (
    {
        "kind": "Training",
        "project": "team-forecast",
        "name": "old-run",
        "created_by": "mina",
        "spec": {
            "image": FORECASTER,
            "command": "python train.py",
            "args": "--horizon 48 --epochs 200",
            "compute": {"gpuDevicesRequest": 2},
            "environmentVariables": [{"name": "EMULATOR_SECONDS", "value": "864000"}],
        },
    },
    {
        "kind": "Workspace",
        "project": "team-forecast",
        "name": "scratch-mina",
        "created_by": "mina",
        "spec": {
            "image": NOTEBOOK,
            "command": "start-notebook.sh",
            "compute": {
                "gpuDevicesRequest": 1,
                "gpuRequestType": "portion",
                "gpuPortionRequest": 0.1,
            },
            "exposedUrls": [{"container": 8888, "toolType": "jupyter-notebook"}],
        },
    },
    {
        "kind": "Inference",
        "project": "team-assist",
        "name": "vllm-test",
        "created_by": "lee",
        "spec": {
            "image": "vllm/vllm-openai:v0.18.0",
            "args": "--model Qwen/Qwen3-8B --max-model-len 8192",
            "compute": {"gpuDevicesRequest": 1},
            "nodePools": ["a100-40g"],
            "servingPort": {"container": 8000},
            "autoscaling": {"minReplicas": 1},
        },
    },
    {
        "kind": "Workspace",
        "project": "platform",
        "name": "nccl-debug",
        "created_by": "lee",
        "spec": {
            "image": "nvcr.io/nvidia/pytorch:26.01-py3",
            "command": "sleep infinity",
            "compute": {"gpuDevicesRequest": 4},
        },
    },
    {
        "kind": "Training",
        "project": "team-forecast",
        "name": "backtest-2025",
        "created_by": "mina",
        "then": "finished",
        "spec": {
            "image": FORECASTER,
            "command": "python backtest.py",
            "compute": {"cpuCoreRequest": 4, "cpuMemoryRequest": "16G"},
        },
    },
    {
        "kind": "Workspace",
        "project": "team-assist",
        "name": "prompt-lab",
        "created_by": "lee",
        "spec": {
            "image": "ghcr.io/wattfield/does-not-exist:dev",
            "command": "streamlit run lab.py",
            "compute": {"cpuCoreRequest": 1, "cpuMemoryRequest": "2G"},
        },
    },
    {
        "kind": "Workspace",
        "project": "team-forecast",
        "name": "notebook-idle",
        "created_by": "jonas",
        "then": "stopped",
        "spec": {"image": NOTEBOOK, "compute": {"gpuDevicesRequest": 1}},
    },
)


def _people(world: World) -> None:
    """Add what mina, lee and jonas made by hand."""
    for row in PEOPLE:
        then = row.get("then")
        id_ = world.add_workload(
            kind=row["kind"],
            project=row["project"],
            name=row["name"],
            spec=dict(row["spec"]),
            created_by=row["created_by"],
            phase="Completed" if then == "finished" else None,
        )
        if then == "finished":
            world.unpin(id_)
        if then == "stopped":
            world.stop(id_, "Workload was idle for longer than the project allows")


SEEDS: Mapping[str, Callable[[World], None]] = {"empty": _empty, "demo": _demo}
