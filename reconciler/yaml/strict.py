"""Strict: what the parsers let pass, or read as something else, and YAML 1.2 forbids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from reconciler.yaml.document import Event
from reconciler.yaml.tree import Place, Tree

_RARE = re.compile(r"\S#|\?[^\s]|^%", re.MULTILINE)
"""A # right behind something, a ? in front of something, a line that starts with %."""


class Nested(Protocol):
    """A collection that is being read: the column of a block, None in brackets."""

    level: int | None


class Strict:
    """Look at the text between events, where there is reason to."""

    def __init__(self, tree: Tree, text: str) -> None:
        self._tree = tree
        self._row = self._column = 0
        self._is_closed = True
        self.is_needed = any(sign in text for sign in "#?%") and bool(_RARE.search(text))

    def watch(self, event: Event) -> None:
        """Take the next event. Raises Stop for what stands before it and may not."""
        start, end, name = event.start_mark, event.end_mark, type(event).__name__
        if name == "StreamStartEvent":
            return
        self._no_comment_without_a_space(start.line, start.column)
        if name == "DocumentStartEvent":
            self._no_directive_in_a_document(start.line if not event.explicit else end.line)
        elif name == "DocumentEndEvent":
            self._is_closed = event.explicit
        elif name == "ScalarEvent" and not event.style and event.value:
            self._no_question_mark_in_front(start.line, start.column)
        self._row, self._column = end.line, end.column

    def must_be_deeper(self, first: int, last: int, around: Sequence[Nested]) -> None:
        """Hold the further lines of a text or of what stands in brackets deeper than what is around.

        A closing bracket may stand in the column of its field, as everybody writes it.
        """
        level = self.level_of(around) if last > first else -1
        for row in range(first + 1, last + 1):
            line = self._tree.lines[row]
            rest = line.lstrip(" ")
            is_open = rest.strip(" \t")[:1] not in ("", "#", "]", "}")
            if is_open and len(line) - len(rest) <= level:
                what = "a text or a list goes on without being indented"
                self._tree.stop((row, 0), what, "indent it deeper than its field")

    def no_lone_sign(self, text: str, at: Place) -> None:
        """Refuse a plain text that is only a dash, or ends in the colon of a field in brackets."""
        hint = "quote it if it is meant as text"
        if text == "-":
            self._tree.stop(at, 'a "-" where no list can start', hint)
        if text[-1] == ":" and at[2] and self._tree.lines[at[0]][at[2] : at[2] + 1] != ":":
            self._tree.stop(at, 'a ":" right behind a field, without a space', hint)

    def level_of(self, around: Iterable[Nested]) -> int:
        """Find the column of the innermost block around a place; -1 is that of the document."""
        return next((one.level for one in reversed([*around]) if one.level is not None), -1)

    def _no_comment_without_a_space(self, row: int, column: int) -> None:
        line = self._tree.lines[self._row] if self._row < len(self._tree.lines) else ""
        between = line[self._column : column if row == self._row else None]
        at = self._column + between.find("#")
        if "#" in between and at and line[at - 1] not in " \t":
            self._tree.stop((self._row, at), "a # right behind a value", "put a space before it")

    def _no_directive_in_a_document(self, row: int) -> None:
        lines = self._tree.lines
        above = next((n for n in range(self._row, row) if lines[n].startswith("%")), None)
        if above is not None and not self._is_closed:
            what = "a line with % that is no directive, or stands in a wrong place"
            self._tree.stop((above, 0), what, "delete it, or put ... before it")

    def _no_question_mark_in_front(self, row: int, column: int) -> None:
        if column and self._tree.lines[row][column - 1] == "?":
            what = 'a "?" where no field can start'
            self._tree.stop((row, column - 1), what, "quote it if it is meant as text")
