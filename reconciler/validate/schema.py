"""JSON Schemas, draft 2020-12, made from the pydantic models. They are what rejects a manifest."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.kind import Kind
from reconciler.providers import kinds as all_kinds
from reconciler.providers import providers
from reconciler.resource import Json
from reconciler.validate.anykind import VERSION, any_of_kinds
from reconciler.validate.envelope import FleetPart, HealthPart, LifecyclePart, Metadata, Reference
from reconciler.validate.offer import fitting, with_defaults
from reconciler.validate.shape import added, cleaned, closed, nullable
from reconciler.yaml import parse

if TYPE_CHECKING:
    from pydantic import BaseModel

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FLEET_VERSION = "reconciler/v1"
_FLEET_EXAMPLE: Mapping[str, Json] = {
    "apiVersion": FLEET_VERSION,
    "kind": "Fleet",
    "metadata": {"name": "wattfield", "id": "7f3a9c04d2b81e66"},
    "manifests": ["manifests"],
    "secrets": ["HF_TOKEN"],
    "targets": {
        "runai": {
            "provider": "runai",
            "url": "https://wattfield.run.ai",
            "auth": {
                "clientId": "${{ vars.RUNAI_CLIENT_ID }}",
                "clientSecret": "${{ secrets.RUNAI_CLIENT_SECRET }}",
            },
            "scope": {"projects": ["team-forecast"]},
        }
    },
}


def schema_for(kind: Kind) -> dict[str, Json]:
    """Make the schema of one kind's manifests: the envelope, and the platform's own spec."""
    defs: dict[str, Json] = {}
    examples = _examples(kind)
    spec = examples[0]["spec"] if examples else None
    schema = {
        "$schema": DRAFT,
        "title": f"{kind.api_version} {kind.name}",
        **({"description": kind.about} if kind.about else {}),
        **closed(_envelope(kind, defs, spec), ["apiVersion", "kind", "metadata", "spec"]),
        **({"examples": examples} if examples else {}),
        "$defs": defs,
    }
    stated = with_defaults(schema, kind)
    return {**stated, "$defs": dict(sorted(stated["$defs"].items()))}


def _envelope(kind: Kind, defs: dict[str, Json], example: Json) -> dict[str, Json]:
    spec = added(kind.model(), defs, f"{kind.name}Spec")
    defs[f"{kind.name}Spec"].pop("description", None)  # it speaks to readers of the model
    life = added(LifecyclePart, defs)
    defs["Lifecycle"] = fitting(defs["Lifecycle"], kind, example)
    needs = {"type": "array", "items": added(Reference, defs)}
    whose = kind.platform or kind.provider
    return {
        "apiVersion": {"const": kind.api_version, "description": VERSION},
        "kind": {"const": kind.name, "description": kind.about or "The kind of object."},
        "metadata": {**_metadata(kind), "description": "Which object this is."},
        "spec": {**spec, "description": f"What it shall be, in the field names of {whose} itself."},
        "lifecycle": nullable({**life, "description": "What may happen to it."}),
        "dependsOn": nullable(
            {
                **needs,
                "description": "What must come first: a job until it finished, a service until healthy.",
            }
        ),
        "health": nullable({**added(HealthPart, defs), "description": "How long to wait for health."}),
    }


def _examples(kind: Kind) -> list[Json]:
    parsed = parse(kind.example().encode(), f"the example of {kind.name}")
    return [document.value for document in parsed.documents]


def manifest_schema(kinds: Iterable[Kind] | None = None) -> dict[str, Json]:
    """Make the schema of any manifest: an if/then for each kind."""
    known = sorted(kinds or all_kinds().values(), key=lambda kind: (kind.api_version, kind.name))
    return {"$schema": DRAFT, **any_of_kinds([(kind, schema_for(kind)) for kind in known])}


def fleet_schema(models: Mapping[str, type[BaseModel]] | None = None) -> dict[str, Json]:
    """Make the schema of the fleet file; each target block is its provider's own model."""
    models = models or _target_models()
    defs: dict[str, Json] = {}
    fleet = cleaned(FleetPart.model_json_schema(), defs)
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
        "description": "The fleet file, reconciler.yaml: where the platforms are, and what one plan may do.",
        **closed(properties, ["apiVersion", "kind", "metadata", "targets"]),
        "examples": [_FLEET_EXAMPLE],
        "$defs": dict(sorted(defs.items())),
    }


def _target_models() -> dict[str, type[BaseModel]]:
    """Load the model of each provider's target block, by provider name."""
    return {name: module.TargetModel() for name, module in sorted(providers().items())}


def _target_schema(models: Mapping[str, type[BaseModel]], defs: dict[str, Json]) -> dict[str, Json]:
    branches = []
    provider = "Which platform this is."
    for name, model in models.items():
        title = f"{name}.Target"
        own: dict[str, Json] = {}
        body = _renamed(cleaned(model.model_json_schema(), own), own.keys(), name)
        defs |= {f"{name}.{part}": _renamed(schema, own.keys(), name) for part, schema in own.items()}
        body["properties"] = {"provider": {"const": name, "description": provider}, **body["properties"]}
        body["required"] = ["provider", *(field for field in body.get("required", ()) if field != "provider")]
        defs[title] = body
        asked = {"properties": {"provider": {"const": name}}, "required": ["provider"]}
        branches.append({"if": asked, "then": {"$ref": f"#/$defs/{title}"}})
    return {
        "type": "object",
        "required": ["provider"],
        "properties": {"provider": {"enum": sorted(models), "description": provider}},
        "allOf": branches,
    }


def _renamed(tree: Json, parts: Collection[str], owner: str) -> Json:
    """Let references to parts of one provider's block lead there: others may have parts of those names."""
    if isinstance(tree, Mapping):
        named = {name: _renamed(value, parts, owner) for name, value in tree.items()}
        part = str(tree.get("$ref", "")).removeprefix("#/$defs/")
        return {**named, "$ref": f"#/$defs/{owner}.{part}"} if part in parts else named
    return [_renamed(item, parts, owner) for item in tree] if isinstance(tree, list) else tree


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
    schema = cleaned(Metadata.model_json_schema(), {})
    name, rest = schema["properties"].pop("name"), schema["properties"]
    if kind.scope_word:
        scope = {"type": "string", "description": f"The {kind.scope_word} it lives in."}
        return closed({"name": name, kind.scope_word: scope, **rest}, ["name", kind.scope_word])
    renamed = nullable({"type": "string", "description": "The name it had before, so that it is renamed."})
    del rest["cluster"]
    return closed({"name": name, "renamedFrom": renamed, **rest}, ["name"])
