"""The worlds an emulator starts with: an empty one, and the clusters of a fictional company."""

import base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from reconciler.emulator.primus_safe.capacity import EPHEMERAL, RDMA
from reconciler.emulator.primus_safe.mutate import Ground, on_create
from reconciler.emulator.primus_safe.records import (
    Cluster,
    Flavor,
    Node,
    Resource,
    Secret,
    Spec,
    Workspace,
)
from reconciler.emulator.primus_safe.tokens import Tokens
from reconciler.emulator.primus_safe.users import ADMIN, user_id
from reconciler.emulator.primus_safe.world import World

Json = Any
CLUSTER = "mi300-west"
TRAIN, SERVE, PLAIN = "train-mi300", "serve-mi300", "cpu-west"
FOUNDED = datetime.fromisoformat("2026-01-05T08:00:00+00:00")
DEMO_KEY = "ak-demo-secret"
_KEY_LASTS = timedelta(days=366 * 10)
_FLAVORS = (
    Flavor(
        "mi300x-8", "192", "AMD EPYC 9654", "2048Gi", 8, "AMD Instinct MI300X", "amd.com/gpu",
        {EPHEMERAL: "7Ti", RDMA: "1"},
    ),
    Flavor("epyc", "96", "AMD EPYC 9454", "768Gi", extended={EPHEMERAL: "2Ti"}),
)  # fmt: skip
_SPACES = (
    (TRAIN, "mi300x-8", 8, "balance", ("Train", "Authoring"), True),
    (SERVE, "mi300x-8", 2, "fifo", ("Infer", "Authoring"), False),
    (PLAIN, "epyc", 2, "balance", (), False),
)
_SPARE = 2


def plant(world: World, tokens: Tokens, seed: str) -> None:
    """Fill a world.  Raises ValueError for a seed that does not exist."""
    if seed not in SEEDS:
        raise ValueError(f"seed {seed!r} is none of {', '.join(SEEDS)}")
    _ground(world)
    _accounts(world, tokens)
    SEEDS[seed](world)
    world.settle()


def _ground(world: World) -> None:
    """Make the cluster, its flavors and nodes, and the workspaces; two nodes belong to none."""
    world.clusters[CLUSTER] = Cluster(CLUSTER, FOUNDED, user_id("root"))
    world.flavors.update({one.id: one for one in _FLAVORS})
    number = 0
    for id_, flavor, count, policy, scopes, preempts in (*_SPACES, ("", "mi300x-8", _SPARE, "", (), False)):
        for _ in range(count):
            number += 1
            name = f"{'smc300x' if flavor == 'mi300x-8' else 'epyc'}-{number:02d}"
            world.nodes[f"{CLUSTER}-{name}"] = Node(
                f"{CLUSTER}-{name}", name, CLUSTER, flavor, f"10.21.0.{number}", FOUNDED, workspace=id_,
                labels={"topology.amd.com/rack": f"r{1 + number // 5}"},
            )  # fmt: skip
        if id_:
            world.workspaces[id_] = Workspace(
                id_, id_, CLUSTER, flavor, count, FOUNDED, user_id=user_id("root"), queue_policy=policy,
                scopes=scopes, enables_preempt=preempts, image_secrets=("harbor-pull",),
            )  # fmt: skip
    world.secrets["harbor-pull"] = Secret(
        "harbor-pull", "harbor-pull", "image",
        ({"server": "harbor.wattfield.example", "username": "robot", "password": "emulator"},),
        user_id("root"), FOUNDED,
    )  # fmt: skip


def _accounts(world: World, tokens: Tokens) -> None:
    """Let in `root`, who may all, `demo` and `mina`, who are members, and `lee`, who runs one workspace."""
    add = world.users.add
    add("root", "root", FOUNDED, roles=(ADMIN,))
    demo = add("demo", "demo-secret", FOUNDED, workspaces=(TRAIN, SERVE, PLAIN))
    add("mina", "mina-secret", FOUNDED, workspaces=(TRAIN, PLAIN))
    add("lee", "lee-secret", FOUNDED, workspaces=(TRAIN, SERVE), managed=(SERVE,))
    add("jonas", "jonas-secret", FOUNDED)
    tokens.add_key(demo, "demo", _KEY_LASTS, DEMO_KEY)


# What people made by hand: name, kind, workspace, owner, image, command, replicas, GPUs, environment.
PEOPLE: tuple[Mapping[str, Json], ...] = (
    {
        "name": "old-pretrain",
        "kind": "PyTorchJob",
        "space": TRAIN,
        "by": "mina",
        "image": "rocm/primus:v26.5",
        "command": "bash run_pretrain.sh",
        "pods": 2,
        "gpus": 8,
        "env": {"EMULATOR_SECONDS": "864000"},
    },
    {
        "name": "scratch-mina",
        "kind": "Authoring",
        "space": TRAIN,
        "by": "mina",
        "image": "rocm/pytorch:latest",
        "command": "sleep infinity",
        "pods": 1,
        "gpus": 1,
        "env": {},
    },
    {
        "name": "sglang-test",
        "kind": "Deployment",
        "space": SERVE,
        "by": "lee",
        "image": "lmsysorg/sglang:v0.5.10-rocm720-mi30x",
        "command": "python -m sglang.launch_server --model Qwen/Qwen3-8B",
        "pods": 1,
        "gpus": 1,
        "env": {},
    },
    {
        "name": "broken-notebook",
        "kind": "PyTorchJob",
        "space": TRAIN,
        "by": "mina",
        "image": "ghcr.io/wattfield/does-not-exist:dev",
        "command": "python train.py",
        "pods": 1,
        "gpus": 4,
        "env": {},
    },
)


def _demo(world: World) -> None:
    for row in PEOPLE:
        asked = Resource(row["pods"], "16", str(row["gpus"]), memory="128Gi")
        command = base64.b64encode(row["command"].encode()).decode()
        spec = Spec(
            workspace=row["space"], kind=row["kind"], resources=(asked,), images=(row["image"],),
            entry_points=(command,), env=row["env"],
        )  # fmt: skip
        space = world.workspaces[row["space"]]
        ground = Ground(world.generation, space, world.flavors[space.flavor], world.switches.ttl_s)
        world.submit(
            world.new_id(row["name"]), on_create(spec, ground), world.users.named(row["by"]),
            display_name=row["name"], description="made by hand",
        )  # fmt: skip


def _empty(_: World) -> None:
    """Add nothing."""


SEEDS: Mapping[str, Callable[[World], None]] = {"empty": _empty, "demo": _demo}
