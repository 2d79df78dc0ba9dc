"""The builder: parser events in, documents out, in one pass and without recursion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NoReturn

from reconciler.pointer import escaped
from reconciler.problem import Location, Problem
from reconciler.resource import Json
from reconciler.secret import holds_credential
from reconciler.yaml.document import Document, Event, Limits, Parsed, line_of
from reconciler.yaml.grammar import TAB
from reconciler.yaml.scalars import resolve
from reconciler.yaml.text import FORBIDDEN, character_problem

_MERGE = "<<"
_PLAIN_TAGS = (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class Stop(Exception):
    """Stop reading a text: nothing sensible can follow."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.what)


@dataclass(slots=True)
class _Node:
    """A finished or growing value with what its aliases will cost."""

    value: Json
    place: Location
    size: int = 1
    height: int = 0
    is_open: bool = False


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being read. `key` waits for its value; None: a key comes next."""

    node: _Node
    pointer: str
    key: str | None = None
    is_duplicate: bool = False
    is_merge: bool = False
    merges: list[tuple[_Node, str]] = field(default_factory=list)


class Builder:
    """Take the events of one text and keep its documents and problems."""

    def __init__(self, file: str, lines: tuple[str, ...], limits: Limits) -> None:
        self._file, self._lines, self._limits = file, lines, limits
        self._documents: list[Document] = []
        self._problems: list[Problem] = []
        self._nodes = self._starts = 0
        self._has_tabs = any("\t" in line for line in lines)
        self._takers: dict[str, Callable[[Event], None]] = {
            "ScalarEvent": self._scalar,
            "AliasEvent": self._alias,
            "MappingStartEvent": self._open,
            "SequenceStartEvent": self._open,
            "MappingEndEvent": self._close,
            "SequenceEndEvent": self._close,
            "DocumentStartEvent": self._start,
            "DocumentEndEvent": self._end,
        }
        self._reset(0)

    def take(self, event: Event) -> None:
        """Take the next event. Raises Stop where nothing sensible can follow."""
        taker = self._takers.get(type(event).__name__)
        if taker:
            taker(event)

    def result(self, last: Problem | None = None, *, is_whole: bool = True) -> Parsed:
        """Give what was read, with the problem that ended the reading, if one did."""
        problems = (*self._problems, last) if last else tuple(self._problems)
        return Parsed(tuple(self._documents), problems, is_whole)

    def _reset(self, first_line: int) -> None:
        self._first_line = first_line
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Node] = {}
        self._root: _Node | None = None
        self._places: dict[str, Location] = {}
        self._key_places: dict[str, Location] = {}
        self._expanded = 0

    def _start(self, event: Event) -> None:
        self._starts += 1
        place = Location(self._file, event.end_mark.line + 1, 1)
        if self._starts > self._limits.documents:
            self._stop(place, f"more than {self._limits.documents:,} documents", "split the file")
        if event.version and tuple(event.version) != (1, 2):
            self._stop(place, "only YAML 1.2 is read", "delete the %YAML line")
        if event.tags:
            self._stop(place, "custom tags are not read", "delete the %TAG line")
        self._reset(event.end_mark.line + 1)

    def _end(self, _event: Event) -> None:
        if self._root is not None and self._root.value is not None:
            line = self._root.place.line or self._first_line
            self._documents.append(
                Document(self._root.value, self._places, self._key_places, self._file, line, self._lines)
            )

    def _scalar(self, event: Event) -> None:
        place = self._checked(event)
        if self._wants_key():
            self._take_key(event, place)
            return
        if self._frames and not event.value and not event.style:
            place = self._key_places.get(self._pointer(), place)
        node = _Node(self._value(event, place), place)
        self._anchor(event, node)
        self._attach(node)

    def _value(self, event: Event, place: Location) -> Json:
        text: str = event.value
        found = FORBIDDEN.search(text) if event.style == '"' else None
        if found:
            self._report(character_problem(found[0], place))
        if event.style or event.tag:
            return text
        try:
            return resolve(text)
        except ValueError as error:
            self._report(Problem("RC101", str(error), place, hint="quote it if it is meant as text"))
            return None

    def _take_key(self, event: Event, place: Location) -> None:
        frame, key = self._frames[-1], str(event.value)
        if event.style not in ("'", '"') and not key:
            self._stop(place, "a field without a name", 'write a name before the ":"')
        if FORBIDDEN.search(key):
            self._report(character_problem(FORBIDDEN.findall(key)[0], place))
        if self._has_tabs and "\t" in self._indentation(place):
            self._stop(place, *TAB)
        frame.key = key
        frame.is_merge = key == _MERGE and not event.style
        pointer = f"{frame.pointer}/{escaped(key)}"
        frame.is_duplicate = pointer in self._key_places
        if frame.is_duplicate:
            self._duplicate(key, place, self._key_places[pointer])
        else:
            self._key_places[pointer] = place
        self._anchor(event, _Node(key, place))

    def _indentation(self, place: Location) -> str:
        before = line_of(self._lines, place)[: place.column - 1]
        return before if not before.strip("- \t?") else ""

    def _duplicate(self, key: str, place: Location, first: Location) -> None:
        hint = "write << once, with a list: <<: [*a, *b]" if key == _MERGE else "keep one of the two"
        self._report(
            Problem("RC101", f'"{key}" stands twice in one mapping', place, f"first at {first}", hint)
        )

    def _open(self, event: Event) -> None:
        place = self._checked(event)
        if self._wants_key():
            self._stop(
                place, "a field name must be a plain word", 'quote it; templates like "{{ … }}" are not run'
            )
        if len(self._frames) >= self._limits.depth:
            self._stop(place, f"nested deeper than {self._limits.depth} levels", "flatten it")
        empty: Json = {} if type(event).__name__ == "MappingStartEvent" else []
        node = _Node(empty, place, is_open=True)
        self._anchor(event, node)
        self._frames.append(_Frame(node, self._pointer()))

    def _close(self, _event: Event) -> None:
        frame = self._frames.pop()
        self._merge(frame)
        frame.node.is_open = False
        self._attach(frame.node)

    def _alias(self, event: Event) -> None:
        place = self._checked(event)
        node = self._anchors.get(event.anchor)
        if node is None:
            self._stop(place, f'"*{event.anchor}" names no anchor', f"define it first: &{event.anchor}")
        if node.is_open:
            self._stop(place, f'"*{event.anchor}" stands inside what it names', "write the value out")
        if self._wants_key():
            self._stop(place, "a field name cannot be an alias", "write the name out")
        if len(self._frames) + node.height > self._limits.depth:
            self._stop(place, f"aliases nest deeper than {self._limits.depth} levels", "flatten it")
        self._grow(node.size, place)
        self._attach(replace(node, place=place))

    def _attach(self, node: _Node) -> None:
        if not self._frames:
            self._root = node
            self._places[""] = node.place
            return
        parent = self._frames[-1]
        pointer = self._pointer()
        parent.node.size += node.size
        parent.node.height = max(parent.node.height, node.height + 1)
        if isinstance(parent.node.value, list):
            parent.node.value.append(node.value)
        elif parent.is_merge:
            parent.merges.append((node, pointer))
        elif not parent.is_duplicate and parent.key is not None:
            parent.node.value[parent.key] = node.value
        if not parent.is_duplicate:
            self._places[pointer] = node.place
        parent.key = None

    def _merge(self, frame: _Frame) -> None:
        for node, pointer in frame.merges:
            sources = node.value if isinstance(node.value, list) else [node.value]
            if not all(isinstance(source, dict) for source in sources):
                self._stop(node.place, "<< merges mappings only", "give it *anchor or [*a, *b]")
            self._grow(node.size, node.place)
            for key, value in ((key, value) for source in sources for key, value in source.items()):
                if key not in frame.node.value:
                    frame.node.value[key] = value
                    self._places[f"{frame.pointer}/{escaped(key)}"] = node.place
                    self._key_places[f"{frame.pointer}/{escaped(key)}"] = node.place
            self._key_places.pop(pointer, None)

    def _wants_key(self) -> bool:
        if not self._frames:
            return False
        frame = self._frames[-1]
        return frame.key is None and isinstance(frame.node.value, dict)

    def _pointer(self) -> str:
        if not self._frames:
            return ""
        frame = self._frames[-1]
        if isinstance(frame.node.value, list):
            return f"{frame.pointer}/{len(frame.node.value)}"
        return f"{frame.pointer}/{escaped(frame.key or '')}"

    def _anchor(self, event: Event, node: _Node) -> None:
        if event.anchor:
            self._anchors[event.anchor] = node

    def _checked(self, event: Event) -> Location:
        place = self._at(event)
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            self._stop(place, f"the file holds more than {self._limits.nodes:,} values", "split the file")
        self._grow(1, place)
        tag = None if type(event).__name__ == "AliasEvent" else event.tag
        if tag not in _PLAIN_TAGS:
            self._stop(place, "custom tags are not read", "write the value without !")
        return place

    def _grow(self, size: int, place: Location) -> None:
        self._expanded += size
        if self._expanded > self._limits.expanded:
            self._stop(
                place, f"the document grows beyond {self._limits.expanded:,} values", "use fewer aliases"
            )

    def _at(self, event: Event) -> Location:
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 0
        return Location(
            self._file, start.line + 1, start.column + 1, start.column + 1 + width if width > 0 else 0
        )

    def _report(self, problem: Problem) -> None:
        line = line_of(self._lines, problem.location) if problem.location else ""
        self._problems.append(problem if holds_credential(line) else replace(problem, excerpt=line))
        if len(self._problems) > self._limits.problems:
            raise Stop(replace(problem, what="too many problems in one file; the rest is not looked at"))

    def _stop(self, place: Location, what: str, hint: str) -> NoReturn:
        line = line_of(self._lines, place)
        excerpt = "" if holds_credential(line) else line
        raise Stop(Problem("RC101", what, place, hint=hint, excerpt=excerpt))
