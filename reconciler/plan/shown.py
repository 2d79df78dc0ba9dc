"""What of a plan's values may be shown: everything but secrets, in the shape that JSON has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.plan.change import ABSENT, FieldChange
from reconciler.pointer import item_key
from reconciler.secret import SENSITIVE, Secret, names_credential, redacted


def masked(value: Any) -> Any:
    """Give a JSON-like tree with `(sensitive)` in the place of every secret."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def masked_leaf(value: Any) -> Any:
    """Give the word for a sensitive value: what a Secret says of itself, `(sensitive)` for all else."""
    return str(value) if isinstance(value, Secret) else SENSITIVE


def json_sides(change: FieldChange) -> tuple[Any, Any]:
    """Give both sides of a field change for a JSON document: None where there is no value."""
    hide = masked_leaf if change.is_sensitive else masked
    return tuple(None if side is ABSENT else hide(side) for side in (change.before, change.after))  # type: ignore[return-value]  # two sides in, two out


def live_shown(live: Any, declared: Any, *, field: str = "", item: str = "") -> Any:
    """Give a live tree with every text and number masked that nobody declared, or that may be a credential.

    `declared` is the same tree as git or a record states it; `item` the name of the list item it is in. What
    a list item or a field is called is shown, but for what looks like a credential.
    """
    if isinstance(live, Mapping):
        stated = declared if isinstance(declared, Mapping) else {}
        own = str(live.get("name", item))
        if field == "[]" and "name" in live:
            stated = {"name": live["name"], **stated}  # what an item is called tells it from the others
        return {
            redacted(name): live_shown(value, stated.get(name, ABSENT), field=name, item=own)
            for name, value in live.items()
        }
    if isinstance(live, list | tuple):
        several = declared if isinstance(declared, list | tuple) else ()
        keyed = {item_key(each): each for each in several if item_key(each)}
        return [live_shown(each, _stated(each, keyed, several), field="[]", item=item) for each in live]
    if isinstance(live, bool) or live is None:
        return live
    if not isinstance(live, str):
        return SENSITIVE if declared is ABSENT else live
    is_secret = isinstance(declared, Secret) or (isinstance(declared, str) and "secret:" in declared)
    is_named = names_credential(field) or (field == "value" and names_credential(item))
    return SENSITIVE if declared is ABSENT or is_secret or is_named or redacted(live) != live else live


def _stated(each: Any, keyed: Mapping[str, Any], several: Any) -> Any:
    """Find what states a live list item: the item of its key, else an equal one."""
    if item_key(each):
        return keyed.get(item_key(each), ABSENT)
    return each if each in several else ABSENT
