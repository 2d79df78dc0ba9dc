"""Outcomes: one exit code for a whole apply."""

from __future__ import annotations

import pytest

from reconciler.errors import ExitCode
from reconciler.health import Health, Level
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan import Action
from tests.factories import a_key


def applied(*results: Result) -> Applied:
    return Applied(tuple(Outcome(a_key(str(n)), Action.CREATE, r) for n, r in enumerate(results)))


def settled(level: Level, *, is_queued: bool = False) -> Applied:
    return Applied(verdicts=(Verdict(a_key(), Health(level), is_queued=is_queued),))


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ((), ExitCode.IN_ORDER),
        ((Result.DONE, Result.DEFERRED), ExitCode.IN_ORDER),
        ((Result.REFUSED, Result.DEFERRED), ExitCode.REFUSED),
        ((Result.REFUSED, Result.DONE), ExitCode.PARTIAL),
        ((Result.FAILED, Result.DONE), ExitCode.PARTIAL),
        ((Result.SKIPPED,), ExitCode.PARTIAL),
        ((Result.NOT_ATTEMPTED,), ExitCode.PARTIAL),
        ((Result.FAILED, Result.UNRESOLVED), ExitCode.UNKNOWN),
    ],
)
def test_the_worst_result_gives_the_code(results: tuple[Result, ...], code: ExitCode) -> None:
    assert applied(*results).exit_code() is code


@pytest.mark.parametrize(
    "left", [Applied(not_taken=("team-a/Training/train/spec/image",)), Applied(replan_problem="prod: gone")]
)
def test_what_a_fresh_plan_still_finds_or_cannot_tell_is_half_done(left: Applied) -> None:
    assert left.exit_code() is ExitCode.PARTIAL


def test_what_is_not_well_is_unhealthy_and_a_queue_only_where_running_is_required() -> None:
    queued = settled(Level.PROGRESSING, is_queued=True)

    assert settled(Level.DEGRADED).exit_code() is ExitCode.UNHEALTHY
    assert queued.exit_code() is ExitCode.IN_ORDER
    assert queued.exit_code(require_running=True) is ExitCode.UNHEALTHY


def test_a_stop_weighs_more_than_what_was_left_undone() -> None:
    assert Applied(not_taken=("x",), is_interrupted=True).exit_code() is ExitCode.INTERRUPTED
