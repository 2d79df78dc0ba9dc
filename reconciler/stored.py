"""Stored: the schemas as this release carries them, so that a run turns no model into a schema.

They are the files of `schemas/`, which a test holds equal to the models; whatever is not there is made.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from reconciler.kind import Kind
from reconciler.providers import kinds
from reconciler.resource import Json


def kind_schema(kind: Kind) -> dict[str, Json]:
    """Give the schema of one kind's manifests."""
    name = (kind.api_version, kind.name)
    if kinds().get(name) is kind and (found := _read(kind.schema_path)) is not None:
        return found
    from reconciler.validate.schema import schema_for  # slow: only where no file has it

    return schema_for(kind)


def stored_fleet_schema() -> dict[str, Json]:
    """Give the schema of the fleet file."""
    found = _read("fleet.json")
    if found is not None:
        return found
    from reconciler.validate.schema import fleet_schema  # slow: only where no file has it

    return fleet_schema()


def schema_text(name: str) -> str:
    """Give a schema as the text of its file, by its path below `schemas/`."""
    found = _text(name)
    if found is not None:
        return found
    from reconciler.validate.schema import schema_files  # slow: only where no file has it

    return schema_files()[name]


@cache
def _read(name: str) -> dict[str, Json] | None:
    try:
        found = json.loads(_text(name) or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _text(name: str) -> str | None:
    package = Path(__file__).parent
    for folder in (package / "schemas", package.parent / "schemas"):  # installed, or a checkout
        try:
            return (folder / name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
    return None
