"""The desk of a scheduler: who sits where, and whether one more finds room. Source: the platform's rules.

Work that cannot be preempted stays within the quota of its scope. Other work may go over it while there is
room, and gives way when a scope asks for its own. Nothing goes over a limit. What is held by objects that
are not seen one by one is taken as a sum, of which as little gives way as must.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.capacity import OVER_LIMIT, OVER_QUOTA, Capacity, Pool, Share
from reconciler.resource import ResourceKey

_DUST = 1e-6
_NOTHING = Share(0.0)
UNSCHEDULABLE = "Unschedulable"


@dataclass(frozen=True, slots=True)
class Bid:
    """One ask, with all that a spec may leave open filled in. `pool` is where it sits, "" while it waits.

    The higher the `rank` the sooner it is served, then the lower its `age`. `is_firm`: nothing evicts it.
    """

    key: ResourceKey
    gpus: float
    largest: float
    pools: tuple[str, ...]
    rank: int
    age: tuple[int, float]
    is_firm: bool
    pool: str = ""

    @property
    def scope(self) -> str:
        """Name the scope whose quota it counts against."""
        return self.key.scope


@dataclass(frozen=True, slots=True)
class Refusal:
    """Say why a pool has no seat for a bid. `never`: nor would it have, were it empty.

    `doubt`: it may have one all the same, as others give way of whom only sums are known.
    """

    pool: str
    reason: str
    why: str
    never: bool = False
    doubt: bool = False


class Desk:
    """Hold one state of a cluster and change it as bids are seated. Made anew for each course of events."""

    def __init__(self, capacity: Capacity, seats: Iterable[Bid]) -> None:
        self._capacity = capacity
        self._pools: Mapping[str, Pool] = capacity.pools or {}
        self._held: dict[tuple[str, str], float] = defaultdict(float)
        self._firm: dict[tuple[str, str], float] = defaultdict(float)
        self._loose: dict[tuple[str, str], float] = defaultdict(float)
        self._in_pool: dict[str, float] = defaultdict(float)
        self._seats: dict[ResourceKey, Bid] = {}
        self._yielding: dict[str, list[Bid]] = {}
        self.evicted: list[Bid] = []
        self.freed: dict[str, float] = defaultdict(float)
        self.turns = 0
        for (scope, pool), share in capacity.shares.items():
            self._held[scope, pool] += share.allocated
            self._in_pool[pool] += share.allocated
            self._firm[scope, pool] += share.firm
        for bid in seats:
            self._sit(bid)

    def sits(self, key: ResourceKey) -> Bid | None:
        """Give the bid that sits here, with its pool."""
        return self._seats.get(key)

    def free(self, pool: str) -> float:
        """Count what is free in a pool."""
        return self._pools[pool].gpus - self._in_pool[pool]

    def leave(self, key: ResourceKey) -> None:
        """Take away what sits here, and remember what that frees."""
        if (bid := self._seats.get(key)) is not None:
            self._stand_up(bid)
            self.freed[bid.pool] += bid.gpus

    def seat(self, bid: Bid) -> tuple[Refusal, ...]:
        """Seat a bid in the first pool of its wish that takes it, evicting whom it may; else say why not."""
        refusals = []
        for pool in bid.pools:
            refusal = self._refusal(bid, pool)
            if refusal is None:
                seated = replace(bid, pool=pool)
                self._sit(seated)
                self._book(seated, bid.gpus)
                return ()
            refusals.append(refusal)
        return tuple(refusals)

    def is_contested(self, pool: str) -> bool:
        """Tell whether others wait for what was freed here, and there is not enough for all."""
        waiting = sum(share.waiting for (_, name), share in self._capacity.shares.items() if name == pool)
        waiting += sum(bid.gpus for bid in self.evicted if pool in bid.pools)
        return self.freed[pool] > _DUST and waiting > self.free(pool) + _DUST

    # -- how --

    def _share(self, scope: str, pool: str) -> Share:
        return self._capacity.shares.get((scope, pool), _NOTHING)

    def _sit(self, bid: Bid) -> None:
        """Give a seat; who sat here under the same key goes on to count among those not seen."""
        old = self._seats.get(bid.key)
        if old is not None and not old.is_firm:
            self._loose[old.scope, old.pool] -= old.gpus
            self._yielding.pop(old.pool, None)
        self._seats[bid.key] = bid
        self._yielding.pop(bid.pool, None)
        if not bid.is_firm:
            self._loose[bid.scope, bid.pool] += bid.gpus

    def _stand_up(self, bid: Bid) -> None:
        """Take a bid off its seat. What waits may be asked again: `turns` counts these times."""
        del self._seats[bid.key]
        self._yielding.pop(bid.pool, None)
        if not bid.is_firm:
            self._loose[bid.scope, bid.pool] -= bid.gpus
        self._book(bid, -bid.gpus)
        self.turns += 1

    def _book(self, bid: Bid, gpus: float) -> None:
        self._held[bid.scope, bid.pool] += gpus
        self._in_pool[bid.pool] += gpus
        if bid.is_firm:
            self._firm[bid.scope, bid.pool] += gpus

    def _refusal(self, bid: Bid, pool: str) -> Refusal | None:
        """Say why a pool does not take a bid now; None when room was made for it."""
        share, there = self._share(bid.scope, pool), self._pools[pool]
        if bid.largest > there.largest + _DUST or bid.gpus > there.gpus + _DUST:
            return _too_large(bid, pool, there)
        if share.limit is not None and self._held[bid.scope, pool] + bid.gpus > share.limit + _DUST:
            return _over_limit(bid, pool, share.limit, self._held[bid.scope, pool])
        firm = self._firm[bid.scope, pool]
        if bid.is_firm and firm + bid.gpus > share.quota + _DUST:
            return _over_quota(bid, pool, share.quota, firm)
        return self._room(bid, pool)

    def _room(self, bid: Bid, pool: str) -> Refusal | None:
        """Evict whom it may, until there is room; nobody, where that is not enough."""
        free = max(self.free(pool), 0.0)
        short = bid.gpus - self.free(pool)
        victims: list[Bid] = []
        taken: dict[str, float] = defaultdict(float)
        is_reclaim = self._held[bid.scope, pool] + bid.gpus <= self._share(bid.scope, pool).quota + _DUST
        for other in self._in_line(pool) if short > _DUST else ():
            if short <= _DUST:
                break
            if self._gives_way(other, bid, pool, taken[other.scope], is_reclaim=is_reclaim):
                victims.append(other)
                taken[other.scope] += other.gpus
                short -= other.gpus
        sums = dict(self._unseen(pool, bid.scope, taken)) if is_reclaim and short > _DUST else {}
        if short - sum(least for least, _ in sums.values()) > _DUST:
            doubt = bool(sums) and short - sum(most for _, most in sums.values()) <= _DUST
            why = f"asks {bid.gpus:g} GPUs at once, {shown(free)} of {pool} are free"
            return Refusal(pool, UNSCHEDULABLE, why, doubt=doubt)
        for victim in victims:
            self._evict(victim)
        for scope, (least, _) in sums.items():
            part = min(least, max(short, 0.0))
            self._held[scope, pool] -= part
            self._in_pool[pool] -= part
            short -= part
        return None

    def _in_line(self, pool: str) -> list[Bid]:
        """List who may have to give way in a pool, the first to go first."""
        if pool not in self._yielding:
            loose = [each for each in self._seats.values() if each.pool == pool and not each.is_firm]
            self._yielding[pool] = sorted(loose, key=lambda each: (each.rank, each.age))
        return self._yielding[pool]

    def _gives_way(self, other: Bid, bid: Bid, pool: str, taken: float, *, is_reclaim: bool) -> bool:
        if not other.gpus:
            return False
        if other.scope == bid.scope:
            return other.rank < bid.rank
        kept = self._held[other.scope, pool] - taken
        return is_reclaim and kept > self._share(other.scope, pool).quota + _DUST

    def _unseen(
        self, pool: str, scope: str, taken: Mapping[str, float]
    ) -> Iterator[tuple[str, tuple[float, float]]]:
        """Give the least and the most that other scopes give way of, in objects not seen one by one."""
        for (other, name), held in self._held.items():
            if name != pool or other == scope:
                continue
            loose = held - self._firm[other, pool] - self._loose[other, pool]
            over = held - taken.get(other, 0.0) - self._share(other, pool).quota
            if min(loose, over) > _DUST:
                yield other, (min(loose, over), loose)

    def _evict(self, victim: Bid) -> None:
        self._stand_up(victim)
        self.evicted.append(replace(victim, pool=""))


def shown(gpus: float) -> str:
    """Write GPUs that are free or held to hundredths; never more than there are."""
    return f"{math.floor(gpus * 100 + _DUST) / 100:g}"


def _too_large(bid: Bid, pool: str, there: Pool) -> Refusal:
    if not there.gpus:
        return Refusal(pool, UNSCHEDULABLE, f"no node of {pool} has a GPU", never=True)
    if bid.largest > there.largest + _DUST:
        why = f"a pod asks {bid.largest:g} GPUs, a node of {pool} has {there.largest:g}"
    else:
        why = f"asks {bid.gpus:g} GPUs at once, {pool} has {there.gpus:g}"
    return Refusal(pool, UNSCHEDULABLE, why, never=True)


def _over_limit(bid: Bid, pool: str, limit: float, held: float) -> Refusal:
    why = f"asks {bid.gpus:g} GPUs, {bid.scope} may hold at most {limit:g} of {pool} and holds {shown(held)}"
    return Refusal(pool, OVER_LIMIT, why, never=bid.gpus > limit + _DUST)


def _over_quota(bid: Bid, pool: str, quota: float, firm: float) -> Refusal:
    why = (
        f"asks {bid.gpus:g} GPUs that cannot be preempted; {bid.scope} may have {quota:g} such of {pool} "
        f"and has {shown(firm)}"
    )
    return Refusal(pool, OVER_QUOTA, why, never=bid.gpus > quota + _DUST)
