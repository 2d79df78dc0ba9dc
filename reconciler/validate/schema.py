"""JSON Schemas, draft 2020-12, made from the pydantic models. They are what rejects a manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.kind import Kind
from reconciler.providers import kinds as all_kinds
from reconciler.providers import providers
from reconciler.resource import Json
from reconciler.validate.envelope import FleetPart, HealthPart, LifecyclePart, Metadata, Reference

if TYPE_CHECKING:
    from pydantic import BaseModel

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FLEET_VERSION = "reconciler/v1"
_ESCAPE = r"\$\{\{"
_SCALARS = {"string", "integer", "number", "boolean", "array", "object"}


def schema_for(kind: Kind) -> dict[str, Json]:
    """Make the schema of one kind's manifests: the envelope, and the platform's own spec."""
    defs: dict[str, Json] = {}
    spec = _added(kind.model(), defs, f"{kind.name}Spec")
    properties = {
        "apiVersion": {"const": kind.api_version, "description": "The provider's API."},
        "kind": {"const": kind.name, "description": "The kind of object."},
        "metadata": {**_metadata(kind), "description": "Which object this is."},
        "spec": {**spec, "description": "The platform's own fields."},
        "lifecycle": _nullable({**_added(LifecyclePart, defs), "description": "What may happen to it."}),
        "dependsOn": _nullable(
            {"type": "array", "items": _added(Reference, defs), "description": "What must be ready first."}
        ),
        "health": _nullable({**_added(HealthPart, defs), "description": "How long to wait for health."}),
    }
    return {
        "$schema": DRAFT,
        "title": f"{kind.api_version} {kind.name}",
        **_closed(properties, ["apiVersion", "kind", "metadata", "spec"]),
        "$defs": dict(sorted(defs.items())),
    }


def manifest_schema(kinds: Iterable[Kind] | None = None) -> dict[str, Json]:
    """Make the schema of any manifest: an if/then for each kind."""
    known = sorted(kinds or all_kinds().values(), key=lambda kind: (kind.api_version, kind.name))
    defs: dict[str, Json] = {}
    branches = [_branch(kind, defs) for kind in known]
    return {
        "$schema": DRAFT,
        "title": "reconciler manifest",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"enum": sorted({kind.api_version for kind in known})},
            "kind": {"enum": sorted({kind.name for kind in known})},
        },
        "allOf": branches,
        "$defs": dict(sorted(defs.items())),
    }


def fleet_schema(models: Mapping[str, type[BaseModel]] | None = None) -> dict[str, Json]:
    """Make the schema of the fleet file; each target block is its provider's own model."""
    models = models or _target_models()
    defs: dict[str, Json] = {}
    fleet = _cleaned(FleetPart.model_json_schema(), defs)
    properties = {
        "apiVersion": {"const": FLEET_VERSION, "description": "The version of this file's shape."},
        "kind": {"const": "Fleet", "description": "Always Fleet."},
        **fleet["properties"],
        "targets": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"},
            "additionalProperties": _target_schema(models, defs),
            "description": "Control planes by the names you give them.",
        },
    }
    return {
        "$schema": DRAFT,
        "title": "reconciler fleet",
        **_closed(properties, ["apiVersion", "kind", "metadata", "targets"]),
        "$defs": dict(sorted(defs.items())),
    }


def _target_models() -> dict[str, type[BaseModel]]:
    """Load the model of each provider's target block, by provider name."""
    return {name: module.TargetModel() for name, module in sorted(providers().items())}


def schema_files() -> dict[str, str]:
    """Give every schema as text by its path below `schemas/`."""
    found = {"manifest.json": manifest_schema(), "fleet.json": fleet_schema()}
    for kind in all_kinds().values():
        found[kind.schema_path] = schema_for(kind)
    return {path: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for path, schema in found.items()}


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write every schema below a folder and say which files they are."""
    written = []
    for name, text in schema_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return tuple(written)


def _metadata(kind: Kind) -> dict[str, Json]:
    schema = _cleaned(Metadata.model_json_schema(), {})
    properties, required = dict(schema["properties"]), ["name"]
    if kind.scope_word:
        properties[kind.scope_word] = {"type": "string", "description": f"The {kind.scope_word} it lives in."}
        required.append(kind.scope_word)
    else:
        renamed = {"type": "string", "description": "The name it had before, so that it is renamed."}
        properties["renamedFrom"] = _nullable(renamed)
    return _closed(properties, required)


def _branch(kind: Kind, defs: dict[str, Json]) -> dict[str, Json]:
    schema = dict(schema_for(kind))
    renames = {
        name: name if defs.get(name, body) == body else f"{kind.name}.{name}"
        for name, body in schema.pop("$defs").items()
    }
    for name, body in schema_for(kind)["$defs"].items():
        defs[renames[name]] = _renamed(body, renames)
    del schema["$schema"]
    name = f"{kind.api_version.replace('/', '.')}.{kind.name}"
    defs[name] = _renamed(schema, renames)
    asked = {"apiVersion": {"const": kind.api_version}, "kind": {"const": kind.name}}
    return {
        "if": {"properties": asked, "required": ["apiVersion", "kind"]},
        "then": {"$ref": f"#/$defs/{name}"},
    }


def _renamed(schema: Json, renames: Mapping[str, str]) -> Json:
    if isinstance(schema, list):
        return [_renamed(item, renames) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"#/$defs/{renames.get(value.rpartition('/')[2], value.rpartition('/')[2])}"
        if key == "$ref" and isinstance(value, str)
        else _renamed(value, renames)
        for key, value in schema.items()
    }


def _target_schema(models: Mapping[str, type[BaseModel]], defs: dict[str, Json]) -> dict[str, Json]:
    branches = []
    for name, model in models.items():
        title = f"{name}.Target"
        body = _cleaned(model.model_json_schema(), defs)
        body["properties"] = {"provider": {"const": name}, **body["properties"]}
        body["required"] = ["provider", *(field for field in body.get("required", ()) if field != "provider")]
        defs[title] = body
        asked = {"properties": {"provider": {"const": name}}, "required": ["provider"]}
        branches.append({"if": asked, "then": {"$ref": f"#/$defs/{title}"}})
    provider = {"enum": sorted(models), "description": "Which platform this is."}
    return {
        "type": "object",
        "required": ["provider"],
        "properties": {"provider": provider},
        "allOf": branches,
    }


def _added(model: type[BaseModel], defs: dict[str, Json], name: str = "") -> dict[str, Json]:
    title = name or model.__name__.removesuffix("Part")
    defs[title] = _cleaned(model.model_json_schema(), defs)
    return {"$ref": f"#/$defs/{title}"}


def _closed(properties: Mapping[str, Json], required: list[str]) -> dict[str, Json]:
    return {
        "type": "object",
        "required": required,
        "properties": dict(properties),
        "additionalProperties": False,
    }


def _cleaned(schema: dict[str, Json], defs: dict[str, Json]) -> dict[str, Json]:
    """Turn pydantic's schema into ours: closed, nullable, interpolation allowed, no made-up titles."""
    for name, body in schema.pop("$defs", {}).items():
        defs[name] = _clean(body)
    cleaned: dict[str, Json] = _clean(schema)
    return cleaned


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
            name: body if name in required else _nullable(body) for name, body in kept["properties"].items()
        }
        kept.setdefault("additionalProperties", False)
    return _flat(kept)


def _clean_part(key: str, value: Json) -> Json:
    if key in ("properties", "patternProperties"):
        return {name: _clean(body) for name, body in value.items()}
    return value if key in ("enum", "const", "default", "examples", "required") else _clean(value)


def _flat(schema: dict[str, Json]) -> dict[str, Json]:
    """Write `anyOf: [X, null]` as X with null among its types, where X is simple."""
    branches = schema.get("anyOf", ())
    others = [branch for branch in branches if branch != {"type": "null"}]
    if len(others) != 1 or len(branches) != 2 or "$ref" in others[0]:
        return schema
    return _nullable({**others[0], **{key: value for key, value in schema.items() if key != "anyOf"}})


def _nullable(schema: dict[str, Json]) -> dict[str, Json]:
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}], **rest}
    if "anyOf" in schema:
        branches = schema["anyOf"]
        return schema if {"type": "null"} in branches else {**schema, "anyOf": [*branches, {"type": "null"}]}
    if "const" in schema:
        rest = {key: value for key, value in schema.items() if key != "const"}
        return _nullable({**rest, "enum": [schema["const"]]})
    changed = dict(schema)
    if "enum" in changed and None not in changed["enum"]:
        changed["enum"] = [*changed["enum"], None]
    if isinstance(changed.get("type"), str) and changed["type"] in _SCALARS:
        changed["type"] = [changed["type"], "null"]
    return changed
