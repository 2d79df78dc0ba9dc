"""Decide what becomes of a job that has ended: kept as wanted, or run once more. Pure.

A job that has completed is as wanted. It runs again only by `lifecycle.run`, by a `runId` that the ended
run did not have, or because somebody names it with `--run`.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.impact import impact_of
from reconciler.mark import Mark, is_same_digest
from reconciler.plan.change import Action, Change
from reconciler.plan.known import Age, Known, Ran
from reconciler.resource import Deleted, Life, Observed

_RAISE = "To run it again: give lifecycle.runId a new value in git"
_FORGOTTEN = "older than the platform's memory"
SHALLOW = "this clone is shallow: git cannot tell whether it has run"
DEEPEN = "fetch the whole history (git fetch --unshallow; actions/checkout: fetch-depth: 0)"
_UNPROTECT = "lifecycle.protect: false in git lets it run again"


def decide_ended(change: Change, observed: Observed, known: Known, *, spec_changed: bool) -> Change | None:
    """Decide a live job that has ended. `spec_changed`: more differs than secret values.

    None for a failed one that does not run again: it is compared like anything that lives.
    """
    is_failed = observed.summary.life is Life.FAILED
    why = _new_run(change, observed.mark, known, is_failed=is_failed, spec_changed=spec_changed)
    if why:
        return _again(change, observed, why)
    if is_failed:
        return None
    if spec_changed:
        reason = "finished; spec changed: raise runId to run it"
        return replace(change, action=Action.KEEP, reason=reason, hint=_or_once(change))
    return replace(change, action=Action.KEEP, reason="finished", fields=())


def decide_again(change: Change, observed: Observed, known: Known) -> Change | None:
    """Decide a job that was stopped for good and is asked to run again; None where nobody asks."""
    why = _new_run(change, observed.mark, known, is_failed=False, spec_changed=False)
    return _again(change, observed, why) if why else None


def waits_for_the_end(change: Change, observed: Observed, known: Known) -> str:
    """Say that a job is asked to run again that has not ended; "" where nobody asks."""
    why = _new_run(change, observed.mark, known, is_failed=False, spec_changed=False)
    return f"{why}, once this one has ended" if why else ""


def decide_gone(change: Change, done: Deleted, known: Known) -> Change:
    """Decide a job that is no longer there, of which the platform remembers that it ran to its end."""
    when = f"finished {done.completed_at:%Y-%m-%d}" if done.completed_at else "finished before"
    if done.mark is not None:
        return _gone(change, done.mark, known, when)
    if why := _later_run(change, done, known):
        return replace(change, action=Action.CREATE, reason=f"{why}; it {when}", is_new_run=True)
    is_adopted = change.resource is not None and change.resource.lifecycle.adopt == done.id
    return _gone(change, None, known, when, "" if is_adopted else "; presumed: it was submitted by us")


def decide_remembered(change: Change, ran: Ran, known: Known) -> Change:
    """Decide a job that is no longer there, of which only the journal remembers that it ran to its end."""
    mark = Mark(known.fleet_id, known.fleet, "", ran.digest, ran.run_id)
    return _gone(change, mark, known, f"finished {ran.at[:10]} or before", "; the journal remembers it")


def decide_unproven(create: Change, known: Known) -> Change:
    """Decide a job that is not there, and of which nothing but git's memory tells whether it has run.

    `create` is what becomes of one that has not.
    """
    age = known.ages.get(create.key)
    if why := _new_run(create, None, known, is_failed=False, spec_changed=False):
        return replace(create, reason=why, is_new_run=known.asks_to_run(create.key))
    if age is None:
        return create
    if age.is_shallow:
        return replace(create, action=Action.UNKNOWN, reason=SHALLOW, hint=DEEPEN)
    if age.is_forgotten:
        return _presumed(create, age)
    return create if age.has_git else replace(create, reason=create.reason or "no memory")


def _presumed(create: Change, age: Age) -> Change:
    """Keep a job that git has had for too long; say since when, and how it runs all the same."""
    place = create.resource.place("/lifecycle/runId") if create.resource else create.source
    is_ahead = age.entered > age.now
    reason = "its commit is dated ahead of the platform's clock" if is_ahead else _FORGOTTEN
    since = f"Git has had it so since {age.entered[:10]}. {_RAISE} ({place})"
    hint = f"{since},\nor once: reconciler apply --run {create.key}"
    return replace(create, action=Action.KEEP, reason=f"presumed finished: {reason}", hint=hint)


def _later_run(change: Change, done: Deleted, known: Known) -> str:
    """Say that a runId is newer in git than the end of a run of which nobody knows the runId; "" if not."""
    run_id = change.resource.lifecycle.run_id if change.resource else ""
    age, ran = known.ages.get(change.key), known.finished.get(change.key.full)
    is_known = ran is not None and ran.run_id == run_id
    if not run_id or age is None or is_known or not age.is_later_run(done.completed_at):
        return ""
    return f"runId {run_id} is a new run"


def _gone(change: Change, mark: Mark | None, known: Known, finished: str, proof: str = "") -> Change:
    is_other = _is_other_spec(change, mark)
    why = _new_run(change, mark, known, is_failed=False, spec_changed=is_other)
    if why:
        reason = f"{why}; it {finished}"
        return replace(change, action=Action.CREATE, reason=reason, is_new_run=True)
    kept = replace(change, action=Action.KEEP, reason=f"{finished}, gone since{proof}")
    if not is_other:
        return kept
    return replace(kept, reason=f"{kept.reason}; spec changed: raise runId to run it", hint=_or_once(change))


def _new_run(change: Change, mark: Mark | None, known: Known, *, is_failed: bool, spec_changed: bool) -> str:
    """Say why an ended job runs again; "" where it does not.

    Without a mark nobody knows which run it was, so a runId alone proves no new one.
    """
    lifecycle = change.resource.lifecycle if change.resource else None
    if lifecycle is None:
        return ""
    is_new = mark is not None and lifecycle.run_id and lifecycle.run_id != mark.run_id
    was = f" (the last was {mark.run_id})" if mark and mark.run_id else ""
    is_other = spec_changed and _is_other_spec(change, mark)
    reasons = (
        (known.asks_to_run(change.key), "asked for by --run"),
        (is_new, f"runId {lifecycle.run_id} is a new run{was}"),
        (lifecycle.run == "Always", "run: Always"),
        (lifecycle.run == "OnFailure" and is_failed, "failed, and run: OnFailure"),
        (lifecycle.run == "OnChange" and is_other, "spec changed, and run: OnChange"),
    )
    return next((why for holds, why in reasons if holds), "")


def _is_other_spec(change: Change, mark: Mark | None) -> bool:
    """Tell whether git declares another spec than the one that ran.

    A digest of another version of the canonical form proves nothing.
    """
    if mark is None or change.mark is None:
        return False
    was, now = mark.digest, change.mark.digest
    return was.partition(":")[0] == now.partition(":")[0] and not is_same_digest(was, now)


def _again(change: Change, observed: Observed, why: str) -> Change:
    """Run it again: in the place of the ended object, which is deleted first, or beside it."""
    if change.keeps_ended:
        return change.anew(why)
    if change.resource and change.resource.lifecycle.protect:
        return replace(change, action=Action.REFUSED, reason=f"protected: {why}", hint=_UNPROTECT)
    impact = impact_of(observed.summary, observed.spec, change.kind)
    return replace(change, action=Action.RERUN, reason=why, impact=impact, is_new_run=True)


def _or_once(change: Change) -> str:
    return f"{_RAISE},\nor once: reconciler apply --run {change.key}"
