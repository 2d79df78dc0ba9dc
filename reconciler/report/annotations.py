"""Write problems as GitHub annotations: the worst ten, escaped as the runner reads them."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.problem import Problem, Severity
from reconciler.report.problems import worst_first
from reconciler.report.safe import block
from reconciler.report.units import count

MOST = 10
_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def annotations_text(problems: Sequence[Problem], *, most: int = MOST) -> str:
    """Write at most `most` annotations, worst first, and one line that counts the rest."""
    ordered = worst_first(problems)
    shown = ordered if len(ordered) <= most else ordered[: most - 1]
    text = "".join(f"{_annotation(problem)}\n" for problem in shown)
    if len(ordered) > len(shown):
        text += f"::notice title=reconciler::{count(len(ordered) - len(shown), 'more problem')} in the log\n"
    return text


def _annotation(problem: Problem) -> str:
    """Write one annotation."""
    properties: dict[str, object] = {}
    if problem.location:
        at = problem.location
        properties = {"file": at.file, "line": at.line, "endLine": at.line, "col": at.column}
        properties["endColumn"] = at.end_column
    properties["title"] = problem.code
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    message = "\n".join(part for part in (problem.what, problem.why, problem.hint) if part)
    return f"::{_COMMAND[problem.severity]} {told}::{_message(message)}"


def _message(text: str) -> str:
    return block(text).replace("%", "%25").replace("\n", "%0A")


def _property(value: object) -> str:
    return _message(str(value)).replace(":", "%3A").replace(",", "%2C")
