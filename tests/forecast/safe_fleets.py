"""Fleets at random on Primus-SaFE, planned, applied, and held against what its emulated queues then do."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.emulator.primus_safe.records import Resource, Spec
from reconciler.emulator.primus_safe.seed import SERVE, TRAIN
from tests.forecast.fleets import Held, planned_and_applied
from tests.scenarios.primus_safe.stage import SafeStage, a_manifest, staged

LONG = {"EMULATOR_SECONDS": "864000"}
KINDS = {"PyTorchJob": TRAIN, "Authoring": TRAIN, "Deployment": SERVE}
NODES = 3
"""So many of eight nodes are left to the workspace for training, so that it is soon full."""


@dataclass
class SafeFleet:
    """Draw one fleet: how its workspaces queue, what others run there, and two states of git."""

    seed: int
    drawn: random.Random = field(init=False)
    made: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.drawn = random.Random(self.seed)

    def found(self, stage: SafeStage) -> None:
        """Give each workspace its way to queue, and let others work and wait in both."""
        world, draw = stage.safe.world, self.drawn
        for space in (TRAIN, SERVE):
            policy, preempts = draw.choice(["fifo", "balance"]), draw.random() < 0.4
            world.workspaces[space] = replace(
                world.workspaces[space], queue_policy=policy, enables_preempt=preempts
            )
        for node in world.nodes_of(TRAIN)[NODES:]:
            world.nodes[node.id] = replace(node, workspace="")
        world.workspaces[TRAIN] = replace(world.workspaces[TRAIN], replica=NODES)
        for number in range(draw.randint(0, 5)):
            kind = draw.choice([*KINDS])
            asked = Resource(
                draw.choice([1, 1, 2]), draw.choice(["8", "64"]), draw.choice(["", "1", "2", "4", "8"]),
                "amd.com/gpu", memory="64Gi", ephemeral="50Gi",
            )  # fmt: skip
            spec = Spec(
                KINDS[kind], kind, "v1", (asked,), ("rocm/pytorch:1",), ("c2xlZXAgOTk5",),
                env=LONG, priority=draw.choice([0, 0, 1]),
            )  # fmt: skip
            world.submit(
                world.new_id(f"other-{number}"),
                spec,
                world.users.named("lee"),
                display_name=f"other-{number}",
            )
            stage.wait(30)
        stage.wait(300)

    def declare(self, stage: SafeStage) -> None:
        """Write a first state of git."""
        for number in range(self.drawn.randint(1, 4)):
            self._draw(f"w{number}")
        self._write(stage)

    def change(self, stage: SafeStage) -> None:
        """Change what git says: take some away, change some, add some."""
        for name in list(self.made):
            kind, spec = self.made[name]
            act = self.drawn.choice(["keep", "remove", "image", "scale"])
            if act == "remove":
                del self.made[name]
                stage.remove(name)
            elif act == "image":
                self.made[name] = kind, {**spec, "image": "rocm/pytorch:2"}
            elif act == "scale" and kind == "Deployment":
                resource = {**spec["resource"], "replica": self.drawn.choice([1, 2, 3])}
                self.made[name] = kind, {**spec, "resource": resource}
        for number in range(self.drawn.randint(0, 4)):
            self._draw(f"n{number}")
        self._write(stage)

    def _draw(self, name: str) -> None:
        draw, kind = self.drawn, self.drawn.choice([*KINDS])
        resource: dict[str, Any] = {
            "cpu": draw.choice(["8", "8", "100"]),
            "memory": "64Gi",
            "gpu": draw.choice(["1", "2", "4", "8", "8", "9"]),
        }
        spec: dict[str, Any] = {"image": "rocm/pytorch:1", "env": LONG, "priority": draw.choice([0, 1])}
        if draw.random() < 0.15:
            resource = {"cpu": draw.choice(["8", "100", "170"]), "memory": "64Gi"}
        if kind != "Authoring":
            resource["replica"] = draw.choice([1, 1, 2, 3])
            spec["entryPoint"] = "sleep infinity"
        self.made[name] = kind, {**spec, "resource": resource}

    def _write(self, stage: SafeStage) -> None:
        blocks = {
            "health": "{hold: 1s, queueTimeout: 30s, timeout: 5m}",
            "lifecycle": "{onImmutableChange: Replace}",
        }
        texts = {}
        for name, (kind, spec) in self.made.items():
            head, _, _ = a_manifest(name, kind, KINDS[kind]).partition("spec:")
            lines = "".join(f"{block}: {text}\n" for block, text in blocks.items())
            texts[name] = f"{head}spec: {json.dumps(spec)}\n{lines}"
        stage.write(**texts)


def held(seed: int, folder: Path) -> Iterator[Held]:
    """Play one fleet: apply the first state, then the second, and hold the forecasts of both."""
    fleet = SafeFleet(seed)
    with staged(folder / f"safe-{seed}" / "repo", 1 + seed % 2) as stage:
        fleet.found(stage)
        for step in (fleet.declare, fleet.change):
            step(stage)
            yield from _held(seed, stage)


def _held(seed: int, stage: SafeStage) -> Iterator[Held]:
    plan, applied = planned_and_applied(stage)
    stage.wait(600)
    stage.safe.world.settle()
    done = {outcome.key for outcome in applied.outcomes if outcome.result in ("done", "failed")}
    for outlook in plan.forecast.outlooks if plan.forecast else ():
        if outlook.key in done:
            yield Held(seed, outlook, *_came(stage, outlook.key.name))


def _came(stage: SafeStage, name: str) -> tuple[bool, str]:
    """Tell whether what is newest of a name was let through."""
    found = [one for one in stage.all(name) if not one.is_ended]
    if not found:
        return False, "refused"
    one = found[-1]
    return one.step != "queued" and one.phase == "Running", f"{one.phase}: {one.message}"
