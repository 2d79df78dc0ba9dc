"""Explained fields: one path of a kind or of the fleet file, with all that is known about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.explain.path import dotted, find, split
from reconciler.explain.told import FieldTold
from reconciler.field import Field, flow, plain, root_field
from reconciler.kind import NOTHING, Kind
from reconciler.providers import kinds
from reconciler.resource import Json
from reconciler.stored import kind_schema, stored_fleet_schema

FLEET = "Fleet"
_ENVELOPE = ("metadata", "lifecycle", "dependsOn", "health")
_IDENTITY = ("name", "project", "workspace", "cluster", "target")


def roots() -> tuple[str, ...]:
    """Name what a path may start with: every kind, and the fleet file."""
    return (*dict.fromkeys(name for _, name in kinds()), FLEET)


def field_told(path: str) -> FieldTold | None:
    """Explain the field at a path; None where its first word is no kind. Raises UsageError for others."""
    names = split(path)
    if names and names[0] in _ENVELOPE:
        return _shared(names)
    spelled = {plain(name): name for name in roots()}
    root = spelled.get(plain(names[0])) if names else None
    if root is None:
        return None
    kind = next((kind for kind in kinds().values() if kind.name == root), None)
    return _found(names[1:], kind, root)


def _shared(names: Sequence[str]) -> FieldTold:
    """Explain a field of the envelope, by the first kind that has it."""
    having = [kind for kind in kinds().values() if _has(kind, names)]
    kind = having[0] if having else next(iter(kinds().values()))
    told = _found(names, kind, kind.name)
    note = told.note or _shared_by(having, [kind for kind in kinds().values() if kind not in having])
    return replace(told, title=dotted(told.field.path), note=note)


def _shared_by(having: Sequence[Kind], lacking: Sequence[Kind]) -> str:
    if not having or not lacking:
        return "the same in every kind"
    is_rule = len(having) > len(lacking)
    listed = ", ".join(kind.name for kind in (lacking if is_rule else having))
    return f"of every kind but {listed}" if is_rule else f"only of {listed}"


def _has(kind: Kind, names: Sequence[str]) -> bool:
    at: Field | None = root_field(kind_schema(kind))
    for name in names:
        at = at.child(name) if at else None
    return at is not None


def _found(names: Sequence[str], kind: Kind | None, root: str) -> FieldTold:
    top = root_field(kind_schema(kind) if kind else stored_fleet_schema())
    found = find(top, names, title=root, aliases=kind.aliases if kind else {})
    return _told(found.field, kind, root, found.note)


def _told(field: Field, kind: Kind | None, root: str, note: str) -> FieldTold:
    title = f"{root}.{dotted(field.path)}" if field.path else root
    return FieldTold(
        title=title,
        field=field,
        kind=kind,
        default=field.schema.get("default", NOTHING),
        changes=_changes(field, kind) if kind else "",
        since=field.needs or _since(field, kind),
        example=tuple(_example(field, kind)),
        also=tuple(_also(field, kind)) if kind else (),
        note=note,
    )


def _since(field: Field, kind: Kind | None) -> str:
    return f"control plane {kind.since}" if kind and kind.since and not field.path else ""


def _changes(field: Field, kind: Kind) -> str:
    """Say what a change of a field does to an object that lives."""
    match field.path:
        case ():
            return ""
        case ("metadata", "name") if not kind.support.replaces:
            return "is made with metadata.renamedFrom, which names the one it had"
        case ("metadata", name) if name in _IDENTITY:
            return "makes it another object: this one is removed and the other made"
        case ("spec", *_):
            return _changes_of_spec(field, kind)
        case ("apiVersion" | "kind", *_):
            return ""
    return "is not sent: reconciler itself reads it, at the next run"


def _changes_of_spec(field: Field, kind: Kind) -> str:
    below = field.pointer.removeprefix("/spec")
    if field.pointer in kind.record_only:
        by_record = "is seen only against what was last applied, and forces a new object"
        return by_record if kind.support.keeps_record else "is not seen: the next object that is made has it"
    if stages := kind.support.open_stages(field.pointer):
        return _changes_at(stages, kind)
    if kind.support.changes_in_place(field.pointer):
        return "is made in place"
    if any(path.startswith(f"{below}/") for path in kind.support.updatable):
        return "is made in place in some of its fields, and else forces a new object"
    if not kind.support.replaces:
        return "is refused: nothing of it changes in place, and it is never made anew"
    return f"forces a new object: {kind.platform or kind.provider} does not change it in place"


def _changes_at(stages: Sequence[str], kind: Kind) -> str:
    """Say what a change does that is made in place at some stages of an object, or at all of them."""
    every = kind.support.by_stage
    words = {stage.rpartition(" ")[2] for stage in stages}
    if len(stages) == len(every):
        return "is made in place"
    is_sure = {stage for stage in every if stage.rpartition(" ")[2] in words} == {*stages}
    return (
        f"is made in place {'' if is_sure else 'by some servers '}while it is {' or '.join(sorted(words))}, "
        "and else forces a new object"
    )


def _also(field: Field, kind: Kind) -> Iterator[str]:
    """Find the words from other tools that mean this field, each in its longest spelling."""
    own = ".".join(part for part in field.path[1:] if part != "*")
    spelled: dict[str, str] = {}
    for word, told in kind.aliases.items():
        path = re.match(r"[\w.\[\]]+", told)
        if path and path[0].replace("[]", "") == own and plain(word) != plain(field.name):
            best = spelled.get(plain(word), "")
            spelled[plain(word)] = max(best, word, key=lambda text: (len(text), text != text.lower()))
    yield from sorted(spelled.values())


def _example(field: Field, kind: Kind | None) -> Iterator[str]:
    """Write a value of a field where it stands, as lines of YAML; of a kind a whole manifest."""
    if not field.path and kind:
        yield from kind.example().strip("\n").splitlines()
    value = _value(field)
    if value is NOTHING or not field.path:
        return
    indent = ""
    for part in field.path[:-1]:
        if part == "*":
            indent += "- "
        else:
            yield f"{indent}{part.replace('<key>', 'NAME')}:"
            indent = " " * (len(indent) + 2)
    yield f"{indent}{field.name.replace('<key>', 'NAME')}: {flow(value)}"


def _value(field: Field) -> Json:
    if field.examples:
        return field.examples[0]
    if field.allowed:
        return field.allowed[0]
    return NOTHING
