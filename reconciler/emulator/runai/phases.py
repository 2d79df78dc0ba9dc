"""How a workload moves by itself: pure functions of the record and the time.

A workload holds runs. A run goes Creating, Pending, Initializing, Running and then to its fate;
Pending ends only when the scheduler grants GPUs. Knative drops an update of an inference whose new
revision is not ready in time, and the old one keeps the traffic.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.emulator.runai import tales
from reconciler.emulator.runai.crew import roles_of
from reconciler.emulator.runai.fates import Fate, fate_of
from reconciler.emulator.runai.records import Change, Event, Run, Workload
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.rollout import rolled

TERMINAL = frozenset({"Completed", "Failed"})
ALIVE = frozenset({"Creating", "Pending", "Initializing", "Running", "Degraded", "Resuming"})
RETAINED_S = 14 * 24 * 3600.0
DEFAULT_TTL_S = 2_592_000
DEFAULT_BACKOFF = 6


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take on the emulated cluster, in seconds of its clock."""

    queued_s: float = 1.0
    applying_s: float = 1.0
    creating_s: float = 1.0
    pull_s: float = 5.0
    stopping_s: float = 3.0
    resuming_s: float = 1.0
    deleting_s: float = 5.0
    restart_s: float = 10.0
    pull_deadline_s: float = 300.0
    progress_deadline_s: float = 600.0
    idle_s: float = 60.0


def enter(
    workload: Workload, phase: str, at: datetime, *, message: str = "", reason: str | None = None
) -> Workload:
    """Put a workload into a phase and book the time it spent in the one it leaves."""
    if (workload.phase, workload.message, workload.reason) == (phase, message, reason):
        return workload
    spent = (at - workload.since).total_seconds()
    moved = phase != workload.phase
    return replace(
        workload,
        phase=phase,
        since=at if moved else workload.since,
        message=message,
        reason=reason,
        updated_at=at,
        pending_s=workload.pending_s + (spent if moved and workload.phase == "Pending" else 0.0),
        running_s=workload.running_s + (spent if moved and workload.phase == "Running" else 0.0),
        history=(*workload.history, Change(at, phase, message)) if moved else workload.history,
        completed_at=_completed(workload, phase, at) if moved else workload.completed_at,
    )


def _completed(workload: Workload, phase: str, at: datetime) -> datetime | None:
    if phase in TERMINAL:
        return at
    return workload.completed_at if phase == "Deleting" else None


def put(workload: Workload, run: Run, *events: Event) -> Workload:
    """Replace one run of a workload and add events."""
    runs = tuple(run if old.id == run.id else old for old in workload.runs)
    return replace(workload, runs=runs, events=(*workload.events, *events))


def _kept_s(workload: Workload) -> float | None:
    """Tell how long what has ended is kept; None for ever. Of a manifest, Kubernetes itself removes it."""
    if kind_of(workload.kind).can_suspend:
        ttl = workload.spec.get("autoDeletionTimeAfterCompletionSeconds")
        return DEFAULT_TTL_S if ttl is None else float(ttl)
    inner = (workload.spec.get("manifest") or {}).get("spec") or {}
    ttl = inner.get("ttlSecondsAfterFinished")
    return None if ttl is None else float(ttl)


def due(workload: Workload, pace: Pace) -> datetime | None:
    """Tell when this workload next moves by itself, if it does."""
    return min(_moments(workload, pace), default=None)


def _moments(workload: Workload, pace: Pace) -> Iterator[datetime]:
    """Yield every moment at which something happens to a workload."""
    if workload.is_gone or workload.pinned:
        return
    if moment := _synced_at(workload, pace):
        yield moment
    waits = {
        "Deleting": pace.deleting_s,
        "Stopping": pace.stopping_s,
        "Resuming": pace.resuming_s,
    }
    if workload.phase in waits:
        yield workload.since + timedelta(seconds=waits[workload.phase])
        return
    kept_s = _kept_s(workload) if workload.phase in TERMINAL else None
    if kept_s is not None:
        yield workload.since + timedelta(seconds=kept_s)
        return
    for run in workload.runs:
        yield from _run_moments(workload, run, pace)


def _synced_at(workload: Workload, pace: Pace) -> datetime | None:
    """Tell when the newest request reaches the cluster, while it has not."""
    if workload.sync is None or workload.sync.done:
        return None
    return workload.sync.at + timedelta(seconds=pace.queued_s + pace.applying_s)


def _is_applied(workload: Workload) -> bool:
    return workload.sync is None or (workload.sync.done and not workload.sync.refusal)


def _run_moments(workload: Workload, run: Run, pace: Pace) -> Iterator[datetime]:
    ending = fate_of(run.roles, ends=kind_of(workload.kind).ends)
    if run.phase == "Creating" and _is_applied(workload):
        yield run.since + timedelta(seconds=pace.creating_s)
    if run.phase == "Initializing":
        yield run.since + timedelta(seconds=_start_s(run, ending, pace))
    if run.phase == "Running" and ending.kind != "runs":
        yield run.since + timedelta(seconds=ending.after_s)
    if deadline := _deadline(workload, run, pace):
        yield deadline
    if workload.serving == run.id and run.phase == "Running" and not run.is_idle:
        scaling = run.spec.get("autoscaling") or {}
        if scaling.get("minReplicas") == 0:
            retention = scaling.get("scaleToZeroRetentionSeconds") or 0
            yield run.since + timedelta(seconds=pace.idle_s + retention)


def _start_s(run: Run, ending: Fate, pace: Pace) -> float:
    if ending.kind == "no-image":
        # The kubelet tries again with growing pauses; each try is an event.
        return float(pace.pull_s * 2.0 ** min(run.told, 6))
    restart = pace.restart_s * 2.0 ** (run.attempt - 2) if run.attempt > 1 else pace.pull_s
    probe = ((run.spec.get("probes") or {}).get("readiness") or {}).get("initialDelaySeconds") or 0
    return float(min(restart, 300.0) + probe)


def _deadline(workload: Workload, run: Run, pace: Pace) -> datetime | None:
    """Tell until when a run may be unready."""
    if run.phase not in {"Pending", "Initializing", "Degraded"} or run.ended_at:
        return None
    if workload.serving not in (None, run.id):
        # Knative alone gives an update up.
        drops = workload.kind == "Inference"
        return run.created_at + timedelta(seconds=pace.progress_deadline_s) if drops else None
    if run.phase == "Pending":
        return None
    if not kind_of(workload.kind).serves:
        is_missing = fate_of(run.roles, ends=True).kind == "no-image"
        start = run.bound_at or run.created_at
        return start + timedelta(seconds=pace.pull_deadline_s) if is_missing else None
    declared = (run.spec.get("servingConfiguration") or {}).get("initializationTimeoutSeconds")
    if run.phase == "Degraded" and declared is None:
        return None
    start = run.bound_at or run.created_at
    return start + timedelta(seconds=declared or pace.progress_deadline_s)


def advance(workload: Workload, at: datetime, pace: Pace) -> Workload:
    """Make the move that is due at this moment."""
    synced = _synced_at(workload, pace)
    if synced and synced <= at:
        return settle(_synced(workload, at), at)
    if workload.phase in _LEAVES:
        return _LEAVES[workload.phase](workload, at)
    for run in workload.runs:
        if any(moment <= at for moment in _run_moments(workload, run, pace)):
            return settle(_move(workload, run, at, pace), at)
    return workload


def _synced(workload: Workload, at: datetime) -> Workload:
    """Let the newest request take effect in the cluster, or be refused there."""
    assert workload.sync  # noqa: S101 - the caller has looked
    sync = replace(workload.sync, done=True)
    if not sync.refusal:
        sync = replace(sync, applied=workload.spec.get("manifest"))
    done = replace(workload, sync=sync)
    if workload.phase == "Deleting":
        return done
    if workload.run.bound_at is None and workload.run.phase in {"Creating", "Failed"}:
        roles = roles_of(done.kind, done.spec, done.master)
        run = replace(done.run, spec=done.spec, roles=roles, phase="Creating", since=at, ended_at=None)
        lost = replace(run, phase="Failed", message=sync.refusal, ended_at=at)
        return put(done, lost if sync.refusal and sync.shows else run)
    return done if sync.refusal else rolled(done, at)


def _removed(workload: Workload, at: datetime) -> Workload:
    return replace(workload, deleted_at=at, updated_at=at)


def _stopped(workload: Workload, at: datetime) -> Workload:
    return enter(_ended(workload, at), "Stopped", at, message="workload was stopped")


def _resumed(workload: Workload, at: datetime) -> Workload:
    return enter(_restarted(workload, at), "Pending", at)


def _outlived(workload: Workload, at: datetime) -> Workload:
    return enter(workload, "Deleting", at, message="the time to keep the workload is over")


# Where a phase leads when its time is over.
_LEAVES: Mapping[str, Callable[[Workload, datetime], Workload]] = {
    "Deleting": _removed,
    "Stopping": _stopped,
    "Resuming": _resumed,
    "Completed": _outlived,
    "Failed": _outlived,
}


def _ended(workload: Workload, at: datetime) -> Workload:
    runs = tuple(run if run.ended_at else replace(run, phase="Stopped", ended_at=at) for run in workload.runs)
    return replace(workload, runs=runs, serving=None)


def _restarted(workload: Workload, at: datetime) -> Workload:
    run = tales.new_run(workload, workload.spec, at)
    ended = _ended(workload, at)
    return replace(ended, runs=(*ended.runs, replace(run, phase="Pending")))


def _move(workload: Workload, run: Run, at: datetime, pace: Pace) -> Workload:
    """Move one run: to ready, to its end, or past its deadline."""
    ending = fate_of(run.roles, ends=kind_of(workload.kind).ends)
    deadline = _deadline(workload, run, pace)
    if deadline and deadline <= at:
        return _too_late(workload, run, at)
    if run.phase == "Creating":
        return put(workload, replace(run, phase="Pending", since=at))
    if run.phase == "Initializing":
        return _started(workload, run, ending, at)
    if ending.kind == "runs":
        return put(workload, replace(run, is_idle=True), tales.scaled_down(workload, run, at))
    return _finished(workload, run, ending, at)


def _started(workload: Workload, run: Run, ending: Fate, at: datetime) -> Workload:
    if ending.kind == "no-image":
        message, events = tales.no_image(workload, run, at)
        return put(workload, replace(run, told=run.told + 1, since=at, message=message), *events)
    if kind_of(workload.kind).serves and ending.kind != "runs":
        message, events = tales.crash_loop(workload, run, ending, at)
        told = replace(run, phase="Degraded", told=1, since=at, message=message)
        return put(workload, told, *events)
    ready = replace(run, phase="Running", since=at, message="")
    moved = put(workload, ready, *tales.started(workload, run, at))
    return _serve(moved, ready, at) if kind_of(workload.kind).serves else moved


def _serve(workload: Workload, run: Run, at: datetime) -> Workload:
    """Give the traffic to a run and end all older ones; what adds replicas only joins in."""
    if run.part_of:
        return workload
    runs = tuple(
        old if run.id in (old.id, old.part_of) else replace(old, phase="Stopped", ended_at=old.ended_at or at)
        for old in workload.runs
    )
    return replace(workload, runs=runs, serving=run.id)


def _finished(workload: Workload, run: Run, ending: Fate, at: datetime) -> Workload:
    if ending.kind == "completes":
        done = replace(run, phase="Completed", since=at, ended_at=at)
        return put(workload, done, *tales.completed(workload, run, at))
    message, events = tales.crashed(workload, run, ending, at)
    limit = workload.spec.get("backoffLimit")
    if run.attempt > (DEFAULT_BACKOFF if limit is None else limit) or _never_restarts(workload):
        last = replace(run, phase="Failed", since=at, ended_at=at, message=message)
        return put(workload, last, *events, tales.gave_up(workload, at))
    again = replace(run, phase="Initializing", since=at, attempt=run.attempt + 1, message=message)
    return put(workload, again, *events)


def _never_restarts(workload: Workload) -> bool:
    return workload.spec.get("restartPolicy") == "Never" and not workload.spec.get("backoffLimit")


def _too_late(workload: Workload, run: Run, at: datetime) -> Workload:
    """Fail a run that was not ready in time; an update is dropped, a first start degrades."""
    if workload.serving not in (None, run.id):
        lost = replace(run, phase="Failed", since=at, ended_at=at, message=tales.DROPPED)
        return put(workload, lost, tales.dropped(workload, run, at))
    declared = (run.spec.get("servingConfiguration") or {}).get("initializationTimeoutSeconds")
    if kind_of(workload.kind).serves and not declared:
        return put(workload, replace(run, phase="Degraded", since=at, told=1))
    return put(workload, replace(run, phase="Failed", since=at, ended_at=at))


def settle(workload: Workload, at: datetime) -> Workload:
    """Let the workload's own phase follow its runs."""
    if workload.phase in {"Deleting", "Stopping", "Stopped", "Resuming"} or workload.pinned:
        return workload
    serving = workload.serving_run()
    run = serving or workload.run
    message = run.message
    if serving:
        message = message or tales.progress(workload, serving)
    is_waiting = run.phase == "Pending"
    reason = next((r.phase_reason for r in workload.refusals), None) if is_waiting else None
    if is_waiting and workload.refusals:
        message = workload.refusals[0].message
    known = reason if reason in {"NonPreemptibleOverQuota", "OverLimit"} else None
    return enter(workload, run.phase, at, message=message, reason=known)
