"""Keep what running objects need: it is not replaced under them without consent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.plan.change import Action, Change
from reconciler.plan.consent import Consents
from reconciler.resource import Life, ResourceKey

_SHOWN = 3


def keep_needed(changes: Mapping[ResourceKey, Change], consents: Consents) -> dict[ResourceKey, Change]:
    """Refuse to replace what others need that run on, unless `--allow replace=KEY` names it.

    Who is replaced, stopped or removed by the same plan does not run on. Git's own consent to replace an
    object is none to take it from others.
    """
    return {key: _kept(change, changes, consents) for key, change in changes.items()}


def _kept(change: Change, changes: Mapping[ResourceKey, Change], consents: Consents) -> Change:
    if change.action is not Action.REPLACE or consents.allows_replace(change.key):
        return change
    users = sorted(other.key for other in changes.values() if change.key in other.needs and _runs_on(other))
    if not users:
        return change
    more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
    who = ", ".join(str(key) for key in users[:_SHOWN])
    consent = f"replace={change.key}"
    return replace(
        change,
        action=Action.REFUSED,
        reason=f"{change.reason}; {who}{more} need it and run".removeprefix("; "),
        hint=f"to replace it under them: reconciler apply --allow {consent}",
        consent=consent,
    )


def _runs_on(change: Change) -> bool:
    """Tell whether an object runs now and goes on after this plan."""
    if change.observed is None or change.observed.summary.life is not Life.ACTIVE:
        return False
    return not (change.action.recreates or change.action.destroys)
