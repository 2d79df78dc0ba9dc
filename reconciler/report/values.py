"""Write values of specs, and the keys they belong to, without ever showing a sensitive one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.plan.change import ABSENT, FieldChange
from reconciler.report.safe import cut, line
from reconciler.resource import ResourceKey
from reconciler.secret import SENSITIVE, Secret

LONGEST = 160


def masked(value: Any) -> Any:
    """Give a JSON-like tree with `(sensitive)` in the place of every secret."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    return value


def value_text(value: Any, *, limit: int = LONGEST) -> str:
    """Write one value: plain words bare, everything else as JSON."""
    if value is ABSENT:
        return "(absent)"
    shown = masked(value)
    if isinstance(shown, str) and shown and shown == shown.strip() and shown not in ("null", "true", "false"):
        return cut(line(shown), limit)
    return cut(line(json.dumps(shown, ensure_ascii=False, sort_keys=True)), limit)


def sides(change: FieldChange, *, limit: int = LONGEST) -> tuple[str, str]:
    """Write both sides of a field change, live first; a sensitive one says only whether it is there."""
    if not change.is_sensitive:
        return value_text(change.before, limit=limit), value_text(change.after, limit=limit)
    before = "(absent)" if change.before is ABSENT else SENSITIVE
    if change.after is ABSENT:
        return before, "(absent)"
    return before, "(sensitive, changed)" if before == SENSITIVE else str(_masked_leaf(change.after))


def _masked_leaf(value: Any) -> Any:
    """Give the word for a sensitive value: what a Secret says of itself, `(sensitive)` for all else."""
    return str(value) if isinstance(value, Secret) else SENSITIVE


def json_sides(change: FieldChange) -> tuple[Any, Any]:
    """Give both sides of a field change for a JSON document: None where there is no value."""
    hide = _masked_leaf if change.is_sensitive else masked
    return tuple(None if side is ABSENT else hide(side) for side in (change.before, change.after))  # type: ignore[return-value]  # two sides in, two out


def key_text(key: ResourceKey, targets: int = 1) -> str:
    """Write a key; with its target only where the fleet has several."""
    return line(key.full if targets > 1 else str(key))
