"""Refuse what a platform would refuse by the time at which it is sent, such as a start that is past. Pure."""

from __future__ import annotations

from dataclasses import replace

from reconciler.plan.change import Action, Change
from reconciler.plan.known import Known
from reconciler.pointer import is_below

_SENDS_ALL = frozenset({Action.CREATE, Action.REPLACE, Action.RERUN})
_SENDS_SOME = frozenset({Action.UPDATE, Action.ADOPT})


def in_time(change: Change, known: Known) -> Change:
    """Refuse a change that would send what has its time; what is live already has had it, and is let be."""
    now = known.times.get(change.key.target)
    if now is None or change.kind is None or change.resource is None:
        return change
    late = [p for p in change.kind.check_sent(change.resource.spec, now) if _is_sent(change, p.pointer)]
    if not late:
        return change
    return replace(
        change,
        action=Action.REFUSED,
        reason=late[0].what,
        hint=late[0].hint,
        impact=None,
        is_destructive=False,
    )


def _is_sent(change: Change, pointer: str) -> bool:
    """Tell whether a change sends what stands at a pointer."""
    touched = any(is_below(pointer, field.pointer) for field in change.fields)
    return change.action in _SENDS_ALL or (change.action in _SENDS_SOME and touched)
