"""Write how an apply ended as Markdown: what is in doubt or failed first, every object that is not done.

Everything that comes from a manifest or a platform stands inside a code span or a fence that it cannot
leave. The page stays within a number of bytes and counts what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.cause import ABOUT
from reconciler.outcome import Applied, Outcome, Result, Verdict, whereabouts
from reconciler.report.markdown import BUDGET, problem_item
from reconciler.report.outcome import stopped, summary, verdict_word
from reconciler.report.room import listed
from reconciler.report.safe import code, cut, fenced, short
from reconciler.report.values import key_text

_BROKEN = (Result.UNRESOLVED, Result.FAILED)
_LEFT = (Result.REFUSED, Result.SKIPPED, Result.NOT_ATTEMPTED, Result.DEFERRED)
_WAITING = ("queued", "waiting", "not awaited")


def applied_markdown(applied: Applied, *, targets: int = 1, budget: int = BUDGET) -> str:
    """Write the page; of a log only the causal line is quoted.

    Each list has half of the room that those before it left.
    """
    text = f"### Apply\n\n{summary(applied).strip()}\n\n"
    if applied.is_interrupted:
        text += f"{stopped(applied).strip()}\n\n"
    if applied.replan_problem:
        text += f"A fresh plan could not be made: {code(short(applied.replan_problem))}\n\n"
    for title, items, noun in _lists(applied, targets):
        if items:
            head = f"**{title}: {len(items):,}**\n\n"
            room = (budget - len(text.encode())) // 2 - len(head.encode()) - 1
            text += head + listed(items, room, noun) + "\n"
    return text.rstrip("\n") + "\n"


def _lists(applied: Applied, targets: int) -> Iterator[tuple[str, Sequence[str], str]]:
    """Give each list with its title, its items and the word for one; the riskiest first."""
    yield from (_outcomes(applied, result, targets) for result in _BROKEN)
    bad = [verdict for verdict in applied.verdicts if not verdict.is_good]
    yield "unhealthy", [_verdict(verdict, targets) for verdict in bad], "unhealthy object"
    paths = [code(short(path)) for path in applied.not_taken]
    yield "accepted by the platform, but did not take", paths, "path"
    yield from (_outcomes(applied, result, targets) for result in _LEFT)
    for word in _WAITING:
        waiting = [verdict for verdict in applied.verdicts if verdict_word(verdict) == word]
        yield word, [_verdict(verdict, targets) for verdict in waiting], f"{word} object"


def _outcomes(applied: Applied, result: Result, targets: int) -> tuple[str, Sequence[str], str]:
    chosen = [outcome for outcome in applied.outcomes if outcome.result is result]
    return str(result), [_outcome(each, targets) for each in chosen], "object"


def _outcome(outcome: Outcome, targets: int) -> str:
    text = f"{outcome.action} {code(short(key_text(outcome.key, targets)))}"
    if outcome.problem:
        return f"{text}: {problem_item(outcome.problem)}"
    return f"{text}: {code(short(outcome.why))}" if outcome.why else text


def _verdict(verdict: Verdict, targets: int) -> str:
    what = verdict.problem.what if verdict.problem else verdict.health.why
    text = code(short(key_text(verdict.key, targets)))
    text += f": {code(short(what))}" if what else ""
    where = whereabouts(verdict)
    text += f" ({code(short(where))})" if where else ""
    text += f"; {ABOUT[verdict.diagnosis.cause].hint}" if verdict.diagnosis else ""
    if not verdict.cause:
        return text
    quoted = fenced(cut(verdict.cause, 400)).rstrip("\n").replace("\n", "\n  ")
    return f"{text}\n\n  {quoted}\n"
