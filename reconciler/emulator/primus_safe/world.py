"""The emulated platform's state, and time's work on it."""

import heapq
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.emulator.clock import Clock
from reconciler.emulator.primus_safe import crew, exporter, phases, rules
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.kinds import is_application
from reconciler.emulator.primus_safe.names import generated, made_uuid, normalised
from reconciler.emulator.primus_safe.phases import Pace, Scene
from reconciler.emulator.primus_safe.records import (
    Cluster,
    Flavor,
    Node,
    Row,
    Secret,
    Spec,
    Workload,
    Workspace,
)
from reconciler.emulator.primus_safe.scheduler import Claim, Seat, Verdict, fitting, schedule
from reconciler.emulator.primus_safe.switches import Switches
from reconciler.emulator.primus_safe.users import User, Users

_MOVE, _ROW, _GONE = range(3)
_RETRY_S = 30.0


class World:
    """Everything one server knows; hold `lock` while reading more than one thing.

    Workloads live twice: as custom resources, which writes act on, and as rows, which reads show
    and which the exporter writes some time later. Nothing moves between calls: `settle` plays all
    that was due up to the clock's time, in order.
    """

    def __init__(
        self, clock: Clock, generation: Generation, switches: Switches, pace: Pace | None = None
    ) -> None:
        self.clock, self.generation, self.switches = clock, generation, switches
        self.pace = pace or Pace()
        self.lock = threading.RLock()
        self.users = Users()
        self.clusters: dict[str, Cluster] = {}
        self.flavors: dict[str, Flavor] = {}
        self.nodes: dict[str, Node] = {}
        self.workspaces: dict[str, Workspace] = {}
        self.secrets: dict[str, Secret] = {}
        self.resources: dict[str, Workload] = {}
        self.rows: dict[str, Row] = {}
        self.unreachable: set[str] = set()  # clusters that the server has no client of
        self._timers: list[tuple[datetime, int, int, str, Workload | None]] = []
        self._ticket = 0
        self._written: dict[str, datetime] = {}
        self._unsettled: set[str] = set()
        self._queued: dict[str, dict[str, None]] = {}
        self._held: dict[str, dict[str, None]] = {}

    # -- reading -------------------------------------------------------------------------------

    def resource(self, id_: str) -> Workload | None:
        """Give a custom resource as it is."""
        with self.lock:
            self.settle()
            return self.resources.get(id_)

    def cached(self, id_: str) -> Workload | None:
        """Give a custom resource as the server's cache shows it: not at once after it was made."""
        one = self.resources.get(id_)
        if one is None:
            return None
        seen_at = one.created_at + timedelta(seconds=self.switches.cache_s)
        return one if self.clock.now() >= seen_at else None

    def row(self, id_: str) -> Row | None:
        """Give a row that is not hidden."""
        row = self.rows.get(id_)
        return None if row is None or row.is_deleted else row

    def flavor_of(self, workspace: str) -> Flavor | None:
        """Give the flavor of a workspace's nodes."""
        space = self.workspaces.get(workspace)
        return self.flavors.get(space.flavor) if space else None

    def nodes_of(self, workspace: str) -> list[Node]:
        """List the nodes of a workspace by name."""
        return sorted((n for n in self.nodes.values() if n.workspace == workspace), key=lambda n: n.name)

    def ports(self) -> frozenset[int]:
        """Collect the node ports that workloads hold."""
        held = (
            (one.spec.service or {}).get("nodePort", 0) for one in self.resources.values() if not one.is_ended
        )
        return frozenset(port for port in held if port)

    def ticket(self) -> int:
        """Give the next number, of which ids are made."""
        self._ticket += 1
        return self._ticket

    # -- writing -------------------------------------------------------------------------------

    def new_id(self, display_name: str) -> str:
        """Make an id as the server does."""
        return normalised(generated(display_name, self.ticket()))

    def submit(
        self, id_: str, spec: Spec, user: User, *, display_name: str, description: str = ""
    ) -> Workload:
        """Take in a workload that has been admitted."""
        now = self.clock.now()
        number = self.ticket()
        space = self.workspaces.get(spec.workspace)
        first = "" if self.generation.is_first and self.switches.empty_phase_s else "Pending"
        made = Workload(
            id=id_, uid=made_uuid("workload", number), number=number, display_name=display_name,
            description=description, user_id=user.id, user_name=user.name,
            cluster=space.cluster if space else "", spec=spec, since=now,
            created_at=now.replace(microsecond=0), phase=first,
        )  # fmt: skip
        self.keep(made)
        if not first:
            self.keep(replace(made, phase="Pending"), late_s=self.switches.empty_phase_s)
        self.settle()
        return self.resources[id_]

    def change(self, id_: str, do: Callable[[Workload, datetime], Workload]) -> Workload:
        """Replace a custom resource by what `do` makes of it, and let the cluster react."""
        with self.lock:
            self.settle()
            kept = self.keep(do(self.resources[id_], self.clock.now()))
            self.settle()
            return kept

    def respec(self, id_: str, changed: Workload) -> None:
        """Put a changed spec into effect; what serves is rolled over, a job only stores it."""
        old = self.resources[id_]
        is_rolled = old.step in {"starting", "running", "updating"} and old.spec != changed.spec
        if not is_rolled or not is_application(old.spec.kind):
            self.change(id_, lambda *_: changed)
            return
        self.change(id_, lambda _, at: self._rolling(changed, at))

    def _rolling(self, one: Workload, at: datetime) -> Workload:
        """Replace the pods of what serves; those that find no node wait without one."""
        assert one.run is not None  # noqa: S101 - it serves, so it was dispatched
        revision = one.revision + 1
        lone = replace(one, held=())
        running, seats = self._floor(one.spec.workspace, without=one.id)
        held = crew.places(one, one.spec, fitting(self._claim(lone, at), running, seats), revision)
        run = replace(one.run, places=held, spec=one.spec)
        changed = replace(one, held=held, runs=(*one.runs[:-1], run), revision=revision)
        return phases.rolling(changed, at)

    def forget(self, id_: str) -> None:
        """Remove a custom resource at once, without a trace of how."""
        one = self.resources.pop(id_, None)
        if one is not None:
            self._queued.get(one.spec.workspace, {}).pop(id_, None)
            self._held.get(one.spec.workspace, {}).pop(id_, None)
            self._unsettled.add(one.spec.workspace)

    def reconsider(self, workspace: str) -> None:
        """Let the queue of a workspace be looked at again: its nodes have changed."""
        with self.lock:
            self._unsettled.add(workspace)
            self.settle()

    def hide(self, id_: str) -> None:
        """Mark a row as deleted."""
        self.rows[id_] = replace(self.rows[id_], is_deleted=True)

    def stop_row(self, id_: str) -> None:
        """Stop what is only a row."""
        now = self.clock.now()
        old = self.rows[id_]
        one = replace(old.workload, phase="Stopped", ended_at=now)
        self.rows[id_] = replace(old, workload=one, deletion_at=now)

    def keep(self, one: Workload, at: datetime | None = None, *, late_s: float = 0.0) -> Workload:
        """Store a custom resource, set its timers, and send it to the exporter."""
        at = at or self.clock.now()
        before = self.resources.get(one.id)
        self.resources[one.id] = one
        self._index(one)
        if before is not None and _stake(before) != _stake(one):
            self._unsettled.add(one.spec.workspace)
        if one.is_ended and (before is None or not before.is_ended):
            self._tell_dependents(one, at)
        self._set_timers(one, at)
        self._export(one, at + timedelta(seconds=late_s))
        return one

    def _index(self, one: Workload) -> None:
        """Remember who waits and who holds nodes, by workspace and in order."""
        space = one.spec.workspace
        waits = one.step == "queued" and one.deleting_at is None
        for index, is_in in ((self._queued, waits), (self._held, bool(one.held))):
            ids = index.setdefault(space, {})
            if is_in:
                ids[one.id] = None
            else:
                ids.pop(one.id, None)

    def _set_timers(self, one: Workload, at: datetime) -> None:
        """Remember when a workload next moves; what is due already moves now, for time never goes back."""
        if one.deleting_at is not None:
            gone_at = one.deleting_at + timedelta(seconds=self.pace.deleting_s)
            self._at(max(gone_at, at), _GONE, one.id)
            return
        due = phases.due(one, self._scene(one))
        if due is not None:
            self._at(max(due, at), _MOVE, one.id)
        if one.step == "queued":
            for moment in (phases.wakes_at(one, self._scene(one)), phases.starts_at(one)):
                if moment is not None and moment > at:
                    self._at(moment, _MOVE, one.id)

    def _at(self, moment: datetime, what: int, id_: str, snapshot: Workload | None = None) -> None:
        heapq.heappush(self._timers, (moment, self.ticket(), what, id_, snapshot))

    def _export(self, one: Workload, at: datetime) -> None:
        late = exporter.lateness(one, self._ticket, self.switches.lag_s, self.switches.jitter_s)
        moment = max(at + timedelta(seconds=late), self._written.get(one.id, at))
        self._written[one.id] = moment
        self._at(moment, _ROW, one.id, one)

    def _tell_dependents(self, one: Workload, at: datetime) -> None:
        """Let others know how a workload ended: what did not succeed fails those that wait for it.

        What it owns is stopped.
        """
        for child in [w for w in self.resources.values() if w.spec.owner_id == one.id and not w.is_ended]:
            self.keep(phases.stopped(child, at, f"the owner {one.id} has ended"), at)
        for other in [w for w in self.resources.values() if one.id in (w.spec.dependencies or ())]:
            if other.is_ended or one.id in other.dependency_phases:
                continue
            known = replace(other, dependency_phases={**other.dependency_phases, one.id: one.phase})
            if one.phase != "Succeeded":
                known = phases.failed(known, at, f"dependency workload {one.id} is {one.phase}")
            self.keep(known, at)

    # -- time ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Play everything that was due up to now, in the order it was due."""
        now = at = self.clock.now()
        while True:
            self._schedule(at)
            if not self._timers or self._timers[0][0] > now:
                return
            at = self._timers[0][0]
            while self._timers and self._timers[0][0] == at:
                _, _, what, id_, snapshot = heapq.heappop(self._timers)
                self._play(at, what, id_, snapshot)

    def _play(self, at: datetime, what: int, id_: str, snapshot: Workload | None) -> None:
        if snapshot is not None:
            if exporter.fits(snapshot, self.generation):
                self.rows[id_] = exporter.upserted(self.rows.get(id_), snapshot, self.generation)
            return
        one = self.resources.get(id_)
        if one is None:
            return
        if what == _GONE:
            self._remove(one, at)
            return
        due = phases.due(one, self._scene(one))
        if due is not None and due <= at:
            self.keep(phases.advance(one, at, self._scene(one)), at)
        elif one.step == "queued":
            self._unsettled.add(one.spec.workspace)

    def _remove(self, one: Workload, at: datetime) -> None:
        """Let a custom resource go once its pods are gone and its last row is written."""
        if one.deleting_at is None:
            return
        written_at = self._written.get(one.id, at)
        if written_at > at:
            self._at(written_at, _GONE, one.id)
        elif not exporter.fits(one, self.generation):
            self._at(at + timedelta(seconds=_RETRY_S), _GONE, one.id)
        else:
            self.forget(one.id)

    def _scene(self, one: Workload) -> Scene:
        own = (one.spec.service or {}).get("nodePort", 0)
        ports = frozenset[int]()
        if own and one.step == "scheduled":
            ports = frozenset(
                (other.spec.service or {}).get("nodePort", 0)
                for other in self.resources.values()
                if other.id != one.id and other.is_dispatched and not other.is_ended
            )
        return Scene(self.pace, self.generation, ports)

    # -- the queues ----------------------------------------------------------------------------

    def _schedule(self, at: datetime) -> None:
        while self._unsettled:
            workspace = sorted(self._unsettled)[0]
            self._unsettled.discard(workspace)
            self._schedule_one(workspace, at)

    def _schedule_one(self, workspace: str, at: datetime) -> None:
        queued = [self.resources[id_] for id_ in self._queued.get(workspace, ())]
        waiting = [one for one in queued if phases.wakes_at(one, self._scene(one)) <= at]
        ready = [one for one in (self._looked_at(one, at) for one in waiting) if one is not None]
        if not ready:
            return
        verdict = self._place(workspace, [self._claim(one, at) for one in ready])
        for id_ in verdict.preempted:
            self.keep(phases.preempted(self.resources[id_], at), at)
        order = sorted(ready, key=lambda one: (-one.spec.priority, one.created_at, one.number))
        position = 0
        for one in order:
            if nodes := verdict.placed.get(one.id):
                held = crew.places(one, one.spec, nodes, one.revision)
                self.keep(replace(phases.scheduled(one, at), held=held), at)
                continue
            position += 1
            told = replace(one, queue=position, message=verdict.waits.get(one.id, one.message))
            if told != one:
                self.keep(told, at)

    def _looked_at(self, one: Workload, at: datetime) -> Workload | None:
        """Look up the dependencies of a workload for the first time; None if that fails it."""
        known = dict(one.dependency_phases)
        for id_ in one.spec.dependencies or ():
            if id_ in known:
                continue
            other = self.resources.get(id_)
            if other is None:
                self.keep(phases.failed(one, at, f"dependency workload {id_} not found"), at)
                return None
            if not other.is_ended:
                continue
            is_blind = self.generation.is_first and self.switches.dependency_waits
            known[id_] = one.phase if is_blind else other.phase
            if known[id_] in {"Failed", "Stopped"}:
                self.keep(phases.failed(one, at, f"dependency workload {id_} is {other.phase}"), at)
                return None
        if known == one.dependency_phases:
            return one
        return self.keep(replace(one, dependency_phases=known), at)

    def _claim(self, one: Workload, at: datetime) -> Claim:
        done = one.dependency_phases
        waits_on = any(done.get(id_) != "Succeeded" for id_ in one.spec.dependencies or ())
        return rules.claim_of(one, at, self.generation, waits_on=waits_on)

    def _place(self, workspace: str, claims: Sequence[Claim]) -> Verdict:
        space = self.workspaces.get(workspace)
        if space is None:
            return Verdict({}, (), {})
        running, seats = self._floor(workspace)
        return schedule(
            claims, running, seats, is_fifo=space.queue_policy != "balance",
            preempts=space.enables_preempt, words=rules.WORDS[self.generation.number],
        )  # fmt: skip

    def _floor(self, workspace: str, *, without: str = "") -> tuple[list[Claim], list[Seat]]:
        """Give what runs in a workspace, and its nodes."""
        flavor, now = self.flavor_of(workspace), self.clock.now()
        held = [self.resources[id_] for id_ in self._held.get(workspace, ()) if id_ != without]
        running = [rules.claim_of(one, now, self.generation) for one in held]
        if flavor is None:
            return running, []
        return running, [rules.seat_of(node, flavor, self.generation) for node in self.nodes_of(workspace)]


def _stake(one: Workload) -> tuple[object, ...]:
    """Give what matters to the queues of the workspace."""
    return one.step, one.held, one.spec, one.deleting_at is None, one.dependency_phases
