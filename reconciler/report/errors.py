"""Write an exception of ours as people should read it, with one honest line about what was done."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.errors import (
    ExitCode,
    Lacking,
    NoEntry,
    ProviderError,
    ReconcilerError,
    Severed,
    Unauthenticated,
)
from reconciler.problem import Problem
from reconciler.report.forms import machine_forms
from reconciler.report.platform import NOT_MISSING, failure_problem
from reconciler.report.problems import problem_text, problems_text, tally
from reconciler.report.safe import line

_PROMISES_NO_CHANGE = range(ExitCode.CHANGES, ExitCode.PARTIAL)


def error_text(error: ReconcilerError) -> str:
    """Write an error: its problems in the grammar, a tally, and what was or was not changed."""
    if isinstance(error, ProviderError):
        return _provider_text(error)
    if not error.problems:
        return f"error: {line(error)}\n" + _closing(error)
    text = problems_text(error.problems)
    summary = tally(error.problems, 0) + "\n" if len(error.problems) > 1 else ""
    return text + summary + _closing(error)


def _provider_text(error: ProviderError) -> str:
    text = problem_text(failure_problem(error))
    if isinstance(error, Unauthenticated):
        return text + "Nothing was read or changed.\n"
    if isinstance(error, NoEntry):
        return text + "Nothing was started.\n"
    if isinstance(error, Severed | Lacking):
        return text
    if error.exit_code == ExitCode.UNOBSERVED:
        return f"{text}{NOT_MISSING}\n"
    return text + _closing(error)


def _closing(error: ReconcilerError) -> str:
    return "Nothing was changed.\n" if error.exit_code in _PROMISES_NO_CHANGE else ""


def error_forms(error: ReconcilerError) -> dict[str, Callable[[], str]]:
    """Give a maker for each document that tells of an error which ended a command before its result."""
    from reconciler.report.cases import problem_cases
    from reconciler.report.jsonform import error_document
    from reconciler.report.markdown import BUDGET, problems_list

    told = (failure_problem(error),) if isinstance(error, ProviderError) else error.problems
    problems = told or (Problem(error.exit_code.label, str(error)),)
    head = f"### Stopped: {error.exit_code.label}\n\n"
    return {
        **machine_forms(
            lambda: error_document(error), lambda: problem_cases("error", problems, "error"), lambda: problems
        ),
        "markdown": lambda: head + problems_list(problems, BUDGET - 1_000) + _closing(error),
    }
