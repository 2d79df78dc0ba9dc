"""Words: what can be done with a kind, in the few words of a table's cell."""

from __future__ import annotations

import re

from reconciler.field import Field, root_field
from reconciler.kind import Kind
from reconciler.resource import Json


def ends_by_itself(kind: Kind) -> str:
    """Say whether objects of a kind run to an end."""
    if kind.finishes_with:
        return "as its manifest's kind does"
    return "yes" if kind.finishes else "no"


def stops(kind: Kind) -> str:
    """Say whether the platform can stop objects of a kind and start them again."""
    if kind.support.stops and kind.support.keeps_ended:
        return "yes, for good"
    return "yes" if kind.support.stops else "no"


def changes_in_place(kind: Kind) -> str:
    """Say which fields of a spec the platform changes without a new object."""
    roots = [root.lstrip("/") for root in kind.support.updatable]
    if "" in roots:
        return "all of `spec`"
    if _opens_early(kind):
        return f"most of `spec` until it starts, then {', '.join(f'`{root}`' for root in roots)}"
    if len(roots) > 4:
        return "most of `spec`"
    named = ", ".join(f"`{root}`" for root in roots) or "nothing"
    return named if kind.support.replaces else f"{named}; it is never made anew"


def _opens_early(kind: Kind) -> bool:
    """Tell whether more changes in place at some stage than at any."""
    always = {*kind.support.updatable}
    return any(len({*open_} - always) > 1 for open_ in kind.support.by_stage.values())


def first_sentence(text: str) -> str:
    """Give the first sentence of a text."""
    return re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0]


def block(schema: dict[str, Json], name: str) -> Field:
    """Give a part of a document by its name. Raises LookupError where a schema has none."""
    found = root_field(schema).child(name)
    if found is None:
        raise LookupError(f"{schema.get('title')} has no {name}")
    return found
