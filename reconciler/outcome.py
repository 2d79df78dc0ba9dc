"""Outcomes: what apply did, change by change, and how it settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from reconciler.cause import Diagnosis
from reconciler.errors import ExitCode, heaviest
from reconciler.health import Health, Level
from reconciler.plan.change import Action
from reconciler.problem import Problem
from reconciler.resource import EMPTY, Live, ResourceKey


class Result(StrEnum):
    """Name how one change ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    REFUSED = "refused"
    DEFERRED = "deferred"
    NOT_ATTEMPTED = "not attempted"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell how one change ended. `id` is the platform's id after it; `problem` says why it failed.

    `is_waited_for` marks the word given to those that need it while it is done and not yet well.
    `is_leaving`: a delete was accepted, and reads show the object on its way out.
    """

    key: ResourceKey
    action: Action
    result: Result
    id: str = ""
    why: str = ""
    problem: Problem | None = None
    is_waited_for: bool = False
    is_leaving: bool = False


def seen_again(outcomes: Sequence[Outcome], lives: Mapping[str, Live]) -> tuple[Outcome, ...]:
    """Tell of deletes by a later look at all that is live whether the objects are gone by now."""
    return tuple(
        replace(each, is_leaving=False) if each.is_leaving and _is_gone(each, lives) else each
        for each in outcomes
    )


def _is_gone(outcome: Outcome, lives: Mapping[str, Live]) -> bool:
    """Tell whether a scope that was read whole no longer has the object; what was not read is not known."""
    live = lives.get(outcome.key.target)
    read = live.scopes.get(outcome.key.scope) if live else None
    return read is not None and not read.unknown and all(row.id != outcome.id for row in read.rows)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tell how one object settled.

    `is_queued`: it waits for capacity, or for somebody's step outside (not a failure). `is_cut_short`: the
    wait was stopped before it settled, which says nothing about the object. `cause` is the first causal
    log line, `diagnosis` what kind of cause it is, None where that is not known; `log` the last lines
    kept per pod; `steps` the phases seen with the seconds each began at.
    `began` is when the present phase began, by the platform's clock.
    """

    key: ResourceKey
    health: Health
    is_queued: bool = False
    timed_out: bool = False
    is_cut_short: bool = False
    cause: str = ""
    diagnosis: Diagnosis | None = None
    log: Mapping[str, tuple[str, ...]] = EMPTY
    log_note: str = ""
    steps: tuple[tuple[str, float], ...] = ()
    problem: Problem | None = None
    gpus_held: float = 0.0
    gpus_asked: float = 0.0
    began: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Tell whether it is healthy, or waits for capacity."""
        return self.is_queued or self.is_cut_short or self.health.level in (Level.HEALTHY, Level.SUSPENDED)


def whereabouts(verdict: Verdict) -> str:
    """Name the pod and the rank that failed first, as far as there were others: `pod trainer-1, rank 5`."""
    found = verdict.diagnosis
    if found is None or not found.line:
        return ""
    pod = f"pod {found.pod}" if found.pod and len(verdict.log) > 1 else ""
    rank = f"rank {found.rank}" if found.rank is not None else ""
    return ", ".join(part for part in (pod, rank) if part)


@dataclass(frozen=True, slots=True)
class Applied:
    """Tell how a whole apply ended. `not_taken` names paths that a fresh plan still finds."""

    outcomes: tuple[Outcome, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    not_taken: tuple[str, ...] = ()
    replan_problem: str = ""
    is_replan_empty: bool = False
    is_interrupted: bool = False
    seconds: float = 0.0

    def exit_code(self, *, require_running: bool = False) -> ExitCode:
        """Weigh outcomes, verdicts and the fresh plan into one exit code."""
        results = {outcome.result for outcome in self.outcomes}
        codes = [_RESULT_CODE[result] for result in results]
        if Result.REFUSED in results and results <= {Result.REFUSED, Result.DEFERRED}:
            codes = [ExitCode.REFUSED]  # nothing was changed
        if any(not v.is_good or (require_running and v.is_queued) for v in self.verdicts):
            codes.append(ExitCode.UNHEALTHY)
        if self.not_taken or self.replan_problem:
            codes.append(ExitCode.PARTIAL)
        if self.is_interrupted:
            codes.append(ExitCode.INTERRUPTED)
        return heaviest(codes)

    def counts(self) -> Mapping[Result, int]:
        """Count the outcomes by result."""
        results = [outcome.result for outcome in self.outcomes]
        return {result: results.count(result) for result in Result if result in results}


_RESULT_CODE = {
    Result.DONE: ExitCode.IN_ORDER,
    Result.FAILED: ExitCode.PARTIAL,
    Result.SKIPPED: ExitCode.PARTIAL,
    Result.REFUSED: ExitCode.PARTIAL,
    Result.DEFERRED: ExitCode.IN_ORDER,
    Result.NOT_ATTEMPTED: ExitCode.PARTIAL,
    Result.UNRESOLVED: ExitCode.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Step:
    """Tell one moment of an apply as it happens, `seconds` after its start.

    `state` is one of: sent, state, done, failed, skipped, settled, queued, waiting,
    unhealthy, note. `detail` is what it waits for now, in the platform's words.
    """

    key: ResourceKey | None
    text: str
    seconds: float
    state: str
    detail: str = ""
