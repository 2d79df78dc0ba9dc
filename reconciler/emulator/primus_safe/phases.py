"""How a workload moves by itself: pure functions of the record and the time.

A workload is queued until the scheduler lets it through, then scheduled, dispatched (starting),
running and ended. What fails and may be retried goes back into the queue.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.emulator.primus_safe import moments as times
from reconciler.emulator.primus_safe.fates import FAILS, Fate, fate, first_rank, kind_of_death
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.kinds import is_application
from reconciler.emulator.primus_safe.records import Condition, Run, Workload

NODE_PORTS = (30000, 32767)
FOREVER_S = 10**9
_KEPT = 30
_DEATHS = {
    "rccl": "rank {} ended with exit code 134",
    "hip": "rank {} ended with exit code 134",
    "hip-oom": "rank {} ended with exit code 1",
    "killed": "rank {} was OOMKilled, exit code 137",
    "crash": "rank {} ended with exit code 1",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take on the emulated cluster, in seconds of its clock."""

    scheduling_s: float = 1.0
    dispatch_s: float = 1.0
    pull_s: float = 5.0
    rollout_s: float = 10.0
    failover_s: float = 5.0
    deleting_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What moving a workload depends on beside itself; `ports` are node ports that others hold."""

    pace: Pace
    generation: Generation
    ports: frozenset[int] = field(default_factory=frozenset)


Act = Callable[[Workload, datetime, Scene], Workload]


def due(one: Workload, scene: Scene) -> datetime | None:
    """Tell when a workload next moves by itself, if it does."""
    return min((moment for moment, _ in _coming(one, scene)), default=None)


def advance(one: Workload, at: datetime, scene: Scene) -> Workload:
    """Do what is due first."""
    coming = sorted(_coming(one, scene), key=lambda pair: pair[0])
    return coming[0][1](one, at, scene)


def wakes_at(one: Workload, scene: Scene) -> datetime:
    """Tell from when the scheduler looks at a queued workload."""
    return one.since + timedelta(seconds=scene.pace.scheduling_s)


def starts_at(one: Workload) -> datetime | None:
    """Tell until when a workload waits for the clock."""
    jobs = (job for job in one.spec.cron_jobs or () if job["action"] == "start")
    minutes = [at.replace(second=0, microsecond=0) for job in jobs if (at := times.read(job["schedule"]))]
    return max(minutes, default=None)


def _coming(one: Workload, scene: Scene) -> Iterator[tuple[datetime, Act]]:
    if one.deleting_at is not None:
        return
    if one.is_ended:
        yield _after(one.ended_at or one.since, max(one.spec.ttl or 0, 0)), _expire
        return
    limit = one.spec.timeout or 0
    if limit > 0 and one.started_at is not None:
        yield _after(one.started_at, limit), _time_out
    pace = scene.pace
    match one.step:
        case "scheduled":
            yield _after(one.since, pace.dispatch_s), _dispatch
        case "starting" if _fate(one).kind != "no-image":
            yield _after(one.since, pace.pull_s), _start
        case "updating" if _fate(one).kind != "no-image":
            yield _after(one.since, pace.rollout_s), _rolled
        case "failing":
            yield _after(one.since, pace.failover_s), requeued
        case "running" if one.run and one.run.running_at and _fate(one).after_s and one.holds_ready:
            act = unready if is_application(one.spec.kind) else _finish
            yield _after(one.run.running_at, _fate(one).after_s), act


def _after(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=min(seconds, FOREVER_S))


def _fate(one: Workload) -> Fate:
    return fate(one.run.spec if one.run else one.spec, one.dispatches)


def noted(one: Workload, type_: str, message: str, at: datetime) -> Workload:
    """Add a condition, once for each type and dispatch."""
    if any((c.type, c.run) == (type_, one.dispatches) for c in one.conditions):
        return one
    kept = (*one.conditions, Condition(type_, one.dispatches, message, at))
    return replace(one, conditions=kept[-_KEPT:] if is_application(one.spec.kind) else kept)


def scheduled(one: Workload, at: datetime) -> Workload:
    """Let a queued workload through."""
    told = replace(one, step="scheduled", since=at, queue=0, message="")
    told = replace(told, dispatches=one.dispatches + 1)
    told = noted(told, "AdminScheduled", "the workload is scheduled", at)
    return replace(told, dispatches=one.dispatches)


def _dispatch(one: Workload, at: datetime, scene: Scene) -> Workload:
    """Hand a workload to the cluster."""
    number = one.dispatches + 1
    counted = replace(one, dispatches=number, step="starting", since=at)
    port = (one.spec.service or {}).get("nodePort", 0)
    if port and (not NODE_PORTS[0] <= port <= NODE_PORTS[1] or port in scene.ports):
        said = f'Service "{one.id}" is invalid: spec.ports[0].nodePort: Invalid value: {port}'
        return failed(replace(one, held=()), at, said)
    run = Run(number, one.held, first=first_rank(one.uid, number, len(one.held)), spec=one.spec)
    told = noted(replace(counted, runs=(*one.runs, run)), "AdminDispatched", "the workload is dispatched", at)
    if one.spec.kind != "Deployment":
        return noted(told, "K8sPending", "", at)
    said = "Deployment does not have minimum availability."
    if scene.generation.is_first:
        return noted(told, "K8sFailed", said, at)
    begun = replace(told, phase="NotReady", started_at=told.started_at or at)
    return noted(begun, "K8sNotReady", said, at)


def _start(one: Workload, at: datetime, _: Scene) -> Workload:
    running = replace(
        _with_run(one, running_at=at), step="running", since=at, phase="Running",
        started_at=one.started_at or at, holds_ready=True,
    )  # fmt: skip
    return noted(running, "K8sRunning", "", at)


def rolling(one: Workload, at: datetime) -> Workload:
    """Begin to replace the pods of what serves."""
    was_ready = one.run is not None and one.run.running_at is not None
    told = replace(one, step="updating", since=at, phase="Updating" if was_ready else one.phase)
    return retold(told, "K8sUpdating", f"revision {one.revision} is rolled out", at)


def _rolled(one: Workload, at: datetime, scene: Scene) -> Workload:
    told = retold(one, "K8sRunning", f"revision {one.revision} is available", at)
    return replace(_start(one, at, scene), conditions=told.conditions)


def retold(one: Workload, type_: str, message: str, at: datetime) -> Workload:
    """Add a condition once more; what serves keeps the last of them."""
    kept = (*one.conditions, Condition(type_, one.dispatches, message, at))
    return replace(one, conditions=kept[-_KEPT:])


def unready(one: Workload, at: datetime, scene: Scene) -> Workload:
    """Let an application lose its pods, which start again and fall again."""
    type_ = "K8sFailed" if scene.generation.is_first else "K8sNotReady"
    told = replace(one, phase="NotReady", holds_ready=False)
    return noted(told, type_, "Deployment does not have minimum availability.", at)


def _with_run(one: Workload, **changes: datetime) -> Workload:
    assert one.run is not None  # noqa: S101 - only what was dispatched runs
    return replace(one, runs=(*one.runs[:-1], replace(one.run, **changes)))  # type: ignore[arg-type]  # only times


def _finish(one: Workload, at: datetime, _: Scene) -> Workload:
    """End a run as its fate says; a failure may be tried again."""
    ending = _fate(one)
    over = _with_run(one, ended_at=at)
    if ending.kind not in FAILS:
        return ended(over, "Succeeded", at, "K8sSucceeded", "")
    death = kind_of_death(ending.kind, one.spec)
    first = one.run.first if one.run else 0
    return fell(over, at, _DEATHS[death].format(first))


def fell(one: Workload, at: datetime, why: str) -> Workload:
    """Let a run of a job fail: back into the queue while there are retries, else for good."""
    if one.spec.max_retry > 0 and one.dispatches <= one.spec.max_retry:
        told = noted(noted(one, "K8sFailed", why, at), "AdminFailover", "the workload is tried again", at)
        return replace(told, step="failing", since=at, phase="Pending")
    return ended(one, "Failed", at, "K8sFailed", why)


def failed(one: Workload, at: datetime, why: str) -> Workload:
    """Fail a workload that could not be carried out."""
    return ended(one, "Failed", at, "AdminFailed", why)


def ended(one: Workload, phase: str, at: datetime, type_: str, why: str) -> Workload:
    """Bring a workload to an end; what it held is free."""
    told = noted(one, type_, why, at)
    return replace(told, phase=phase, step="ended", since=at, ended_at=at, held=(), queue=0, message="")


def requeued(one: Workload, at: datetime, _: Scene | None = None) -> Workload:
    """Put a workload back into the queue: it can be changed again."""
    return replace(one, step="queued", since=at, phase="Pending", held=())


def preempted(one: Workload, at: datetime) -> Workload:
    """Take the nodes away; that dispatch does not count."""
    undone = replace(one, dispatches=max(0, one.dispatches - 1), runs=one.runs[:-1])
    told = undone if one.is_dispatched else one
    return requeued(told, at)


def stopped(one: Workload, at: datetime, why: str) -> Workload:
    """Stop a workload and begin to delete it; an end it has already come to is overwritten."""
    told = noted(one, "AdminStopped", why, at)
    return replace(
        told, phase="Stopped", step="ended", since=at, ended_at=one.ended_at or at, held=(),
        deleting_at=one.deleting_at or at, queue=0, message="",
    )  # fmt: skip


def _time_out(one: Workload, at: datetime, _: Scene) -> Workload:
    return stopped(one, at, "the workload has timed out")


def _expire(one: Workload, at: datetime, _: Scene) -> Workload:
    return replace(one, deleting_at=at)
