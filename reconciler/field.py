"""Fields: what a JSON Schema says of each field, found by the names that lead to it.

Lists and maps are walked through: the fields of their items are their own. References are followed, and
"or null" is left out, since every optional field takes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from reconciler.resource import Json

Schema = Mapping[str, Json]

_WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
}
_FORMATS = {"quantity": "quantity", "uuid": "UUID", "uri": "URL"}
_UNITS = (
    (re.compile(r"Seconds$|^seconds$"), "seconds"),
    (re.compile(r"[Pp]ercent(age)?$"), "percent"),
    (re.compile(r"^cpuCore"), "cores; 0.5 is half a core"),
    (re.compile(r"GpuHours"), "GPU-hours"),
)
_FORMS = {"quantity": "a number with a suffix: 16Gi counts in 1024s, 16G in 1000s"}
_DURATION = ("[hms]", "hours, minutes, seconds: 90s, 20m, 1h30m")
_SEVERAL = {"list": "lists", "mapping": "mappings", "text": "texts", "number": "numbers"}

_NEEDS = re.compile(r"Needs ((?:control plane|cluster) [0-9]+\.[0-9]+|generation [0-9]+)")
_PLAIN = re.compile(r"[A-Za-z_/.][\w/.@=+-]*(?:[ :][\w/.@=+-]+)*|[0-9]+(?:\.[0-9]+)?[A-Za-z]+", re.ASCII)
_NOT_TEXT = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n"])
_SEPARATORS = str.maketrans("", "", "-_. ")


_ANYTHING: Schema = {"type": ["object", "array", "string", "number", "boolean"], "additionalProperties": True}


@dataclass(frozen=True)
class Field:
    """Hold one field of a schema. `path` are the names that lead to it, `<key>` for that of a map."""

    path: tuple[str, ...]
    schema: Schema
    root: Schema
    is_required: bool = False

    @property
    def name(self) -> str:
        """Give its own name."""
        return self.path[-1] if self.path else ""

    @property
    def pointer(self) -> str:
        """Point at it in a document, items of lists as `*`."""
        return "".join(f"/{part}" for part in self.path)

    @property
    def description(self) -> str:
        """Give what the schema says of it."""
        return str(self.schema.get("description", ""))

    @property
    def needs(self) -> str:
        """Give the oldest server that knows it, `control plane 2.24`; "" where all do."""
        found = _NEEDS.search(self.description)
        return found[1] if found else ""

    @property
    def examples(self) -> tuple[Json, ...]:
        """Give the examples that the schema has."""
        return tuple(self.schema.get("examples", ()))

    @property
    def allowed(self) -> tuple[Json, ...]:
        """Give the values it may have, where they are few."""
        found = [self.schema["const"]] if "const" in self.schema else self.schema.get("enum", ())
        return tuple(value for value in found if value is not None)

    @property
    def meanings(self) -> Mapping[str, str]:
        """Say what each allowed value means, where the schema tells."""
        told = self.schema.get("enumDescriptions", ())
        return {str(value): str(text) for value, text in zip(self.allowed, told, strict=False)}

    @property
    def types(self) -> tuple[str, ...]:
        """Give the JSON types it may have, null left out."""
        stated = self.schema.get("type", ())
        names = [stated] if isinstance(stated, str) else list(stated)
        for branch in self.schema.get("anyOf", ()):
            names += Field(self.path, branch, self.root).types
        return tuple(dict.fromkeys(name for name in names if name != "null"))

    @property
    def kind_of_value(self) -> str:
        """Say in people's words what it takes: `list of mappings`, `quantity`, `whole number`."""
        special = _FORMATS.get(str(self.schema.get("format", "")))
        if not special and _DURATION[0] in str(self.schema.get("pattern", "")):
            special = "duration"
        if special:
            return special
        names = ("number",) if {*self.types} == {"integer", "number"} else self.types
        words = " or ".join(_WORDS.get(name, name) for name in names)
        if not words:
            return "text" if all(isinstance(value, str) for value in self.allowed) else "any value"
        inner = self._inner
        if inner is not None and words in ("list", "mapping"):
            item = Field((), inner, self.root).kind_of_value
            return f"{'map' if words == 'mapping' else words} of {_SEVERAL.get(item, item)}"
        return words

    @property
    def takes(self) -> str:
        """Say in one line what it takes: its sort of value, and what bounds it."""
        if self.allowed:
            return (
                f"one of {', '.join(map(str, self.allowed))}"
                if len(self.allowed) > 1
                else str(self.allowed[0])
            )
        return ", ".join(text for text in (self.kind_of_value, self.limits) if text)

    @property
    def unit(self) -> str:
        """Say in what its value counts, as its form or its name tell."""
        form = _FORMS.get(str(self.schema.get("format", "")))
        if form or _DURATION[0] in str(self.schema.get("pattern", "")):
            return form or _DURATION[1]
        is_number = {"integer", "number"} & {*self.types}
        return next((unit for name, unit in _UNITS if is_number and name.search(self.name)), "")

    @property
    def limits(self) -> str:
        """Say what bounds its value: `0 to 100`, `at most 63 characters`; nothing where nothing does."""
        found = [
            _span(self.schema, "minimum", "maximum", ""),
            _span(self.schema, "minLength", "maxLength", "character"),
            _span(self.schema, "minItems", "maxItems", "item"),
            _span(self.schema, "minProperties", "maxProperties", "field"),
        ]
        inner = [Field(self.path, branch, self.root).limits for branch in self.schema.get("anyOf", ())]
        return ", ".join(dict.fromkeys(text for text in (*found, *inner) if text))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Give the fields below it, or below its items."""
        return tuple(self._below())

    @cached_property
    def _inner(self) -> Schema | None:
        """Give the schema of its items, or of its values where it is a map with any keys."""
        for name in ("items", "additionalProperties"):
            if isinstance(self.schema.get(name), Mapping):
                return whole(self.schema[name], self.root)
        return None

    def _below(self) -> Iterator[Field]:
        required = self.schema.get("required", ())
        for name, body in self.schema.get("properties", {}).items():
            yield Field((*self.path, name), whole(body, self.root), self.root, name in required)
        if self._inner is not None:
            yield from Field(self._item_path, self._inner, self.root).fields

    @property
    def _item_path(self) -> tuple[str, ...]:
        return (*self.path, "*") if "items" in self.schema else (*self.path, "<key>")

    @property
    def is_open(self) -> bool:
        """Tell whether any field may stand below it, which the schema does not describe."""
        return "object" in self.types and self.schema.get("additionalProperties", True) is True

    def stated(self, name: str) -> Field | None:
        """Find a field below it by its name alone; where any may stand, one that takes anything."""
        found = next((below for below in self.fields if below.name == name), None)
        return found or (Field((*self.path, name), _ANYTHING, self.root) if self.is_open else None)

    def child(self, name: str) -> Field | None:
        """Find a field below it; a word that tells items or keys apart leads to the item itself."""
        for field in self.fields:
            if field.name == name:
                return field
        if self._inner is None or not ("items" not in self.schema or _is_item(name)):
            return None
        return Field(self._item_path, self._inner, self.root)


def plain(word: str) -> str:
    """Write a word without case and separators, as near misses are compared."""
    return word.translate(_SEPARATORS).casefold()


def flow(value: Json) -> str:
    """Write a value on one line as a manifest would: `{name: SEED, value: "7"}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.casefold() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def root_field(schema: Schema) -> Field:
    """Give the field that a whole document is."""
    return Field((), whole(schema, schema), schema, is_required=True)


def whole(schema: Schema, root: Schema) -> Schema:
    """Follow references and join what must hold together; null and what it is an alternative to go."""
    found = dict(schema)
    if "$ref" in found:
        target = root.get("$defs", {}).get(str(found.pop("$ref")).rpartition("/")[2], {})
        found = {**whole(target, root), **found}
    for branch in found.pop("allOf", ()):
        found = _joined(whole(branch.get("then", branch), root), found)
    branches = [branch for branch in found.pop("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1:
        return {**whole(branches[0], root), **found}
    return {**found, "anyOf": [whole(branch, root) for branch in branches]} if branches else found


def _joined(inner: dict[str, Json] | Schema, outer: Schema) -> dict[str, Json]:
    properties = {**outer.get("properties", {}), **inner.get("properties", {})}
    required = [*outer.get("required", ()), *inner.get("required", ())]
    joined = {**inner, **outer}
    if properties:
        joined |= {"properties": properties, "required": list(dict.fromkeys(required))}
    return joined


def _is_item(name: str) -> bool:
    return name.strip("[]").isdecimal() or name in ("*", "[]") or "=" in name


def _span(schema: Schema, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return ""
    if low is None or high is None:
        words, bound = ("at most", high) if low is None else ("at least", low)
        return f"{words} {bound}{_unit(unit, bound)}"
    return f"{low}{_unit(unit, low)}" if low == high else f"{low} to {high}{_unit(unit, high)}"


def _unit(unit: str, count: Json) -> str:
    return f" {unit}{'' if count == 1 else 's'}" if unit else ""
