"""Ignored fields: `lifecycle.ignore` must name fields that there are, or it would protect nothing."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.field import Field
from reconciler.pointer import parts
from reconciler.problem import Problem
from reconciler.validate.places import at_value, shown, value_at
from reconciler.validate.suggest import did_you_mean
from reconciler.yaml import Document


def ignored_fields(document: Document, root: Field) -> Iterator[Problem]:
    """Find pointers in `lifecycle.ignore` that lead to no field of the kind."""
    listed = value_at(document.value, "/lifecycle/ignore")
    for index, pointer in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(pointer, str) and pointer.startswith("/spec/") and (lost := _lost(pointer, root)):
            home, name = lost
            place = f"/lifecycle/ignore/{index}"
            what = f"lifecycle.ignore leads to no field: {shown(document, place, pointer)}"
            hint = did_you_mean(name, [field.name for field in home.fields])
            yield at_value(document, place, Problem("RC103", what, hint=hint))


def _lost(pointer: str, root: Field) -> tuple[Field, str] | None:
    """Give the last field that a pointer reaches and the part that leads nowhere; None where all do."""
    at = root
    for part in parts(pointer):
        below = at.child(part)
        if below is None:
            return None if at.is_open else (at, part)
        at = below
    return None
