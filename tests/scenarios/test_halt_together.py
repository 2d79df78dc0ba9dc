"""Several stops or resumes go by one request, and each object is answered for by itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.ledger import Entry
from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.providers.runai.provider import RunaiProvider
from tests.scenarios.oracle import a_sleeper, apply_hearing, effects, mark
from tests.scenarios.stage import Stage
from tests.scenarios.test_lost_answers import every_loss
from tests.scenarios.test_stop import a_stopped, phase_of

BATCH = "POST /api/v1/workloads/batch"
NAMES = ("a", "b", "c")
ALL_STOPPED = Counter({("suspend", name): 1 for name in NAMES})


def due_to_stop(stage: Stage, names: tuple[str, ...] = NAMES) -> int:
    stage.write(**{name: a_sleeper(name) for name in names}).apply()
    return mark(stage.write(**{name: a_stopped(name) for name in names}))


def paths(entries: list[Entry]) -> Counter[str]:
    """Count requests by the last word of their path."""
    return Counter(entry.path.rpartition("/")[2] for entry in entries)


def results(applied: Any) -> dict[str, Result]:
    return {outcome.key.name: outcome.result for outcome in applied.outcomes}


def test_several_stop_and_run_again_by_one_request_each(stage: Stage) -> None:
    before = due_to_stop(stage)

    stopped = stage.apply()
    middle = mark(stage.write(**{name: a_sleeper(name) for name in NAMES}))
    resumed = stage.apply()

    assert paths(stage.mutations(before)) == Counter({"batch": 2})
    assert effects(stage, middle) == Counter({("resume", name): 1 for name in NAMES})
    assert effects(stage, before) - effects(stage, middle) == ALL_STOPPED
    assert (stopped.exit_code(), resumed.exit_code()) == (ExitCode.IN_ORDER, ExitCode.IN_ORDER)
    assert [verdict.health.phase for verdict in stopped.verdicts] == ["Stopped"] * 3
    assert [verdict.health.phase for verdict in resumed.verdicts] == ["Running"] * 3


def test_a_batch_holds_no_more_than_the_platform_takes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunaiProvider, "most_at_once", 2)
    before = due_to_stop(stage)

    stage.apply()

    assert paths(stage.mutations(before)).most_common() == [("batch", 1), ("suspend", 1)]
    assert effects(stage, before) == ALL_STOPPED


def test_each_id_is_answered_for_by_itself(stage: Stage) -> None:
    before = due_to_stop(stage)
    ids = {name: one.id for name, one in stage.live().items()}
    failed = [{"id": ids["a"], "code": 403, "message": "owned by somebody else"}]
    said = {"id": ids["a"], "succeeded": [ids["b"]], "failed": failed}
    stage.emulator.faults.add(Fault(BATCH, kind="status", status=200, json=said))

    applied = stage.apply()
    again = stage.apply()

    found = {outcome.key.name: outcome for outcome in applied.outcomes}
    assert results(applied) == {"a": Result.FAILED, "b": Result.FAILED, "c": Result.UNRESOLVED}
    assert "owned by somebody else" in found["a"].why
    assert found["b"].problem is not None
    assert found["b"].problem.code == "RC432"
    assert applied.exit_code() is ExitCode.UNKNOWN
    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ALL_STOPPED
    assert paths(stage.mutations(before)) == Counter({"batch": 2})


def test_one_that_moved_since_the_plan_is_left_out_and_the_others_stop(stage: Stage) -> None:
    before = due_to_stop(stage)
    id_ = stage.live()["b"].id

    applied = apply_hearing(stage, between=lambda: stage.emulator.world.remove(id_))

    assert results(applied) == {"a": Result.DONE, "b": Result.FAILED, "c": Result.DONE}
    assert effects(stage, before) == Counter({("suspend", "a"): 1, ("suspend", "c"): 1})


@every_loss
def test_a_batch_whose_answer_is_lost_is_seen_to_have_taken(stage: Stage, loss: dict[str, Any]) -> None:
    before = due_to_stop(stage)
    stage.emulator.faults.add(Fault(BATCH, **loss))

    applied = stage.apply()
    stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ALL_STOPPED
    assert len(stage.mutations(before)) == 1


def test_a_batch_that_is_refused_stops_nothing(stage: Stage) -> None:
    before = due_to_stop(stage)
    stage.emulator.faults.add(Fault(BATCH, status=403))

    applied = stage.apply()

    assert {*results(applied).values()} == {Result.FAILED}
    assert applied.exit_code() is ExitCode.PARTIAL
    assert effects(stage, before) == Counter()
    assert phase_of(stage, "a") == "Running"


@pytest.mark.parametrize("status", [404, 405])
def test_a_platform_without_batches_is_asked_one_by_one(stage: Stage, status: int) -> None:
    before = due_to_stop(stage)
    stage.emulator.faults.add(Fault(BATCH, status=status, forever=True))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == ALL_STOPPED
