"""Decide what happens to an object that git wants absent: it ends by consent alone, whatever it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.impact import impact_of_carrier
from reconciler.plan.change import Action, Change
from reconciler.plan.known import Known
from reconciler.resource import Life, Live, ResourceKey, Summary


def decide_absent(change: Change, holders: Sequence[Summary], live: Live, known: Known) -> Change:
    """Decide one declared object whose manifest says `state: Absent`, from the rows that hold its name."""
    standing = [row for row in holders if row.life is not Life.LEAVING]
    if not standing:
        reason = f"is going away ({holders[0].phase})" if holders else "absent, as declared"
        return replace(change, action=Action.KEEP, reason=reason)
    if len(standing) > 1:
        ids = ", ".join(row.id for row in standing)
        reason = f"{len(standing)} live objects hold this name ({ids}); none is touched"
        return replace(change, action=Action.REFUSED, reason=reason)
    observed = live.details.get(standing[0].id)
    if observed is None:
        return replace(change, reason="its detail could not be read")
    change = replace(change, observed=observed, impact=impact_of_carrier(observed), is_destructive=True)
    if change.resource is not None and change.resource.lifecycle.protect:
        return replace(
            change,
            action=Action.REFUSED,
            reason="protected: state is Absent, and protect is true",
            hint="lifecycle.protect: false in git lets it be deleted",
        )
    if known.consents.allows_delete(change.key):
        return replace(change, action=Action.DELETE, reason=_how(change))
    return replace(
        change,
        action=Action.REFUSED,
        reason=_how(change),
        hint=f"To delete it, once: reconciler apply --allow delete={change.key}",
        consent=f"delete={change.key}",
    )


def _how(change: Change) -> str:
    is_forced = change.resource is not None and change.resource.lifecycle.force
    how = "at once, by force" if is_forced else "once it has cleaned up"
    return f"git wants it absent; deleted {how}"


def keep_carriers(changes: Mapping[ResourceKey, Change]) -> dict[ResourceKey, Change]:
    """Refuse to end what still carries objects that other manifests declare."""
    needed: dict[tuple[str, str], list[ResourceKey]] = {}
    for key, change in changes.items():
        if change.resource and not change.resource.is_absent and change.scope and change.scope.cluster_id:
            needed.setdefault((key.target, change.scope.cluster_id.lower()), []).append(key)
    return {key: _kept(change, needed) for key, change in changes.items()}


def _kept(change: Change, needed: Mapping[tuple[str, str], Sequence[ResourceKey]]) -> Change:
    """Refuse one end, naming what is declared on it; no consent overrules git's contradiction."""
    is_ending = change.resource is not None and change.resource.is_absent and change.observed is not None
    if not is_ending or change.observed is None:
        return change
    on_it = needed.get((change.key.target, change.observed.id.lower()), ())
    if not on_it:
        return change
    some = ", ".join(str(key) for key in on_it[:3]) + (", ..." if len(on_it) > 3 else "")
    return replace(
        change,
        action=Action.REFUSED,
        reason=f"manifests still declare {len(on_it)} on it: {some}",
        hint="remove those manifests first",
        consent="",
    )
