"""Read results as test cases: what is in order passes, what is not fails, what is not known is an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.drift import Drift, DriftItem
from reconciler.errors import ProviderError
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action, Change, Plan
from reconciler.problem import Problem
from reconciler.report.drift import drift_sides, reasons
from reconciler.report.junit import Case
from reconciler.report.outcome import verdict_word
from reconciler.report.platform import failure_problems
from reconciler.report.problems import checked_text, problem_text
from reconciler.report.values import key_text, sides
from reconciler.resource import ResourceKey

_OF_ACTION = {Action.KEEP: "passed", Action.DEFERRED: "skipped", Action.UNKNOWN: "error"}
_OF_RESULT = {
    Result.DONE: "passed",
    Result.FAILED: "failure",
    Result.REFUSED: "failure",
    Result.UNRESOLVED: "error",
    Result.SKIPPED: "skipped",
    Result.DEFERRED: "skipped",
    Result.NOT_ATTEMPTED: "skipped",
}
_AS_WANTED = ("finished", "stopped")


def problem_cases(suite: str, problems: Sequence[Problem], bad: str = "failure") -> Iterator[Case]:
    """Give each problem as a case; only an error is `bad`: a failure, or an error where nobody knows."""
    for problem in problems:
        name = str(problem.location or problem.subject or problem.code)
        state = bad if problem.is_error else "skipped"
        yield Case(suite, name, state, problem.code, problem.what, problem_text(problem))


def checked_cases(problems: Sequence[Problem], *, documents: int, files: int) -> Iterator[Case]:
    """Give a validation: what is wrong, or one case that passed."""
    yield from problem_cases("validate", problems)
    if not any(problem.is_error for problem in problems):
        told = checked_text(problems, documents=documents, files=files)
        yield Case("validate", "manifests", output=told)


def plan_cases(
    plan: Plan, *, refusals: Sequence[Problem] = (), failures: Sequence[ProviderError] = ()
) -> Iterator[Case]:
    """Give each object of a plan: as git says, or not yet."""
    yield from problem_cases("plan", refusals)
    yield from problem_cases("plan", failure_problems(failures), "error")
    for change in plan.changes:
        yield _planned(change, len(plan.targets))


def _planned(change: Change, targets: int) -> Case:
    moved = (f"{field.pointer}: {' -> '.join(sides(field))}" for field in change.fields)
    lines = [str(change.source or ""), change.reason, *moved, change.hint]
    return Case(
        _suite("plan", change.key),
        key_text(change.key, targets),
        _OF_ACTION.get(change.action, "failure"),
        str(change.action),
        change.reason or str(change.action),
        "\n".join(filter(None, lines)),
    )


def drift_cases(drift: Drift) -> Iterator[Case]:
    """Give each object that is not as declared, and one case for all the others."""
    yield from problem_cases("drift", failure_problems(drift.failures), "error")
    for item in drift.items:
        yield _drifted(item, len(drift.targets))
    yield Case("drift", "all other objects", output=f"{drift.declared} are declared")


def _drifted(item: DriftItem, targets: int) -> Case:
    both = [(field.pointer, *drift_sides(field)) for field in item.fields]
    lines = [str(item.source or ""), *reasons(item)]
    lines += [f"{pointer}: git {git}, live {live}" for pointer, live, git in both]
    state = "passed" if item.state in _AS_WANTED else "error" if item.state == "unknown" else "failure"
    message = item.reason or item.state
    text = "\n".join(filter(None, [*lines, item.hint]))
    return Case(_suite("drift", item.key), key_text(item.key, targets), state, item.state, message, text=text)


def applied_cases(applied: Applied, targets: int = 1) -> Iterator[Case]:
    """Give each object of an apply: what was done, and how it is since."""
    verdicts = {verdict.key: verdict for verdict in applied.verdicts}
    for outcome in applied.outcomes:
        verdict = verdicts.pop(outcome.key, None)
        if outcome.result is Result.DONE and verdict:
            yield _settled("apply", verdict, targets)
        else:
            yield _done(outcome, targets)
    for verdict in verdicts.values():
        yield _settled("apply", verdict, targets)


def _done(outcome: Outcome, targets: int) -> Case:
    problem = outcome.problem
    return Case(
        _suite("apply", outcome.key),
        key_text(outcome.key, targets),
        _OF_RESULT[outcome.result],
        problem.code if problem else str(outcome.result),
        problem.what if problem else outcome.why or str(outcome.result),
        problem_text(problem) if problem else "",
    )


def health_cases(verdicts: Sequence[Verdict], targets: int = 1) -> Iterator[Case]:
    """Give how each object is."""
    for verdict in verdicts:
        yield _settled("health", verdict, targets)


def _settled(command: str, verdict: Verdict, targets: int) -> Case:
    problem, health = verdict.problem, verdict.health
    log = [f"{pod} | {line}" for pod, lines in verdict.log.items() for line in lines]
    return Case(
        _suite(command, verdict.key),
        key_text(verdict.key, targets),
        "passed" if verdict.is_good else "failure",
        problem.code if problem else verdict_word(verdict),
        problem.what if problem else health.why,
        "\n".join(filter(None, (problem_text(problem) if problem else "", verdict.cause))),
        "\n".join(log),
        verdict.steps[-1][1] if verdict.steps else 0.0,
    )


def _suite(command: str, key: ResourceKey) -> str:
    return f"{command} {key.target} {key.kind}"
