"""The builder: parser events in, values out, in one pass and without recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.resource import Json
from reconciler.yaml.document import Event
from reconciler.yaml.grammar import TAB
from reconciler.yaml.scalars import resolve
from reconciler.yaml.strict import Strict
from reconciler.yaml.tree import MERGE, ROOT, Place, Slot, Tree

_PLAIN_TAGS = (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(slots=True)
class Frame:
    """A mapping or list that is being read. `slot` waits for a value; a mapping without one for a key.

    `level` is the column of a block; a collection in brackets has none.
    """

    value: Any
    number: int
    is_list: bool
    level: int | None
    start: Place
    anchor: str | None
    since: tuple[int, int]
    slot: Slot | None = None
    is_merge: bool = False
    merged: list[tuple[Json, int]] = field(default_factory=list)


class Builder:
    """Take the events of one text and grow its tree."""

    def __init__(self, tree: Tree, text: str) -> None:
        self._tree = tree
        self._frames: list[Frame] = []
        self._value: Json = None
        self._row = 0
        self._strict = Strict(tree, text)
        self._has_tabs = "\t" in text
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

    def take(self, events: Iterable[Event]) -> None:
        """Take all events. Raises Stop where nothing sensible can follow."""
        takers: dict[type, Callable[[Event], None] | None] = {}
        watch = self._strict.watch if self._strict.is_needed else None
        for event in events:
            kind = type(event)
            if kind not in takers:
                takers[kind] = self._takers.get(kind.__name__)
            if watch:
                watch(event)
            if taker := takers[kind]:
                taker(event)

    def _start(self, event: Event) -> None:
        self._row = event.end_mark.line
        self._tree.begin(self._row)
        if event.version and tuple(event.version) != (1, 2):
            self._tree.stop((self._row, 0), "only YAML 1.2 is read", "delete the %YAML line")
        if event.tags:
            self._tree.stop((self._row, 0), "custom tags are not read", "delete the %TAG line")
        self._frames, self._value = [], None

    def _end(self, _event: Event) -> None:
        self._tree.end(self._value, self._row)

    def _scalar(self, event: Event) -> None:
        start, end, style = event.start_mark, event.end_mark, event.style
        at = (start.line, start.column, end.column if end.line == start.line else 0)
        tag = event.tag
        if tag not in _PLAIN_TAGS or (tag and tag[-3:] in ("map", "seq")):
            self._refuse_tag(at)
        if at[2] == 0 and style in ("'", '"'):
            self._strict.must_be_deeper(at[0], end.line, self._frames)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and not frame.is_list and frame.slot is None:
            self._take_key(frame, event, at)
            return
        slot = self._next_slot(frame)
        if frame is not None and slot[2] >= 0 and not event.value and not style:
            at = slot[2:]
        value = self._value_of(event.value, style or tag, at)
        number = self._tree.add(slot, *at)
        if event.anchor:
            self._tree.keep(event.anchor, value, number, self._tree.aliased)
        self._attach(frame, value, number)

    def _value_of(self, text: str, style: str | None, at: Place) -> Json:
        if style:
            return self._tree.text(text, at) if style == '"' else text
        if text[-1:] in ("-", ":"):
            self._strict.no_lone_sign(text, at)
        try:
            return resolve(text)
        except ValueError as error:
            self._tree.refuse_number(str(error), at)
            return None

    def _take_key(self, frame: Frame, event: Event, at: Place) -> None:
        key, tree = event.value, self._tree
        if not key and not event.style:
            tree.stop(at, "a field without a name", 'write a name before the ":"')
        if key[-1:] == ":" and not event.style:
            self._strict.no_lone_sign(key, at)
        if self._has_tabs and "\t" in self._indentation(at):
            tree.stop(at, *TAB)
        frame.is_merge = key == MERGE and not event.style
        if not frame.is_merge:
            frame.slot = tree.slot(key, frame.value, frame.number, at)
        else:
            if frame.merged:
                tree.duplicate(key, frame.number, at, "write << once, with a list: <<: [*a, *b]")
            frame.slot = (frame.number, key, -1, *at[1:])
        if event.anchor:
            tree.keep(event.anchor, key, len(tree.nodes), tree.aliased)

    def _indentation(self, at: Place) -> str:
        before = self._tree.lines[at[0]][: at[1]]
        return before if not before.strip("- \t?") else ""

    def _next_slot(self, frame: Frame | None) -> Slot:
        if frame is None:
            return ROOT
        if frame.is_list:
            return (frame.number, len(frame.value), -1, 0, 0)
        assert frame.slot is not None  # noqa: S101 - a key was read before
        return frame.slot

    def _open(self, event: Event) -> None:
        start, end = event.start_mark, event.end_mark
        at = (start.line, start.column, end.column if end.line == start.line else 0)
        is_list = type(event).__name__ == "SequenceStartEvent"
        if event.tag not in (None, "!", f"tag:yaml.org,2002:{'seq' if is_list else 'map'}"):
            self._refuse_tag(at)
        above = self._frames[-1] if self._frames else None
        if above is not None and not above.is_list and above.slot is None:
            hint = 'quote it; templates like "{{ … }}" are not run'
            self._tree.stop(at, "a field name must be a plain word", hint)
        since = (len(self._tree.nodes), self._tree.aliased)
        number = self._tree.open(self._next_slot(above), *at)
        if event.anchor:
            self._tree.name(event.anchor)
        level = None if event.flow_style else at[1]
        if level is not None and (event.anchor or event.tag):
            level = self._strict.level_of(self._frames)  # the column is that of the anchor
        empty: Json = [] if is_list else {}
        self._frames.append(Frame(empty, number, is_list, level, at, event.anchor, since))

    def _close(self, event: Event) -> None:
        frame = self._frames.pop()
        self._tree.depth -= 1
        if frame.merged:
            self._tree.merge(frame.value, frame.number, frame.merged)
        if frame.anchor:
            self._tree.keep(frame.anchor, frame.value, *frame.since)
        above = self._frames[-1] if self._frames else None
        if frame.level is None and (above is None or above.level is not None):
            self._strict.must_be_deeper(frame.start[0], event.end_mark.line, self._frames)
        self._attach(above, frame.value, frame.number)

    def _alias(self, event: Event) -> None:
        start, end = event.start_mark, event.end_mark
        at = (start.line, start.column, end.column if end.line == start.line else 0)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and not frame.is_list and frame.slot is None:
            self._tree.must_be_known(event.anchor, at)
            self._tree.stop(at, "a field name cannot be an alias", "write the name out")
        number = len(self._tree.nodes)
        value = self._tree.alias(event.anchor, self._next_slot(frame), at)
        self._attach(frame, value, number)

    def _attach(self, frame: Frame | None, value: Json, number: int) -> None:
        if frame is None:
            self._value = value
        elif frame.is_list:
            frame.value.append(value)
        elif frame.is_merge:
            frame.merged.append((value, number))
        elif frame.slot is not None and frame.slot[0] == frame.number:
            frame.value[frame.slot[1]] = value
        if frame is not None:
            frame.slot = None

    def _refuse_tag(self, at: Place) -> None:
        self._tree.stop(at, "custom tags are not read", "write the value without !")
