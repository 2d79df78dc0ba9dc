"""Canonical form: one spelling for specs that mean the same, so that equal means equal.

Quantities are spelled by value, lists whose items have a key become maps, explicit nulls, empty
containers and `exclude` instructions are gone. A Kubernetes manifest is spelled by its own rules. Pure;
takes any JSON-like tree, however odd.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.pointer import KEYS, item_key, whole
from reconciler.quantity import quantity, quantity_value
from reconciler.resource import Json
from reconciler.secret import Secret, referenced

QUANTITIES = frozenset(
    {
        "cpuMemoryLimit",
        "cpuMemoryRequest",
        "gpuMemoryLimit",
        "gpuMemoryRequest",
        "quantity",
        "size",
        "sizeLimit",
    }
)
NUMBERS = frozenset({"cpuCoreLimit", "cpuCoreRequest", "gpuPortionLimit", "gpuPortionRequest"})
UNORDERED = frozenset({"authorizedGroups", "authorizedUsers", "capabilities", "nodeSelectorTerms", "values"})


@dataclass(frozen=True, slots=True)
class _Spelling:
    """Say how one sort of tree is spelled.

    `amounts` are maps whose every value is a quantity, by name. `instructs`: `exclude` is no value but
    an instruction. `numbers_items`: items without a key are addressed by their place in the list.
    """

    quantities: frozenset[str]
    numbers: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()
    instructs: bool = False
    numbers_items: bool = False


_SPEC = _Spelling(QUANTITIES, NUMBERS, UNORDERED, instructs=True)
_MANIFEST = _Spelling(
    frozenset({"divisor", "sizeLimit"}), amounts=frozenset({"limits", "requests"}), numbers_items=True
)

_DEEPEST = 64


def canonical(spec: Mapping[str, Json] | None) -> dict[str, Json]:
    """Spell a spec the one way it is compared. Secret leaves pass through. Never raises."""
    return _map(spec, 0, _SPEC) if isinstance(spec, Mapping) else {}


def canonical_with_manifest(spec: Mapping[str, Json] | None) -> dict[str, Json]:
    """Spell a spec whose `manifest` is a Kubernetes object.

    There `exclude` is a field like others, and the cluster fills in fields of items that have no key;
    such items are told apart by their place. Items with a key may change places unseen.
    """
    if not isinstance(spec, Mapping):
        return {}
    spelled = canonical({name: value for name, value in spec.items() if name != "manifest"})
    manifest = spec.get("manifest")
    inner = _map(manifest, 0, _MANIFEST) if isinstance(manifest, Mapping) else manifest
    return {**spelled, "manifest": inner} if inner else spelled


def plain(tree: Json) -> Json:
    """Turn a canonical tree back into the platform's shape: keyed maps are lists again."""
    if isinstance(tree, Mapping):
        return _as_list(tree) if is_keyed(tree) else {name: plain(value) for name, value in tree.items()}
    return [plain(value) for value in tree] if isinstance(tree, list) else tree


def _as_list(items: Mapping[str, Json]) -> list[Json]:
    """Turn a keyed map into the list that the platform takes, in the order of the map."""
    return [plain(item) for item in items.values()]


def is_keyed(tree: Json) -> bool:
    """Tell whether a canonical map stands for a list: its keys read `name=…` or `path=…`."""
    return isinstance(tree, Mapping) and any(
        "=" in key and key.partition("=")[0] in KEYS and isinstance(item, Mapping)
        for key, item in tree.items()
    )


def _map(tree: Mapping[str, Json], depth: int, how: _Spelling, within: str = "") -> dict[str, Json]:
    spelled = {
        name: _value(name, value, depth + 1, how, within)
        for name, value in tree.items()
        if value is not None and not (how.instructs and name == "exclude")
    }
    return {name: value for name, value in spelled.items() if value not in ({}, [])}


def _value(name: str, value: Json, depth: int, how: _Spelling, within: str = "") -> Json:
    if depth > _DEEPEST or isinstance(value, Secret):
        return value
    if isinstance(value, Mapping):
        return _map(value, depth, how, name)
    if isinstance(value, list | tuple):
        return _list(name, value, depth, how)
    if name in how.quantities or within in how.amounts:
        value = quantity(value)
    if name in how.numbers and isinstance(value, str):
        exact = quantity_value(value)
        return value if exact is None else whole(float(exact))
    return whole(value) if isinstance(value, float) else value


def _list(name: str, items: Sequence[Json], depth: int, how: _Spelling) -> Json:
    """Spell a list: items that have keys as a map, values without order sorted, others as they are."""
    kept = [item for item in items if item is not None and not (how.instructs and _is_instruction(item))]
    are_maps = kept and all(isinstance(item, Mapping) for item in kept)
    if are_maps and (how.numbers_items or any(map(item_key, kept))):
        return _keyed(kept, depth, how)
    values = [_value("", item, depth + 1, how) for item in kept]
    return sorted(values, key=_text) if name in how.unordered else values


def _keyed(items: Sequence[Mapping[str, Json]], depth: int, how: _Spelling) -> dict[str, Json]:
    """Make a map of a list, in its order. Items that share a key are numbered by what they hold."""
    groups: dict[str, list[dict[str, Json]]] = {}
    for index, item in enumerate(items):
        groups.setdefault(item_key(item) or str(index), []).append(_map(item, depth + 1, how))
    keyed: dict[str, Json] = {}
    for key, sharing in groups.items():
        for number, item in enumerate(sorted(sharing, key=_text) if len(sharing) > 1 else sharing, 1):
            keyed[key if number == 1 else f"{key}#{number}"] = item
    return keyed


def _is_instruction(item: Json) -> bool:
    return isinstance(item, Mapping) and item.get("exclude") is True


def _text(value: Json) -> str:
    return json.dumps(referenced(value), sort_keys=True, default=str)
