"""Unknown fields: what somebody who wrote one most likely meant, and the line to write instead.

In this order: the kind's words from other tools, the same name elsewhere in the document, the nearest
name. A hint names the whole path, and carries the value over where that is plain and shows no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.field import Field, flow, plain
from reconciler.kind import NOTHING
from reconciler.resource import EMPTY, Json
from reconciler.validate.carry import Fits, carried
from reconciler.validate.suggest import near

_LONGEST = 100
_PATH = re.compile(r"[A-Za-z]\w*(?:\[\])?(?:\.\w+(?:\[\])?)*")
_WITH = re.compile(r"(?P<path>[\w.\[\]]+)(?: with (?P<name>\w+): (?P<value>\w+))?(?P<gloss> \([^)]*\))?")
_CONJUNCTION = re.compile(r" or (?=[\w.\[\]]+\b)")
_SURE = 0.9
_FEW, _PLACES = 20, 3
_OTHERS = ("dependsOn",)
"""Where a manifest names other objects; what is wanted of this one is never meant there."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Say what was meant: a hint, and the path of the field it leads to; no path where that is open."""

    hint: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Hold the mapping that an unknown field stands in: its field, its value, and how to check others.

    `lineage` are the fields that lead to it, the document first and the block's own last.
    """

    lineage: tuple[Field, ...]
    value: Mapping[str, Json]
    fits: Fits
    aliases: Mapping[str, str] = EMPTY
    title: str = ""

    @property
    def field(self) -> Field:
        """Give the block's own field."""
        return self.lineage[-1]

    def meant(self, name: str, *, may_show: bool) -> Meant:
        """Say what was meant by a field that is none here. `may_show`: its value may be repeated."""
        return _Guess(self, name, self.value[name], may_show).meant()


@dataclass(frozen=True, slots=True)
class _Guess:
    """Hold one unknown field while what it means is looked for."""

    block: Block
    name: str
    value: Json
    may_show: bool

    def meant(self) -> Meant:
        """Try the words from other tools, the same name elsewhere, the nearest name."""
        alias = self._alias(self.name)
        found = (self._by_alias(alias) if alias else None, self._elsewhere(self.name))
        guesses = [guess for guess in found if guess and (not guess.path or guess.path != self._home)]
        sure = next((guess for guess in guesses if guess.path), None)
        return sure or self._near() or next(iter(guesses), None) or self._far()

    def _alias(self, name: str) -> str:
        """Find what a word stands for: one that is meant for this block alone, `ports.port`, goes before."""
        aliases = self.block.aliases
        here = f"{self._home[-1]}." if self._home else ""
        return aliases.get(f"{here}{name}") or aliases.get(name) or aliases.get(plain(name), "")

    @property
    def _home(self) -> tuple[str, ...]:
        """Give the path of the block, of an item the path of its list."""
        return tuple(part for part in self.block.field.path if part != "*")

    def _by_alias(self, alias: str) -> Meant | None:
        """Lead to the fields that a word stands for, as seen from this block."""
        options = [_WITH.fullmatch(text) for text in _CONJUNCTION.split(alias)]
        fields = [(field, match) for match in options if match and (field := self._resolved(match["path"]))]
        for field, match in fields:
            beside = {match["name"]: _literal(match["value"])} if match["name"] else {}
            if self._carried(field, self.value) is not NOTHING:
                return self._told(field, self.value, beside=beside)
        if inner := next((told for field, _ in fields if (told := self._requests(field))), self._unwrapped()):
            return inner
        if len(options) == len(fields) == 1:
            return self._told(fields[0][0], NOTHING, rest=_rest(fields[0][1]))
        return self._in_prose(alias) or self._elsewhere(alias)

    def _unwrapped(self) -> Meant | None:
        """Read `valueFrom: {secretKeyRef: …}`: a mapping whose only field is a word for one of this block."""
        inner = next(iter(self.value)) if isinstance(self.value, Mapping) and len(self.value) == 1 else ""
        alias = self._alias(str(inner)) if inner else ""
        field = self._resolved(alias) if alias else None
        if field is None or field.path[:-1] != self.block.field.path:
            return None
        return self._told(field, self.value[inner])

    def _requests(self, field: Field) -> Meant | None:
        """Read the requests and limits of Kubernetes as the fields of a block that has them by name."""
        parts = self.value if isinstance(self.value, Mapping) else {}
        found: dict[str, Json] = {}
        for part, suffix in (("requests", "Request"), ("limits", "Limit")):
            stated = parts.get(part) or {}
            for word, amount in stated.items() if isinstance(stated, Mapping) else ():
                alias = _WITH.match(self._alias(f"{word}{suffix}") or self._alias(str(word)))
                target = self._resolved(alias["path"]) if alias else None
                if target is None or target.path[:-1] != field.path:
                    return None
                found[target.name] = self._carried(target, amount)
        if not found or NOTHING in found.values():
            return None
        return self._told(field, found)

    def _in_prose(self, alias: str) -> Meant | None:
        """Write what a word stands for with every path in it whole; nothing where none leads anywhere."""
        first = _PATH.match(alias)
        field = self._resolved(first[0]) if first else None
        if field is None:
            return None

        def whole(found: re.Match[str]) -> str:
            target = self._resolved(found[0]) if "." in found[0] or found.start() == 0 else None
            return dotted(target.path) if target else found[0]

        return Meant(f"use {_PATH.sub(whole, alias)}", field.path)

    def _resolved(self, path: str) -> Field | None:
        """Find the field at a path that is seen from this block, or from a part that holds it."""
        names = path.replace("[]", "").split(".")
        for home in reversed(self.block.lineage):
            field: Field | None = home
            for name in names:
                field = field.stated(name) if field else None
            if field:
                return field
        return None

    def _elsewhere(self, name: str) -> Meant | None:
        """Find the one place that has a field of a name: below this block first, else the shallowest."""
        places: list[Field] = []
        for home in (self.block.field, self.block.lineage[0]):
            named = [field for field in _own_fields(home) if field.name == name]
            places = [field for field in named if len(field.path) == min(len(f.path) for f in named)]
            if len(places) == 1:
                return self._told(places[0], self.value)
        names = [dotted(field.path[:-1]) for field in places]
        return Meant(f'"{name}" stands in {_listed(names)}') if names else None

    def _near(self) -> Meant | None:
        best = near(self.name, [field.name for field in self.block.field.fields])
        return Meant(f'did you mean "{best}"?', (*self.block.field.path, best)) if best else None

    def _far(self) -> Meant:
        names = [field.name for field in self.block.field.fields]
        further = {field.name: field for field in reversed([*_own_fields(self.block.lineage[0])])}
        if best := near(self.name, further, cutoff=_SURE):
            return self._told(further[best], self.value)
        if 0 < len(names) <= _FEW:
            return Meant(f"it has: {', '.join(sorted(names))}")
        return Meant(f"reconciler explain {self.block.title} lists the fields")

    def _carried(self, field: Field, value: Json) -> Json:
        return carried(value, field, self.block.fits, word=self.name)

    def _told(
        self, field: Field, value: Json, *, rest: str = "", beside: Mapping[str, Json] = EMPTY
    ) -> Meant:
        lead = f"use {dotted(field.path)}{rest}"
        turned = NOTHING if value is NOTHING or not self.may_show else self._carried(field, value)
        if turned is NOTHING:
            return Meant(lead, field.path)
        if turned == self.value and isinstance(turned, Mapping | list) and not beside:
            return Meant(f"{lead}: its value may stay as it is", field.path)
        own = self.block.field.path
        below = field.path[len(own) :] if field.path[: len(own)] == own else ()
        line = self._line(below or field.path[-1:], turned, beside)
        there = "" if below and (len(below) == 1 or below[0] not in self.block.value) else " there"
        return Meant(f"{lead}: write {line}{there}" if len(line) <= _LONGEST else lead, field.path)

    def _line(self, below: tuple[str, ...], value: Json, beside: Mapping[str, Json]) -> str:
        """Write a field with its value as one line, in the blocks around it that this one lacks."""
        if below[0] in self.block.value:
            below = below[-1:]
        tree: Json = {**beside, below[-1]: value}
        for part in reversed(below[:-1]):
            tree = [tree] if part == "*" else {part: tree}
        return " and ".join(f"{name}: {flow(item)}" for name, item in tree.items())


def dotted(path: tuple[str, ...]) -> str:
    """Write a path as messages do: `spec.ports[].container`."""
    return ".".join(path).replace(".*", "[]") or "the document"


def _listed(names: list[str]) -> str:
    few = names[:_PLACES]
    return ", ".join(few) + (f" and {len(names) - len(few)} more" if len(names) > len(few) else "")


def every_field(parent: Field) -> Iterator[Field]:
    """Walk over every field below one, those of items too."""
    for field in parent.fields:
        yield field
        yield from every_field(field)


def _own_fields(home: Field) -> Iterator[Field]:
    """Walk over every field below one, those that name other objects left out of a whole document."""
    return (field for field in every_field(home) if home.path or field.path[:1] != _OTHERS)


def _rest(match: re.Match[str]) -> str:
    beside = f" with {match['name']}: {match['value']}" if match["name"] else ""
    return beside + (match["gloss"] or "")


def _literal(text: str) -> Json:
    return {"true": True, "false": False}.get(text, int(text) if text.isdecimal() else text)
