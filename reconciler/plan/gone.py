"""Decide what happens to a declared object that is not there: made, or kept as a run that is over. Pure.

That a job has run to its end is proven by the platform's list of what it has deleted, then by the journal.
Where both are silent, git's memory decides: what is older than the platform's memory has run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.mark import Mark
from reconciler.plan.adopt import is_claim_of, refuse_nothing
from reconciler.plan.change import Action, Change
from reconciler.plan.finished import decide_gone, decide_remembered, decide_unproven
from reconciler.plan.known import Known
from reconciler.plan.stopped import decide_never_there
from reconciler.resource import Deleted, Live, ScopeRead, Summary


def decide_not_there(
    change: Change, read: ScopeRead, leaving: Sequence[Summary], live: Live, known: Known
) -> Change:
    """Decide a declared object of which no row stands. `leaving` are rows that still hold its name."""
    if refusal := refuse_nothing(change, known):
        return refusal
    last = _last(change, read, leaving, live, known)
    ends = change.kind is not None and change.resource is not None and change.kind.ends(change.resource.spec)
    if change.resource is not None and change.resource.is_stopped:
        return decide_never_there(change, _decide_job(change, last, read, live, known) if ends else None)
    if last is not None and last.id == known.half_done.get(change.key.full):
        return replace(change, action=Action.CREATE, reason="resumes a replacement: the old one was deleted")
    reason = f"waits until the old one is gone ({leaving[0].phase})" if leaving else ""
    holder = next((row for row in leaving if row.is_known_kind), None)
    create = replace(change, action=Action.CREATE, reason=reason, holder=holder)
    made = _decide_job(create, last, read, live, known) if ends else create
    is_again = last is not None and (last.mark is not None or _is_by_us(last, read, live, known))
    return replace(made, gone_at=last.deleted_at) if last and is_again and not made.is_new_run else made


def _last(
    change: Change, read: ScopeRead, leaving: Sequence[Summary], live: Live, known: Known
) -> Deleted | None:
    """Give the newest object of this key that is gone, or on its way out; another fleet's is none."""
    for row in leaving:
        mark = live.details.get(row.id, row).mark
        if row.key == change.key and not _is_foreign(mark, known):
            return Deleted(row.key, row.id, None, row.completed_at, mark, row.submitted_by)
    rows = [row for row in read.deleted if row.key == change.key and not _is_foreign(row.mark, known)]
    dated = [row for row in rows if row.deleted_at]
    return max(dated, key=lambda row: row.deleted_at.timestamp() if row.deleted_at else 0.0, default=None)


def _decide_job(create: Change, last: Deleted | None, read: ScopeRead, live: Live, known: Known) -> Change:
    """Decide a job. What is gone without having ended is no finished run, whatever is known of older ones."""
    if last is not None and last.completed_at is None:
        return create
    if last is not None and is_claim_of(create, last.id):
        return decide_gone(create, replace(last, mark=None), known)
    if last is not None and (last.mark is not None or _is_by_us(last, read, live, known)):
        return decide_gone(create, last, known)
    if ran := known.finished.get(create.key.full):
        return decide_remembered(create, ran, known)
    return decide_unproven(create, known)


def _is_by_us(last: Deleted, read: ScopeRead, live: Live, known: Known) -> bool:
    """Tell whether an object that shows no mark was submitted by whom others with our mark were."""
    seen = [(row.submitted_by, live.details.get(row.id, row).mark) for row in read.rows]
    seen += [(row.submitted_by, row.mark) for row in read.deleted]
    us = {by for by, mark in seen if mark and mark.fleet_id == known.fleet_id}
    return bool(last.submitted_by) and last.submitted_by in us


def _is_foreign(mark: Mark | None, known: Known) -> bool:
    return mark is not None and mark.fleet_id != known.fleet_id


def has_left_traces(lives: Mapping[str, Live], known: Known) -> bool:
    """Tell whether a mark, live or deleted, or the journal says that this fleet has applied before."""
    if known.finished or known.half_done:
        return True
    for live in lives.values():
        for read in live.scopes.values():
            marks = [live.details.get(row.id, row).mark for row in read.rows]
            marks += [row.mark for row in read.deleted]
            if any(mark is not None and mark.fleet_id == known.fleet_id for mark in marks):
                return True
    return False
