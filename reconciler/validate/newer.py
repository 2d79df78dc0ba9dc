"""Newer fields: what a manifest states that a target pinned to an older API level does not know yet."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.field import Field
from reconciler.fleet import Target
from reconciler.kind import Kind
from reconciler.pointer import escaped
from reconciler.problem import Problem
from reconciler.resource import Json
from reconciler.validate.places import at_key, at_value
from reconciler.yaml import Document

_PLANE = "control plane "


def newer_fields(document: Document, kind: Kind, root: Field, target: Target) -> Iterator[Problem]:
    """Find the kind or the fields that came after the level which the target pins, where it pins one."""
    pinned = str(target.settings.get("apiLevel") or "")
    if not pinned:
        return
    if _comes_after(kind.since, pinned):
        yield at_value(document, "/kind", _problem(f"a {kind.name}", kind.since, target, pinned))
        return
    for pointer, field in _stated(document.value, root):
        since = field.needs.removeprefix(_PLANE) if field.needs.startswith(_PLANE) else ""
        if _comes_after(since, pinned):
            yield at_key(document, pointer, _problem(f'"{field.name}"', since, target, pinned))


def _comes_after(since: str, pinned: str) -> bool:
    return bool(since) and _level(since) > _level(pinned)


def _level(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _problem(what: str, since: str, target: Target, pinned: str) -> Problem:
    return Problem(
        "RC114",
        f"{what} needs control plane {since}, but {target.name} is pinned to {pinned}",
        hint=f"leave it out, or raise apiLevel of {target.name} once its control plane is newer",
    )


def _stated(value: Json, at: Field, pointer: str = "") -> Iterator[tuple[str, Field]]:
    """Walk every field that is stated with a value, with what the schema says of it."""
    if isinstance(value, dict):
        for name, item in value.items():
            below = at.child(str(name))
            if below is not None and item is not None:
                place = f"{pointer}/{escaped(str(name))}"
                yield place, below
                yield from _stated(item, below, place)
    elif isinstance(value, list):
        inner = at.child("*")
        for index, item in enumerate(value if inner else ()):
            yield from _stated(item, inner or at, f"{pointer}/{index}")
