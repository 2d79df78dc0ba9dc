"""Any kind: the schemas of all kinds joined into one, with an if/then for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.kind import Kind
from reconciler.resource import Json

Schema = dict[str, Json]
Schemas = Sequence[tuple[Kind, Schema]]

VERSION = "The API of the platform that this kind is part of."
_KIND = "The kind of object."


def any_of_kinds(schemas: Schemas) -> Schema:
    """Join the schemas of kinds: what a manifest may say follows from its apiVersion and kind."""
    defs: Schema = {}
    branches = [_branch(kind, dict(schema), defs) for kind, schema in schemas]
    versions = sorted({kind.api_version for kind, _ in schemas})
    return {
        "title": "reconciler manifest",
        "description": "One object that git declares; apiVersion and kind say of what sort.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"enum": versions, "description": VERSION}, "kind": _kinds(schemas)},
        "allOf": [*_ties(schemas, versions), *branches],
        "examples": [example for _, schema in schemas for example in schema.get("examples", ())],
        "$defs": dict(sorted(defs.items())),
    }


def _kinds(schemas: Schemas) -> Schema:
    about: dict[str, list[str]] = {}
    for kind, _ in schemas:
        about.setdefault(kind.name, []).append(kind.about)
    told = [" ".join(about[name]) for name in sorted(about)]
    return {"enum": sorted(about), "enumDescriptions": told, "description": _KIND}


def _ties(schemas: Schemas, versions: Sequence[str]) -> Iterator[Schema]:
    """Tie kinds to their API, or a kind of another platform would meet no schema at all."""
    for version in versions if len(versions) > 1 else ():
        own = [(kind, schema) for kind, schema in schemas if kind.api_version == version]
        asked = {"properties": {"apiVersion": {"const": version}}, "required": ["apiVersion"]}
        yield {"if": asked, "then": {"properties": {"kind": _kinds(own)}}}


def _branch(kind: Kind, schema: Schema, defs: Schema) -> Schema:
    name = f"{kind.api_version.replace('/', '.')}.{kind.name}"
    parts = schema.pop("$defs")
    own = _own(parts, defs)
    renames = {part: f"{name}.{part}" if part in own else part for part in parts}
    for part, body in parts.items():
        defs[renames[part]] = _renamed(body, renames)
    defs[name] = _renamed({k: v for k, v in schema.items() if k not in ("$schema", "examples")}, renames)
    asked = {"apiVersion": {"const": kind.api_version}, "kind": {"const": kind.name}}
    return {
        "if": {"properties": asked, "required": ["apiVersion", "kind"]},
        "then": {"$ref": f"#/$defs/{name}"},
    }


def _own(parts: Schema, defs: Schema) -> set[str]:
    """Find the definitions that other kinds have otherwise, and those that refer to such."""
    own = {name for name, body in parts.items() if defs.get(name, body) != body}
    while more := {name for name, body in parts.items() if name not in own and own & {*_references(body)}}:
        own |= more
    return own


def _references(schema: Json) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rpartition("/")[2]
            yield from _references(value)


def _renamed(schema: Json, renames: Mapping[str, str]) -> Json:
    if isinstance(schema, list):
        return [_renamed(item, renames) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"#/$defs/{renames[value.rpartition('/')[2]]}"
        if key == "$ref" and isinstance(value, str)
        else _renamed(value, renames)
        for key, value in schema.items()
    }
