"""Impact: what ending an object ends, so that a person can weigh it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.kind import Kind
from reconciler.resource import Json, Life, Observed, Summary


@dataclass(frozen=True, slots=True)
class Impact:
    """Tell what ending one object ends. GPU-hours are those spent in its running time so far.

    `carried` counts the running workloads that end with it; None for what is a workload itself.
    """

    phase: str
    since: datetime | None = None
    running_seconds: float = 0.0
    gpus: float = 0.0
    gpu_hours: float = 0.0
    is_running: bool = False
    preemptible: bool = False
    idle_gpus: float = 0.0
    lost_volumes: tuple[str, ...] = ()
    carried: int | None = None

    @property
    def ends(self) -> int:
        """Count what ends: the object itself and what it carries."""
        return 1 + (self.carried or 0)


def impact_of(
    summary: Summary, spec: Mapping[str, Json], kind: Kind | None, *, is_stop: bool = False
) -> Impact:
    """Weigh the end of one live object. GPU-hours are what its running so far has spent.

    `is_stop`: it is kept, and with it what only a delete takes away.
    """
    lost = (kind.stops_with if is_stop else kind.dies_with) if kind else None
    return Impact(
        phase=summary.phase,
        since=summary.since,
        running_seconds=summary.running_seconds,
        gpus=summary.gpus,
        gpu_hours=summary.gpus * summary.running_seconds / 3600,
        is_running=summary.life in (Life.ACTIVE, Life.UNKNOWN),
        preemptible=summary.preemptible,
        idle_gpus=summary.idle_gpus,
        lost_volumes=lost(spec) if lost else (),
    )


def impact_of_carrier(observed: Observed) -> Impact:
    """Weigh the end of an object that carries others: theirs is the cost."""
    row = observed.summary
    running = [each for each in observed.carries if each.life in (Life.ACTIVE, Life.UNKNOWN)]
    return Impact(
        phase=row.phase,
        since=row.since,
        gpus=sum(each.gpus for each in running),
        gpu_hours=sum(each.gpus * each.running_seconds / 3600 for each in running),
        is_running=True,
        carried=len(running),
    )
