"""Shape: pydantic's schemas turned into ours: closed, nullable, interpolation allowed, no made-up titles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.resource import Json

if TYPE_CHECKING:
    from pydantic import BaseModel

_ESCAPE = r"\$\{\{"
_SCALARS = {"string", "integer", "number", "boolean", "array", "object"}
_VALUES = ("enum", "const", "default", "examples", "required", "enumDescriptions")


def added(model: type[BaseModel], defs: dict[str, Json], name: str = "") -> dict[str, Json]:
    """Put the schema of a model among the definitions, and give a reference to it."""
    title = name or model.__name__.removesuffix("Part")
    defs[title] = cleaned(model.model_json_schema(), defs)
    return {"$ref": f"#/$defs/{title}"}


def cleaned(schema: dict[str, Json], defs: dict[str, Json]) -> dict[str, Json]:
    """Turn a schema of pydantic into one of ours; its definitions go among `defs`."""
    for name, body in schema.pop("$defs", {}).items():
        defs[name] = _clean(body)
    clean: dict[str, Json] = _clean(schema)
    return clean


def closed(properties: Mapping[str, Json], required: list[str]) -> dict[str, Json]:
    """Make the schema of a mapping that has these fields and no others."""
    return {
        "type": "object",
        "required": required,
        "properties": dict(properties),
        "additionalProperties": False,
    }


def nullable(schema: dict[str, Json]) -> dict[str, Json]:
    """Let null stand where a schema asks for something."""
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}], **rest}
    if "anyOf" in schema:
        branches = schema["anyOf"]
        return schema if {"type": "null"} in branches else {**schema, "anyOf": [*branches, {"type": "null"}]}
    if "const" in schema:
        rest = {key: value for key, value in schema.items() if key != "const"}
        return nullable({**rest, "enum": [schema["const"]]})
    changed = dict(schema)
    if "enum" in changed and None not in changed["enum"]:
        changed["enum"] = [*changed["enum"], None]
    if isinstance(changed.get("type"), str) and changed["type"] in _SCALARS:
        changed["type"] = [changed["type"], "null"]
    return changed


def _clean(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_clean(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _clean_part(key, value) for key, value in schema.items() if key != "title"}
    if kept.get("default", 0) is None:
        del kept["default"]
    if "pattern" in kept:
        kept["pattern"] = f"(?:{kept['pattern']})|{_ESCAPE}"
    if "properties" in kept:
        required = kept.get("required", [])
        kept["properties"] = {
            name: body if name in required else nullable(body) for name, body in kept["properties"].items()
        }
        kept.setdefault("additionalProperties", False)
    return _flat(kept)


def _clean_part(key: str, value: Json) -> Json:
    if key in ("properties", "patternProperties"):
        return {name: _clean(body) for name, body in value.items()}
    return value if key in _VALUES else _clean(value)


def _flat(schema: dict[str, Json]) -> dict[str, Json]:
    """Write `anyOf: [X, null]` as X with null among its types, where X is simple."""
    branches = schema.get("anyOf", ())
    others = [branch for branch in branches if branch != {"type": "null"}]
    if len(others) != 1 or len(branches) != 2 or "$ref" in others[0]:
        return schema
    return nullable({**others[0], **{key: value for key, value in schema.items() if key != "anyOf"}})
