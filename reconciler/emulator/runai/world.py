"""The emulated platform's state, and time's work on it."""

import heapq
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.emulator.clock import Clock
from reconciler.emulator.runai import acts, phases, tales
from reconciler.emulator.runai.claims import claim_of, pool_id
from reconciler.emulator.runai.crew import size
from reconciler.emulator.runai.errors import ApiError
from reconciler.emulator.runai.merge import merge
from reconciler.emulator.runai.phases import Pace
from reconciler.emulator.runai.records import (
    Change,
    Cluster,
    Department,
    Json,
    Pool,
    Project,
    Run,
    Spec,
    Sync,
    Workload,
    made_id,
)
from reconciler.emulator.runai.scheduler import Claim, Verdict, needs_gpu, schedule

_HOLDS = frozenset({"Initializing", "Running", "Degraded"})


class World:
    """Everything one control plane knows; hold `lock` while reading more than one thing.

    Nothing moves between calls: `settle` plays all that was due up to the clock's time, in order,
    so that the outcome does not depend on how often one looks.
    """

    def __init__(self, clock: Clock, *, pace: Pace | None = None, lag_s: float = 0.0) -> None:
        self.clock = clock
        self.pace = pace or Pace()
        self.lag_s = lag_s
        self.tenant_id = 1001
        self.clusters: dict[str, Cluster] = {}
        self.pools: dict[str, Pool] = {}
        self.departments: dict[str, Department] = {}
        self.projects: dict[str, Project] = {}
        self.templates: dict[str, Spec] = {}
        self.unready: dict[tuple[str, str], str] = {}  # cluster and type: the phase it is in
        self.lock = threading.RLock()
        self._workloads: dict[str, Workload] = {}
        self._past: dict[str, list[tuple[datetime, Workload]]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._timers: list[tuple[datetime, int, str]] = []
        self._ticket = 0
        self._waiting: set[str] = set()
        self._holding: set[str] = set()
        self._is_unsettled = False

    # -- reading -------------------------------------------------------------------------------

    def workload(self, id: str) -> Workload:  # noqa: A002 - the platform's word
        """Give a workload as it is now, deleted ones included.  Raises KeyError."""
        with self.lock:
            self.settle()
            return self._workloads[id]

    def live(self, project: str | None = None) -> list[Workload]:
        """List the workloads that are not gone, oldest first; `project` is a name."""
        with self.lock:
            self.settle()
            return [
                one
                for one in self._workloads.values()
                if not one.is_gone and project in (None, one.project.name)
            ]

    def find(self, project: str, name: str) -> Workload | None:
        """Find the workload that holds a name in a project (both by name)."""
        with self.lock:
            self.settle()
            id_ = self._names.get((self.project_named(project).id, name))
            return self._workloads[id_] if id_ else None

    def get(self, id_: str) -> Workload | None:
        """Give a workload as the submission service sees it: without lag, until it is purged."""
        one = self._workloads.get(id_)
        return one if one and not self._is_purged(one) else None

    def seen(self) -> list[Workload]:
        """List what the cluster reports show: late by `lag_s`, purged ones left out."""
        views = (
            self._workloads.values()
            if not self.lag_s
            else filter(None, map(self.seen_one, list(self._workloads)))
        )
        return [one for one in views if not self._is_purged(one)]

    def _is_purged(self, one: Workload) -> bool:
        horizon = self.clock.now() - timedelta(seconds=phases.RETAINED_S)
        return one.deleted_at is not None and one.deleted_at <= horizon

    def seen_one(self, id_: str) -> Workload | None:
        """Give one workload as the cluster reports show it."""
        if not self.lag_s or id_ not in self._past:
            return self._workloads.get(id_)
        until = self.clock.now() - timedelta(seconds=self.lag_s)
        versions = [view for at, view in self._past[id_] if at <= until]
        return versions[-1] if versions else None

    def project_named(self, name: str) -> Project:
        """Find a project by its name.  Raises KeyError."""
        found = next((one for one in self.projects.values() if one.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def must_be_ready(self, type_: str, cluster: str) -> None:
        """Raise ApiError 400 if a cluster does not serve a workload type yet."""
        phase = self.unready.get((cluster, type_))
        if phase:
            said = f"workload type is not ready in cluster {cluster} (phase: {phase}) - CRDNotFound"
            raise ApiError(400, said)

    def pool_map(self, cluster: str) -> dict[str, Pool]:
        """Give a cluster's node pools by name."""
        return {pool.name: pool for pool in self.pools.values() if pool.cluster == cluster}

    # -- writing -------------------------------------------------------------------------------

    def holder(self, project_id: str, name: str) -> Workload | None:
        """Find who holds a name in a project; a workload holds it until it is gone."""
        id_ = self._names.get((project_id, name))
        return self._workloads[id_] if id_ else None

    def submit(
        self,
        kind: str,
        project: Project,
        name: str,
        spec: Spec,
        created_by: str,
        *,
        requested_name: str | None = None,
        master: Spec | None = None,
        master_asked: Spec | None = None,
        master_same: bool | None = None,
        source: str = "Control-plane",
        sync: Sync | None = None,
        shown_as: str = "",
    ) -> Workload:
        """Accept a new workload; its phases follow with time."""
        now = self.clock.now()
        self._ticket += 1
        made = Workload(
            id=made_id(project.cluster, "workload", self._ticket),
            kind=kind, name=name, requested_name=requested_name or name, project=project,
            spec=spec, created_by=created_by, created_at=now, updated_at=now, phase="Creating",
            since=now, master=master,
            master_asked=master_asked, master_same=master_same, source=source, number=self._ticket,
            sync=sync, shown_as=shown_as,
        )  # fmt: skip
        made = replace(made, runs=(tales.new_run(made, spec, now),))
        made = replace(made, history=(Change(now, "Creating", ""),))
        self._names[project.id, name] = made.id
        return self._keep(made)

    def change(self, id_: str, do: Callable[[Workload, datetime], Workload]) -> Workload:
        """Replace a workload by what `do` makes of it, and let the cluster react."""
        self.settle()
        kept = self._keep(do(self._workloads[id_], self.clock.now()))
        self._place()
        return kept

    def add_workload(
        self,
        *,
        kind: str,
        project: str,
        name: str,
        spec: Spec,
        created_by: str,
        phase: str | None = None,
        message: str = "",
        source: str = "Control-plane",
        **more: Json,
    ) -> str:
        """Put a workload there behind everybody's back and give its id.

        With `phase` it stays in that phase for good, whatever it asks for.
        """
        with self.lock:
            self.settle()
            made = self.submit(
                kind, self.project_named(project), name, spec, created_by, source=source, **more
            )
            if phase:
                self._keep(acts.pinned(made, phase, message, self.clock.now()))
            return made.id

    def edit_spec(self, id: str, changes: Spec, *, by: str) -> None:  # noqa: A002 - the platform's word
        """Change a spec in place as the web page of an administrator would; None clears a key.

        Only the v2 API tells who edited.
        """
        with self.lock:
            self.change(
                id, lambda one, at: replace(acts.respec(one, merge(one.spec, changes), at), updated_by=by)
            )

    def remove(self, id: str, *, by: str | None = None) -> None:  # noqa: A002 - the platform's word
        """Delete a workload at once; only the v2 API tells who did."""
        with self.lock:
            self.change(id, lambda one, at: replace(acts.removed(one, at), deleted_by=by))

    def stop(self, id: str, message: str = "stopped by the platform") -> None:  # noqa: A002 - the platform's word
        """Stop a workload at once, as the platform does when it is idle too long."""
        with self.lock:
            self.change(id, lambda one, at: acts.stopped(one, at, message))

    def unpin(self, id: str) -> None:  # noqa: A002 - the platform's word
        """Let time move a workload on that was put into a phase."""
        with self.lock:
            self.change(id, lambda one, _: replace(one, pinned=False))

    def add_project(
        self,
        name: str,
        *,
        cluster: str | None = None,
        quotas: Mapping[str, float] | None = None,
        department: str = "default",
        policy: Mapping[str, Mapping[str, Json]] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> Project:
        """Add a project; `cluster` is a name or uuid, by default the first one."""
        with self.lock:
            home = next(one for one in self.clusters.values() if cluster in (None, one.uuid, one.name))
            unit = next(d for d in self.departments.values() if d.name == department)
            pools = tuple(quotas or {}) or ("default",)
            made = Project(
                str(len(self.projects) + 1), name, home.uuid, unit, dict(quotas or {}), pools,
                self.clock.now(), dict(policy or {}), dict(limits or {}),
            )  # fmt: skip
            self.projects[made.id] = made
            return made

    def set_policy(self, project: str, policy: Mapping[str, Mapping[str, Json]]) -> None:
        """Enforce rules on new workloads of a project, by name; see Project.policy."""
        with self.lock:
            old = self.project_named(project)
            self.projects[old.id] = replace(old, policy=dict(policy))

    def fresh_id(self, what: str) -> str:
        """Make a new id."""
        self._ticket += 1
        return made_id(what, self._ticket)

    def fresh_suffix(self) -> str:
        """Make the random tail of a prefixed name."""
        return self.fresh_id("suffix")[:8]

    # -- time ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Play everything that was due up to now, in the order it was due."""
        now = self.clock.now()
        while self._timers and self._timers[0][0] <= now:
            at = self._timers[0][0]
            while self._timers and self._timers[0][0] == at:
                _, _, id_ = heapq.heappop(self._timers)
                one = self._workloads[id_]
                if phases.due(one, self.pace) == at:
                    self._keep(phases.advance(one, at, self.pace), at)
            self._place(at)
        self._place(now)

    def _keep(self, one: Workload, at: datetime | None = None) -> Workload:
        """Store a workload, its version, its next timer, and its place in the queues."""
        at = at or self.clock.now()
        if self.lag_s:
            self._remember(one, at)
        before = self._workloads.get(one.id)
        self._workloads[one.id] = one
        if one.is_gone and self._names.get((one.project.id, one.name)) == one.id:
            del self._names[one.project.id, one.name]
        stake = _stake(one)
        if stake != (_stake(before) if before else {}):
            self._is_unsettled = True
            _mark(self._waiting, one.id, on="Pending" in stake.values())
            _mark(self._holding, one.id, on="holds" in stake.values())
        moment = phases.due(one, self.pace)
        if moment is not None:
            self._ticket += 1
            heapq.heappush(self._timers, (moment, self._ticket, one.id))
        return one

    def _remember(self, one: Workload, at: datetime) -> None:
        """Keep a version for reads that lag, and what they saw before the first one."""
        old = self._workloads.get(one.id)
        first = [(datetime.min.replace(tzinfo=UTC), old)] if old else []
        self._past.setdefault(one.id, first).append((at, one))

    def _place(self, at: datetime | None = None) -> None:
        """Let the scheduler decide about all that waits, until nothing moves any more."""
        while self._is_unsettled and self._waiting:
            self._is_unsettled = False
            self._place_once(at or self.clock.now())

    def _place_once(self, at: datetime) -> None:
        waiting = self._claims(self._waiting, {"Pending"})
        running = self._claims(self._holding, _HOLDS)
        pools = {pool.id: pool for pool in self.pools.values()}
        quotas = {
            one.id: {pool_id(one.cluster, name): gpus for name, gpus in one.quotas.items()}
            for one in self.projects.values()
        }
        free = [claim for claim in waiting if not any(claim.per_pod.values())]
        tight = [claim for claim in waiting if any(claim.per_pod.values())]
        limits = {
            one.id: {pool_id(one.cluster, name): gpus for name, gpus in one.limits.items()}
            for one in self.projects.values()
        }
        verdict = schedule(tight, running, pools, quotas, limits)
        granted = {**verdict.granted, **{claim.id: claim.pools[0] for claim in free}}
        self._apply(Verdict(granted, verdict.evicted, verdict.refused), at)

    def _claims(self, ids: Iterable[str], states: Iterable[str]) -> list[Claim]:
        return [
            claim_of(self._workloads[id_], run, self.pools)
            for id_ in sorted(ids, key=lambda each: self._workloads[each].number)
            for run in self._workloads[id_].runs
            if run.phase in states and not run.ended_at
        ]

    def _apply(self, verdict: Verdict, at: datetime) -> None:
        for key, pool in verdict.granted.items():
            one, run = self._by_key(key)
            self._keep(acts.granted(one, run, self.pools[pool].name, at), at)
        for key in verdict.evicted:
            one, run = self._by_key(key)
            self._keep(acts.evicted(one, run, at), at)
        for key, refusals in verdict.refused.items():
            one, run = self._by_key(key)
            if refusals != one.refusals or one.phase == "Creating":
                self._keep(acts.refused(one, run, refusals, at), at)

    def _by_key(self, key: str) -> tuple[Workload, Run]:
        id_, _, run_id = key.partition(" ")
        one = self._workloads[id_]
        return one, next(run for run in one.runs if run.id == run_id)


def _stake(one: Workload) -> dict[tuple[str, int], str]:
    """Tell which runs want something of the scheduler and which hold GPUs of it."""
    if one.is_gone or one.pinned:
        return {}
    is_paused = one.phase in {"Stopped", "Stopping", "Deleting"}
    stake: dict[tuple[str, int], str] = {}
    for run in one.runs:
        if run.phase == "Pending" and not is_paused:
            stake[run.id, size(run)] = "Pending"
        elif run.phase in _HOLDS and needs_gpu(run):
            stake[run.id, size(run)] = "holds"
    return stake


def _mark(members: set[str], id_: str, *, on: bool) -> None:
    if on:
        members.add(id_)
    else:
        members.discard(id_)
