"""Write values of specs, and the keys they belong to, without ever showing a sensitive one."""

from __future__ import annotations

import json
from typing import Any

from reconciler.plan.change import ABSENT, FieldChange
from reconciler.plan.shown import masked, masked_leaf
from reconciler.report.safe import cut, line
from reconciler.resource import ResourceKey
from reconciler.secret import SENSITIVE

LONGEST = 160


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
    return before, "(sensitive, changed)" if before == SENSITIVE else str(masked_leaf(change.after))


def key_text(key: ResourceKey, targets: int = 1) -> str:
    """Write a key; with its target only where the fleet has several."""
    return line(key.full if targets > 1 else str(key))
