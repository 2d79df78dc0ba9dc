"""What of a plan's values may be shown: everything but secrets, in the shape that JSON has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.plan.change import ABSENT, FieldChange
from reconciler.secret import SENSITIVE, Secret


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
