"""Write our mark and the last-applied record into a spec, and take them out again.

Where a kind's annotations cannot change, what is rewritten with an update stands in variables, and the
annotations only tell of the object's birth. The lists show variables and never annotations.
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
from reconciler.pointer import ROOT, is_below, leaves, parts
from reconciler.resource import Json
from reconciler.secret import referenced

MARK = "RECONCILER_MARK"
RECORD = "RECONCILER_RECORD"
MARK_NOTE = "reconciler/mark"
RECORD_NOTE = "reconciler/last-applied"
OURS = frozenset({MARK, RECORD, MARK_NOTE, RECORD_NOTE})

_HOLDERS = frozenset({"annotations", "environmentVariables"})
_VERSION = 1
_NOTE_ROOM = 32 * 1024
_ENV_ROOM = 8 * 1024
_UNPACKED_ROOM = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Say where in a spec a kind carries what is ours.

    `block` leads to the object that holds it. `has_env`: the mark stands in a variable as well, and
    `env_counts` that the variables are rewritten and the annotations not. `is_map`: annotations are a
    map, as Kubernetes has them. `is_listed`: a list row's variables are surely those of the block.
    `untold` are pointers that the record does not tell: it goes stale there, or they were never a choice.
    """

    block: tuple[str, ...] = ()
    has_env: bool = True
    env_counts: bool = False
    is_map: bool = False
    is_listed: bool = True
    untold: tuple[str, ...] = ()


_PLACES: Mapping[str, Place] = {
    "Inference": Place(env_counts=True),
    "DistributedTraining": Place(is_listed=False),
    "DistributedInference": Place(("leader",), is_listed=False, untold=("/spec/replicas",)),
    "NimService": Place(has_env=False, is_listed=False),
    "ExternalWorkload": Place(
        ("manifest", "metadata"),
        has_env=False,
        is_map=True,
        is_listed=False,
        untold=("/spec/manifest/metadata/name",),  # sent whether declared or not
    ),
}


def place_of(kind: str) -> Place:
    """Say where a kind carries what is ours."""
    return _PLACES.get(kind, Place())


@dataclass(frozen=True, slots=True)
class Carried:
    """Hold what an object carries of ours, and its spec without it."""

    spec: Mapping[str, Json]
    mark: Mark | None = None
    record: Mapping[str, Json] | None = None
    record_paths: tuple[str, ...] | None = None


def marked(spec: Mapping[str, Json], declared: Mapping[str, Json], mark: Mark, kind: Kind) -> dict[str, Json]:
    """Add our annotations and variables to the spec of a create. `declared` is what the record tells."""
    return _marked(spec, place_of(kind.name).block, declared, mark, kind)


def _marked(
    block: Mapping[str, Json], path: Sequence[str], declared: Mapping[str, Json], mark: Mark, kind: Kind
) -> dict[str, Json]:
    """Walk to the block that carries what is ours, making it where it is not there, and add that."""
    if path:
        inner = block.get(path[0])
        below = inner if isinstance(inner, Mapping) else {}
        return {**block, path[0]: _marked(below, path[1:], declared, mark, kind)}
    added = {"annotations": with_notes(block.get("annotations"), declared, mark, kind)}
    if place_of(kind.name).has_env:
        added["environmentVariables"] = with_marks(block.get("environmentVariables"), declared, mark, kind)
    return {**block, **added}


def with_notes(items: Json, declared: Mapping[str, Json], mark: Mark, kind: Kind) -> Json:
    """Add our annotations, in place of older ones, to a list or a map as the kind has them."""
    ours = {MARK_NOTE: mark_to_text(mark), RECORD_NOTE: record_text(declared, kind, room=_NOTE_ROOM)}
    if place_of(kind.name).is_map:
        return {**_other_notes(items), **ours}
    return [*_others(items), *({"name": name, "value": value} for name, value in ours.items())]


def with_marks(items: Json, declared: Mapping[str, Json], mark: Mark, kind: Kind) -> list[Json]:
    """Add our variables to a list of environment variables, in place of older ones."""
    ours: list[Json] = [{"name": MARK, "value": mark_to_text(mark)}]
    if place_of(kind.name).env_counts:
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
    """Read what a live spec carries of ours and take it out, wherever it stands."""
    place, block = place_of(kind.name), _block(spec, place_of(kind.name).block)
    notes = _values(block.get("annotations"))
    env = _values(block.get("environmentVariables")) if place.has_env else {}
    if place.env_counts:
        said, record = env.get(MARK) or notes.get(MARK_NOTE), _unpack(env.get(RECORD, ""))
    else:
        said, record = notes.get(MARK_NOTE) or env.get(MARK), notes.get(RECORD_NOTE, "")
    whole, paths = _read_record(record)
    for untold in place.untold:
        whole = _without(whole, parts(untold, ROOT))
        paths = paths and tuple(path for path in paths if not is_below(path, untold))
    return Carried(_without_ours(spec), mark_from_text(said) if said else None, whole, paths)


def _without(tree: Json, path: Sequence[str]) -> Json:
    """Leave out what stands at a path of names."""
    if not isinstance(tree, Mapping) or path[0] not in tree:
        return tree
    kept = {name: value for name, value in tree.items() if name != path[0]}
    return {**kept, path[0]: _without(tree[path[0]], path[1:])} if path[1:] else kept


def _block(spec: Mapping[str, Json], path: Sequence[str]) -> Mapping[str, Json]:
    for name in path:
        inner = spec.get(name)
        spec = inner if isinstance(inner, Mapping) else {}
    return spec


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


def _other_notes(value: Json) -> dict[str, Json]:
    notes = value if isinstance(value, Mapping) else {}
    return {name: note for name, note in notes.items() if not _is_ours(name)}


def _is_ours(name: Json) -> bool:
    return isinstance(name, str) and name in OURS


def _values(value: Json) -> dict[str, str]:
    """Collect the texts of a list of names and values, or of a map."""
    if isinstance(value, Mapping):
        return {name: text for name, text in value.items() if isinstance(text, str)}
    return {
        item["name"]: item["value"]
        for item in _items(value)
        if isinstance(item, Mapping)
        and isinstance(item.get("name"), str)
        and isinstance(item.get("value"), str)
    }


def _without_ours(tree: Json) -> Json:
    """Take our items out at every depth; what held nothing else is gone."""
    if isinstance(tree, list):
        return [_without_ours(item) for item in tree]
    if not isinstance(tree, Mapping):
        return tree
    kept: dict[str, Json] = {}
    for name, value in tree.items():
        inner = _stripped(value) if name in _HOLDERS else _without_ours(value)
        if inner or not (name in _HOLDERS and value):
            kept[name] = inner
    return kept


def _stripped(value: Json) -> Json:
    if isinstance(value, Mapping):
        return _other_notes(value)
    return _others(value) if isinstance(value, list) else value
