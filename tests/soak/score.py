"""What the machines of one process came to, counted."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.soak.ground import Ran


@dataclass
class Score:
    """Count what the runs of a machine came to."""

    machines: int = 0
    steps: int = 0
    applies: int = 0
    kills: int = 0
    faults: int = 0
    reruns: int = 0
    requests: int = 0
    effects: int = 0

    def add(self, ran: Ran) -> None:
        """Count one run."""
        self.requests += ran.requests
        self.kills += ran.is_killed
        self.applies += ran.verb == "apply"
        self.effects += len(ran.effects)
        self.faults += sum(entry.fault is not None for entry in ran.entries)
        changes = ran.planned.plan.writes if ran.planned and ran.verb == "apply" else ()
        self.reruns += sum(change.is_new_run for change in changes)

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, one.name)} {one.name}" for one in fields(self))


SCORE = Score()
