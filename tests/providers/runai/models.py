"""Read pydantic models: their fields by path, and what each lets a value be."""

from __future__ import annotations

import ast
import inspect
import textwrap
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

LIMITS = ("types", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern")
_HOLDERS = ("array", "null", "object")
Limits = Mapping[str, Any]


def fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Walk all fields of a model by the platform's names, blocks and list items included."""
    for name, field in model.model_fields.items():
        here = f"{path}/{field.alias or name}"
        yield here
        for block in blocks(field.annotation):
            yield from fields(block, here)


def blocks(annotation: Any) -> Iterator[type[BaseModel]]:
    """Find the models inside an annotation such as `list[Block] | None`."""
    if typing.get_origin(annotation) is None and isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from blocks(inner)


def limits_of(model: type[BaseModel]) -> dict[str, Limits]:
    """Give the limits of every field below a model by its path, those that stand in validators too."""
    schema = model.model_json_schema(by_alias=True)
    found = dict(_fields(schema, schema.get("$defs", {}), ""))
    for path, pattern in _patterns(model, ""):
        found[path] = {**found[path], "pattern": pattern}
    return found


def _fields(schema: Any, defs: Mapping[str, Any], path: str) -> Iterator[tuple[str, Limits]]:
    for part in _parts(schema, defs):
        for name, field in part.get("properties", {}).items():
            here = f"{path}/{name}"
            yield here, _limits(field, defs)
            yield from _fields(field, defs, here)


def _parts(schema: Any, defs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Resolve references, and walk the branches of a choice and the items of a list."""
    if "$ref" in schema:
        yield from _parts(defs[schema["$ref"].rpartition("/")[2]], defs)
        return
    yield schema
    for key in ("anyOf", "allOf"):
        for branch in schema.get(key, ()):
            yield from _parts(branch, defs)
    if isinstance(schema.get("items"), dict):
        yield from _parts(schema["items"], defs)


def _limits(field: Any, defs: Mapping[str, Any]) -> Limits:
    found: dict[str, Any] = {}
    types: set[str] = set()
    for part in _parts(field, defs):
        found |= {key: part[key] for key in LIMITS if key in part}
        if "const" in part:
            found["enum"] = [part["const"]]
        types |= {part["type"]} - {*_HOLDERS} if "type" in part else set()
    if "enum" in found:
        found["enum"] = sorted(map(str, found["enum"]))
    return {**found, "types": types - {"integer"} if "number" in types else types}


def _patterns(model: type[BaseModel], path: str) -> Iterator[tuple[str, str]]:
    """Read the patterns that the generated client checks in code: `re.match(r"…", value)`."""
    by_name = dict(_checked_by(model))
    for name, field in model.model_fields.items():
        here = f"{path}/{field.alias or name}"
        if by_name.get(name, ".*") != ".*":
            yield here, by_name[name]
        for block in blocks(field.annotation):
            yield from _patterns(block, here)


def _checked_by(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for decorated in model.__pydantic_decorators__.field_validators.values():
        tree = ast.parse(textwrap.dedent(inspect.getsource(decorated.func)))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "match":
                continue
            pattern = node.args[0]
            if isinstance(pattern, ast.Constant):
                yield from ((name, str(pattern.value)) for name in decorated.info.fields)
