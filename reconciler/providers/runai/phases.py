"""The platform's phases: what may be done with an object, and how well it is."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.health import Level
from reconciler.resource import Life

LIVES: Mapping[str, Life] = {
    "Creating": Life.ACTIVE,
    "Pending": Life.ACTIVE,
    "Initializing": Life.ACTIVE,
    "Running": Life.ACTIVE,
    "Updating": Life.ACTIVE,
    "Degraded": Life.ACTIVE,
    "Resuming": Life.ACTIVE,
    "Stopping": Life.STOPPED,
    "Stopped": Life.STOPPED,
    "Completed": Life.FINISHED,
    "Failed": Life.FAILED,
    "Deleting": Life.LEAVING,
    "Terminating": Life.LEAVING,
}

LEVELS: Mapping[str, Level] = {
    "Running": Level.HEALTHY,
    "Completed": Level.HEALTHY,
    "Creating": Level.PROGRESSING,
    "Pending": Level.PROGRESSING,
    "Initializing": Level.PROGRESSING,
    "Resuming": Level.PROGRESSING,
    "Updating": Level.PROGRESSING,
    "Stopping": Level.PROGRESSING,
    "Stopped": Level.SUSPENDED,
    "Deleting": Level.MISSING,
    "Terminating": Level.MISSING,
    "Degraded": Level.DEGRADED,
    "Failed": Level.DEGRADED,
}

FINAL = frozenset({"Completed", "Failed"})
"""Phases that nothing but a delete leaves."""


def life_of(phase: str) -> Life:
    """Class a phase; one we do not know is UNKNOWN."""
    return LIVES.get(phase, Life.UNKNOWN)


def level_of(phase: str) -> Level:
    """Grade a phase; one we do not know is UNKNOWN."""
    return LEVELS.get(phase, Level.UNKNOWN)
