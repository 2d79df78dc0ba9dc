"""Fleets at random, planned, applied, and held against what the emulated scheduler then does.

The scheduler is the oracle: it was written from the platform's documents and knows nothing of the forecast.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.capacity import Chance, Outlook
from reconciler.outcome import Applied
from reconciler.plan.change import Plan
from reconciler.reconcile import Session, Stop
from tests.scenarios.oracle import EVERY_KIND, sleeping
from tests.scenarios.stage import Stage, a_manifest, staged

POOLS = ("h100-pool", "a100-40g")
PROJECTS = ("team-a", "team-b", "hidden")
KINDS = tuple(EVERY_KIND.values())
PRIORITIES = ("very-low", "low", "medium", "high", "very-high")
ALLOW = ("destroy=99", "create=99", "gpu-hours=999999", "empty", "shrunk")
HOLDS = frozenset({"Initializing", "Running", "Degraded", "Completed"})
WRONG = {
    (Chance.STARTS, False),
    (Chance.LATER, False),
    (Chance.NEVER, True),
    (Chance.QUEUES, True),
}
"""What was foretold, and whether it ran all the same."""


@dataclass(frozen=True)
class Held:
    """Hold one outlook against what came: whether it got its GPUs, and the scheduler's words if not."""

    seed: int
    outlook: Outlook
    ran: bool
    said: str

    @property
    def is_wrong(self) -> bool:
        return (self.outlook.chance, self.ran) in WRONG


@dataclass
class Fleet:
    """Draw one fleet: its projects, what others run there, and two states of git."""

    seed: int
    drawn: random.Random = field(init=False)
    made: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.drawn = random.Random(self.seed)

    def found(self, stage: Stage) -> None:
        """Give each project its quotas and limits, and let others work in all of them."""
        world, draw = stage.emulator.world, self.drawn
        world.projects.clear()
        for name in PROJECTS:
            quotas = {pool: draw.choice([0, 2, 4, 8, 16]) for pool in draw.sample(POOLS, draw.choice([1, 2]))}
            limits = {
                pool: quota + draw.choice([0, 4]) for pool, quota in quotas.items() if draw.random() < 0.2
            }
            world.add_project(name, quotas=quotas, limits=limits)
        for number in range(draw.randint(0, 6)):
            kind = draw.choice(["Workspace", "Training"])
            self._stranger(stage, f"other-{number}", kind)
        stage.clock.advance(300)

    def _stranger(self, stage: Stage, name: str, kind: str) -> None:
        spec = {
            **sleeping(kind),
            **self._wishes(kind),
            "compute": {"gpuDevicesRequest": self.drawn.choice([1, 2, 4, 8])},
        }
        project = self.drawn.choice(PROJECTS)
        stage.emulator.world.add_workload(kind=kind, project=project, name=name, spec=spec, created_by="mina")
        stage.clock.advance(30)

    def declare(self, stage: Stage) -> None:
        """Write a first state of git."""
        for number in range(self.drawn.randint(1, 5)):
            self._draw(f"w{number}")
        self._write(stage)

    def change(self, stage: Stage) -> None:
        """Change what git says: take some away, change some, add some."""
        for name in list(self.made):
            act = self.drawn.choice(["keep", "keep", "remove", "image", "scale"])
            project, kind, spec, needs = self.made[name]
            if act == "remove":
                del self.made[name]
                stage.remove(name)
            elif act == "image":
                self.made[name] = project, kind, _with_image(kind, spec, "busybox:2"), needs
            elif act == "scale":
                self.made[name] = project, kind, self._scaled(kind, spec), needs
        for number in range(self.drawn.randint(0, 5)):
            self._draw(f"n{number}")
        self._write(stage)

    def _draw(self, name: str) -> None:
        kind = self.drawn.choice(KINDS)
        spec = {**sleeping(kind), **(self._wishes(kind) if kind != "ExternalWorkload" else {})}
        self._compute(kind, spec)
        if kind == "Training" and self.drawn.random() < 0.3:
            spec["parallelism"] = self.drawn.choice([2, 3])
        if kind == "DistributedTraining":
            spec["numWorkers"] = self.drawn.choice([1, 2, 3])
            if self.drawn.random() < 0.5:
                spec["masterSpecSameAsWorker"] = True
        project = self.drawn.choice(PROJECTS[:2])
        earlier = [one for one, (_, other, *_) in self.made.items() if other in ("Workspace", "Inference")]
        needs = (self.drawn.choice(earlier),) if earlier and self.drawn.random() < 0.15 else ()
        self.made[name] = project, kind, spec, needs

    def _wishes(self, kind: str) -> dict[str, Any]:
        draw, wishes = self.drawn, dict[str, Any]()
        if draw.random() < 0.7:
            wishes["nodePools"] = draw.sample(POOLS, draw.choice([1, 2]))
        if draw.random() < 0.4:
            wishes["preemptibility"] = draw.choice(["preemptible", "non-preemptible"])
        if draw.random() < 0.4 and kind != "Inference":
            wishes["priorityClass"] = draw.choice(PRIORITIES)
        return wishes

    def _compute(self, kind: str, spec: dict[str, Any]) -> None:
        whole = {"gpuDevicesRequest": self.drawn.choice([0, 1, 1, 2, 4, 8, 16])}
        part = {
            "gpuDevicesRequest": 1,
            "gpuRequestType": "portion",
            "gpuPortionRequest": self.drawn.choice([0.1, 0.5]),
        }
        memory = {"gpuDevicesRequest": 1, "gpuRequestType": "memory", "gpuMemoryRequest": "20Gi"}
        compute = self.drawn.choices([whole, part, memory], [8, 2, 1])[0]
        if kind == "ExternalWorkload":
            container = spec["manifest"]["spec"]["template"]["spec"]["containers"][0]
            gpus = {"nvidia.com/gpu": str(whole["gpuDevicesRequest"])}
            container["resources"] = {"limits": gpus, "requests": gpus}
        elif kind == "DistributedInference":
            for pod in ("leader", "worker"):
                spec[pod] = {**spec[pod], "compute": whole}
        elif kind == "NimService":
            spec["compute"] = whole
        else:
            spec["compute"] = compute

    def _scaled(self, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        if kind == "Inference":
            low = self.drawn.choice([1, 2])
            return {**spec, "autoscaling": {"minReplicas": low, "maxReplicas": low}}
        if kind in ("NimService", "DistributedInference"):
            return {**spec, "replicas": self.drawn.choice([1, 2, 3])}
        return spec

    def _write(self, stage: Stage) -> None:
        texts = {}
        for name, (project, kind, spec, needs) in self.made.items():
            blocks = {"spec": json.dumps(spec), "health": "{hold: 1s, queueTimeout: 30s, timeout: 5m}"}
            blocks["lifecycle"] = "{onImmutableChange: Replace}"
            if needs and needs[0] in self.made:
                blocks["dependsOn"] = json.dumps(
                    [{"kind": self.made[needs[0]][1], "name": needs[0], "project": self.made[needs[0]][0]}]
                )
            texts[name] = a_manifest(name, kind, project, **blocks)
        stage.write(**texts)


def _with_image(kind: str, spec: dict[str, Any], image: str) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(spec).replace("busybox:1", image))
    return changed


def held(seed: int, folder: Path) -> Iterator[Held]:
    """Play one fleet: apply the first state, then the second, and hold the forecasts of both."""
    fleet = Fleet(seed)
    with staged(folder / f"fleet-{seed}" / "repo") as stage:
        fleet.found(stage)
        for step in (fleet.declare, fleet.change):
            step(stage)
            yield from _held(seed, stage)


def _held(seed: int, stage: Stage) -> Iterator[Held]:
    plan, applied = planned_and_applied(stage)
    stage.clock.advance(120)
    stage.emulator.world.settle()
    done = {outcome.key for outcome in applied.outcomes if outcome.result == "done"}
    for outlook in plan.forecast.outlooks if plan.forecast else ():
        if outlook.key in done:
            yield Held(seed, outlook, *_came(stage, outlook))


def planned_and_applied(stage: Stage) -> tuple[Plan, Applied]:
    """Plan, foretell and apply, as one command does."""

    async def act(session: Session) -> tuple[Plan, Applied]:
        planned = await session.foreseen(await session.plan())
        if not planned.plan.writes:
            return planned.plan, Applied()
        return planned.plan, await session.apply(planned, listen=stage.steps.append, stop=Stop())

    return stage.run(act, allow=ALLOW)


def _came(stage: Stage, outlook: Outlook) -> tuple[bool, str]:
    """Tell whether all that an object asks for was granted; of an update, what is newest."""
    one = stage.live(outlook.key.scope)[outlook.key.name]
    waits = [run for run in one.runs if not run.ended_at and run.phase == "Pending"]
    said = "; ".join(refusal.message for refusal in one.refusals)
    return not waits and one.phase in HOLDS, f"{one.phase}: {said}"


def confusion(found: list[Held]) -> Counter[tuple[str, str]]:
    """Count by what was foretold and what came."""
    return Counter((str(each.outlook.chance), "ran" if each.ran else "waited") for each in found)
