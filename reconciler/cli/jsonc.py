"""JSON with comments, as editors keep their settings: read with places, added to without losing a sign."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from reconciler.resource import EMPTY, Json

_TOKEN = re.compile(
    r"""(?P<space>[\s\ufeff]+) | (?P<comment>//[^\r\n]*|/\*.*?\*/) | (?P<sign>[{}\[\],:])
      | (?P<scalar>"(?:[^"\\\r\n]|\\.)*" | [^\s{}\[\],:"/]+)""",
    re.DOTALL | re.VERBOSE,
)


class NotJson(ValueError):
    """Report where a text is not JSON with comments."""


@dataclass(frozen=True, slots=True)
class Node:
    """Hold a value and where it ends; of an object or list also its parts and where one more may stand.

    `room` is behind the last part, its comma and its comments. Parts of a list go by their number.
    """

    value: Json
    end: int
    parts: Mapping[str, Node] = EMPTY
    room: int = 0
    has_comma: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def read(text: str) -> Node:
    """Read a whole text. Raises NotJson, also for a key that stands twice in one object."""
    reader = _Reader(text)
    node = reader.value()
    reader.expect("")
    return node


def comments(text: str) -> list[str]:
    """List the comments of a text."""
    return [token.text for token in _tokens(text) if token.kind == "comment"]


def added(text: str, path: tuple[str, ...], value: Json) -> str:
    """Add a member to the object, or an item to the list, that lies above the end of a path.

    Whatever stands in the text stays as it is. An item's name, the last of the path, is not written.
    """
    holder = root = read(text)
    for part in path[:-1]:
        holder = holder.parts[part]
    unit, line = _indent(text, root), "\r\n" if "\r\n" in text else "\n"
    margin = unit * len(path)
    name = f"{json.dumps(path[-1])}: " if isinstance(holder.value, dict) else ""
    written = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", line + margin)
    close = "" if "\n" in text[holder.room : holder.end] else line + margin.removeprefix(unit)
    text = f"{text[: holder.room]}{line}{margin}{name}{written}{close}{text[holder.room :]}"
    last = max((part.end for part in holder.parts.values()), default=0)
    return f"{text[:last]},{text[last:]}" if last and not holder.has_comma else text


def _indent(text: str, root: Node) -> str:
    """Give the white space before the first member, where it begins its line; else two spaces."""
    found = re.search(r'\{[^"]*?\n([ \t]+)(?=["/])', text[: root.end])
    return found[1] if found else "  "


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found or not found.lastgroup:
            raise NotJson(f"line {text.count(chr(10), 0, place) + 1}: {text[place]!r} is not JSON")
        yield _Token(found.lastgroup, found[0], place, found.end())
        place = found.end()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [token for token in _tokens(text) if token.kind != "space"]
        self._at = 0

    def value(self) -> Node:
        token = self._next()
        if token.text in ("{", "["):
            return self._holder(token, "}" if token.text == "{" else "]")
        if token.kind != "scalar":
            raise self._wrong(token)
        try:
            return Node(json.loads(token.text), token.end)
        except ValueError as error:
            raise self._wrong(token) from error

    def expect(self, text: str) -> None:
        token = self._next()
        if token.text != text:
            raise self._wrong(token)

    def _holder(self, opening: _Token, closing: str) -> Node:
        parts: dict[str, Node] = {}
        numbers, has_comma = count(), True
        while self._peek().text != closing:
            if not has_comma:
                raise self._wrong(self._peek())
            name = self._name() if closing == "}" else str(next(numbers))
            if name in parts:
                raise NotJson(f'"{name}" stands twice')
            parts[name] = self.value()
            has_comma = self._peek().text == ","
            if has_comma:
                self._next()
        room = self._tokens[self._at - 1].end  # whatever was read last, comments too
        end = self._next().end
        values = {name: part.value for name, part in parts.items()}
        value: Json = values if closing == "}" else [*values.values()]
        return Node(value, end, parts, max(room, opening.end), bool(parts) and has_comma)

    def _name(self) -> str:
        token = self._next()
        if not token.text.startswith('"'):
            raise self._wrong(token)
        self.expect(":")
        name: str = json.loads(token.text)
        return name

    def _peek(self) -> _Token:
        while self._at < len(self._tokens) and self._tokens[self._at].kind == "comment":
            self._at += 1
        if self._at < len(self._tokens):
            return self._tokens[self._at]
        return _Token("end", "", len(self._text), len(self._text))

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _wrong(self, token: _Token) -> NotJson:
        line = self._text.count("\n", 0, token.start) + 1
        return NotJson(f"line {line}: {token.text[:20]!r} is not JSON" if token.text else "it ends too soon")
