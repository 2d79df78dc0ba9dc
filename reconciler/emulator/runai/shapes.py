"""A small language for the shapes of JSON, and the check of a value against one.

Null stands for absent everywhere; keys that a shape does not name are ignored.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from reconciler.emulator.runai.quantity import PATTERN as QUANTITY

Json = Any
INT32, INT64 = 2**31 - 1, 2**63 - 1
_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
_HOST = re.compile(rf"^(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*$")
DNS = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"


class Flaw(NamedTuple):
    """One thing wrong, where, and the policy-like rule it breaks, if it is one."""

    path: str
    message: str
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `form` is `uuid`, `hostname` or nothing."""

    low: int = 0
    high: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer; a number with a fraction, even .0, is refused."""

    low: int = -INT32 - 1
    high: int = INT32


@dataclass(frozen=True, slots=True)
class Real:
    """A number."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list of one shape."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Block:
    """An object; `required` keys must be there and not null."""

    fields: Mapping[str, "Shape"]
    required: tuple[str, ...] = field(default=())


Shape = Text | Whole | Real | Flag | Items | Block

QTY = Text(pattern=QUANTITY)
NAME = Text(low=1, pattern=DNS)
SOME = Text(low=1)
ANY = Text()
FLAG = Flag()
PORT = Whole(1, 65535)
COUNT = Whole(0)
POSITIVE = Whole(1)
LONG = Whole(-INT64 - 1, INT64)


def choice(*choices: str) -> Text:
    """Allow only these strings."""
    return Text(choices=choices)


def flaws(value: Json, shape: Shape, path: str) -> Iterator[Flaw]:
    """Yield everything about a value that its shape does not allow."""
    if value is None:
        return
    match shape:
        case Text():
            yield from _text(value, shape, path)
        case Whole() | Real():
            yield from _number(value, shape, path)
        case Flag():
            if not isinstance(value, bool):
                yield Flaw(path, "must be a boolean")
        case Items():
            yield from _items(value, shape, path)
        case Block():
            yield from _block(value, shape, path)
        case _:
            assert_never(shape)


def _text(value: Json, shape: Text, path: str) -> Iterator[Flaw]:
    if not isinstance(value, str):
        yield Flaw(path, "must be a string")
        return
    if len(value) < shape.low:
        yield Flaw(path, f"must have at least {shape.low} characters")
    elif shape.high is not None and len(value) > shape.high:
        yield Flaw(path, f"must have at most {shape.high} characters")
    elif shape.choices and value not in shape.choices:
        yield Flaw(path, f"must be one of {', '.join(shape.choices)}", "options")
    elif shape.pattern and not re.search(shape.pattern, value):
        yield Flaw(path, f"must match the pattern {shape.pattern}")
    elif shape.form == "uuid" and not _is_uuid(value):
        yield Flaw(path, "must be a uuid")
    elif shape.form == "hostname" and value and not _HOST.match(value):
        yield Flaw(path, "must be a host name")


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _number(value: Json, shape: Whole | Real, path: str) -> Iterator[Flaw]:
    is_whole = isinstance(shape, Whole)
    if isinstance(value, bool) or not isinstance(value, int if is_whole else (int, float)):
        yield Flaw(path, "must be an integer" if is_whole else "must be a number")
    elif shape.low is not None and value < shape.low:
        yield Flaw(path, f"must be at least {shape.low}", "min")
    elif shape.high is not None and value > shape.high:
        yield Flaw(path, f"must be at most {shape.high}", "max")


def _items(value: Json, shape: Items, path: str) -> Iterator[Flaw]:
    if not isinstance(value, list):
        yield Flaw(path, "must be an array")
        return
    for index, item in enumerate(value):
        if item is None:
            yield Flaw(f"{path}[{index}]", "must not be null")
        yield from flaws(item, shape.of, f"{path}[{index}]")


def _block(value: Json, shape: Block, path: str) -> Iterator[Flaw]:
    if not isinstance(value, dict):
        yield Flaw(path, "must be an object")
        return
    for key in shape.required:
        if value.get(key) is None:
            yield Flaw(f"{path}.{key}", "is required", "required")
    for key, inner in shape.fields.items():
        yield from flaws(value.get(key), inner, f"{path}.{key}")
