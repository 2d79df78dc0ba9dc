"""Adoption: claim a live object that carries nobody's mark, by its platform id in git. Pure.

Where the kind lets our mark be written, one update writes it and the object is ours. Where it does not,
git's line is all that claims it: it is never pruned, and nothing tells which run of a job it was.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.mark import Owner
from reconciler.plan.change import Action, Change
from reconciler.plan.known import Known
from reconciler.resource import Life, Observed

UNWRITABLE = "adopted, no mark can be written"
_STALE = "lifecycle.adopt can go from git: the object carries our mark"


def refuse_claim(change: Change, observed: Observed, known: Known) -> Change | None:
    """Refuse a live object that is not ours and that nothing claims; None where it is claimed.

    Another fleet's is refused whatever git says.
    """
    owner = known.owner(observed)
    if owner is Owner.FOREIGN and observed.mark:
        return _refused(change, f"belongs to fleet {observed.mark.fleet} ({observed.mark.fleet_id[:8]})")
    named, maker = _adopted_id(change), observed.summary.submitted_by or "somebody"
    if named == observed.id:
        return None
    claim = f"to claim it, in git: lifecycle: {{adopt: {observed.id}}}"
    if named:
        reason = f"{owner.value}: lifecycle.adopt names {named}, but live is {observed.id}, made by {maker}"
        return _refused(change, reason, hint=f"{claim}; else take the line out and rename the manifest")
    why = "its mark was copied from another object" if owner is Owner.COPIED else "it carries no mark"
    hint = f"rename the manifest, or remove the live object; {claim}"
    return _refused(change, f"{owner.value}: made by {maker}, {why}", hint=hint)


def as_claimed(decided: Change) -> Change:
    """Make what was decided about a claimed object an adoption, where our mark can be written on it."""
    if decided.observed is None or decided.kind is None:
        return decided
    adopted = replace(decided, is_adopted=True)
    is_kept = decided.action is Action.KEEP and not decided.fields
    can_write = decided.kind.support.mark_rewritable and decided.observed.summary.life is Life.ACTIVE
    if can_write and (is_kept or decided.action is Action.UPDATE):
        maker = decided.observed.summary.submitted_by or "somebody"
        reason = f"lifecycle.adopt claims it (made by {maker}); our mark is written on it"
        return replace(adopted, action=Action.ADOPT, reason=reason)
    if not is_kept:
        return adopted
    return replace(adopted, reason="; ".join(filter(None, [decided.reason, UNWRITABLE])))


def without_claim(decided: Change) -> Change:
    """Say of an object of ours that git need not claim it any more."""
    if not _adopted_id(decided) or decided.action is not Action.KEEP or decided.hint:
        return decided
    return replace(decided, hint=_STALE)


def is_claim_of(change: Change, id_: str) -> bool:
    """Tell whether git claims the object of this id."""
    return bool(id_) and _adopted_id(change) == id_


def _adopted_id(change: Change) -> str:
    return change.resource.lifecycle.adopt if change.resource else ""


def _refused(change: Change, reason: str, *, hint: str = "") -> Change:
    return replace(change, action=Action.REFUSED, reason=reason, hint=hint)
