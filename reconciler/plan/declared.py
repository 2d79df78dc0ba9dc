"""Decide what happens to one declared object, from what is live under its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.diff import Comparison, Recorded, compare
from reconciler.impact import impact_of
from reconciler.kind import Kind
from reconciler.mark import Owner
from reconciler.plan.absent import decide_absent
from reconciler.plan.adopt import as_claimed, refuse_claim, without_claim
from reconciler.plan.change import Action, Change, FieldChange
from reconciler.plan.finished import decide_again, decide_ended, waits_for_the_end
from reconciler.plan.follow import met_by, with_met
from reconciler.plan.gone import decide_not_there
from reconciler.plan.known import Age, Known, declared_spec, mark_for
from reconciler.plan.stopped import decide_halted, decide_over, decide_stopped, is_resumed_by_git
from reconciler.resource import Life, Live, Observed, Resource, ScopeRead, Summary

_PUT_BACK = "it is never replaced: write in git what is live"
_ONE_NAME = "take metadata.renamedFrom out, or remove one of them on the platform"
_ONE_OBJECT = "end the one that is not wanted on the platform; the next apply takes care of the other"

_NEVER = Age()
_LONG_AGO = Age("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z")


@dataclass(frozen=True, slots=True)
class _Case:
    """Carry what every rule looks at."""

    resource: Resource
    kind: Kind
    known: Known


def decide(resource: Resource, live: Live, known: Known) -> Change:
    """Decide one declared object's action. The first rule that fits wins."""
    kind = known.kinds[(resource.key.target, resource.key.kind)]
    read = live.scopes.get(resource.key.scope)
    resource = with_met(resource, kind, read)
    case = _Case(resource, kind, known)
    change = Change(
        key=resource.key,
        action=Action.UNKNOWN,
        resource=resource,
        kind=kind,
        scope=read.scope if read else None,
        needs=(*resource.depends_on, *resource.follows),
        follows=frozenset(resource.follows) - {*resource.depends_on},
        gpus=kind.gpus(resource.spec),
        source=resource.source,
        mark=mark_for(resource, kind, known),
    )
    if read is None or read.unknown:
        why = read.unknown if read else "the scope was not read"
        return replace(change, reason=why)
    if doubt := read.doubtful.get(str(resource.key)):
        return replace(change, reason=doubt)
    holders = _holders(read, live, case)
    standing = [row for row in holders if row.life is not Life.LEAVING]
    former = [row for row in read.named(resource.renamed_from) if _had_name(row, resource)]
    if standing and former:
        return _refused(
            change, f'"{former[0].key.name}" and "{resource.key.name}" are both there', hint=_ONE_NAME
        )
    standing = standing or former
    if resource.is_absent:
        return decide_absent(change, holders, live, known)
    if not standing:
        return decide_not_there(change, read, holders, live, known)
    return _standing(change, standing, live, case)


def asks_git(resource: Resource, live: Live, known: Known) -> bool:
    """Tell whether it hangs on git's memory alone what becomes of a declared job that is not there."""
    read = live.scopes.get(resource.key.scope)
    kind = known.kinds[resource.key.target, resource.key.kind]
    if read is None or not kind.ends(resource.spec):
        return False
    standing = [
        row
        for row in read.named(resource.key.name)
        if row.life is not Life.LEAVING and not _is_others_history(row, kind, known)
    ]
    if any(row.key.kind == resource.key.kind for row in standing):
        return False
    freed = {
        row.id: Change(row.key, Action.DELETE) for row in standing
    }  # by this plan, or nothing hangs on it
    answers = ({resource.key: age} for age in (_NEVER, _LONG_AGO))
    facts = (replace(known, ages=ages, removals=freed) for ages in answers)
    return len({decide(resource, live, each).action for each in facts}) > 1


def _had_name(row: Summary, resource: Resource) -> bool:
    """Tell whether a row of the name that the object is renamed from is that object."""
    return row.key.kind == resource.key.kind and row.life is not Life.LEAVING


def _holders(read: ScopeRead, live: Live, case: _Case) -> list[Summary]:
    """List the rows that hold the name. Where names may repeat, a copy without our mark stands aside."""
    found = [row for row in read.named(case.resource.key.name) if _holds_name(row, case)]
    if case.kind.name_space or case.resource.lifecycle.adopt:
        return found
    ours = [row for row in found if case.known.owner(live.details.get(row.id, row)) is Owner.OURS]
    return ours if case.kind.support.carries_mark and ours else found


def _holds_name(row: Summary, case: _Case) -> bool:
    """Tell whether a row of this name holds it: the same key, or another kind in the same name space.

    Where the platform lets names repeat, what somebody else submitted holds none, and no more does the end of
    another fleet's run, whose row stays for ever; unless it is claimed.
    """
    other, name_space = case.known.kind_of(row.key), case.kind.name_space
    if name_space:
        return other is None or other.name_space == name_space or row.key.kind == case.resource.key.kind
    is_claimed = row.id == case.resource.lifecycle.adopt or case.known.asks_to_adopt(row.key)
    holds = row.is_by_us and not _is_others_history(row, case.kind, case.known)
    return row.key.kind == case.resource.key.kind and (holds or is_claimed)


def _is_others_history(row: Summary, kind: Kind, known: Known) -> bool:
    """Tell whether a row only shows how a run of another fleet ended."""
    has_ended = row.life in (Life.FINISHED, Life.FAILED, Life.STOPPED)
    return kind.support.keeps_ended and has_ended and known.owner(row) is Owner.FOREIGN


def _standing(change: Change, rows: Sequence[Summary], live: Live, case: _Case) -> Change:
    if len(rows) > 1:
        ids = ", ".join(row.id for row in rows)
        why = f"{len(rows)} live objects hold this name ({ids}); neither is touched"
        return _refused(change, why, hint=_ONE_OBJECT)
    row = rows[0]
    if row.key.kind != change.key.kind:
        return _of_another_kind(change, row, live, case)
    observed = live.details.get(row.id)
    if observed is None:
        return replace(change, reason="its detail could not be read")
    return _owned(replace(change, observed=observed), observed, case)


def _of_another_kind(change: Change, row: Summary, live: Live, case: _Case) -> Change:
    """Decide what is declared under a name that another kind still holds: its turn comes as that one goes."""
    removal = case.known.removals.get(row.id)
    if removal is None:
        reason = f"the name is held by {row.key} (made by {row.submitted_by or 'somebody'})"
        return _refused(change, reason, hint="rename the manifest, or remove that one first")
    if removal.action is not Action.DELETE:
        why = removal.reason or "it is not deleted"
        return _refused(
            change, f"the name is held by {row.key}, which stays: {why}", hint=_to_free(removal, case.known)
        )
    made = decide_not_there(change, live.scopes[change.key.scope], (), live, case.known)
    if made.action is not Action.CREATE:
        return made
    return replace(made, reason=f"takes the name of {row.key}, which this plan deletes first", holder=row)


def _to_free(removal: Change, known: Known) -> str:
    """Say how a name gets free whose object stays though its manifest is gone."""
    if not known.prune.is_on:
        return "let a whole apply delete that one first, or rename the manifest"
    return removal.hint or "rename the manifest, or remove that one first"


def _owned(change: Change, observed: Observed, case: _Case) -> Change:
    """Decide an object that may be touched only if it is ours, or claimed."""
    if not case.kind.support.carries_mark:
        return _ours(change, observed, case)
    if case.known.owner(observed) is Owner.OURS:
        return without_claim(_ours(change, observed, case))
    if refusal := refuse_claim(change, observed, case.known):
        return refusal
    unmarked = replace(observed, mark=None)  # a copied mark tells of another
    return as_claimed(_ours(change, unmarked, case), observed)


def _ours(change: Change, observed: Observed, case: _Case) -> Change:
    comparison = compare_with(observed, case.resource, case.kind)
    fields = tuple(replace(c, place=case.resource.place(c.pointer)) for c in comparison.changes)
    change = replace(change, fields=fields, kept=comparison.kept)
    if decided := _by_state(change, comparison, observed, case):
        return decided
    life = observed.summary.life
    if not fields:
        waits = waits_for_the_end(change, observed, case.known) if case.kind.ends(observed.spec) else ""
        return replace(change, action=Action.KEEP, reason=waits or _state_note(observed))
    if all(field.in_place for field in fields) and life is Life.ACTIVE:
        return replace(change, action=Action.UPDATE, reason=_why(fields))
    return _immutable(change, comparison, observed, case)


def _by_state(change: Change, comparison: Comparison, observed: Observed, case: _Case) -> Change | None:
    """Decide an object by what it does or shall do; None where its spec decides."""
    life, ends, known = observed.summary.life, case.kind.ends(observed.spec), case.known
    if case.resource.is_stopped:
        return decide_stopped(change, observed, known)
    if ends and life in (Life.FINISHED, Life.FAILED):
        spec_changed = bool(change.fields) and not comparison.only_secret_values
        return decide_ended(change, observed, known, spec_changed=spec_changed)
    if life is Life.UNKNOWN:
        reason = f'phase "{observed.summary.phase}" is not one we know'
        return replace(change, action=Action.UNKNOWN, reason=reason)
    if life is not Life.STOPPED:
        return None
    keeps_secret = comparison.only_secret_values and case.resource.lifecycle.on_secret_change == "Keep"
    if change.keeps_ended:
        return (decide_again(change, observed, known) if ends else None) or decide_over(
            change, observed, known
        )
    halted = decide_halted(change, observed, known, is_same=not change.fields or keeps_secret)
    waits = waits_for_the_end(change, observed, known) if ends and halted else ""
    return replace(halted, reason=f"{halted.reason}; {waits}") if halted and waits else halted


def compare_with(observed: Observed, resource: Resource, kind: Kind) -> Comparison:
    """Compare one live object with its manifest, both made canonical here."""
    record = Recorded(
        spec=None if observed.record is None else kind.canonical(observed.record),
        paths=observed.record_paths or (),
    )
    found = compare(
        declared_spec(resource, kind),
        kind.canonical(observed.spec),
        record,
        kind=kind,
        ignore=(*resource.lifecycle.ignore, *met_by(observed, resource, kind)),
        stage=observed.stage,
    )
    return replace(found, changes=(*_renaming(observed, resource), *found.changes))


def _renaming(observed: Observed, resource: Resource) -> tuple[FieldChange, ...]:
    """Give the change of a name, where the live object still has the former one."""
    was, will = observed.key.name, resource.key.name
    return (FieldChange("/metadata/name", was, will, origin="git", in_place=True),) if was != will else ()


def _state_note(observed: Observed) -> str:
    life = observed.summary.life
    if life is Life.FAILED:
        return f"failed: {observed.summary.reason or observed.summary.message or observed.summary.phase}"
    return ""


def _immutable(change: Change, comparison: Comparison, observed: Observed, case: _Case) -> Change:
    """Decide where a field differs that the platform cannot change in place."""
    lifecycle, kind = case.resource.lifecycle, case.kind
    forcing = [field.pointer for field in change.fields if not field.in_place] or [change.fields[0].pointer]
    why = f"{kind.platform or kind.provider} cannot change {', '.join(forcing)} of a {kind.name}"
    if not kind.support.replaces:
        return _refused(
            change, why, hint=f"{_PUT_BACK}, or stop comparing it: lifecycle: {{ignore: {_listed(forcing)}}}"
        )
    impact = impact_of(observed.summary, observed.spec, kind)
    change = replace(change, impact=impact, is_destructive=True)
    if comparison.only_secret_values and lifecycle.on_secret_change == "Keep":
        kept = replace(change, impact=None, is_destructive=False)
        return replace(kept, action=Action.KEEP, reason="secret changed; takes effect at the next run")
    holds_nothing = observed.summary.life is Life.FAILED
    if holds_nothing and kind.support.keeps_ended:
        return change.anew(f"failed, and its spec changed: {', '.join(forcing)}")
    if lifecycle.protect:
        return _refused(
            change, f"protected: {why}", hint="lifecycle.protect: false in git lets it be replaced"
        )
    wanted = lifecycle.on_immutable_change == "Replace" or (
        comparison.only_secret_values and lifecycle.on_secret_change == "Replace"
    )
    if is_resumed_by_git(change, observed, case.known) and not impact.lost_volumes:
        wanted, why = True, f"new spec on resume; {why}"
    if wanted or holds_nothing or case.known.consents.allows_replace(change.key):
        return replace(change, action=Action.REPLACE, reason=why, is_destructive=not holds_nothing)
    return replace(
        _refused(change, why),
        hint="To replace it: lifecycle.onImmutableChange: Replace in git,\n"
        f"or once: reconciler apply --allow replace={change.key}",
        consent=f"replace={change.key}",
    )


def _listed(pointers: Sequence[str]) -> str:
    return f"[{', '.join(pointers)}]"


def _refused(change: Change, reason: str, *, hint: str = "") -> Change:
    return replace(change, action=Action.REFUSED, reason=reason, hint=hint)


def _why(fields: Sequence[FieldChange]) -> str:
    if all(field.is_sensitive and field.origin == "live" for field in fields):
        return "secret rotated, or changed live"
    origins = {field.origin for field in fields}
    if "both" in origins or origins >= {"git", "live"}:
        return "changed in git and live"
    return {"git": "changed in git", "live": "changed live"}.get("".join(origins), "")
