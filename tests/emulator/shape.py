"""JSON Schemas in a few words: `name*:text` is a required key, `?` allows null, `[text]` is a list."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_ATOMS: Mapping[str, Schema] = {
    "text": {"type": "string"},
    "uuid": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
    "int": {"type": "integer"},
    "num": {"type": "number"},
    "numeral": {"type": "string", "pattern": r"^-?\d+(\.\d+)?(e[+-]?\d+)?$"},
    "bool": {"type": "boolean"},
    "any": {},
    "object": {"type": "object"},
    "texts": {"type": "object", "additionalProperties": {"type": "string"}},
}


def closed(text: str, **parts: Schema) -> Schema:
    """Describe an object that has no other keys; `parts` are schemas that the text names."""
    return {**open_(text, **parts), "additionalProperties": False}


def open_(text: str, **parts: Schema) -> Schema:
    """Describe an object that may have more keys."""
    properties, required = {}, []
    for word in text.split():
        name, _, kind = word.partition(":")
        if name.endswith("*"):
            required.append(name[:-1])
        properties[name.removesuffix("*")] = _kind(kind, {**_ATOMS, **parts})
    return {"type": "object", "properties": properties, "required": required}


def both(first: Schema, second: Schema) -> Schema:
    """Put the keys of two objects together."""
    return {
        **first,
        "properties": {**first["properties"], **second["properties"]},
        "required": [*first["required"], *second["required"]],
    }


def one_of(*words: str | int) -> Schema:
    """Allow a few words or numbers."""
    return {"enum": list(words)}


def listed(schema: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": schema}


def _kind(kind: str, parts: Mapping[str, Schema]) -> Schema:
    if kind.endswith("?"):
        return {"anyOf": [_kind(kind[:-1], parts), {"type": "null"}]}
    if kind.startswith("["):
        return listed(_kind(kind[1:-1], parts))
    return parts[kind]
