"""Impact: what ending an object ends, so that a person can weigh it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.kind import Kind
from reconciler.resource import Json, Life, Summary


@dataclass(frozen=True, slots=True)
class Impact:
    """Tell what ending one object ends. GPU-hours are those spent in its running time so far."""

    phase: str
    since: datetime | None = None
    running_seconds: float = 0.0
    gpus: float = 0.0
    gpu_hours: float = 0.0
    is_running: bool = False
    preemptible: bool = False
    idle_gpus: float = 0.0
    lost_volumes: tuple[str, ...] = ()


def impact_of(summary: Summary, spec: Mapping[str, Json], kind: Kind | None) -> Impact:
    """Weigh the end of one live object. GPU-hours are what its running so far has spent."""
    return Impact(
        phase=summary.phase,
        since=summary.since,
        running_seconds=summary.running_seconds,
        gpus=summary.gpus,
        gpu_hours=summary.gpus * summary.running_seconds / 3600,
        is_running=summary.life in (Life.ACTIVE, Life.UNKNOWN),
        preemptible=summary.preemptible,
        idle_gpus=summary.idle_gpus,
        lost_volumes=kind.dies_with(spec) if kind else (),
    )
