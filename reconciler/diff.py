"""Differences: what git declares against what is live. The only door to deepdiff.

Only what is declared is compared; what the platform filled in is not drift. Both sides arrive in
canonical form, so that equal means equal: keyed lists are maps, quantities are spelled one way.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from reconciler.kind import NOTHING, Kind
from reconciler.pointer import ROOT, escaped, is_below, leaves, parts, pointer_to
from reconciler.problem import Location
from reconciler.resource import EMPTY, Json
from reconciler.secret import SENSITIVE, Secret, names_credential, referenced, token_form


@dataclass(frozen=True, slots=True)
class FieldChange:
    """Tell one field that differs. Values are canonical; Secret where sensitive.

    `pointer` addresses keyed items by key: `/spec/environmentVariables/name=HF_TOKEN/value`.
    `before` is live, `after` is git; ABSENT where there is none. `origin` says who moved it:
    git, live, both, or "" where no record tells. `in_place` False forces a replacement.
    """

    pointer: str
    before: Json
    after: Json
    origin: str = ""
    in_place: bool = False
    is_sensitive: bool = False
    place: Location | None = None


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Json = _Absent()
"""Stands where one side of a field change has no value."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold what differs, in pointer order, and what is live, undeclared and kept."""

    changes: tuple[FieldChange, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Tell whether nothing differs."""
        return not self.changes

    @property
    def only_secret_values(self) -> bool:
        """Tell whether all that differs are the values of secrets whose names stayed."""
        return bool(self.changes) and all(
            isinstance(c.after, Secret) and c.origin == "live" for c in self.changes
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """Hold what was last applied: the canonical declared spec, or only its pointers, or nothing."""

    spec: Mapping[str, Json] | None = None
    paths: tuple[str, ...] = ()

    def pointers(self) -> frozenset[str]:
        """List the leaf pointers that were declared then."""
        if self.spec is None:
            return frozenset(self.paths)
        return frozenset(pointer for pointer, _ in leaves(self.spec))


def compare(
    declared: Mapping[str, Json],
    live: Mapping[str, Json],
    recorded: Recorded,
    *,
    kind: Kind,
    ignore: Sequence[str] = (),
    stage: str = "",
) -> Comparison:
    """Compare canonical specs: declared fields against live, and the record for what was removed.

    A field changes in place only where the kind's support says so, at this stage of the object. Fields the
    platform never returns (`kind.record_only`) are judged by the record alone.
    """
    judged_live = _with_recorded(live, declared, recorded, kind.record_only)
    gone = _gone(declared, recorded)
    wanted = _laid_over(_without(live, gone), declared)
    found = [c for c in _declared_changes(declared, judged_live) if not _is_default(c, wanted, kind)]
    found += _secret_changes(declared, live)
    found += _removed_changes(gone, declared, live, wanted, kind)
    changes = [
        replace(
            change,
            origin=_origin(change, declared, recorded),
            in_place=kind.support.changes_in_place(change.pointer, stage),
        )
        for change in found
        if not any(is_below(change.pointer, root) for root in ignore)
    ]
    covered = [_covered(change, recorded) for change in changes]
    return Comparison(
        changes=tuple(sorted(covered, key=lambda change: change.pointer)),
        kept=tuple(_kept(declared, live, recorded)),
    )


def _is_default(change: FieldChange, wanted: Mapping[str, Json], kind: Kind) -> bool:
    """Tell whether a declared value is only the platform's default written out: not a change."""
    return change.before is ABSENT and kind.default(wanted, change.pointer) == change.after


def at(tree: Json, pointer: str) -> Json:
    """Find the value at a `/spec/...` pointer; ABSENT where there is none."""
    for key in parts(pointer, ROOT):
        if not isinstance(tree, Mapping) or key not in tree:
            return ABSENT
        tree = tree[key]
    return tree


def projected(declared: Json, live: Json) -> Json:
    """Cut live down to the fields that are declared; a secret's place is left out.

    Where a map is declared, an empty list or null in live is an empty map.
    """
    if not isinstance(declared, Mapping):
        return live
    if not isinstance(live, Mapping):
        return {} if live in (None, []) else live
    return {key: projected(value, live[key]) for key, value in declared.items() if key in live}


def _stated(tree: Json) -> Json:
    """Leave out what states nothing comparable: secrets, and maps with nothing in them."""
    if not isinstance(tree, Mapping):
        return tree
    inner = {key: _stated(value) for key, value in tree.items() if not isinstance(value, Secret)}
    return {key: value for key, value in inner.items() if not (isinstance(value, Mapping) and not value)}


def _declared_changes(declared: Mapping[str, Json], live: Mapping[str, Json]) -> list[FieldChange]:
    wanted = _stated(declared)
    found = projected(wanted, live)
    if wanted == found:
        return []
    from deepdiff import DeepDiff  # heavy: only when something differs

    tree = DeepDiff(found, wanted, view="tree", ignore_numeric_type_changes=True, threshold_to_diff_deeper=0)
    pointers = {_pointer_of(item.path(output_format="list")) for items in tree.values() for item in items}
    return [change for pointer in pointers for change in _leaf_changes(pointer, wanted, found)]


def _pointer_of(path: Sequence[Any]) -> str:
    """Write deepdiff's path as a pointer, ending at a list: a list of scalars is one value."""
    return pointer_to(takewhile(lambda segment: not isinstance(segment, int), path), ROOT)


def _leaf_changes(pointer: str, wanted: Json, found: Json) -> Iterator[FieldChange]:
    """Give one change per keyed item or leaf below a pointer that differs."""
    after, before = at(wanted, pointer), at(found, pointer)
    is_item = "=" in pointer.rpartition("/")[2]
    if isinstance(after, Mapping) and before is ABSENT and not is_item:
        for key in after:
            yield from _leaf_changes(f"{pointer}/{escaped(key)}", wanted, found)
    else:
        yield FieldChange(pointer, before, after)


def _secret_leaves(tree: Json) -> Iterator[tuple[str, Secret]]:
    for pointer, value in leaves(tree):
        if isinstance(value, Secret):
            yield pointer, value


def _secret_changes(declared: Mapping[str, Json], live: Mapping[str, Json]) -> Iterator[FieldChange]:
    for pointer, secret in _secret_leaves(declared):
        parent = at(live, pointer.rpartition("/")[0])
        if "=" in pointer and parent is ABSENT:
            continue  # the whole item is new: one change says so
        value = at(live, pointer)
        if secret.is_known and not _is_value(secret, value):
            before = ABSENT if value is ABSENT else SENSITIVE
            yield FieldChange(pointer, before, secret, is_sensitive=True)


def _is_value(secret: Secret, live: Json) -> bool:
    return isinstance(live, str) and hmac.compare_digest(secret.reveal().encode(), live.encode())


def _gone(declared: Mapping[str, Json], recorded: Recorded) -> frozenset[str]:
    """Find what was declared once and no longer is: leaves, and items of lists as a whole."""
    stated = frozenset(pointer for pointer, _ in leaves(declared))
    return frozenset(_item_of(pointer, declared) for pointer in recorded.pointers() - stated)


def _without(tree: Mapping[str, Json], gone: frozenset[str], pointer: str = ROOT) -> dict[str, Json]:
    """Leave out the values at some pointers."""
    kept: dict[str, Json] = {}
    for key, value in tree.items():
        here = f"{pointer}/{escaped(key)}"
        if here not in gone:
            kept[key] = _without(value, gone, here) if isinstance(value, Mapping) else value
    return kept


def _laid_over(tree: Json, declared: Json) -> Json:
    """Lay what is declared over a tree: the spec as it will be, by which dependent defaults are judged."""
    if not (isinstance(tree, Mapping) and isinstance(declared, Mapping)):
        return declared
    return {**tree, **{key: _laid_over(tree.get(key), value) for key, value in declared.items()}}


def _removed_changes(
    gone: frozenset[str],
    declared: Mapping[str, Json],
    live: Mapping[str, Json],
    wanted: Mapping[str, Json],
    kind: Kind,
) -> Iterator[FieldChange]:
    stated = {pointer for pointer, _ in leaves(declared)}
    for pointer in sorted(gone):
        value = at(live, pointer)
        if value is ABSENT or any(is_below(other, pointer) for other in stated):
            continue
        default = kind.default(wanted, pointer)
        if default is not NOTHING and default == value:
            continue
        after = ABSENT if default is NOTHING else default
        yield FieldChange(pointer, value, after, origin="git")


def _item_of(pointer: str, declared: Mapping[str, Json]) -> str:
    """Shorten a removed pointer to its keyed item where the whole item is gone."""
    head = ROOT
    for segment in pointer.removeprefix(ROOT).split("/")[1:]:
        head = f"{head}/{segment}"
        if "=" in segment and at(declared, head) is ABSENT:
            return head
    return pointer


def _kept(declared: Mapping[str, Json], live: Mapping[str, Json], recorded: Recorded) -> Iterator[str]:
    """Name live items of declared keyed lists that are not declared and never were ours."""
    ours = {_item_of(pointer, EMPTY) for pointer in recorded.pointers()}
    return (pointer for pointer in _undeclared(declared, live, ROOT) if pointer not in ours)


def _undeclared(declared: Json, live: Json, pointer: str) -> Iterator[str]:
    """Walk both trees side by side to the live items that a declared list does not have."""
    if not isinstance(declared, Mapping) or not isinstance(live, Mapping):
        return
    for key, item in live.items():
        here = f"{pointer}/{escaped(key)}"
        if key in declared:
            yield from _undeclared(declared[key], item, here)
        elif "=" in key:
            yield here


def _with_recorded(
    live: Mapping[str, Json], declared: Mapping[str, Json], recorded: Recorded, record_only: Sequence[str]
) -> Mapping[str, Json]:
    """Lend live the recorded value of fields that the platform takes and never returns."""
    lent = dict(live)
    for pointer in record_only:
        name = pointer.removeprefix(ROOT + "/")
        value = at(recorded.spec if recorded.spec is not None else declared, pointer)
        if name in declared and name not in live and value is not ABSENT:
            lent[name] = value
    return lent


def _origin(change: FieldChange, declared: Mapping[str, Json], recorded: Recorded) -> str:
    """Tell who moved a field: git, live or both; "" where no record tells."""
    if change.origin or recorded.spec is None:
        return change.origin
    then, now = at(recorded.spec, change.pointer), referenced(at(declared, change.pointer))
    if then == now:
        return "live"
    return "git" if then == change.before or then is change.before or change.is_sensitive else "both"


def _covered(change: FieldChange, recorded: Recorded) -> FieldChange:
    """Mask live values that were filled in from a secret, or look like a credential.

    So is a text that git no longer states where no record tells what it was filled in from.
    """
    parent, _, field = change.pointer.rpartition("/")
    then = ABSENT if recorded.spec is None else at(recorded.spec, change.pointer)
    is_forgotten = recorded.spec is None and change.origin == "git" and change.after in (None, ABSENT)
    if is_forgotten and isinstance(change.before, str):
        return replace(change, before=SENSITIVE, is_sensitive=True)
    if parent.rpartition("/")[2] == "env":
        field, parent = "value", f"{parent}/name={field}"  # a map of variables reads like a list of them
    before = _masked(change.before, then, field, parent.rpartition("name=")[2])
    if before == change.before:
        return change
    return replace(change, before=before, is_sensitive=before == SENSITIVE)


def _masked(live: Json, then: Json, field: str, item: str) -> Json:
    """Mask a tree by what was recorded there, by the name of the item that has a value, and by form."""
    if isinstance(live, Mapping):
        was = then if isinstance(then, Mapping) else EMPTY
        own = str(live.get("name", item))
        return {key: _masked(value, was.get(key, ABSENT), key, own) for key, value in live.items()}
    if not isinstance(live, str):
        return live
    was_secret = isinstance(then, str) and "secret:" in then
    is_named = field == "value" and names_credential(item)
    return SENSITIVE if was_secret or is_named or token_form(live) else live
