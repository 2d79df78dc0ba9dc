"""Write problems in the one grammar: what, where with an excerpt, why, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reconciler.problem import Location, Problem, Severity
from reconciler.report.safe import cut, line
from reconciler.report.units import count

_ORDER = tuple(Severity)
_EXCERPT = 100
_LEAD = 40


def problems_text(problems: Sequence[Problem]) -> str:
    """Write problems one below the other, in the order of their places."""
    return "".join(problem_text(problem) for problem in sorted(problems, key=_by_place))


def worst_first(problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems: errors before warnings before notes, then by place."""
    return sorted(problems, key=lambda problem: (_ORDER.index(problem.severity), *_by_place(problem)))


def _by_place(problem: Problem) -> tuple[Location, str, str]:
    return problem.location or Location(problem.subject), problem.code, problem.what


def problem_text(problem: Problem) -> str:
    """Write one problem."""
    place = str(problem.location) if problem.location else problem.subject
    lines = [f"{problem.severity}[{problem.code}]: {line(problem.what)}"]
    if place:
        lines.append(f"  --> {line(place)}")
    if problem.location and problem.location.line and problem.excerpt:
        lines += _excerpt(problem.location, problem.excerpt, problem.hint)
        lines += _indented(problem.why)
    else:
        lines += [*_indented(problem.why), *_indented(problem.hint)]
    return "\n".join(lines) + "\n"


def _excerpt(at: Location, source: str, hint: str) -> list[str]:
    number = f"{at.line:>4}"
    start = max(0, at.column - 1)
    offset = max(0, start - _LEAD) if len(source) > _EXCERPT else 0
    shown = source[offset : offset + _EXCERPT]
    lead = line(shown[: start - offset])
    marked = line(shown[start - offset : max(at.end_column, at.column + 1) - 1 - offset])
    first, *rest = hint.split("\n")
    lines = [f"{number} | {line(shown).rstrip()}"]
    if not at.column:
        return lines + _indented(hint)
    caret = "^" * max(1, len(marked))
    lines.append(f"{' ' * len(number)} | {' ' * len(lead)}{caret} {line(first)}".rstrip())
    return lines + [f"  {line(more)}" for more in rest]


def _indented(text: str) -> list[str]:
    return [f"  {cut(line(part), 1000)}" for part in text.split("\n") if part]


def tally(problems: Sequence[Problem], files: int) -> str:
    """Sum problems up: `2 errors in 1 of 5 files, 1 warning`."""
    errors = [problem for problem in problems if problem.is_error]
    bad = {problem.location.file for problem in errors if problem.location}
    parts = []
    if errors:
        where = f" in {len(bad)} of {count(files, 'file')}" if bad and files >= len(bad) else ""
        parts.append(count(len(errors), "error") + where)
    others = Counter(problem.severity for problem in problems if not problem.is_error)
    parts += [count(others[severity], severity.value) for severity in _ORDER if others[severity]]
    return ", ".join(parts)


def checked_text(problems: Sequence[Problem], *, documents: int, files: int) -> str:
    """Sum a validation up: `5 manifests in 5 files: valid`, or the errors and where more is told."""
    read = f"{count(documents, 'manifest')} in {count(files, 'file')}"
    first = next((problem for problem in worst_first(problems) if problem.is_error), None)
    if first:
        return f"{tally(problems, files)}. More on a code: reconciler explain {first.code}\n"
    more = tally(problems, files)
    return f"{read}: valid{', ' + more if more else ''}\n"
