"""A saved plan between its check and its first write: still the only one, still in time, and then used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.declare import Request
from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode, StalePlan
from reconciler.outcome import Applied
from reconciler.plan.saved import Asked, Issued, Saved, read_saved
from reconciler.reconcile import Planned, Session, Stop
from reconciler.report.jsonform import json_text, plan_document
from reconciler.report.savedform import saved_document
from tests.scenarios.oracle import WRITES, a_sleeper, codes, mark
from tests.scenarios.stage import Stage


@pytest.fixture
def saved(stage: Stage) -> Saved:
    stage.write(train=a_sleeper("train"))
    plan, now = stage.plan().plan, stage.clock.now()
    issued = Issued(now, now + timedelta(hours=1), "ab" * 16, Asked(), {"prod": stage.url})
    return read_saved(
        json.loads(json_text(saved_document(plan_document(plan, exit_code=ExitCode.IN_ORDER), plan, issued)))
    )


def apply_after(stage: Stage, saved: Saved, between: Callable[[], object]) -> Applied:
    """Open a session, plan and compare, let something happen, and apply."""

    async def act(session: Session) -> Applied:
        planned = await session.plan()
        await asyncio.to_thread(between)
        return await session.apply(planned, listen=lambda _: None, stop=Stop())

    return stage.run(act, saved=saved)


def test_of_two_that_compared_at_once_only_the_first_writes(stage: Stage, saved: Saved) -> None:
    first: list[Applied] = []

    with pytest.raises(StalePlan) as refused:
        apply_after(stage, saved, lambda: first.append(stage.apply(saved=saved)))

    assert codes(refused.value) == ["RC312"]
    assert first[0].exit_code() is ExitCode.IN_ORDER
    assert len(stage.mutations()) == 1


def test_a_plan_that_expires_while_somebody_thinks_is_not_begun(stage: Stage, saved: Saved) -> None:
    with pytest.raises(StalePlan) as refused:
        apply_after(stage, saved, lambda: stage.clock.advance(3600))

    assert codes(refused.value) == ["RC311"]
    assert stage.mutations() == []


def test_a_plan_that_was_begun_and_failed_is_used_up(stage: Stage, saved: Saved) -> None:
    stage.emulator.faults.add(Fault(WRITES, status=400, json={"code": 400, "message": "no"}))
    assert stage.apply(saved=saved).exit_code() is ExitCode.PARTIAL
    before = mark(stage)

    with pytest.raises(StalePlan) as refused:
        stage.apply(saved=saved)

    assert codes(refused.value) == ["RC312"]
    assert stage.mutations(before) == []


def test_a_plan_that_was_only_looked_at_is_not_used_up(stage: Stage, saved: Saved) -> None:
    async def look(session: Session) -> Planned:
        return await session.plan()

    assert stage.run(look, saved=saved).refusals == ()
    assert stage.apply(saved=saved).exit_code() is ExitCode.IN_ORDER


def test_a_session_without_a_saved_plan_is_bound_to_none(stage: Stage, saved: Saved) -> None:
    assert Request().saved is None
    stage.clock.advance(7200)

    assert stage.apply().exit_code() is ExitCode.IN_ORDER
