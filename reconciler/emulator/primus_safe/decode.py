"""Read request bodies as the server's language does.

Unknown keys are ignored, keys match in any case, the last of two wins, null means absent, and a
value of the wrong type is an error.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.primus_safe.errors import ApiError, bad_request

Json = Any
MAX_INT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Struct:
    """An object with known fields, each `str`, `int`, `bool`, a Struct, a Map or a Slice."""

    name: str
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Slice:
    """A list whose elements have one type."""

    of: Json


@dataclass(frozen=True, slots=True)
class Map:
    """An object with free keys, whose values have one type."""

    of: Json


class _Pairs(list[tuple[str, Json]]):
    """An object as it was written: every key, in order."""


_GO = {str: "string", int: "int", bool: "bool"}
_ZERO: Mapping[type, Json] = {str: "", int: 0, bool: False}


def decode(raw: bytes, struct: Struct) -> dict[str, Json]:
    """Read a body into the fields of a struct; absent ones are left out.

    Raises ApiError 400 if it is no JSON or a value has the wrong type.
    """
    if not raw.strip():
        raise bad_request("unexpected end of JSON input")
    try:
        parsed = json.loads(
            raw.decode("utf-8", "replace"), object_pairs_hook=_Pairs, parse_constant=_no_constant
        )
    except ValueError as wrong:
        raise bad_request(f"invalid JSON: {wrong}") from None
    except RecursionError:
        raise bad_request("exceeded max depth") from None
    if parsed is None:
        return {}
    if not isinstance(parsed, _Pairs):
        raise bad_request(f"json: cannot unmarshal {_word(parsed)} into Go value of type {struct.name}")
    return _struct(parsed, struct, "")


def _no_constant(word: str) -> Json:
    raise ValueError(f"invalid character '{word[0]}' looking for beginning of value")


def _struct(pairs: _Pairs, struct: Struct, path: str) -> dict[str, Json]:
    known = {name.lower(): name for name in struct.fields}
    found: dict[str, Json] = {}
    for key, value in pairs:
        name = key if key in struct.fields else known.get(key.lower())
        if name is not None and value is not None:
            found[name] = _value(value, struct.fields[name], f"{path or struct.name}.{name}")
    return found


def _value(value: Json, kind: Json, path: str) -> Json:
    if isinstance(kind, Struct):
        return _struct(_of(value, _Pairs, path, kind.name), kind, path)
    if isinstance(kind, Map):
        pairs = _of(value, _Pairs, path, f"map[string]{_named(kind.of)}")
        return {key: _zero(kind.of) if v is None else _value(v, kind.of, path) for key, v in pairs}
    if isinstance(kind, Slice):
        items = _of(value, list, path, f"[]{_named(kind.of)}")
        return [_zero(kind.of) if item is None else _value(item, kind.of, path) for item in items]
    return _scalar(value, kind, path)


def _named(kind: Json) -> str:
    return _GO[kind] if isinstance(kind, type) else str(getattr(kind, "name", ""))


def _zero(kind: Json) -> Json:
    if isinstance(kind, type):
        return _ZERO[kind]
    return [] if isinstance(kind, Slice) else {}


def _of(value: Json, wanted: type, path: str, word: str) -> Json:
    is_list = wanted is list and isinstance(value, list) and not isinstance(value, _Pairs)
    if (wanted is _Pairs and isinstance(value, _Pairs)) or is_list:
        return value
    raise _mismatch(value, path, word)


def _scalar(value: Json, kind: type, path: str) -> Json:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is int and is_whole and abs(value) <= MAX_INT:
        return value
    if kind is not int and isinstance(value, kind):
        return value
    raise _mismatch(value, path, _GO[kind])


def _mismatch(value: Json, path: str, word: str) -> ApiError:
    return bad_request(f"json: cannot unmarshal {_word(value)} into Go struct field {path} of type {word}")


def _word(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, _Pairs):
        return "object"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "array"
    return "string" if isinstance(value, str) else f"number {value}" if isinstance(value, float) else "number"
