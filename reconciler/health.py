"""Health: Argo's scale, the platform's own words, and the verdict on one object."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Level(StrEnum):
    """Grade an object, best first."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


DROPPED = "UpdateDropped"
"""The reason by which a provider says that the platform took an update and serves the old revision."""

STEADY = timedelta(minutes=2)
"""What was started again after a failure is well once it has run for so long."""


@dataclass(frozen=True, slots=True)
class PodHealth:
    """Tell how one pod is. `reason` is Kubernetes' word, such as OOMKilled.

    `restarts` are those that the platform tells of; there may have been more.
    """

    name: str
    phase: str
    reason: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """Tell how one object is, now.

    phase, reason and message are the platform's own words. `is_queued`: it waits for capacity.
    `is_stuck`: it waits for what waiting cannot bring (over quota, over limit).
    `is_final`: no waiting changes this verdict (a terminal failure or a completed job).
    `source` names who said so; `notes` what could not be asked.
    """

    level: Level
    phase: str = ""
    reason: str = ""
    message: str = ""
    is_queued: bool = False
    is_stuck: bool = False
    is_final: bool = False
    pods: tuple[PodHealth, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Give one line for people: the message, else the reason, else the phase."""
        return self.message or self.reason or self.phase
