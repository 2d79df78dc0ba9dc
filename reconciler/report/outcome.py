"""Write how an apply ended: what was done, what was not, and how the objects are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.health import Level
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action
from reconciler.report.cause import context_lines
from reconciler.report.problems import problem_text
from reconciler.report.safe import line, short
from reconciler.report.units import count, duration
from reconciler.report.values import key_text

_TOLD = (
    Result.FAILED,
    Result.UNRESOLVED,
    Result.REFUSED,
    Result.SKIPPED,
    Result.DEFERRED,
    Result.NOT_ATTEMPTED,
)
_QUEUED = 10


def applied_text(applied: Applied, *, targets: int = 1, log_lines: int = 20) -> str:
    """Write the end of an apply: the lists of what did not go well, then the sum in one line."""
    parts = [_result_text(applied.outcomes, result, targets) for result in _TOLD]
    parts += [
        _verdict_text(verdict, targets, log_lines) for verdict in applied.verdicts if not verdict.is_good
    ]
    parts += [
        *(_waiting_text(word, applied.verdicts, targets) for word in ("queued", "waiting")),
        _not_taken(applied),
    ]
    return "".join(parts) + (stopped(applied) if applied.is_interrupted else "") + summary(applied)


def _result_text(outcomes: Iterable[Outcome], result: Result, targets: int) -> str:
    chosen = [outcome for outcome in outcomes if outcome.result is result]
    text = "".join(problem_text(outcome.problem) for outcome in chosen if outcome.problem)
    bare = [outcome for outcome in chosen if not outcome.problem]
    if bare:
        text += f"{result}: {len(bare)}\n" + "".join(_outcome_line(each, targets) for each in bare)
    return text


def _outcome_line(outcome: Outcome, targets: int) -> str:
    why = f"   {line(outcome.why)}" if outcome.why else ""
    return f"  {outcome.action}  {key_text(outcome.key, targets)}{why}\n"


def _waiting_text(word: str, verdicts: Sequence[Verdict], targets: int) -> str:
    queued = [each for each in verdicts if verdict_word(each) == word]
    lines = [
        f"  {key_text(each.key, targets)}   {short(each.health.why)}".rstrip() for each in queued[:_QUEUED]
    ]
    lines += [f"  and {len(queued) - _QUEUED} more"] if len(queued) > _QUEUED else []
    return "".join(f"{each}\n" for each in (f"{word}: {len(queued)}", *lines)) if queued else ""


def _verdict_text(verdict: Verdict, targets: int = 1, log_lines: int = 20) -> str:
    """Write why one object is not well: its problem, the causal line, the last lines of its log."""
    if verdict.problem:
        text = problem_text(verdict.problem)
    else:
        health = verdict.health
        why = f": {short(health.why)}" if health.why else ""
        ended = " in time" if verdict.timed_out else ""
        text = (
            f"error: {key_text(verdict.key, targets)} is not healthy{ended} ({health.level.lower()}){why}\n"
        )
    if verdict.cause and line(verdict.cause) not in text:
        text += f"  its log says: {short(verdict.cause)}\n"
    text += "".join(f"{each}\n" for each in context_lines(verdict, log_lines))
    return (
        text
        + _log_text(verdict.log, log_lines)
        + (f"  {line(verdict.log_note)}\n" if verdict.log_note else "")
    )


def _log_text(log: Mapping[str, Sequence[str]], limit: int) -> str:
    lines: list[str] = []
    for pod, kept in log.items():
        tail = kept[-limit:] if limit else ()
        if tail:
            lines.append(f"  log of {line(pod)}, last {count(len(tail), 'line')}:")
            lines += [f"    | {short(each)}" for each in tail]
    return "".join(f"{each}\n" for each in lines)


def _not_taken(applied: Applied) -> str:
    text = ""
    if applied.not_taken:
        text = "accepted by the platform, but did not take:\n"
        text += "".join(f"  {line(path)}\n" for path in applied.not_taken)
    if applied.replan_problem:
        text += f"a fresh plan could not be made: {line(applied.replan_problem)}\n"
    return text


def stopped(applied: Applied) -> str:
    """Say in one line what an interrupted apply did, and what it did not begin."""
    counts = applied.counts()
    doubt = counts.get(Result.UNRESOLVED, 0)
    return (
        f"Stopped. Done: {counts.get(Result.DONE, 0)}. Not started: {counts.get(Result.NOT_ATTEMPTED, 0)}. "
        f"In doubt: {doubt or 'none'}. Safe to run again.\n"
    )


def summary(applied: Applied) -> str:
    """Sum it up: `Applied 4 of 4: 3 healthy, 1 queued, in 9.9s. A fresh plan is empty.`."""
    tried = [each for each in applied.outcomes if each.result is not Result.DEFERRED]
    done = [outcome for outcome in tried if outcome.result is Result.DONE]
    ends = {**_health_counts(applied.verdicts), **_delete_counts(done)}
    parts = [f"{n} {word}" for word, n in ends.items() if n]
    told = [f"{n} {result}" for result, n in applied.counts().items() if result is not Result.DONE]
    words = ", ".join([*parts, *told])
    text = (
        f"Applied {len(done)} of {len(tried)}{f': {words},' if words else ''} in {duration(applied.seconds)}."
    )
    is_all = applied.is_replan_empty and len(done) == len(tried) and not applied.replan_problem
    return f"{text} A fresh plan is empty.\n" if is_all else f"{text}\n"


def _health_counts(verdicts: Iterable[Verdict]) -> Mapping[str, int]:
    words = [verdict_word(verdict) for verdict in verdicts]
    return {
        word: words.count(word)
        for word in ("healthy", "queued", "waiting", "suspended", "unhealthy", "not awaited")
    }


def _delete_counts(done: Iterable[Outcome]) -> Mapping[str, int]:
    """Count the deletes: what reads no longer show, and what the platform is still taking away."""
    deletes = [outcome.is_leaving for outcome in done if outcome.action is Action.DELETE]
    return {"deleted": deletes.count(False), "going away": deletes.count(True)}


def verdict_word(verdict: Verdict) -> str:
    """Give the one word for how an object settled."""
    if verdict.is_cut_short:
        return "not awaited"
    if verdict.is_queued:
        return "queued" if verdict.health.is_queued else "waiting"
    if verdict.health.level in (Level.HEALTHY, Level.SUSPENDED):
        return verdict.health.level.lower()
    return "unhealthy"
