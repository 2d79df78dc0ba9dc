"""What happens to workloads behind everybody's back: for tests that need a certain end."""

from datetime import datetime

from reconciler.emulator.primus_safe import phases
from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.world import World


def finish(world: World, id_: str) -> None:
    """Let a workload succeed now."""
    world.change(id_, lambda one, at: phases.ended(one, "Succeeded", at, "K8sSucceeded", ""))


def fail(world: World, id_: str, why: str) -> None:
    """Let a run fail now; it is tried again while there are retries."""
    world.change(id_, lambda one, at: phases.fell(one, at, why))


def vanish(world: World, id_: str) -> None:
    """Take away what a workload is on its cluster: it fails, or in the second generation stops."""

    def gone(one: Workload, at: datetime) -> Workload:
        if world.generation.is_first:
            return phases.ended(one, "Failed", at, "K8sDeleted", "the object is gone")
        return phases.stopped(one, at, "the object is gone")

    world.change(id_, gone)


def unready(world: World, id_: str) -> None:
    """Let what serves lose its pods."""
    scene = phases.Scene(world.pace, world.generation)
    world.change(id_, lambda one, at: phases.unready(one, at, scene))


def preempt(world: World, id_: str) -> None:
    """Send a workload back into the queue."""
    world.change(id_, phases.preempted)
