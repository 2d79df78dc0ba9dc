"""Findings: how rules read a spec and say what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.pointer import ROOT, escaped, item_key, parts
from reconciler.problem import Problem, Severity
from reconciler.resource import Json
from reconciler.secret import Secret

NEEDED, COMBINATION, QUANTITY, RANGE, VALUE = "RC105", "RC107", "RC108", "RC109", "RC104"


@dataclass(frozen=True, slots=True)
class Part:
    """Hold one object of a spec: its pointer in keyed form and the fields it states."""

    pointer: str
    fields: Mapping[str, Json] = field(default_factory=dict)

    def get(self, name: str) -> Json:
        """Give a field's value, None where it is not stated."""
        return self.fields.get(name)

    def has(self, name: str) -> bool:
        """Tell whether a field is stated."""
        return name in self.fields

    def at(self, name: str) -> str:
        """Give the pointer of a field."""
        return f"{self.pointer}/{name}"

    @property
    def path(self) -> str:
        """Write the pointer as messages do: `spec.compute`, `spec.ports[container=80]`."""
        return _readable(self.pointer)


def without_nulls(value: Json) -> Any:
    """Leave out explicit nulls, which mean the same as absent. Secret leaves stay."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(item) for item in value]
    return value


def whole(spec: Mapping[str, Json]) -> Part:
    """Give a spec as the part that holds all others, explicit nulls left out."""
    return Part(ROOT, without_nulls(spec))


def part(owner: Part, *names: str) -> Part:
    """Find an object inside a part; without fields where it is not stated."""
    found: Json = owner.fields
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return Part("/".join((owner.pointer, *names)), found if isinstance(found, Mapping) else {})


def items(owner: Part, *names: str) -> Iterator[Part]:
    """Walk the items of a list inside a part, those marked `exclude: true` left out."""
    yield from items_of(part(owner, *names[:-1]), names[-1])


def items_of(owner: Part, name: str) -> Iterator[Part]:
    """Walk the items of a list that a part holds, those marked `exclude: true` left out."""
    listed = owner.get(name)
    repeats: Counter[str] = Counter()
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        key = item_key(item) or str(index)
        repeats[key] += 1
        if isinstance(item, Mapping) and item.get("exclude") is not True:
            yield Part(f"{owner.at(name)}/{segment_of(key, repeats[key])}", item)


def segment_of(key: str, number: int = 1) -> str:
    """Write an item's key as a segment of a pointer; items that share a key are numbered."""
    return escaped(key) if number == 1 else f"{escaped(key)}#{number}"


def is_open(value: Json) -> bool:
    """Tell whether a value is not known here: a secret, or a text that is still to be filled in."""
    return isinstance(value, Secret) or (isinstance(value, str) and "${{" in value)


def number(value: Json) -> float | None:
    """Give a number; None for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _readable(pointer: str) -> str:
    """Write a pointer as messages do: `spec.environmentVariables[name=HF_TOKEN].value`."""
    text = ""
    for name in parts(pointer):
        is_item = "=" in name or name.isdigit()
        text += f"[{name}]" if is_item else f".{name}" if text else name
    return text


def found(code: str, pointer: str, says: str, hint: str = "", *, warning: bool = False) -> Problem:
    """Report one problem; the message starts with the field's path."""
    severity = Severity.WARNING if warning else Severity.ERROR
    return Problem(code, f"{_readable(pointer)} {says}", hint=hint, severity=severity, pointer=pointer)


def missing(owner: Part, *names: str) -> Iterator[Problem]:
    """Report every one of these fields that a part does not state."""
    for name in names:
        if not owner.has(name):
            yield found(NEEDED, owner.at(name), "is missing", f"add {name}: to {owner.path}")
