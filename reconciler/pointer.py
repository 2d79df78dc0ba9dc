"""Pointers: where a value stands in a tree, as RFC 6901 writes it.

`/spec/environmentVariables/name=HF_TOKEN/value` addresses an item of a canonical list by its key;
in a document as written the items have their index.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from reconciler.resource import Json
from reconciler.secret import Secret

ROOT = "/spec"
"""The pointer of a spec, which has no name of its own."""

KEYS = ("name", "container", "id", "path", "mountPath", "key", "url", "resource")
"""Fields that may tell items of one list apart; the first that an item has counts.

None of them is ever filled in by a platform, as the `claimName` of a new claim is.
"""

_EXACT_FLOATS = 2**53


def escaped(part: str) -> str:
    """Write a key as one part of a pointer."""
    return part.replace("~", "~0").replace("/", "~1") if "~" in part or "/" in part else part


def parts(pointer: str, root: str = "") -> list[str]:
    """Split what a pointer has below a root into its plain keys."""
    below = pointer.removeprefix(root).split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in below]


def pointer_to(path: Iterable[str | int], root: str = "") -> str:
    """Write a path of keys and indexes as a pointer."""
    return root + "".join(f"/{escaped(str(part))}" for part in path)


def is_below(pointer: str, root: str) -> bool:
    """Tell whether a pointer is a root or leads into it."""
    return pointer == root or pointer.startswith(root.rstrip("/") + "/")


def item_key(item: Json) -> str:
    """Name the key of a list item as pointers write it, `name=HF_TOKEN`; "" where it has none."""
    if not isinstance(item, Mapping):
        return ""
    for field in KEYS:
        value = item.get(field)
        if isinstance(value, Secret):
            return f"{field}={value.reference}"
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return f"{field}={whole(value) if isinstance(value, float) else value}"
    return ""


def whole(value: float) -> Json:
    """Unify whole floats with integers; what JSON cannot hold becomes text."""
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) <= _EXACT_FLOATS else value


def leaves(tree: Json, pointer: str = ROOT) -> Iterator[tuple[str, Json]]:
    """Walk a canonical spec to every value that is not a non-empty map; a list is one value."""
    found: list[tuple[str, Json]] = []
    _leaves(tree, pointer, found)
    return iter(found)


def _leaves(tree: Json, pointer: str, found: list[tuple[str, Json]]) -> None:
    if not isinstance(tree, str) and isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            _leaves(value, f"{pointer}/{escaped(key)}", found)
    else:
        found.append((pointer, tree))


def scalars(tree: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Walk a tree as written to every value that is neither map nor list; list items by index."""
    found: list[tuple[str, Json]] = []
    _scalars(tree, pointer, found)
    return iter(found)


def _scalars(tree: Json, pointer: str, found: list[tuple[str, Json]]) -> None:
    if isinstance(tree, str):  # most of them, and to ask for a Mapping costs
        found.append((pointer, tree))
    elif isinstance(tree, Mapping):
        for key, item in tree.items():
            _scalars(item, f"{pointer}/{escaped(str(key))}", found)
    elif isinstance(tree, list | tuple):
        for index, item in enumerate(tree):
            _scalars(item, f"{pointer}/{index}", found)
    else:
        found.append((pointer, tree))
