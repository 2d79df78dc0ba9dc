"""Walk through a plan as apply will carry it out, and see who is seated.

Several courses of events are walked, since creates arrive close together: each wave at once, served by rank,
one create after the other, and what is created anew last. What they disagree about may start or queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.capacity import (
    Capacity,
    Chance,
    Claim,
    Forecast,
    Habit,
    Outlook,
    PoolLine,
    Queue,
    ShareLine,
)
from reconciler.forecast.desk import Bid, Desk, Refusal
from reconciler.forecast.line import Ask, Line
from reconciler.health import Level
from reconciler.order import waves
from reconciler.plan.change import Action, Change
from reconciler.resource import EMPTY, Life, ResourceKey, Summary

_ARRIVES = frozenset({Action.CREATE, Action.REPLACE, Action.RERUN, Action.RESUME, Action.UPDATE})
_LEAVES = frozenset({Action.DELETE, Action.STOP})


def asks(change: Change) -> Claim | None:
    """Give what a change newly asks of the scheduler; None where it asks for no GPU, or for none more."""
    kind, resource = change.kind, change.resource
    if change.action not in _ARRIVES or kind is None or resource is None:
        return None
    claim = kind.claim(resource.spec)
    if claim is None or not claim.gpus or change.action is not Action.UPDATE:
        return claim if claim and claim.gpus else None
    before = kind.claim(change.observed.spec) if change.observed else None
    return kind.surge(before, claim) if before else claim


def forecast(
    changes: Sequence[Change],
    rows: Mapping[str, Sequence[Summary]],
    there: Mapping[str, Mapping[str, Capacity]],
) -> Forecast:
    """Tell what becomes of what a plan asks. `rows` are the live objects by target, `there` what each
    target has by cluster id; what it lacks is unknown.
    """
    asked = {change.key: claim for change in changes if (claim := asks(change))}
    outlooks: list[Outlook] = []
    pools: list[PoolLine] = []
    shares: list[ShareLine] = []
    notes: list[str] = []
    for target, cluster in sorted({_home(change) for change in changes if change.key in asked}):
        mine = [each for each in changes if _home(each) == (target, cluster)]
        capacity = there.get(target, EMPTY).get(cluster, Capacity(notes=("its capacity could not be read",)))
        view = _View(target, mine, asked, capacity, rows.get(target, ()))
        outlooks += view.outlooks()
        pools += view.pool_lines()
        shares += view.share_lines()
        notes += [f"{target}: {note}" for note in capacity.notes]
    return Forecast(
        tuple(sorted(outlooks, key=lambda each: each.key)), tuple(pools), tuple(shares), tuple(notes)
    )


def _lasting(change: Change, gpus: float) -> float:
    """Count what an ask holds in the end: an update holds its old pods only while the new ones come."""
    if change.action is not Action.UPDATE or change.kind is None or change.observed is None:
        return gpus
    before = change.kind.claim(change.observed.spec)
    after = change.kind.claim(change.resource.spec) if change.resource else None
    return after.gpus - before.gpus if before and after else gpus


def _may_shrink(change: Change) -> bool:
    """Tell whether an update may ask less of a node than before."""
    if change.action is not Action.UPDATE or not (change.kind and change.observed and change.resource):
        return False
    before, after = change.kind.claim(change.observed.spec), change.kind.claim(change.resource.spec)
    if not before or not after:
        return False
    return before.pod != after.pod or before.gpus > after.gpus or before.pods > after.pods


def _home(change: Change) -> tuple[str, str]:
    return change.key.target, change.scope.cluster_id if change.scope else ""


@dataclass
class _View:
    """Look at the changes of one cluster."""

    target: str
    changes: Sequence[Change]
    asked: Mapping[ResourceKey, Claim]
    capacity: Capacity
    rows: Sequence[Summary]
    _bids: dict[ResourceKey, Bid] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mine = [each for each in self.changes if each.key in self.asked]
        for number, change in enumerate(sorted(mine, key=lambda each: each.key)):
            self._bids[change.key] = self._bid(change.key, self.asked[change.key], (1, float(number)))

    def outlooks(self) -> list[Outlook]:
        """Tell of each ask what becomes of it."""
        told: dict[ResourceKey, Outlook] = {}
        able = {key: bid for key, bid in self._bids.items() if bid.pools and self.capacity.pools is not None}
        for key, bid in self._bids.items():
            if key not in able:
                told[key] = self._unknown(bid)
        queues = {key: bid for key, bid in able.items() if self._queue(bid.pools[0])}
        told |= self._in_line(queues)
        able = {key: bid for key, bid in able.items() if key not in queues}
        courses = [self._course(able, split) for split in (self._at_once, _in_turn, self._new_first)]
        for key, bid in able.items():
            ends = [course[key] for course in courses]
            told[key] = self._estimated(_agreed(ends), bid)
        needs = {each.key: each.needs for each in self.changes if each.key in told}
        for key in (key for wave in waves(needs) for key in wave):
            told[key] = _held_up(told[key], [told[need] for need in needs[key] if need in told])
        return list(told.values())

    def _queue(self, pool: str) -> Queue | None:
        there = (self.capacity.pools or {}).get(pool)
        return there.queue if there else None

    def _in_line(self, bids: Mapping[ResourceKey, Bid]) -> dict[ResourceKey, Outlook]:
        """Tell of the asks in pools that serve one after another."""
        told: dict[ResourceKey, Outlook] = {}
        changes = {change.key: change for change in self.changes}
        for name in sorted({bid.pools[0] for bid in bids.values()}):
            asks = [
                Ask(bid, self.asked[key], changes[key]) for key, bid in bids.items() if bid.pools[0] == name
            ]
            asks += self._without_gpus(name)
            here = [each for each in self.changes if each.key.scope == name]
            frees = [each for each in here if each.action in _LEAVES or each.action.recreates]
            held = [row for row in self.rows if row.gpus and row.key.scope == name]
            shrinks = any(_may_shrink(each) for each in here)
            pool = (self.capacity.pools or {})[name]
            told |= Line(name, pool, asks, frees, held, shrinks=shrinks).outlooks()
        return told

    def _without_gpus(self, pool: str) -> Iterator[Ask]:
        """Give what stands in a queue with the asks and asks for no GPU."""
        for change in self.changes:
            if (
                change.action not in _ARRIVES
                or change.key in self._bids
                or not (change.kind and change.resource)
            ):
                continue
            claim = change.kind.claim(change.resource.spec)
            if claim and claim.pod and not claim.gpus and change.action is not Action.UPDATE:
                bid = self._bid(change.key, claim, (1, 0.0))
                if bid.pools[:1] == (pool,):
                    yield Ask(bid, claim, change)

    def _estimated(self, outlook: Outlook, bid: Bid) -> Outlook:
        at_most = self.asked[bid.key].at_most
        if not at_most or outlook.chance is Chance.STARTS:
            return outlook
        return replace(outlook, chance=Chance.MAY_QUEUE, why=f"{outlook.why}; {at_most}")

    def _unknown(self, bid: Bid) -> Outlook:
        """Say why nothing is foretold of a bid."""
        pool = bid.pools[0] if bid.pools else ""
        wish, there = self.asked[bid.key].pools, self.capacity.pools
        if there and wish:
            why = f"no node pool {' or '.join(wish)} is seen here; there are {', '.join(sorted(there))}"
        else:
            why = self.capacity.notes[0] if self.capacity.notes else "no node pool of its wish is seen here"
        return Outlook(bid.key, Chance.UNKNOWN, bid.gpus, pool, why=why)

    def _course(
        self,
        bids: Mapping[ResourceKey, Bid],
        split: Callable[[Sequence[ResourceKey]], list[list[ResourceKey]]],
    ) -> dict[ResourceKey, Outlook]:
        """Walk one course of events to its end, deletes last; `split` says what of a wave comes together."""
        course = _Course(Desk(self.capacity, self._seats()))
        needs = {each.key: each.needs for each in self.changes if each.key in bids}
        actions = {each.key: each.action for each in self.changes}
        for wave in waves(needs):
            parts = split(wave)
            for part in parts:
                for key in wave if len(parts) < len(wave) else part:
                    if actions[key].recreates and key not in course.seated:
                        course.desk.leave(key)
                course.arrive([bids[key] for key in part])
        for change in self.changes:
            if change.action in _LEAVES:
                course.desk.leave(change.key)
        course.end()
        return {key: course.outlook(bid) for key, bid in bids.items()}

    def _at_once(self, wave: Sequence[ResourceKey]) -> list[list[ResourceKey]]:
        """Split a wave into what comes to the scheduler at once and what comes somewhat later."""
        slow = [key for key in wave if self.asked[key].is_slow]
        return [part for part in ([key for key in wave if key not in slow], slow) if part]

    def _new_first(self, wave: Sequence[ResourceKey]) -> list[list[ResourceKey]]:
        """Split a wave so that what is deleted before it is created comes last."""
        again = [each.key for each in self.changes if each.action.recreates and each.key in wave]
        new = self._at_once([key for key in wave if key not in again])
        return [*new, again] if again else new

    def _seats(self) -> list[Bid]:
        """Give the live objects that hold GPUs, as far as they are seen one by one."""
        return [
            Bid(
                row.key,
                row.gpus,
                row.gpus,
                (row.pool,),
                row.priority
                if row.priority is not None
                else max(self.capacity.priorities.values(), default=0),
                (0, row.created_at.timestamp() if isinstance(row.created_at, datetime) else 0.0),
                is_firm=not row.preemptible,
                pool=row.pool,
            )
            for row in self.rows
            if row.gpus and row.pool and row.life is not Life.LEAVING and self._is_here(row)
        ]

    def _is_here(self, row: Summary) -> bool:
        return any(scope == row.key.scope for scope, _ in self.capacity.shares)

    def _bid(self, key: ResourceKey, claim: Claim, age: tuple[int, float]) -> Bid:
        habit = self.capacity.habits.get(claim.type, Habit())
        wish = claim.pools or self.capacity.defaults.get(key.scope, ())
        known = tuple(name for name in wish if self.capacity.pools is None or name in self.capacity.pools)
        preemptible = habit.preemptible if claim.preemptible is None else claim.preemptible
        rank = self.capacity.priorities.get(claim.priority or habit.priority, 0)
        return Bid(key, claim.gpus, claim.largest, known, rank, age, is_firm=not preemptible)

    def pool_lines(self) -> list[PoolLine]:
        """Count by pool what there is, what is free, and what the plan asks."""
        asked: dict[str, float] = {}
        for bid in self._bids.values():
            pool = bid.pools[0] if bid.pools else ""
            asked[pool] = asked.get(pool, 0.0) + bid.gpus
        desk, pools = Desk(self.capacity, ()), self.capacity.pools or {}
        lines = []
        for pool, gpus in sorted(asked.items()):
            if pool not in pools:
                lines.append(PoolLine(self.target, pool, None, None, gpus))
                continue
            queue = self._queue(pool)
            free = queue.free if queue else desk.free(pool)
            lines.append(PoolLine(self.target, pool, pools[pool].gpus, max(free, 0.0), gpus))
        return lines

    def share_lines(self) -> list[ShareLine]:
        """Count by scope and pool what is asked for before and after the plan."""
        moved: dict[tuple[str, str], float] = {}
        for change in self.changes:
            if change.key in self._bids:
                bid = self._bids[change.key]
                at = bid.key.scope, bid.pools[0] if bid.pools else ""
                moved[at] = moved.get(at, 0.0) + _lasting(change, bid.gpus)
        touched = dict.fromkeys(moved, 0.0)
        for at, held in self._given_up():
            touched[at] = touched.get(at, 0.0) - held
        lines = []
        for scope, pool in sorted(touched):
            share = self.capacity.shares.get((scope, pool))
            is_untold = self.capacity.pools is None or not pool or self._queue(pool)
            if share is None and is_untold:
                continue
            before = share.allocated + share.waiting if share else 0.0
            after = before + moved.get((scope, pool), 0.0) + touched[scope, pool]
            quota, limit = (share.quota, share.limit) if share else (0.0, None)
            lines.append(ShareLine(self.target, scope, pool, before, max(after, 0.0), quota, limit))
        return lines

    def _given_up(self) -> Iterator[tuple[tuple[str, str], float]]:
        """Count by scope and pool what is held, or waited for, by what the plan ends."""
        rows = {row.key: row for row in self.rows if row.life is Life.ACTIVE}
        for change in self.changes:
            row = rows.get(change.key)
            if row is None or not (change.action in _LEAVES or change.action.recreates):
                continue
            if row.gpus and row.pool:
                yield (row.key.scope, row.pool), row.gpus
            elif change.kind and change.observed and (claim := change.kind.claim(change.observed.spec)):
                wish = self._bid(row.key, claim, (0, 0.0)).pools
                if wish and row.level is Level.PROGRESSING:
                    yield (row.key.scope, wish[0]), claim.gpus


def _held_up(outlook: Outlook, needed: Sequence[Outlook]) -> Outlook:
    """Say of what needs something that will not start that its own turn may not come."""
    for need in needed if outlook.chance is not Chance.NEVER else ():
        if need.chance is not Chance.STARTS:
            why = f"needs {need.key}, whose start is not sure"
            return replace(outlook, chance=Chance.UNKNOWN, reason="", why=why)
    return outlook


def _in_turn(wave: Sequence[ResourceKey]) -> list[list[ResourceKey]]:
    return [[key] for key in wave]


def _agreed(ends: Sequence[Outlook]) -> Outlook:
    """Take what all courses of events come to; where they do not agree, nobody knows."""
    first = ends[0]
    if all(each.chance is first.chance for each in ends):
        return first
    why = next(each.why for each in ends if each.why)
    return replace(
        first, chance=Chance.MAY_QUEUE, why=f"{why}; it depends on which of this plan's objects come first"
    )


@dataclass
class _Course:
    """Follow the bids of a plan over one course of events."""

    desk: Desk
    waiting: dict[ResourceKey, Bid] = field(default_factory=dict)
    refusals: dict[ResourceKey, tuple[Refusal, ...]] = field(default_factory=dict)
    seated: dict[ResourceKey, bool] = field(default_factory=dict)
    _turns: int = 0
    _is_late: bool = False
    _mine: set[ResourceKey] = field(default_factory=set)

    def arrive(self, bids: Sequence[Bid]) -> None:
        """Let bids arrive together and serve them; those that wait as well where something has changed."""
        for bid in bids:
            self.waiting[bid.key] = bid
            self._mine.add(bid.key)
        self._serve(bids if self.desk.turns == self._turns else self.waiting.values())

    def end(self) -> None:
        """Serve those that wait once all is gone that the plan ends."""
        self._is_late = True
        self._serve(self.waiting.values())

    def _serve(self, bids: Iterable[Bid]) -> None:
        self._turns = self.desk.turns
        for bid in sorted(bids, key=lambda each: (-each.rank, each.age)):
            self.refusals[bid.key] = self.desk.seat(bid)
            if not self.refusals[bid.key]:
                del self.waiting[bid.key]
                self.seated[bid.key] = self._is_late
        self._send_back()

    def _send_back(self) -> None:
        """Let those of this plan wait again that had to give way."""
        for victim in [each for each in self.desk.evicted if each.key in self._mine]:
            self.desk.evicted.remove(victim)
            if self.desk.sits(victim.key) is None:
                self.waiting[victim.key] = victim
                self.refusals[victim.key] = (Refusal(victim.pools[0], "", "gives way to what has priority"),)

    def outlook(self, bid: Bid) -> Outlook:
        """Tell how a bid stands at the end."""
        sits = self.desk.sits(bid.key)
        if sits is None or bid.key in self.waiting:
            first = self.refusals[bid.key][0]
            never = all(each.never for each in self.refusals[bid.key])
            chance = Chance.NEVER if never else Chance.QUEUES
            chance = Chance.MAY_QUEUE if any(each.doubt for each in self.refusals[bid.key]) else chance
            return Outlook(bid.key, chance, bid.gpus, first.pool, first.reason, first.why)
        if self.desk.is_contested(sits.pool):
            why = f"others wait for {sits.pool} as well"
            return Outlook(bid.key, Chance.MAY_QUEUE, bid.gpus, sits.pool, why=why)
        if self.seated[bid.key]:
            why = "when what this plan ends is gone"
            return Outlook(bid.key, Chance.LATER, bid.gpus, sits.pool, why=why)
        return Outlook(bid.key, Chance.STARTS, bid.gpus, sits.pool)
