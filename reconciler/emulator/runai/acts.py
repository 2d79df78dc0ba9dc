"""What people and the scheduler do to a workload: pure functions, like those of time."""

from dataclasses import replace
from datetime import datetime

from reconciler.emulator.runai import tales
from reconciler.emulator.runai.phases import TERMINAL, enter, put, settle
from reconciler.emulator.runai.records import Event, Refusal, Run, Spec, Workload
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.rollout import rolled

_METADATA_ONLY = frozenset({"category", "priorityClass"})


def suspended(one: Workload, at: datetime) -> Workload:
    """Begin to stop; a workload that has ended or stands still only notes the wish."""
    asked = replace(one, desired="Stopped", pinned=False, updated_at=at)
    if one.phase in TERMINAL or one.phase in {"Stopped", "Stopping", "Deleting"}:
        return asked
    return enter(asked, "Stopping", at)


def stopped(one: Workload, at: datetime, message: str) -> Workload:
    """Stop at once, on the platform's own account, which it says in an event."""
    runs = tuple(r if r.ended_at else replace(r, phase="Stopped", ended_at=at) for r in one.runs)
    said = tales.event(one, at, "Suspended", message, source="runai-operator")
    asked = replace(one, desired="Stopped", runs=runs, events=(*one.events, said))
    return enter(asked, "Stopped", at, message=message)


def resumed(one: Workload, at: datetime) -> Workload:
    """Begin to run again; anything but a stopped workload only notes the wish."""
    asked = replace(one, desired="Running", pinned=False, updated_at=at)
    return enter(asked, "Resuming", at) if one.phase in {"Stopped", "Stopping"} else asked


def deleting(one: Workload, at: datetime, by: str | None = None) -> Workload:
    """Begin to delete; the name stays taken until it is done."""
    asked = replace(one, desired="Deleted", pinned=False, updated_at=at, deleted_by=by)
    return enter(asked, "Deleting", at)


def removed(one: Workload, at: datetime) -> Workload:
    """Delete at once."""
    return replace(one, desired="Deleted", deleted_at=at, updated_at=at)


def pinned(one: Workload, phase: str, message: str, at: datetime) -> Workload:
    """Hold a workload in a phase for good."""
    run = replace(one.run, phase=phase if phase != "Stopped" else "Stopped", pool=_first_pool(one))
    desired = "Stopped" if phase == "Stopped" else one.desired
    serving = run.id if kind_of(one.kind).serves and phase == "Running" else None
    moved = enter(put(one, run), phase, at, message=message)
    return replace(moved, pinned=True, desired=desired, serving=serving)


def _first_pool(one: Workload) -> str:
    return str((one.spec.get("nodePools") or one.project.default_pools)[0])


def respec(one: Workload, spec: Spec, at: datetime) -> Workload:
    """Change what is asked, and let the pods follow."""
    changed = {key for key in {*spec, *one.spec} if spec.get(key) != one.spec.get(key)}
    asked = replace(one, spec=spec, updated_at=at)
    return asked if changed <= _METADATA_ONLY or one.pinned else settle(rolled(asked, at), at)


def granted(one: Workload, run: Run, pool: str, at: datetime) -> Workload:
    """Bind a run's pods to nodes of a pool."""
    node = tales.node_name(pool, run)
    bound = replace(run, phase="Initializing", since=at, pool=pool, bound_at=at, message="")
    events = tales.scheduled(one, run, pool, node, at)
    return settle(replace(put(one, bound, *events), refusals=()), at)


def refused(one: Workload, run: Run, refusals: tuple[Refusal, ...], at: datetime) -> Workload:
    """Say why a run waits."""
    told = tuple(
        Event(at, "Warning", why.reason, why.message, "runai-scheduler", "PodGroup",
              f"pg-{one.name}-{run.id[:8]}")
        for why in refusals
    )  # fmt: skip
    return settle(replace(one, refusals=refusals, events=(*one.events, *told)), at)


def evicted(one: Workload, run: Run, at: datetime) -> Workload:
    """Take the GPUs away from a preemptible run; it queues again unless it asked to end."""
    said = tales.event(
        one, at, "Preempted", "Preempted by a workload within its quota", type="Warning",
        source="runai-scheduler",
    )  # fmt: skip
    if run.spec.get("terminateAfterPreemption"):
        ended = replace(run, phase="Failed", since=at, ended_at=at, message=said.message)
        return settle(put(one, ended, said), at)
    again = replace(run, phase="Pending", since=at, pool=None, message=said.message)
    return settle(put(one, again, said), at)
