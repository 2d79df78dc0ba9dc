"""The tree: what grows while a text is read, with its limits, anchors, places and problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from reconciler.problem import Location, Problem
from reconciler.resource import Json
from reconciler.secret import holds_credential
from reconciler.yaml.document import NOWHERE, Document, Limits, Node, Parsed, document_of, line_of
from reconciler.yaml.text import FORBIDDEN, character_problem

MERGE = "<<"
Slot = tuple[int, str | int, int, int, int]
"""Where a value will hang: its parent's number, its key or index, and the place of the key."""
Place = tuple[int, int, int]
"""A row, a column and an end on the same row, 0 where it is elsewhere; all count from 0."""
ROOT: Slot = (-1, "", -1, 0, 0)
ASIDE: Slot = (NOWHERE, "", -1, 0, 0)
_SHORT = 32
"""Keys up to this length cannot make a path too long at the greatest depth."""


class Stop(Exception):
    """Stop reading a text: nothing sensible can follow."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.what)


@dataclass(frozen=True, slots=True)
class Anchored:
    """Remember a value by its anchor, and what an alias of it costs. Without a size it is still open."""

    value: Json = None
    size: int = 0
    height: int = 0


class Tree:
    """Take the values of one text as they are read and keep its documents and problems."""

    def __init__(self, file: str, lines: tuple[str, ...], limits: Limits) -> None:
        self.file, self.lines, self.limits = file, lines, limits
        self.nodes: list[Node] = []
        self.depth = 0
        self.room = 0
        self._documents: list[Document] = []
        self._problems: list[Problem] = []
        self._begun = self._done = self._aliased = 0
        self._anchors: dict[str, Anchored] = {}

    def begin(self, row: int) -> None:
        """Begin the document whose content starts in a row. Raises Stop for one too many."""
        self._begun += 1
        if self._begun > self.limits.documents:
            self.stop((row, 0), f"more than {self.limits.documents:,} documents", "split the file")
        self._done += len(self.nodes)
        self.nodes, self._anchors, self._aliased, self.depth = [], {}, 0, 0
        self._measure()

    def end(self, value: Json, first_row: int) -> None:
        """End a document; one that says nothing is left out."""
        if value is not None:
            row = self.nodes[0][2] if self.nodes else first_row
            self._documents.append(document_of(value, self.nodes, self.file, row + 1, self.lines))

    def result(self, last: Problem | None = None, *, is_whole: bool = True) -> Parsed:
        """Give what was read, with the problem that ended the reading, if one did."""
        problems = (*self._problems, last) if last else tuple(self._problems)
        return Parsed(tuple(self._documents), problems, is_whole)

    def open(self, slot: Slot, row: int, column: int, end: int) -> int:
        """Open a mapping or list and give its number. Raises Stop where it is too deep or one too many."""
        self.depth += 1
        if self.depth > self.limits.depth:
            self.stop((row, column, end), f"nested deeper than {self.limits.depth} levels", "flatten it")
        return self.add(slot, row, column, end)

    def add(self, slot: Slot, row: int, column: int, end: int) -> int:
        """Add a value and give its number. Raises Stop for one too many."""
        number = len(self.nodes)
        if number >= self.room:
            self.crowded(row, column, end)
        self.nodes.append((slot[0], slot[1], row, column, end, *slot[2:]))
        return number

    def crowded(self, *at: int) -> NoReturn:
        """Stop because there is no room for one more value."""
        most = self.limits.expanded
        if len(self.nodes) + self._aliased >= most:
            self.stop(at, f"the document grows beyond {most:,} values", "use fewer aliases")
        self.stop(at, f"the file holds more than {self.limits.nodes:,} values", "split the file")

    def slot(self, key: str, mapping: Mapping[str, Json], parent: int, at: Place) -> Slot:
        """Give the slot of a field. One that stands twice is reported and goes nowhere."""
        row, column, end = at
        if found := FORBIDDEN.search(key):
            self.report(character_problem(found[0], self.place(at)))
        if len(key) > _SHORT and self._path_to(parent) + len(key) > self.limits.path:
            what = f"the path of a field is longer than {self.limits.path:,} characters"
            self.stop(at, what, "shorten its names")
        if key in mapping:
            self.duplicate(key, parent, at, "keep one of the two")
            return ASIDE
        return (parent, key, row, column, end)

    def duplicate(self, key: str, parent: int, at: Place, hint: str) -> None:
        """Report a field that stands twice in one mapping."""
        first = next(node for node in self.nodes if node[:2] == (parent, key))
        place = self.place((first[5], first[6], first[7]) if first[5] >= 0 else first[2:5])
        why = f"first at {place}"
        self.report(Problem("RC101", f'"{key}" stands twice in one mapping', self.place(at), why, hint))

    def text(self, value: str, at: Place) -> str:
        """Give a text whose escapes may have made a character that may not be there."""
        if found := FORBIDDEN.search(value):
            self.report(character_problem(found[0], self.place(at)))
        return value

    def refuse_number(self, why: str, at: Place) -> None:
        """Report a number that cannot be sent."""
        self.report(Problem("RC101", why, self.place(at), hint="quote it if it is meant as text"))

    def name(self, anchor: str) -> None:
        """Note that the value of an anchor is being read."""
        self._anchors[anchor] = Anchored()

    def keep(self, anchor: str, value: Json, since: int, aliased: int) -> Json:
        """Remember a finished value by its anchor. `since` and `aliased` were counted when it began."""
        size = len(self.nodes) - since + self._aliased - aliased
        self._anchors[anchor] = Anchored(value, max(size, 1), _height(value))
        return value

    @property
    def aliased(self) -> int:
        """Count what aliases brought into this document."""
        return self._aliased

    def alias(self, anchor: str, slot: Slot, at: Place) -> Json:
        """Give the value of an alias. Raises Stop for one that is unknown, open or too costly."""
        found = self.must_be_known(anchor, at)
        if not found.size:
            self.stop(at, f'"*{anchor}" stands inside what it names', "write the value out")
        if self.depth + found.height > self.limits.depth:
            self.stop(at, f"aliases nest deeper than {self.limits.depth} levels", "flatten it")
        self.add(slot, *at)
        self._grow(found.size, at)
        return found.value

    def must_be_known(self, anchor: str, at: Place) -> Anchored:
        """Give what an anchor names. Raises Stop where it names nothing."""
        found = self._anchors.get(anchor)
        if found is None:
            self.stop(at, f'"*{anchor}" names no anchor', f"define it first: &{anchor}")
        return found

    def merge(self, mapping: dict[str, Json], parent: int, merged: Sequence[tuple[Json, int]]) -> None:
        """Bring what `<<` names into a mapping that lacks it. Raises Stop for what is no mapping."""
        for value, number in merged:
            at = self.nodes[number][2:5]
            sources = value if isinstance(value, list) else [value]
            if not all(isinstance(source, dict) for source in sources):
                self.stop(at, "<< merges mappings only", "give it *anchor or [*a, *b]")
            self._grow(sum(map(len, sources)), at)
            for source in sources:
                missing = {key: item for key, item in source.items() if key not in mapping}
                self.nodes += [(parent, key, *at, *at) for key in missing]
                mapping |= missing

    def place(self, at: tuple[int, ...]) -> Location:
        """Write a place counted from 0 as people count it; without an end it is a point."""
        row, column, *end = at
        return Location(self.file, row + 1, column + 1, end[0] + 1 if end and end[0] > column else 0)

    def report(self, problem: Problem) -> None:
        """Keep a problem after which reading goes on. Raises Stop where there are too many."""
        self._problems.append(self._shown(problem))
        if len(self._problems) > self.limits.problems:
            raise Stop(replace(problem, what="too many problems in one file; the rest is not looked at"))

    def stop(self, at: tuple[int, ...], what: str, hint: str) -> NoReturn:
        """Stop reading at a place."""
        raise Stop(self._shown(Problem("RC101", what, self.place(at), hint=hint)))

    def _shown(self, problem: Problem) -> Problem:
        line = line_of(self.lines, problem.location) if problem.location else ""
        return problem if holds_credential(line) else replace(problem, excerpt=line)

    def _grow(self, size: int, at: tuple[int, ...]) -> None:
        self._aliased += size
        self._measure()
        if len(self.nodes) > self.room:
            self.crowded(*at)

    def _measure(self) -> None:
        """Find how many values this document may have beside what its aliases bring."""
        self.room = min(self.limits.expanded - self._aliased, self.limits.nodes - self._done)

    def _path_to(self, number: int) -> int:
        length = 0
        while number >= 0:
            length += len(str(self.nodes[number][1])) + 1
            number = self.nodes[number][0]
        return length


def _height(value: Json) -> int:
    """Count the levels of a value."""
    items: Iterable[Json] = ()
    if isinstance(value, dict):
        items = value.values()
    elif isinstance(value, list):
        items = value
    else:
        return 0
    return 1 + max(map(_height, items), default=0)
