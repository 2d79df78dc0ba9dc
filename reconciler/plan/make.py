"""Make the plan: one decision for each declared object, one for each that lost its manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.order import waves
from reconciler.plan.absent import keep_carriers
from reconciler.plan.change import Action, Change, Plan
from reconciler.plan.declared import decide
from reconciler.plan.digest import digest_plan
from reconciler.plan.known import Known
from reconciler.plan.needed import keep_needed, keep_under
from reconciler.plan.removed import decide_removed, disowned, owned_rows, removed, strangers
from reconciler.plan.stopped import is_standing_still
from reconciler.plan.timely import in_time
from reconciler.problem import Problem, Severity
from reconciler.resource import Life, Live, Resource, ResourceKey


def make_plan(desired: Sequence[Resource], lives: Mapping[str, Live], known: Known) -> Plan:
    """Decide every action, from values alone: the same input gives the same plan, to the byte.

    `desired` may be narrowed; then `known.prune` is off. Changes come out sorted by key.
    """
    declared = frozenset(resource.key for resource in desired)
    gone = keep_under([decide_removed(row, lives, known) for row in removed(lives, declared, known)], known)
    known = replace(known, removals={change.observed.id: change for change in gone if change.observed})
    decided = [decide(one, lives.get(one.key.target, Live(one.key.target)), known) for one in desired]
    changes = {change.key: in_time(change, known) for change in decided}
    changes = _held_back(keep_carriers(changes), known)
    if not known.prune.is_listed:
        gone = []
    ordered = tuple(sorted([*changes.values(), *gone], key=lambda change: change.key))
    plan = Plan(
        fleet_id=known.fleet_id,
        fleet=known.fleet,
        changes=ordered,
        strangers=strangers(lives, declared, known, {c.observed.id for c in ordered if c.observed}),
        unknown=_unknown(lives),
        prune=known.prune,
        notes=(*_notes(lives, known), *_idle_consents(ordered, known)),
        commit=known.commit,
        branch=known.branch,
        is_edited=known.is_edited,
        targets=tuple(sorted(lives)),
        read_count=sum(len(read.rows) for live in lives.values() for read in live.scopes.values()),
        owned=len(owned_rows(lives, known)),
        disowned=disowned(lives, known),
        read_at=max(known.times.values(), default=None),
        declared=len(desired),
    )
    return replace(plan, digest=digest_plan(plan))


def _unknown(lives: Mapping[str, Live]) -> dict[str, str]:
    return {
        f"{target}:{name}": read.unknown
        for target, live in sorted(lives.items())
        for name, read in sorted(live.scopes.items())
        if read.unknown
    }


def _held_back(decided: Mapping[ResourceKey, Change], known: Known) -> dict[ResourceKey, Change]:
    """Hold back by needs, both ways: who needs something, and who is needed by what is held back thereby."""
    kept, settled = dict(decided), _by_needs(decided)
    while (more := keep_needed(decided, settled, known)) != kept:
        kept, settled = more, _by_needs(more)
    return settled


def _by_needs(changes: Mapping[ResourceKey, Change]) -> dict[ResourceKey, Change]:
    """Hold back what needs a refused, unknown or unfinished thing, wave by wave."""
    settled = dict(changes)
    for wave in waves({key: change.needs for key, change in changes.items()}):
        for key in wave:
            settled[key] = _held(settled[key], settled)
    return settled


def _held(change: Change, others: Mapping[ResourceKey, Change]) -> Change:
    if not change.action.writes or change.action in (Action.STOP, Action.DELETE):
        return change
    for need in change.needs:
        other = others.get(need)
        if other is None:
            continue
        if other.action in (Action.REFUSED, Action.UNKNOWN):
            return replace(change, action=Action.REFUSED, reason=f"needs {need}, which is {other.action}")
        if why := _not_yet(other, is_awaited=need not in change.follows):
            return replace(change, action=Action.DEFERRED, reason=f"needs {need}{why}")
    return change


def _not_yet(need: Change, *, is_awaited: bool) -> str:
    """Say why what needs this has to wait for a later apply; "" where it has not.

    `is_awaited`: by us, and not by the platform.
    """
    if is_standing_still(need):
        return ", which is stopped"
    if need.action is Action.KEEP and _has_failed(need):
        return ", which failed"
    if is_awaited and _finishes(need) and not _is_finished(need):
        return " to finish first"
    return ", which is deferred" if need.action is Action.DEFERRED else ""


def _has_failed(change: Change) -> bool:
    return change.observed is not None and change.observed.summary.life is Life.FAILED


def _finishes(change: Change) -> bool:
    spec = change.resource.spec if change.resource else change.observed.spec if change.observed else None
    return change.kind is not None and change.kind.ends(spec)


def _is_finished(change: Change) -> bool:
    if change.action is not Action.KEEP:
        return False
    return change.observed is None or change.observed.summary.life is Life.FINISHED


def _notes(lives: Mapping[str, Live], known: Known) -> Iterable[Problem]:
    if not known.prune.is_on:
        yield Problem("RC301", f"nothing is pruned: {known.prune.why}", severity=Severity.NOTE)
    newer = {
        row.mark.commit: row.mark.commit_time
        for row in owned_rows(lives, known)
        if row.mark and known.has_history and row.mark.commit and not known.ancestors.get(row.mark.commit)
    }
    for commit, time in sorted(newer.items()):
        if time <= known.commit_time:
            what = f"a live mark names commit {commit[:7]}, which is not in HEAD's history"
            yield Problem("RC306", what, hint=_where(commit, known), severity=Severity.NOTE)


def _where(commit: str, known: Known) -> str:
    """Say where a commit is that HEAD's history lacks, and the way out."""
    if commit not in known.branches:
        return ""
    branch, until = known.branches[commit], "until then what it made is not pruned"
    if branch is None:
        return f"this clone does not have it: fetch all branches (git fetch --all); {until}"
    if not branch:
        return "no branch has it any more (amended, or rebased away): --allow delete=KEY prunes what it made"
    return f'branch "{branch}" has it: merge that, or plan from there; {until}'


def _idle_consents(changes: Sequence[Change], known: Known) -> Iterable[Problem]:
    """Warn of consents that name no object of the plan: most likely they are misspelt."""
    words = [("replace", key) for key in known.consents.replace]
    words += [("delete", key) for key in known.consents.delete]
    for word, named in words:
        if not any(change.key.answers_to(named) for change in changes):
            what = f"--allow {word}={named} names no object of this plan"
            hint = "a key is KIND/NAME or SCOPE/KIND/NAME"
            yield Problem("RC314", what, hint=hint, severity=Severity.WARNING)


def newer_work(lives: Mapping[str, Live], known: Known) -> tuple[Problem, ...]:
    """Find marks made by a commit that HEAD's history lacks and that is later than HEAD.

    An old CI job run again must not undo newer work; `--allow older-commit` consents.
    """
    if not known.has_history or "older-commit" in known.consents.flags:
        return ()
    marks = [row.mark for row in owned_rows(lives, known) if row.mark and row.mark.commit]
    newer = [m for m in marks if not known.ancestors.get(m.commit) and m.commit_time > known.commit_time]
    if not newer:
        return ()
    last = max(newer, key=lambda mark: mark.commit_time)
    return (
        Problem(
            "RC307",
            f"{len(newer)} live objects come from newer work: commit {last.commit[:7]} of {last.commit_time}",
            why=f"HEAD is {known.commit[:7]} of {known.commit_time} and does not contain it",
            hint="run the newest pipeline instead, or consent with --allow older-commit",
        ),
    )
