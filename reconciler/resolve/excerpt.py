"""Excerpts: the line of a manifest beside a problem that was found only later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.problem import Location, Problem
from reconciler.secret import holds_credential
from reconciler.validate.places import is_sensitive
from reconciler.yaml import Document, line_of


def with_excerpt(problem: Problem, documents: Sequence[Document]) -> Problem:
    """Add the source line that a problem points at, unless it has one or may hold a credential."""
    place = problem.location
    if problem.excerpt or not place or not place.column:
        return problem
    document = _holder(place, documents)
    if document is None:
        return problem
    line = line_of(document.lines, place)
    hidden = is_sensitive(document, problem.pointer) or holds_credential(line)
    return problem if hidden else replace(problem, excerpt=line)


def _holder(place: Location, documents: Sequence[Document]) -> Document | None:
    """Find the document of a file that a place stands in: the last one that begins before it."""
    before = [one for one in documents if one.file == place.file and one.first_line <= place.line]
    return max(before, key=lambda one: one.first_line, default=None)
