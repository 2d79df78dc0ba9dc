"""Allowances: `# allow RC150` on a line says that a warning there was read and is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reconciler.problem import Problem
from reconciler.yaml import Document, line_of

_ALLOWED = re.compile(r"(?:^|\s)#.*\ballow((?:[\s,]+RC[0-9]{3})+)", re.ASCII)


def without_allowed(document: Document, found: Iterable[Problem]) -> Iterator[Problem]:
    """Leave out the warnings that their own line allows. Errors are never allowed."""
    for problem in found:
        if problem.is_error or problem.code not in _codes(document, problem):
            yield problem


def _codes(document: Document, problem: Problem) -> str:
    line = line_of(document.lines, problem.location) if problem.location else ""
    allowed = _ALLOWED.search(line) if "allow" in line else None
    return allowed[1] if allowed else ""
