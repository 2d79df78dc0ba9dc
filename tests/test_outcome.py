"""Outcomes: one exit code for a whole apply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ExitCode
from reconciler.health import Health, Level
from reconciler.outcome import Applied, Outcome, Result, Verdict, seen_again
from reconciler.plan import Action
from reconciler.report.outcome import applied_text
from reconciler.resource import Life, Live
from tests.factories import TARGET, a_key, a_live, a_resource, observed


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


LEAVING = Outcome(a_key(), Action.DELETE, Result.DONE, id="1", is_leaving=True)


@pytest.mark.parametrize(
    ("live", "is_leaving"),
    [
        (a_live(), False),
        (a_live(observed(a_resource(), id="1", life=Life.LEAVING)), True),
        (a_live(observed(a_resource(), id="2")), False),
        (a_live(unknown="the list broke off"), True),
    ],
)
def test_what_a_later_read_no_longer_shows_is_deleted(live: Live, is_leaving: bool) -> None:
    (outcome,) = seen_again((LEAVING,), {TARGET: live})

    assert outcome.is_leaving is is_leaving


def test_the_end_counts_what_is_deleted_and_what_is_going_away() -> None:
    gone = replace(LEAVING, key=a_key("gone"), is_leaving=False)

    text = applied_text(Applied((LEAVING, gone), is_replan_empty=True, seconds=1))

    assert text == "Applied 2 of 2: 1 deleted, 1 going away, in 1.0s. A fresh plan is empty.\n"


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
