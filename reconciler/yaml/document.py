"""Documents: one value each, with the place of every key and value in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.pointer import escaped
from reconciler.problem import Location, Problem
from reconciler.resource import Json, Lazy

Event = Any
"""An event of the YAML library; only its attributes are read here."""

Node = tuple[int, str | int, int, int, int, int, int, int]
"""One value: its parent's number, its key or index there, its row, column and end, those of its key.

Rows and columns count from 0; an end of 0 is unknown, a key's row of -1 says that it has none. The
first node is the whole document; a parent of NOWHERE is not part of it.
"""
NOWHERE = -2


@dataclass(frozen=True, slots=True)
class Limits:
    """Cap what one text may hold, so that no input can make a run long or large."""

    bytes: int = 1 << 20
    documents: int = 5_000
    nodes: int = 100_000
    expanded: int = 20_000
    depth: int = 32
    problems: int = 50
    path: int = 1024


@dataclass(frozen=True, slots=True)
class Document:
    """Hold one YAML document. Pointers are RFC 6901, list items by index.

    `places` points at values, `key_places` at the keys in front of them; what an alias or a merge key
    brought in has the place of the alias. `lines` are those of the whole file.
    """

    value: Json
    places: Mapping[str, Location]
    key_places: Mapping[str, Location]
    file: str
    first_line: int
    lines: tuple[str, ...]

    def place(self, pointer: str) -> Location:
        """Find the place of a value, or of its nearest parent that has one."""
        return _nearest(self.places, pointer) or Location(self.file, self.first_line)

    def key_place(self, pointer: str) -> Location:
        """Find the place of the key of a value, or of the value where it has no key."""
        return self.key_places.get(pointer) or self.place(pointer)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Hold the documents of one text and everything that is wrong with it.

    `is_whole` False: the reader gave up, and what stands after the last problem was not looked at.
    """

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    is_whole: bool = True


def document_of(
    value: Json, nodes: list[Node], file: str, first_line: int, lines: tuple[str, ...]
) -> Document:
    """Make a document; the places of a valid one are rarely asked for, so they wait until they are."""
    places = Lazy(lambda: _places(_value_places(nodes), file))
    key_places = Lazy(lambda: _places(_key_places(nodes), file))
    return Document(value, places, key_places, file, first_line, lines)


Row = tuple[str, int, int, int]


def _value_places(nodes: list[Node]) -> Iterable[Row]:
    return ((at, node[2], node[3], node[4]) for at, node in _pointers(nodes))


def _key_places(nodes: list[Node]) -> Iterable[Row]:
    return ((at, node[5], node[6], node[7]) for at, node in _pointers(nodes) if node[5] >= 0)


def _pointers(nodes: list[Node]) -> Iterable[tuple[str, Node]]:
    found: list[str | None] = []
    for number, node in enumerate(nodes):
        above = found[node[0]] if node[0] >= 0 else None
        at = None if above is None else f"{above}/{escaped(str(node[1]))}"
        found.append(at if number else "")
        if found[-1] is not None:
            yield found[-1], node


def _places(rows: Iterable[Row], file: str) -> Mapping[str, Location]:
    return {
        at: Location(file, row + 1, column + 1, end + 1 if end > column else 0)
        for at, row, column, end in rows
    }


def _nearest(places: Mapping[str, Location], pointer: str) -> Location | None:
    while pointer not in places:
        if not pointer:
            return None
        pointer = pointer.rpartition("/")[0]
    return places[pointer]


def line_of(lines: tuple[str, ...], place: Location) -> str:
    """Give the source line at a place, or nothing."""
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


def raw_text(lines: tuple[str, ...], place: Location) -> str:
    """Give the text of a one-line node as it is written, or nothing."""
    return line_of(lines, place)[place.column - 1 : place.end_column - 1] if place.end_column else ""
