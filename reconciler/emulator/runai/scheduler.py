"""Who gets GPUs: a pure function of what is asked, what is held, and what there is.

Quotas are per project and node pool. Non-preemptible work never goes over quota; preemptible work
may, while GPUs are free, and gives them back when a project asks for its own. Nothing goes over a limit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.emulator.runai.crew import crew, size
from reconciler.emulator.runai.quantity import gib
from reconciler.emulator.runai.records import Pool, Refusal, Run, Spec, Workload

Json = Any
_DUST = 1e-6
_UNLIMITED: Mapping[str, Mapping[str, float]] = {}


@dataclass(frozen=True, slots=True)
class Claim:
    """A pod group that wants to run or runs: `pods` pods of `per_pod` GPUs on average.

    Projects and pools are ids; `owner` is the project's name, for messages.
    """

    id: str
    project: str
    owner: str
    pools: tuple[str, ...]
    pods: int
    per_pod: Mapping[str, float]
    preemptible: bool
    priority: int
    since: datetime
    pool: str | None = None
    largest: Mapping[str, float] = field(default_factory=dict)

    def gpus_of_largest(self, pool: str) -> float:
        """Count the GPUs of its largest pod in a pool."""
        return self.largest.get(pool, self.per_pod.get(pool, 0.0))

    def gpus(self, pool: str) -> float:
        """Count the GPUs it takes in a pool."""
        return self.pods * self.per_pod.get(pool, 0.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the scheduler decides: claims granted (to a pool), evicted, and refused (why)."""

    granted: Mapping[str, str] = field(default_factory=dict)
    evicted: tuple[str, ...] = ()
    refused: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)


class _Desk:
    """The state of one pass: what each pool has left and what each project holds."""

    def __init__(
        self,
        pools: Mapping[str, Pool],
        quotas: Mapping[str, Mapping[str, float]],
        running: Iterable[Claim],
        limits: Mapping[str, Mapping[str, float]],
    ) -> None:
        self.pools, self.quotas, self.limits = pools, quotas, limits
        self.running: dict[str, Claim] = {}
        self.granted: dict[str, str] = {}
        self.evicted: list[str] = []
        # GPUs held, by pool; by pool and project; and there by what cannot be evicted.
        self._held: dict[tuple[str, str | None, bool], float] = defaultdict(float)
        for claim in running:
            if claim.pool:
                self.seat(claim, claim.pool)

    def seat(self, claim: Claim, pool: str) -> None:
        self.running[claim.id] = replace(claim, pool=pool)
        self._book(claim, pool, claim.gpus(pool))

    def unseat(self, id_: str) -> None:
        claim = self.running.pop(id_)
        self._book(claim, claim.pool or "", -claim.gpus(claim.pool or ""))
        self.evicted.append(id_)

    def _book(self, claim: Claim, pool: str, gpus: float) -> None:
        self._held[pool, None, False] += gpus
        self._held[pool, claim.project, False] += gpus
        if not claim.preemptible:
            self._held[pool, claim.project, True] += gpus

    def held(self, pool: str, project: str | None = None, *, firm: bool = False) -> float:
        return self._held[pool, project, firm]

    def quota(self, project: str, pool: str) -> float:
        return self.quotas.get(project, {}).get(pool, 0.0)

    def refusal(self, claim: Claim, name: str) -> Refusal | None:
        """Say why a pool does not take a claim now; None means it was taken."""
        pool, need = self.pools[name], claim.gpus(name)
        if claim.gpus_of_largest(name) > (pool.gpus_per_node if pool.gpus else 0):
            return _unfit(claim, name, pool)
        limit = self.limits.get(claim.project, {}).get(name)
        if limit is not None and self.held(name, claim.project) + need > limit + _DUST:
            return _over_limit(claim, pool, need, limit)
        firm = self.held(name, claim.project, firm=True)
        if not claim.preemptible and firm + need > self.quota(claim.project, name) + _DUST:
            return _over_quota(claim, pool, need, self.quota(claim.project, name))
        victims = self._victims(claim, name, need)
        if victims is None:
            return _unfit(claim, name, pool)
        for victim in victims:
            self.unseat(victim)
        return None

    def _victims(self, claim: Claim, pool: str, need: float) -> list[str] | None:
        """Choose whom to evict; an empty list if there is room, None if it cannot be made."""
        short = need - (self.pools[pool].gpus - self.held(pool))
        if short <= _DUST:
            return []
        own = self.held(pool, claim.project) + need
        is_reclaim = own <= self.quota(claim.project, pool) + _DUST
        chosen: list[str] = []
        freed: dict[str, float] = {}
        for other in sorted(self.running.values(), key=lambda c: (c.priority, c.since)):
            if short <= _DUST:
                break
            kept = self.held(pool, other.project) - freed.get(other.project, 0.0)
            if self._may_evict(claim, other, pool, kept=kept, is_reclaim=is_reclaim):
                chosen.append(other.id)
                freed[other.project] = freed.get(other.project, 0.0) + other.gpus(pool)
                short -= other.gpus(pool)
        return chosen if short <= _DUST else None

    def _may_evict(self, claim: Claim, other: Claim, pool: str, *, kept: float, is_reclaim: bool) -> bool:
        if not other.preemptible or other.pool != pool or not other.gpus(pool):
            return False
        if other.project == claim.project:
            return other.priority < claim.priority
        return is_reclaim and kept > self.quota(other.project, pool) + _DUST


def schedule(
    waiting: Sequence[Claim],
    running: Iterable[Claim],
    pools: Mapping[str, Pool],
    quotas: Mapping[str, Mapping[str, float]],
    limits: Mapping[str, Mapping[str, float]] = _UNLIMITED,
) -> Verdict:
    """Decide about every waiting claim: highest priority first, then oldest, then as given."""
    desk = _Desk(pools, quotas, running, limits)
    refused: dict[str, tuple[Refusal, ...]] = {}
    for claim in sorted(waiting, key=lambda c: (-c.priority, c.since)):
        reasons: list[Refusal] = []
        for name in claim.pools:
            reason = desk.refusal(claim, name)
            if reason is None:
                desk.granted[claim.id] = name
                desk.seat(claim, name)
                break
            reasons.append(reason)
        else:
            refused[claim.id] = tuple(reasons)
    evicted = tuple(id_ for id_ in desk.evicted if id_ not in desk.granted)
    granted = {id_: pool for id_, pool in desk.granted.items() if id_ not in desk.evicted}
    return Verdict(granted, evicted, refused)


def _over_quota(claim: Claim, pool: Pool, need: float, quota: float) -> Refusal:
    said = (
        f"Non-preemptible workload is over quota. Workload requested {need:g} GPUs, but "
        f"{claim.owner} quota is {quota:g} GPUs in node-pool {pool.name}"
    )
    return Refusal(pool.name, "NonPreemptibleOverQuota", "NonPreemptibleOverQuota", said, "PROJECT")


def _over_limit(claim: Claim, pool: Pool, need: float, limit: float) -> Refusal:
    said = (
        f"Workload is over limit. Workload requested {need:g} GPUs, but {claim.owner} may hold at most "
        f"{limit:g} GPUs in node-pool {pool.name}"
    )
    return Refusal(pool.name, "OverLimit", "OverLimit", said, "PROJECT")


def _unfit(claim: Claim, key: str, pool: Pool) -> Refusal:
    if not pool.gpus:
        said = f"No node in the {pool.name} node-pool has GPU resources"
    else:
        said = (
            f"Node-pool {pool.name}: 0/{pool.nodes} nodes are available: {pool.nodes} node(s) "
            f"did not have enough resources: GPUs ({claim.gpus_of_largest(key):g} per pod "
            f"needed, {claim.pods} pods)"
        )
    return Refusal(pool.name, "NotEnoughResources", "Unschedulable", said)


def gpus_per_pod(spec: Spec, pool: Pool) -> float:
    """Count the GPUs, whole or in part, of one pod in a pool."""
    compute: dict[str, Json] = spec.get("compute") or {}
    devices = compute.get("gpuDevicesRequest")
    asked_in = compute.get("gpuRequestType")
    count = float((1 if asked_in else 0) if devices is None else devices)
    if asked_in == "portion":
        return count * float(compute.get("gpuPortionRequest") or 1)
    if asked_in == "memory" and pool.gpu_gib:
        return count * min(gib(compute.get("gpuMemoryRequest") or "0") / pool.gpu_gib, 1.0)
    return count


def mean_gpus(run: Run, pool: Pool) -> float:
    """Count the GPUs of a run's average pod: a launcher often has fewer than the workers."""
    total = sum(role.pods * gpus_per_pod(role.spec, pool) for role in crew(run))
    return total / size(run) if size(run) else 0.0


def most_gpus(run: Run, pool: Pool) -> float:
    """Count the GPUs of a run's largest pod."""
    return max((gpus_per_pod(role.spec, pool) for role in crew(run) if role.pods), default=0.0)


def needs_gpu(run: Run) -> bool:
    """Tell whether any pod of a run asks for a GPU."""
    return any(_asks_gpu(role.spec.get("compute") or {}) for role in crew(run) if role.pods)


def _asks_gpu(compute: Spec) -> bool:
    devices = compute.get("gpuDevicesRequest")
    return bool(devices) or (devices is None and bool(compute.get("gpuRequestType")))


def pool_names(workload: Workload, spec: Spec) -> tuple[str, ...]:
    """List the node pools a spec may use, in order."""
    return tuple(spec.get("nodePools") or workload.project.default_pools)
