"""Offer: the defaults that a kind's schema shows, and of the lifecycle what the kind can honour."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from reconciler.kind import NOTHING, Kind
from reconciler.resource import Json
from reconciler.validate.policy import not_honoured

Schema = dict[str, Json]


_PROBES: Mapping[str, Json] = {"boolean": True, "string": "a", "array": []}


def fitting(lifecycle: Schema, kind: Kind, spec: Json) -> Schema:
    """Leave out of a lifecycle block what would be refused for a kind, or by this version for all.

    `spec` is one of the kind's that can do most: of the kinds that may finish, one that does.
    """

    def is_refused(field: str, value: Json) -> bool:
        block = {"state": "Absent", field: value}  # where git wants it gone, most may be said
        return field in [refused for refused, _ in not_honoured(block, kind, spec)]

    fields = {name: _fitting(name, body, is_refused) for name, body in lifecycle["properties"].items()}
    return {**lifecycle, "properties": {name: body for name, body in fields.items() if body}}


def _fitting(field: str, body: Schema, is_refused: Callable[[str, Json], bool]) -> Schema:
    if "enum" not in body:
        return {} if is_refused(field, _PROBES[body["type"][0]]) else body
    kept = [index for index, value in enumerate(body["enum"]) if not is_refused(field, value)]
    values = [body["enum"][index] for index in kept]
    told = [body["enumDescriptions"][index] for index in kept if body["enum"][index] is not None]
    return {**body, "enum": values, "enumDescriptions": told} if told else {}


class _Depends(Exception):
    """A default was asked for that hangs on the rest of the spec."""


class _Unread(Mapping[str, Json]):
    """Stand for any spec: whoever looks into a part of it has no default that holds for all."""

    def __init__(self, *, is_part: bool = False) -> None:
        self._is_part = is_part

    def __getitem__(self, name: str) -> _Unread:
        if self._is_part:
            raise _Depends
        return _Unread(is_part=True)

    def __iter__(self) -> Iterator[str]:
        raise _Depends

    def __len__(self) -> int:
        raise _Depends


def with_defaults(schema: Schema, kind: Kind) -> Schema:
    """State the platform's documented defaults beside the fields of a kind's spec.

    A block that stands in several places states a default only if it holds in all of them.
    """
    answers: dict[int, tuple[Schema, list[Json]]] = {}
    for pointer, body in _fields(schema["properties"]["spec"], schema["$defs"], "/spec"):
        answers.setdefault(id(body), (body, []))[1].append(_default(kind, pointer))
    for body, found in answers.values():
        if found[0] not in (NOTHING, None) and all(other == found[0] for other in found):
            body["default"] = found[0]
            body["description"] = _with_default(body.get("description", ""), found[0])
    covered: Schema = _unfilled(schema, schema["$defs"])
    return covered


def _with_default(description: str, value: Json) -> str:
    """Name a default where the description, shared by several kinds, does not."""
    written = value if isinstance(value, str) else json.dumps(value)
    return description if "efault" in description else f"{description} Default {written}.".lstrip()


def _default(kind: Kind, pointer: str) -> Json:
    try:
        return kind.default(_Unread(), pointer)
    except _Depends:
        return NOTHING


def _fields(schema: Schema, defs: Mapping[str, Schema], pointer: str) -> Iterator[tuple[str, Schema]]:
    """Walk over every field below a schema, with its canonical pointer; items of lists are `*`."""
    for branch in (schema, *schema.get("anyOf", ()), *schema.get("allOf", ())):
        body = defs[branch["$ref"].rpartition("/")[2]] if "$ref" in branch else branch
        for name, field in body.get("properties", {}).items():
            yield f"{pointer}/{name}", field
            yield from _fields(field, defs, f"{pointer}/{name}")
        if isinstance(body.get("items"), dict):
            yield from _fields(body["items"], defs, f"{pointer}/*")


def _unfilled(schema: Json, defs: Mapping[str, Schema]) -> Json:
    """Keep editors from writing defaults out: yaml-language-server does where a block is bare."""
    if isinstance(schema, list):
        return [_unfilled(item, defs) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _kept(key, value, defs) for key, value in schema.items()}


def _kept(key: str, value: Json, defs: Mapping[str, Schema]) -> Json:
    if key in ("default", "examples", "enum"):
        return value
    if key in ("properties", "$defs"):
        return {name: _covered(_unfilled(body, defs), defs) for name, body in value.items()}
    whole = _unfilled(value, defs)
    return _covered(whole, defs) if key == "items" else whole


def _covered(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    block = defs.get(schema.get("$ref", "").rpartition("/")[2], {})
    if not any("default" in field for field in block.get("properties", {}).values()):
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {"type": "object", "allOf": [{"$ref": schema["$ref"]}], **rest}
