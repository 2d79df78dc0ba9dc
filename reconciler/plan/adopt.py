"""Adoption: claim a live object that carries nobody's mark, by its id in git or once by its name. Pure.

Where the kind lets our mark be written, one update writes it and the object is ours. Where it does not,
git's line is all that claims it: it is never pruned, and nothing tells which run of a job it was.
`--adopt` leaves nothing behind but the mark, so it is for what can be marked now, and ends nothing.
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
    is_asked = known.asks_to_adopt(change.key)
    if named == observed.id or (is_asked and not named and _can_write(change, observed)):
        return None
    claim = f"to claim it, in git: {_line(observed)}"
    if named:
        reason = f"{owner.value}: lifecycle.adopt names {named}, but live is {observed.id}, made by {maker}"
        return _refused(change, reason, hint=f"{claim},\nor take the line out and rename the manifest")
    if is_asked:
        return _refused(
            change, f"{owner.value}: made by {maker}, {_unwritable(change, observed)}", hint=claim
        )
    why = "its mark was copied from another object" if owner is Owner.COPIED else "it carries no mark"
    if _can_write(change, observed):
        claim += f",\nor once: reconciler apply --adopt {change.key}"
    hint = f"rename the manifest, or remove the live object;\n{claim}"
    return _refused(change, f"{owner.value}: made by {maker}, {why}", hint=hint)


def as_claimed(decided: Change, observed: Observed) -> Change:
    """Make what was decided about a claimed object an adoption, where our mark can be written on it."""
    adopted, is_in_git = replace(decided, is_adopted=True), _adopted_id(decided) == observed.id
    is_kept = decided.action is Action.KEEP and not decided.fields
    if _can_write(decided, observed) and (is_kept or decided.action is Action.UPDATE):
        claim, maker = "lifecycle.adopt" if is_in_git else "--adopt", observed.summary.submitted_by
        reason = f"{claim} claims it (made by {maker or 'somebody'}); our mark is written on it"
        return replace(adopted, action=Action.ADOPT, reason=reason)
    if (decided.action.recreates or decided.action.destroys) and not is_in_git:
        reason = f"--adopt ends nothing, and {decided.reason}"
        return _refused(decided, reason, hint=f"to let it be replaced, claim it in git: {_line(observed)}")
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


def refuse_nothing(change: Change, known: Known) -> Change | None:
    """Refuse to create what `--adopt` says is there; None where it does not name it."""
    if not known.asks_to_adopt(change.key):
        return None
    return _refused(
        change, "nothing to adopt: no live object has this name", hint="leave --adopt out to create it"
    )


def _can_write(change: Change, observed: Observed) -> bool:
    """Tell whether our mark can be written on a live object, now, and counts there."""
    rewritable = change.kind is not None and change.kind.support.mark_rewritable
    return rewritable and observed.summary.is_by_us and observed.summary.life is Life.ACTIVE


def _unwritable(change: Change, observed: Observed) -> str:
    if not observed.summary.is_by_us:
        return "and a mark counts only on what the fleet's own account submitted"
    if change.kind is not None and change.kind.support.mark_rewritable:
        return f"and no mark is written while it is {observed.summary.phase}"
    return f"and no mark can be written on a live {change.key.kind}"


def _line(observed: Observed) -> str:
    return f"lifecycle: {{adopt: {observed.id}}}"


def _adopted_id(change: Change) -> str:
    return change.resource.lifecycle.adopt if change.resource else ""


def _refused(change: Change, reason: str, *, hint: str = "") -> Change:
    return replace(change, action=Action.REFUSED, reason=reason, hint=hint)
