"""Decide what happens to an object of ours that no manifest declares any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.impact import impact_of
from reconciler.mark import Mark, Owner
from reconciler.plan.change import Action, Change, Stranger
from reconciler.plan.known import Known, Policy
from reconciler.plan.stopped import has_stopped, stop
from reconciler.problem import Location
from reconciler.resource import EMPTY, Life, Live, Observed, ResourceKey, Summary


def removed(lives: Mapping[str, Live], declared: frozenset[ResourceKey], known: Known) -> Iterator[Summary]:
    """Find live objects that carry our mark as their own and have no manifest."""
    for live in lives.values():
        for row in _rows(live):
            owned = known.owner(live.details.get(row.id, row)) is Owner.OURS
            is_over = row.life is Life.LEAVING or _is_history(row, known)
            if owned and row.key not in declared and not is_over:
                yield row


def _is_history(row: Summary, known: Known) -> bool:
    """Tell whether a row only tells of what has ended: it holds nothing, and nobody may take it away."""
    kind = known.kind_of(row.key)
    has_ended = row.life in (Life.FINISHED, Life.FAILED, Life.STOPPED)
    return has_ended and kind is not None and kind.support.keeps_ended


def strangers(
    lives: Mapping[str, Live], declared: frozenset[ResourceKey], known: Known, judged: Collection[str] = ()
) -> tuple[Stranger, ...]:
    """List live objects that are not ours and that no manifest names; `judged` are ids with a change.

    Where names may repeat, a manifest names one object alone, and others of its name are strangers.
    """
    found = []
    for live in lives.values():
        for row in _rows(live):
            owner, kind = known.owner(live.details.get(row.id, row)), known.kind_of(row.key)
            is_named = row.key in declared and (kind is None or bool(kind.name_space))
            is_told = is_named or row.id in judged
            if owner is not Owner.OURS and not is_told and _could_be_ours(row, known):
                found.append(Stranger(row.key, owner.value, row.phase, row.submitted_by))
    return tuple(sorted(found, key=lambda one: (one.key, one.owner, one.phase, one.submitted_by)))


def _could_be_ours(row: Summary, known: Known) -> bool:
    """Tell whether a mark could be on it: what is claimed by being declared is nobody's otherwise."""
    kind = known.kind_of(row.key)
    return kind is None or kind.support.carries_mark


def _rows(live: Live) -> Iterator[Summary]:
    """Give all rows, each with its mark: some lists show none, then the detail has it."""
    for read in live.scopes.values():
        for row in () if read.unknown else read.rows:
            detail = live.details.get(row.id)
            yield replace(row, mark=detail.mark) if detail and not row.mark else row


def decide_removed(row: Summary, lives: Mapping[str, Live], known: Known) -> Change:
    """Decide one object that git no longer declares. Whatever is not plainly allowed is kept."""
    live = lives[row.key.target]
    observed = live.details.get(row.id)
    mark = (observed.mark if observed else None) or row.mark
    change = Change(
        key=row.key,
        action=Action.KEEP,
        observed=observed or Observed(summary=row, spec=EMPTY, mark=row.mark),
        kind=known.kind_of(row.key),
        scope=live.scopes[row.key.scope].scope,
        gpus=row.gpus,
        source=_stood(mark, known.last_policies.get(row.key), known),
    )
    if mark is None:
        return change
    if not known.prune.is_on:
        return replace(change, reason=f"not pruned: {known.prune.why}")
    namesakes = live.scopes[row.key.scope].named(row.key.name)
    twins = [one.id for one in namesakes if _is_twin(one, row, live, known)]
    if twins and not known.consents.allows_delete(row.key):
        ids, consent = ", ".join(sorted((row.id, *twins))), f"delete={row.key}"
        why = f"{len(twins) + 1} live objects hold this name ({ids}); neither is touched"
        hint = f"to delete them all: reconciler apply --allow {consent}"
        return replace(change, reason=why, hint=hint, consent=consent)
    return _by_policy(change, row, mark, known)


def _is_twin(one: Summary, row: Summary, live: Live, known: Known) -> bool:
    """Tell whether another live object of ours has the key of a row: nobody can say which one git meant."""
    is_over = one.life is Life.LEAVING or _is_history(one, known)
    owner = known.owner(live.details.get(one.id, one))
    return one.id != row.id and one.key == row.key and not is_over and owner is Owner.OURS


def _by_policy(change: Change, row: Summary, mark: Mark, known: Known) -> Change:
    allowed = known.consents.allows_delete(row.key)
    is_live = row.life in (Life.ACTIVE, Life.UNKNOWN)
    last = known.last_policies.get(row.key)
    policy = last or _more_protective(mark, known.default_on_remove)
    consent = f"delete={row.key}"
    hint = f"to delete it: reconciler apply --allow {consent}"
    keep = replace(change, hint=hint, consent=consent)
    if row.life is Life.UNKNOWN:
        return replace(change, reason=f'its phase "{row.phase}" is not one we know')
    if policy.protect or policy.on_remove not in ("Delete", "Stop"):
        why = "protected (lifecycle.protect)" if policy.protect else f"onRemove: {policy.on_remove}"
        return replace(change, reason=why)
    if policy.on_remove == "Stop":
        return _stopped(change, row, mark, known, is_proven=last is not None)
    if known.has_history and not known.ancestors.get(mark.commit, False) and not allowed:
        return replace(keep, reason=_by_another(mark))
    if last is None and is_live and not allowed:
        return replace(keep, reason="git history does not know its manifest, and it is live")
    impact = impact_of(row, change.observed.spec if change.observed else EMPTY, change.kind)
    return replace(
        change,
        action=Action.DELETE,
        needs=policy.needs,
        reason=_why_gone(mark, known),
        impact=impact,
        is_destructive=is_live,
        removed_by=last.removed_by if last else "",
    )


def _stopped(change: Change, row: Summary, mark: Mark, known: Known, *, is_proven: bool) -> Change:
    """Stop what git no longer declares and says to stop, once, on the proof that a delete would need.

    `is_proven`: git's history knows the manifest that says so.
    """
    if row.life in (Life.FINISHED, Life.FAILED):
        return replace(change, reason=row.life.value)
    if change.observed is not None and has_stopped(change.observed):
        return replace(change, reason="stopped")
    if change.kind is None or not change.kind.support.stops:
        return replace(change, reason=f"onRemove: Stop, and kind {row.key.kind} cannot be stopped")
    if known.has_history and not known.ancestors.get(mark.commit, False):
        return replace(change, reason=f"onRemove: Stop; {_by_another(mark)}")
    if not is_proven or change.observed is None:
        return replace(
            change, reason="onRemove: Stop; git history does not know its manifest, and it is live"
        )
    last = known.last_policies[row.key]
    halted = stop(change, change.observed, f"onRemove: Stop; {_why_gone(mark, known)}")
    return replace(halted, removed_by=last.removed_by)


def _stood(mark: Mark | None, last: Policy | None, known: Known) -> Location | None:
    """Give the file that declared it, as a reader of this run would type it."""
    if mark is None:
        return None
    if not mark.path:  # some marks have no room for it: git may know
        return Location(last.file) if last and last.file else None
    kept = {path: file for file, path in known.paths.items()}
    return Location(kept.get(mark.path) or known.shown.get(mark.path, mark.path))


def _why_gone(mark: Mark, known: Known) -> str:
    return (
        "its manifest no longer declares it" if mark.path in known.paths.values() else "its manifest is gone"
    )


def _by_another(mark: Mark) -> str:
    if not mark.commit:
        return "made outside git, so that HEAD's history does not tell of it"
    return f"made by commit {mark.commit[:7]}, which is not in HEAD's history"


def _more_protective(mark: Mark, default: str) -> Policy:
    order = ("Delete", "Stop", "Keep")
    both = [value if value in order else "Keep" for value in (mark.on_remove, default)]
    return Policy(on_remove=max(both, key=order.index), protect=mark.protect)


def owned_rows(lives: Mapping[str, Live], known: Known) -> Sequence[Summary]:
    """List every live object that is ours, leaving ones left out."""
    return [
        row
        for live in lives.values()
        for row in _rows(live)
        if row.life is not Life.LEAVING and known.owner(live.details.get(row.id, row)) is Owner.OURS
    ]


def disowned(lives: Mapping[str, Live], known: Known) -> dict[str, int]:
    """Count by target what runs with this fleet's mark and was submitted by others, where nothing is ours.

    Copies of somebody, or all that is ours seen by another user than the one who made it.
    """
    ours = {row.key.target for row in owned_rows(lives, known)}
    rows = [row for target, live in lives.items() if target not in ours for row in _rows(live)]
    found = [row.key.target for row in rows if _has_our_mark(row, known) and row.life is Life.ACTIVE]
    return {target: found.count(target) for target in dict.fromkeys(found)}


def _has_our_mark(row: Summary, known: Known) -> bool:
    return row.mark is not None and row.mark.fleet_id == known.fleet_id and not row.is_by_us
