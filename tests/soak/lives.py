"""Lives of fleets from a seed: the same seed and the same code play the same lives."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.life import Life
from tests.soak.machine import Machine

STEPS = 14


def play(number: int, count: int, machine: type[Life] = Machine, *, shrinks: bool = True) -> None:
    """Play so many lives; raise AssertionError for a law that is broken, with the steps that break it.

    `machine` is that of a platform. `shrinks`: look for the shortest such life first, for up to five minutes.
    """
    profile = settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=False,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        suppress_health_check=[*HealthCheck],
    )

    @seed(number)
    class Seeded(machine):  # type: ignore[valid-type, misc]  # a class of its own for each seed
        pass

    run_state_machine_as_test(Seeded, settings=profile)
