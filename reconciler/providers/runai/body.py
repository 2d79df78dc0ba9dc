"""Build request bodies: the only place where secrets are opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.kind import NOTHING, Kind
from reconciler.mark import Mark
from reconciler.pointer import escaped, is_below, item_key, parts
from reconciler.provider import Edit
from reconciler.providers.runai.marks import marked, pointers, with_marks
from reconciler.resource import Json, Observed, Resource, Scope
from reconciler.secret import revealed

_ENV = "environmentVariables"
_OUTSIDE = ("templateId",)
"""Fields of our spec that stand beside the platform's own `spec`."""


def create_body(scope: Scope, resource: Resource, mark: Mark, kind: Kind) -> dict[str, Json]:
    """Build the body of a create: ids, the spec with its secrets, our mark and the record."""
    spec = revealed(resource.spec)
    outside = {field: spec.pop(field) for field in _OUTSIDE if field in spec}
    return {
        "name": resource.key.name,
        "projectId": scope.id,
        "clusterId": scope.cluster_id,
        **{field: value for field, value in outside.items() if value is not None},
        "spec": marked(spec, resource.spec, mark, kind),
    }


def patch_body(observed: Observed, resource: Resource, edit: Edit, mark: Mark, kind: Kind) -> dict[str, Json]:
    """Build the body of an update: the top-level fields that change, each whole, and our variables.

    What the platform does with a part of a list or of an object is not documented, so each field is
    sent as it shall be. Live items that were never ours are sent back as they are.
    """
    before = _recorded(observed, kind) | set(edit.removed)
    fields = {_field(pointer) for pointer in (*edit.changed, *edit.removed)}
    spec = {field: _whole(field, observed.spec, resource, edit, before) for field in sorted(fields | {_ENV})}
    spec = _with_followers(spec, observed.spec, resource, kind)
    return {"spec": {**spec, _ENV: with_marks(spec[_ENV], resource.spec, mark, kind)}}


def with_key(mark: Mark, identity: str) -> Mark:
    """Fill the key into a mark."""
    return replace(mark, key=identity)


def _recorded(observed: Observed, kind: Kind) -> set[str]:
    if observed.record is not None:
        return set(pointers(observed.record, kind))
    return set(observed.record_paths or ())


def _field(pointer: str) -> str:
    return pointer.removeprefix("/spec").split("/")[1]


def _whole(field: str, live: Mapping[str, Json], resource: Resource, edit: Edit, before: set[str]) -> Json:
    """Make one top-level field as it shall be."""
    root = f"/spec/{field}"
    value = _joined(live.get(field), revealed(resource.spec).get(field), root, before)
    for pointer, default in edit.removed.items():
        if is_below(pointer, root):
            value = _put(value, parts(pointer, root), default)
    for pointer in resource.lifecycle.ignore:
        if is_below(pointer, root):
            path = parts(pointer, root)
            value = _put(value, path, _at(live.get(field), path))
    return value


def _with_followers(
    spec: Mapping[str, Json], live: Mapping[str, Json], resource: Resource, kind: Kind
) -> dict[str, Json]:
    """Let undeclared values that are defaults of others, as maxReplicas of minReplicas, follow those.

    A platform that shows its defaults would else be sent the old ones, which contradict the new spec.
    """
    sent, declared = dict(spec), set(pointers(resource.spec, kind))
    old, new = kind.canonical(live), kind.canonical({**live, **spec})
    for field in spec:
        for pointer in pointers({field: live.get(field)}, kind):
            was, will = kind.default(old, pointer), kind.default(new, pointer)
            path = parts(pointer, f"/spec/{field}")
            if pointer not in declared and was != will and _at(sent[field], path) == was:
                sent[field] = _put(sent[field], path, None if will is NOTHING else will)
    return sent


def _joined(live: Json, wanted: Json, root: str, before: set[str]) -> Json:
    """Lay what is wanted over what is live. Lists with keys keep the live items that never were ours."""
    if isinstance(live, list) and (wanted is None or isinstance(wanted, list | tuple)):
        return _joined_list(live, wanted or (), root, before)
    if isinstance(live, Mapping) and (wanted is None or isinstance(wanted, Mapping)):
        names = [*live, *(name for name in wanted or () if name not in live)]
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
        if item_key(item) not in keys and not _is_ours(f"{root}/{escaped(item_key(item))}", before)
    ]
    return [*wanted, *kept]


def _is_ours(pointer: str, before: set[str]) -> bool:
    return any(is_below(known, pointer) for known in before)


def _at(tree: Json, path: Sequence[str]) -> Json:
    """Find a value below a field; None where there is none."""
    for segment in path:
        if isinstance(tree, Mapping):
            tree = tree.get(segment)
        elif isinstance(tree, list):
            tree = next((item for item in tree if item_key(item) == segment), None)
        else:
            return None
    return tree


def _put(tree: Json, path: Sequence[str], value: Json) -> Json:
    """Set a value below a field; None takes a list item out and stands as null in an object.

    An item that says `exclude` is no value but an instruction, and stays.
    """
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(tree, list):
        if not rest and value is None:
            return [item for item in tree if item_key(item) != first or item.get("exclude") is True]
        return [_put(item, rest, value) if item_key(item) == first else item for item in tree]
    if isinstance(tree, Mapping):
        return {**tree, first: _put(tree.get(first), rest, value)}
    return tree if value is None else {first: _put(None, rest, value)}
