"""Which workloads of a workspace run, and on which nodes: a pure function of claims and nodes.

Highest priority first, then the oldest. A queue that is `fifo` stops at the first that does not
fit; one that is `balance` goes on, unless what does not fit has a higher priority than the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

Amounts = Mapping[str, int]
_WORDS = MappingProxyType({"ephemeral-storage": "ephemeral-storage", "rdma/hca": "rdma"})


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod that wants a node: which group it is of, and what it asks for."""

    group: int
    needs: Amounts


@dataclass(frozen=True, slots=True)
class Claim:
    """A workload that wants to run, or runs: then `nodes` tells where each pod is."""

    id: str
    priority: int
    since: datetime
    pods: tuple[Pod, ...]
    wait: str = ""  # why it may not even be looked at
    nodes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # only on nodes of these names
    labels: Mapping[str, str] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    tolerates: bool = False
    may_be_preempted: bool = True

    def total(self) -> dict[str, int]:
        """Count what all its pods ask for."""
        sums: dict[str, int] = {}
        for pod in self.pods:
            for name, amount in pod.needs.items():
                sums[name] = sums.get(name, 0) + amount
        return sums


@dataclass(frozen=True, slots=True)
class Seat:
    """A node of the workspace: what it gives in all."""

    name: str
    gives: Amounts
    labels: Mapping[str, str]
    is_available: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided: nodes for those let through, who is preempted, and why the others wait."""

    placed: Mapping[str, tuple[str, ...]]
    preempted: tuple[str, ...]
    waits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Why:
    """A reason to wait: `word` is schedule, dependency, total, fragments, nodes or turn."""

    word: str
    resource: str = ""


class _Hall:
    """One pass: what is free where, and who sits where."""

    def __init__(self, seats: Sequence[Seat], running: Iterable[Claim]) -> None:
        self.seats = {seat.name: seat for seat in seats}
        self.free = {seat.name: dict(seat.gives) for seat in seats}
        self.running: dict[str, Claim] = {}
        for claim in running:
            self.seat(claim, claim.nodes)

    def seat(self, claim: Claim, nodes: Sequence[str]) -> None:
        self._book(claim, nodes, -1)
        self.running[claim.id] = claim

    def unseat(self, claim: Claim) -> None:
        self._book(claim, claim.nodes, 1)
        del self.running[claim.id]

    def _book(self, claim: Claim, nodes: Sequence[str], sign: int) -> None:
        for pod, name in zip(claim.pods, nodes, strict=False):
            free = self.free.get(name, {})
            for what, amount in pod.needs.items():
                free[what] = free.get(what, 0) + sign * amount

    def open_to(self, claim: Claim) -> list[str]:
        return [
            name
            for name, seat in self.seats.items()
            if (seat.is_available or claim.tolerates)
            and (not claim.names or name in claim.names)
            and name not in claim.excluded
            and claim.labels.items() <= seat.labels.items()
        ]

    def place(self, claim: Claim) -> tuple[tuple[str, ...] | None, Why]:
        names = self.open_to(claim)
        if not names:
            return None, Why("nodes")
        for what, amount in claim.total().items():
            if amount > sum(self.free[name].get(what, 0) for name in names):
                return None, Why("total", what)
        left = {name: dict(self.free[name]) for name in names}
        chosen: list[str] = []
        for pod in claim.pods:
            on = next((name for name in names if _holds(left[name], pod.needs)), None)
            if on is None:
                return None, Why("fragments", _short_of(left, pod.needs))
            for what, amount in pod.needs.items():
                left[on][what] -= amount
            chosen.append(on)
        return tuple(chosen), Why("")


def _holds(free: Amounts, needs: Amounts) -> bool:
    return all(free.get(what, 0) >= amount for what, amount in needs.items())


def _short_of(left: Mapping[str, Amounts], needs: Amounts) -> str:
    """Name what no node has enough of; else what they lack together."""
    short = (w for w, n in needs.items() if not any(free.get(w, 0) >= n for free in left.values()))
    return next(short, next(iter(needs), ""))


def schedule(
    waiting: Sequence[Claim],
    running: Sequence[Claim],
    seats: Sequence[Seat],
    *,
    is_fifo: bool,
    preempts: bool,
    words: Mapping[str, str],
) -> Verdict:
    """Decide about everything that waits in a workspace; `words` are reasons by word, with {} for what."""
    hall = _Hall(seats, running)
    placed: dict[str, tuple[str, ...]] = {}
    preempted: list[str] = []
    waits: dict[str, str] = {}
    queue = sorted(waiting, key=lambda claim: (-claim.priority, claim.since))
    for at, claim in enumerate(queue):
        if claim.wait:
            waits[claim.id] = words[claim.wait]
            continue
        nodes, why = hall.place(claim)
        if nodes is None and preempts and why.word in {"total", "fragments"}:
            nodes = _push_out(claim, hall, preempted)
        if nodes is not None:
            placed[claim.id] = nodes
            hall.seat(_seated(claim, nodes), nodes)
            continue
        waits[claim.id] = words[why.word].format(_said(why.resource))
        is_above = at + 1 < len(queue) and claim.priority > queue[at + 1].priority
        if is_fifo or (is_above and not claim.names):
            break
    for claim in queue:
        if claim.id not in placed and claim.id not in waits:
            waits[claim.id] = words["turn"]
    return Verdict(placed, tuple(preempted), waits)


def fitting(claim: Claim, running: Sequence[Claim], seats: Sequence[Seat]) -> tuple[str, ...]:
    """Give nodes to as many of the first pods of a claim as there is room for; nobody is preempted."""
    hall = _Hall(seats, running)
    for count in range(len(claim.pods), 0, -1):
        nodes, _ = hall.place(replace(claim, pods=claim.pods[:count]))
        if nodes is not None:
            return nodes
    return ()


def _seated(claim: Claim, nodes: tuple[str, ...]) -> Claim:
    return replace(claim, nodes=nodes, may_be_preempted=False)


def _push_out(claim: Claim, hall: _Hall, preempted: list[str]) -> tuple[str, ...] | None:
    """Make room by ending what has a lower priority, the youngest of the lowest first; or leave all."""
    lower = [one for one in hall.running.values() if one.may_be_preempted and one.priority < claim.priority]
    gone: list[Claim] = []
    for victim in sorted(lower, key=lambda one: (one.priority, -one.since.timestamp())):
        hall.unseat(victim)
        gone.append(victim)
        nodes, _ = hall.place(claim)
        if nodes is not None:
            preempted.extend(one.id for one in gone)
            return nodes
    for victim in gone:
        hall.seat(victim, victim.nodes)
    return None


def _said(resource: str) -> str:
    """Shorten the name of a resource as messages do: amd.com/gpu is gpu."""
    return _WORDS.get(resource, resource.rpartition("/")[2])
