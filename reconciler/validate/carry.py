"""Carry: a value written for another tool, turned into what the field here takes.

Only turns that nobody can object to: a number in quotes, a list of words, a map of variables. The result
is checked against the field's schema, and is nothing where it does not fit.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.field import Field
from reconciler.kind import NOTHING
from reconciler.resource import Json
from reconciler.validate.suggest import as_truth, as_whole_number, near

Fits = Callable[[Field, Json], bool]
_CPU = re.compile(r"([0-9]+)m")
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kKMGTPmgtp])(i?)[bB]")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)=(.*)", re.DOTALL)
_WORDS = ("command", "args")


def carried(value: Json, field: Field, fits: Fits, *, word: str = "") -> Json:
    """Give a value as a field takes it; NOTHING where that is not plain. `word` is how it was called."""
    for turned in _turned(value, field, word):
        if turned is not NOTHING and turned is not None and fits(field, turned):
            return turned
    return NOTHING


def _turned(value: Json, field: Field, word: str) -> Iterator[Json]:
    yield value
    types = {*field.types}
    if isinstance(value, str | int | float):
        yield from _scalar(value, field, types, word)
    if isinstance(value, list):
        yield from _list(value, field, types)
    if isinstance(value, Mapping) and "array" in types:
        yield _items(value.items())
        yield [value]


def _scalar(value: str | float, field: Field, types: set[str], word: str) -> Iterator[Json]:
    if "integer" in types or "number" in types:
        yield _number(value, "number" in types)
    if "boolean" in types and not isinstance(value, float):
        yield {"true": True, "false": False}.get(as_truth(value), NOTHING)
    if field.allowed:
        words = [str(allowed) for allowed in field.allowed]
        yield near(str(value), words) or NOTHING
        yield _as_choice(value, words, word)
    if "array" in types:
        yield [value]
    if "string" in types and not isinstance(value, str | bool) and not field.unit:
        yield str(value)
    if "object" in types and isinstance(value, str) and (pair := _ASSIGNED.fullmatch(value)):
        yield {"name": pair[1], "value": pair[2]}
    if isinstance(value, str) and (amount := _BYTES.fullmatch(value.strip())):
        yield f"{amount[1]}{'k' if amount[2] in 'kK' and not amount[3] else amount[2].upper()}{amount[3]}"


def _as_choice(value: Json, words: list[str], word: str) -> Json:
    """Read `preemptible: true` as the choice of that name, and false as the one that denies it."""
    if not isinstance(value, bool):
        return NOTHING
    return next((choice for choice in words if choice == (word if value else f"non-{word}")), NOTHING)


def _number(value: str | float, is_real: bool) -> Json:
    text = str(value).strip()
    if is_real and (milli := _CPU.fullmatch(text)):
        return int(milli[1]) / 1000
    if whole := as_whole_number(value):
        return int(whole)
    try:
        return float(text) if is_real else NOTHING
    except ValueError:
        return NOTHING


def _list(value: list[Json], field: Field, types: set[str]) -> Iterator[Json]:
    plain = [item for item in value if isinstance(item, str | int | float)]
    if len(plain) != len(value) or not plain:
        return
    if "string" in types and (len(plain) == 1 or field.name in _WORDS):
        words = [str(word) for word in plain]
        yield words[0] if len(words) == 1 else shlex.join(words[1:] if words[0] == "--" else words)
    if "array" in types:
        pairs = [_ASSIGNED.fullmatch(str(word)) for word in plain]
        yield _items((pair[1], pair[2]) for pair in pairs if pair) if all(pairs) else NOTHING


def _items(pairs: Iterable[tuple[Json, Json]]) -> Json:
    """Write names and values as the list of items that has them."""
    return [{"name": name, "value": _text(value)} for name, value in pairs]


def _text(value: Json) -> Json:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
