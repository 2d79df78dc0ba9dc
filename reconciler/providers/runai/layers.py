"""Lay what git declares over what is live, field by field, keeping what others put there.

Pure. Pointers are canonical, trees are as the platform has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.pointer import escaped, is_below, item_key, parts
from reconciler.provider import Edit
from reconciler.resource import Json, Resource
from reconciler.secret import revealed


def whole_field(
    field: str, live: Mapping[str, Json], resource: Resource, edit: Edit, before: set[str]
) -> Json:
    """Make one top-level field as it shall be."""
    root = f"/spec/{field}"
    value = _joined(live.get(field), revealed(resource.spec).get(field), root, before)
    for pointer, default in edit.removed.items():
        if is_below(pointer, root):
            value = put(value, parts(pointer, root), default)
    for pointer in resource.lifecycle.ignore:
        if is_below(pointer, root):
            path = parts(pointer, root)
            value = put(value, path, at(live.get(field), path))
    return value


def _joined(live: Json, wanted: Json, root: str, before: set[str]) -> Json:
    """Lay what is wanted over what is live. Lists with keys keep the live items that never were ours."""
    if isinstance(live, list) and (wanted is None or isinstance(wanted, list | tuple)):
        return _joined_list(live, wanted or (), root, before)
    if isinstance(live, Mapping) and (wanted is None or isinstance(wanted, Mapping)):
        shown = [name for name, value in live.items() if value is not None]
        names = [*shown, *(name for name in wanted or () if name not in shown)]
        return {
            name: _joined(live.get(name), (wanted or {}).get(name), f"{root}/{escaped(name)}", before)
            for name in names
        }
    return live if wanted is None else wanted


def _joined_list(live: list[Json], wanted: Sequence[Json], root: str, before: set[str]) -> list[Json]:
    keys = {item_key(item) for item in wanted}
    if not all(item_key(item) for item in live) or "" in keys:
        return list(wanted) or live
    kept = [
        item
        for item in live
        if item_key(item) not in keys and not is_ours(f"{root}/{escaped(item_key(item))}", before)
    ]
    return [*wanted, *kept]


def is_ours(pointer: str, before: set[str]) -> bool:
    """Tell whether something at or below a pointer was declared before."""
    return any(is_below(known, pointer) for known in before)


def at(tree: Json, path: Sequence[str]) -> Json:
    """Find a value below a field; None where there is none."""
    for segment in path:
        if isinstance(tree, Mapping):
            tree = tree.get(segment)
        elif isinstance(tree, list):
            tree = next((item for item in tree if item_key(item) == segment), None)
        else:
            return None
    return tree


def put(tree: Json, path: Sequence[str], value: Json) -> Json:
    """Set a value below a field; None takes a list item out and stands as null in an object.

    An item that says `exclude` is no value but an instruction, and stays.
    """
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(tree, list):
        if not rest and value is None:
            return [item for item in tree if item_key(item) != first or item.get("exclude") is True]
        return [put(item, rest, value) if item_key(item) == first else item for item in tree]
    if isinstance(tree, Mapping):
        return {**tree, first: put(tree.get(first), rest, value)}
    return tree if value is None else {first: put(None, rest, value)}
