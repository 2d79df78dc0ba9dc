"""Kubernetes manifests that the platform shows in two forms, and what a cluster writes into them.

By their names `rawManifest` is what was submitted and `workloadManifest` what became of it, but no
document says so. So the first is compared, and the second is a witness: where the first shows something
else than we applied and the second shows just that, the platform changed the first and nobody else did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.pointer import escaped, is_below, item_key, parts
from reconciler.provider import Edit
from reconciler.providers.runai.kinds.canonical import canonical_with_manifest
from reconciler.providers.runai.layers import at, is_ours, put
from reconciler.resource import Json, Lifecycle

_ROOT = "/spec/manifest"
_SERVER_OWNED = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields of `metadata` that the cluster writes, and the namespace, which the project decides."""
_ONE_OF_SEVERAL = frozenset({"env", "envFrom", "volumes"})
"""Lists whose items have one form of several, so that two forms of one item cannot be joined."""


def is_shown(manifest: Json) -> bool:
    """Tell whether an answer shows a manifest at all."""
    return isinstance(manifest, Mapping) and bool(manifest.get("kind"))


def witnessed(shown: Json, witness: Json, recorded: Json, path: tuple[str, ...] = ("", "")) -> Json:
    """Take the witness's value where it alone shows what we recorded; everything else is as shown.

    Fields that we never recorded are none of the witness's business: what the platform fills in is
    not declared, and what somebody else declares is not ours.
    """
    every = (shown, witness, recorded)
    if all(isinstance(tree, Mapping) for tree in every):
        return _joined(shown, witness, recorded, path)
    if all(_has_keys(tree) for tree in every):
        ours, theirs, then = ({item_key(item): item for item in tree} for tree in every)
        return list(_joined(ours, theirs, then, path).values())
    if recorded is None or _is_same(shown, recorded, path) or not _is_same(witness, recorded, path):
        return shown
    return witness


def _joined(
    shown: Mapping[str, Json],
    witness: Mapping[str, Json],
    recorded: Mapping[str, Json],
    path: tuple[str, ...],
) -> dict[str, Json]:
    found = dict(shown)
    for name, then in recorded.items():
        value = witnessed(shown.get(name), witness.get(name), then, (*path, name))
        if value is not None:
            found[name] = value
    return found


def _submittable(manifest: Mapping[str, Json]) -> dict[str, Json]:
    """Leave out what the cluster writes itself, so that a live manifest can be sent back."""
    kept = {name: value for name, value in manifest.items() if name != "status"}
    metadata = kept.get("metadata")
    if isinstance(metadata, Mapping):
        kept["metadata"] = {name: value for name, value in metadata.items() if name not in _SERVER_OWNED}
    return kept


def laid_over(
    live: Mapping[str, Json], wanted: Json, edit: Edit, lifecycle: Lifecycle, before: set[str]
) -> dict[str, Json]:
    """Make a whole manifest as it shall be, to be put in the place of the live one.

    What is no longer declared is taken out of what is live, what is declared is laid over that, and
    what is ignored stays as it is live.
    """
    base: Json = _submittable(live)
    for path in sorted((parts(p, _ROOT) for p in edit.removed if is_below(p, _ROOT)), key=_last_first):
        base = _cut(base, path)
    value = _laid(base, dense(wanted), _ROOT, before)
    for pointer in lifecycle.ignore:
        if is_below(pointer, _ROOT):
            path = parts(pointer, _ROOT)
            found = at(live, path)
            value = _cut(value, path) if found is None else put(value, path, found)
    return dict(value)


def dense(tree: Json) -> Json:
    """Leave nulls out: a manifest says by leaving a field out that it has none."""
    if isinstance(tree, Mapping):
        return {name: dense(value) for name, value in tree.items() if value is not None}
    return [dense(item) for item in tree if item is not None] if isinstance(tree, list) else tree


def _last_first(path: Sequence[str]) -> list[tuple[int, str]]:
    """Order paths so that places in lists are left for last from the end, as each cut moves those after."""
    return [(-int(step), "") if step.isdecimal() else (0, step) for step in path]


def _cut(tree: Json, path: Sequence[str]) -> Json:
    """Take out the value at a path, and what holds nothing any more without it."""
    first, rest = path[0], path[1:]
    if isinstance(tree, list):
        keys = [item_key(item) or str(place) for place, item in enumerate(tree)]
        cut = [
            (_cut(item, rest) if rest else None) if key == first else item
            for key, item in zip(keys, tree, strict=True)
        ]
        return [item for item in cut if item not in (None, {})]
    if not isinstance(tree, Mapping) or first not in tree:
        return tree
    inner = _cut(tree[first], rest) if rest else None
    if inner in (None, {}, []):
        return {name: value for name, value in tree.items() if name != first}
    return {**tree, first: inner}


def _laid(live: Json, wanted: Json, root: str, before: set[str]) -> Json:
    """Lay what is wanted over what is live; items with keys are joined each with its own."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        below = {
            name: _laid(live.get(name), value, f"{root}/{escaped(name)}", before)
            for name, value in wanted.items()
        }
        return {**live, **below}
    if not (_has_keys(live) and _has_keys(wanted)):
        return wanted
    by_key = {item_key(item): item for item in live}
    joined = {
        key: item
        if root.rpartition("/")[2] in _ONE_OF_SEVERAL
        else _laid(by_key.get(key), item, f"{root}/{escaped(key)}", before)
        for key, item in ((item_key(item), item) for item in wanted)
    }
    kept = [
        item
        for key, item in by_key.items()
        if key not in joined and not is_ours(f"{root}/{escaped(key)}", before)
    ]
    return [*joined.values(), *kept]


def _has_keys(items: Json) -> bool:
    """Tell whether a list's items can be told apart by their keys."""
    if not isinstance(items, Sequence) or isinstance(items, str) or not items:
        return False
    keys = [item_key(item) for item in items]
    return all(keys) and len(set(keys)) == len(keys)


def _is_same(one: Json, other: Json, path: tuple[str, ...]) -> bool:
    """Compare by value: the same amount may be written in other units."""
    within, name = path[-2:]
    spelled = [canonical_with_manifest({"manifest": {within: {name: value}}}) for value in (one, other)]
    return spelled[0] == spelled[1]
