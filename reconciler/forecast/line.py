"""The queue of a pool that serves one after another: whether what a plan asks finds room, and its turn.

Source: Primus-SaFE's documented rules: the highest rank first, then the oldest; all pods of an object at
once, each on a node that has all it asks. What hangs on more than amounts, or on who comes first, is only
said to be so: it may queue. What is said to start does so in whatever order the plan's objects arrive.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.capacity import Chance, Claim, Outlook, Pool, Queue
from reconciler.forecast.desk import Bid, shown
from reconciler.plan.change import Action, Change
from reconciler.resource import Life, ResourceKey, Summary

_DUST = 1e-6
_SURE = frozenset({Chance.STARTS, Chance.LATER})


@dataclass(frozen=True, slots=True)
class Ask:
    """Hold one ask: its place in the order, what it claims, and the change that it is part of."""

    bid: Bid
    claim: Claim
    change: Change

    @property
    def pods(self) -> int:
        """Count its pods."""
        return _pods(self.claim)


@dataclass(frozen=True, slots=True)
class _Room:
    """Count the places for pods of an ask: there now, its old pods', and those of what ends for good.

    `freed` are the GPUs of all that the plan ends, what it creates anew as well.
    """

    now: int
    own: int
    later: int
    freed: float


class Line:
    """Hold one pool: what a plan asks of it, the changes that free some of it, and what holds GPUs.

    `shrinks`: updates may free some as well, nobody knows where.
    """

    def __init__(
        self,
        name: str,
        pool: Pool,
        asks: Sequence[Ask],
        frees: Sequence[Change],
        held: Sequence[Summary],
        *,
        shrinks: bool = False,
    ) -> None:
        self._name, self._pool = name, pool
        self._queue = pool.queue or Queue(0.0)
        self._asks, self._frees, self._held = asks, frees, held
        self._shrinks = shrinks

    def outlooks(self) -> dict[ResourceKey, Outlook]:
        """Tell of each ask what becomes of it: by the room there is, then by whose turn it is."""
        rooms = {ask.bid.key: self._by_room(ask) for ask in self._asks}
        return {ask.bid.key: self._by_turn(ask, rooms) for ask in self._asks if ask.claim.gpus}

    def _by_room(self, ask: Ask) -> Outlook:
        if why := self._too_large(ask.claim):
            return self._told(ask, Chance.NEVER, why)
        room, others = self._room(ask), self._spoilt_by_others(ask)
        if self._queue.nodes is None:
            return self._by_sum(ask, room)
        if room.now + room.own - others >= ask.pods:
            return self._told(ask, Chance.STARTS)
        if room.now + room.own + room.later - others >= ask.pods:
            return self._told(ask, Chance.LATER, "when what this plan ends is gone")
        if room.now + room.own + room.later >= ask.pods:
            why = "it depends on which of this plan's objects come first"
            return self._told(ask, Chance.MAY_QUEUE, f"{self._short(ask, room)}; {why}")
        return self._without_room(ask, room)

    def _by_sum(self, ask: Ask, room: _Room) -> Outlook:
        """Tell by the sum of what is free, where nobody tells how it lies on the nodes."""
        if self._queue.free + room.freed + _DUST < ask.claim.gpus:
            return self._without_room(ask, room)
        return self._told(
            ask, Chance.MAY_QUEUE, f"how the free GPUs of {self._name} lie on its nodes is not told"
        )

    def _without_room(self, ask: Ask, room: _Room) -> Outlook:
        """Tell of what finds no room now whether it may get some in other ways."""
        short = self._short(ask, room)
        if ask.change.action is Action.UPDATE:
            return self._told(ask, Chance.MAY_QUEUE, f"{short}; new pods may take the place of old ones")
        is_enough = self._queue.free + room.freed + _DUST >= ask.claim.gpus
        if self._shrinks or (self._is_stirred() and is_enough):
            return self._told(ask, Chance.MAY_QUEUE, f"{short}; more is freed, on nodes that nobody tells")
        if self._may_push_out():
            return self._told(ask, Chance.MAY_QUEUE, f"{short}; what has a lower priority may give way")
        return self._told(ask, Chance.QUEUES, short)

    def _may_push_out(self) -> bool:
        """Tell whether the plan may send away what runs, which may free more than it takes."""
        highest = max((ask.bid.rank for ask in self._asks), default=0)
        return self._queue.preempts and any((row.priority or 0) < highest for row in self._held)

    def _by_turn(self, ask: Ask, rooms: Mapping[ResourceKey, Outlook]) -> Outlook:
        """Take back what room alone promises where something else comes first, or decides."""
        outlook = rooms[ask.bid.key]
        if outlook.chance is Chance.MAY_QUEUE and ask.claim.unless:
            return replace(outlook, why=f"{ask.claim.unless}; {outlook.why}")
        if outlook.chance not in _SURE:
            return outlook
        why = next(self._doubts(ask, rooms), "")
        return replace(outlook, chance=Chance.MAY_QUEUE, why=why) if why else outlook

    def _doubts(self, ask: Ask, rooms: Mapping[ResourceKey, Outlook]) -> Iterator[str]:
        if ask.claim.unless:
            yield ask.claim.unless
        if ask.change.action is Action.UPDATE:
            if ask.change.observed and not ask.change.observed.summary.gpus:
                yield "it waits already"
            return
        is_sure = self._is_undisturbed(ask)
        ahead = [rank for rank in self._queue.waiting if not is_sure or self._is_held_up(ask, rank)]
        if ahead:
            yield f"{len(ahead)} other{'s wait' if len(ahead) > 1 else ' waits'} in {self._name} already"
        chance = rooms[ask.bid.key].chance
        fine = {Chance.STARTS, chance}
        for other in self._asks:
            is_other = other is not ask and other.change.action is not Action.UPDATE
            if is_other and rooms[other.bid.key].chance not in fine and self._is_held_up(ask, other.bid.rank):
                yield f"{other.bid.key.kind}/{other.bid.key.name} may come first, and waits"

    def _is_undisturbed(self, ask: Ask) -> bool:
        """Tell whether an ask finds room that nothing which waits has found, or will before its turn.

        What the plan frees, even for a moment, may go to whatever waits, and what was free before with it.
        """
        is_room = self._room(ask).now - self._spoilt_by_others(ask) >= ask.pods
        return is_room and not self._shrinks and not self._is_stirred()

    def _is_stirred(self) -> bool:
        """Tell whether the plan ends something here that may hold a place."""
        found = (change.observed for change in self._frees)
        return any(observed and observed.summary.life is Life.ACTIVE for observed in found)

    def _is_held_up(self, ask: Ask, rank: int) -> bool:
        """Tell whether something of this rank, while it waits, keeps an ask from its turn."""
        return rank >= ask.bid.rank if self._queue.is_strict else rank > ask.bid.rank

    # -- room --

    def _too_large(self, claim: Claim) -> str:
        if claim.gpus and not self._pool.gpus:
            return f"no node of {self._name} has a GPU"
        if claim.largest > self._pool.largest + _DUST:
            return f"a pod asks {claim.largest:g} GPUs, a node of {self._name} has {self._pool.largest:g}"
        for name, amount in claim.pod.items():
            if amount > self._queue.most.get(name, math.inf):
                return f"a pod asks for more {name} than a node of {self._name} gives"
        if self._queue.pods is not None and _pods(claim) > self._queue.pods:
            return (
                f"asks {_pods(claim)} pods at once, {self._name} takes {self._queue.pods}, one for each node"
            )
        if claim.gpus > self._pool.gpus + _DUST:
            return f"asks {claim.gpus:g} GPUs at once, {self._name} has {self._pool.gpus:g}"
        return ""

    def _room(self, ask: Ask) -> _Room:
        now = sum(_places(ask.claim, node) for node in self._queue.nodes or ())
        own = [each for each in self._frees if each is ask.change]
        ends = [each for each in self._frees if not each.action.recreates]
        freed = sum(change.observed.summary.gpus for change in self._frees if change.observed)
        return _Room(now, _places_of(own, ask.claim), _places_of(ends, ask.claim), freed)

    def _spoilt_by_others(self, ask: Ask) -> int:
        """Count the places that the rest of the plan takes from an ask at most, wherever its pods go.

        A pod takes none but those of its node, which are never more than those of a node that is free.
        """
        others = [each for each in self._asks if each is not ask and not self._stays_out(each)]
        whole = max(_places(ask.claim, self._queue.most), 1)
        return sum(other.pods * min(_spoilt(other.claim, ask.claim), whole) for other in others)

    def _stays_out(self, ask: Ask) -> bool:
        """Tell whether an ask finds no room, even if it is the only one."""
        if self._too_large(ask.claim):
            return True
        room = self._room(ask)
        has_room = room.now + room.own + room.later >= ask.pods
        return not has_room and self._without_room(ask, room).chance is Chance.QUEUES

    def _short(self, ask: Ask, room: _Room) -> str:
        free = self._queue.free
        if free + _DUST < ask.claim.gpus or self._queue.nodes is None:
            return f"asks {ask.claim.gpus:g} GPUs at once, {shown(free)} of {self._name} are free"
        pods = f"{ask.pods} pods" if ask.pods > 1 else "a pod"
        cards = f"{ask.claim.largest:g} GPU{'s' if ask.claim.largest != 1 else ''}"
        return f"asks room for {pods} of {cards}, and {self._name} has it for {room.now}"

    def _told(self, ask: Ask, chance: Chance, why: str = "") -> Outlook:
        return Outlook(ask.bid.key, chance, ask.bid.gpus, self._name, why=why)


def _pods(claim: Claim) -> int:
    return round(claim.gpus / claim.largest) if claim.largest else claim.pods


def _places(claim: Claim, node: Mapping[str, float]) -> int:
    """Count the pods of a claim that find room on a node."""
    return max(min(int(node.get(name, 0.0) // amount) for name, amount in _needs(claim).items()), 0)


def _spoilt(other: Claim, claim: Claim) -> int:
    """Count the places for a claim's pods that one pod of another takes away at most."""
    takes = _needs(other)
    return max(math.ceil(takes.get(name, 0.0) / amount) for name, amount in _needs(claim).items())


def _needs(claim: Claim) -> Mapping[str, float]:
    """Give what each pod asks for, without what it asks none of."""
    return {name: amount for name, amount in claim.pod.items() if amount > 0} or {"gpu": claim.largest or 1.0}


def _places_of(changes: Sequence[Change], claim: Claim) -> int:
    """Count the places for a claim's pods where those of other objects are now, that hold GPUs."""
    found = 0
    for change in changes:
        if change.observed and change.observed.summary.gpus and change.kind:
            held = change.kind.claim(change.observed.spec)
            if held:
                found += _pods(held) * _places(claim, held.pod)
    return found
