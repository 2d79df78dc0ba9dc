"""Write our mark and the last-applied record into a spec, and take them out again.

On a Workspace and a Training both stand in annotations, the mark also in an environment variable, which
the lists show. On an Inference annotations cannot change, so there the variables are what counts and the
annotations only tell of its birth.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.kind import Kind
from reconciler.mark import Mark, canonical_json, mark_from_text, mark_to_text
from reconciler.pointer import leaves
from reconciler.resource import Json
from reconciler.secret import referenced

MARK = "RECONCILER_MARK"
RECORD = "RECONCILER_RECORD"
MARK_NOTE = "reconciler/mark"
RECORD_NOTE = "reconciler/last-applied"
OURS = frozenset({MARK, RECORD, MARK_NOTE, RECORD_NOTE})

_VERSION = 1
_NOTE_ROOM = 32 * 1024
_ENV_ROOM = 8 * 1024
_UNPACKED_ROOM = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Carried:
    """Hold what an object carries of ours, and its spec without it."""

    spec: Mapping[str, Json]
    mark: Mark | None = None
    record: Mapping[str, Json] | None = None
    record_paths: tuple[str, ...] | None = None


def marked(spec: Mapping[str, Json], declared: Mapping[str, Json], mark: Mark, kind: Kind) -> dict[str, Json]:
    """Add our annotations and variables to the spec of a create. `declared` is what the record tells."""
    notes = [
        {"name": MARK_NOTE, "value": mark_to_text(mark)},
        {"name": RECORD_NOTE, "value": record_text(declared, kind, room=_NOTE_ROOM)},
    ]
    return {
        **spec,
        "annotations": [*_others(spec.get("annotations")), *notes],
        "environmentVariables": with_marks(spec.get("environmentVariables"), declared, mark, kind),
    }


def with_marks(items: Json, declared: Mapping[str, Json], mark: Mark, kind: Kind) -> list[Json]:
    """Add our variables to a list of environment variables, in place of older ones."""
    ours: list[Json] = [{"name": MARK, "value": mark_to_text(mark)}]
    if kind.support.mark_rewritable:
        ours.append({"name": RECORD, "value": packed(declared, kind)})
    return [*_others(items), *ours]


def record_text(declared: Mapping[str, Json], kind: Kind, *, room: int) -> str:
    """Write the declared spec, secrets as references, or only its pointers where it is too large."""
    whole = canonical_json({"v": _VERSION, "spec": referenced(declared)})
    return whole if len(whole) <= room else _paths_text(declared, kind)


def packed(declared: Mapping[str, Json], kind: Kind) -> str:
    """Write the record small enough for an environment variable."""
    whole = _pack(canonical_json({"v": _VERSION, "spec": referenced(declared)}))
    return whole if len(whole) <= _ENV_ROOM else _pack(_paths_text(declared, kind))


def carried(spec: Mapping[str, Json], kind: Kind) -> Carried:
    """Read what a live spec carries of ours and take it out."""
    notes, env = _values(spec.get("annotations")), _values(spec.get("environmentVariables"))
    if kind.support.mark_rewritable:
        said, record = env.get(MARK) or notes.get(MARK_NOTE), _unpack(env.get(RECORD, ""))
    else:
        said, record = notes.get(MARK_NOTE) or env.get(MARK), notes.get(RECORD_NOTE, "")
    whole, paths = _read_record(record)
    return Carried(_without_ours(spec), mark_from_text(said) if said else None, whole, paths)


def pointers(declared: Json, kind: Kind) -> tuple[str, ...]:
    """List the leaf pointers of a declared spec in canonical form, such as `/spec/image`."""
    return tuple(pointer for pointer, _ in leaves(kind.canonical(declared)))


def _paths_text(declared: Mapping[str, Json], kind: Kind) -> str:
    return canonical_json({"v": _VERSION, "paths": pointers(referenced(declared), kind)})


def _pack(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _unpack(text: str) -> str:
    try:
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(base64.b64decode(text, validate=True), _UNPACKED_ROOM)
        return found.decode() if unpacker.eof else ""
    except (ValueError, binascii.Error, zlib.error):
        return ""


def _read_record(text: str) -> tuple[Mapping[str, Json] | None, tuple[str, ...] | None]:
    """Read a record: the spec, or its pointers; neither where it is not a whole record of ours."""
    try:
        body = json.loads(text) if text else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or body.get("v") != _VERSION:
        return None, None
    spec, paths = body.get("spec"), body.get("paths")
    if isinstance(spec, dict):
        return spec, None
    if isinstance(paths, list) and all(isinstance(path, str) for path in paths):
        return None, tuple(paths)
    return None, None


def _items(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()


def _others(value: Json) -> list[Json]:
    return [item for item in _items(value) if not (isinstance(item, Mapping) and _is_ours(item.get("name")))]


def _is_ours(name: Json) -> bool:
    return isinstance(name, str) and name in OURS


def _values(value: Json) -> dict[str, str]:
    """Collect the texts of a list of names and values."""
    return {
        item["name"]: item["value"]
        for item in _items(value)
        if isinstance(item, Mapping)
        and isinstance(item.get("name"), str)
        and isinstance(item.get("value"), str)
    }


def _without_ours(spec: Mapping[str, Json]) -> dict[str, Json]:
    """Take our items out; a list that held nothing else is gone."""
    kept = dict(spec)
    for field in ("annotations", "environmentVariables"):
        if _items(spec.get(field)):
            kept[field] = _others(spec[field])
            if not kept[field]:
                del kept[field]
    return kept
