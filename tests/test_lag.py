"""Before absence proves anything, reads catch up with what a run that broke off may have written."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from reconciler.apply import outlast_lag
from reconciler.journal import Memory
from reconciler.plan import Action, Change, Plan
from reconciler.provider import Provider
from tests.factories import FLEET, TARGET, a_key
from tests.wire import FakeClock


class Lagging:
    settle_s = 30.0


class Prompt:
    pass


def waits(action: Action, provider: Any, memory: Memory) -> tuple[list[float], list[str]]:
    clock, said = FakeClock(), list[str]()
    plan = Plan(FLEET, "ml", (Change(a_key(), action),))
    asyncio.run(outlast_lag(plan, {TARGET: cast(Provider, provider)}, memory, clock, said.append))
    return clock.waits, said


UNCLEAN, CLEAN = Memory(), Memory(ended_clean=True)


@pytest.mark.parametrize("action", [Action.CREATE, Action.REPLACE, Action.RERUN])
def test_without_proof_of_a_clean_end_a_run_that_creates_waits(action: Action) -> None:
    waited, said = waits(action, Lagging(), UNCLEAN)

    assert waited == [30.0]
    assert said == [
        "no journal proves that the last run ended clean: waiting 30s, for reads of prod lag behind writes"
    ]


@pytest.mark.parametrize(
    ("action", "provider", "memory"),
    [
        (Action.CREATE, Lagging(), CLEAN),
        (Action.CREATE, Prompt(), UNCLEAN),
        (Action.UPDATE, Lagging(), UNCLEAN),
        (Action.KEEP, Lagging(), UNCLEAN),
    ],
)
def test_a_run_that_can_make_nothing_twice_does_not_wait(
    action: Action, provider: Any, memory: Memory
) -> None:
    assert waits(action, provider, memory) == ([], [])
