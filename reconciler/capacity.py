"""Capacity: what a spec asks of a scheduler, what there is to give, and what will become of the ask.

Amounts are GPUs, whole or in part. A pool is a set of nodes that is scheduled as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.resource import EMPTY, ResourceKey

OVER_QUOTA, OVER_LIMIT = "NonPreemptibleOverQuota", "OverLimit"
STUCK = frozenset({OVER_QUOTA, OVER_LIMIT})
"""Reasons to wait that waiting does not take away, in the platform's words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Say what a spec asks for: all its pods together, since they start together or not at all.

    `largest` are the GPUs of its largest pod, which one node must have. `pools` are in the order of the
    wish; () for the defaults of the scope. `priority` is the platform's word, "" for what its `type` has;
    `preemptible` None likewise. `at_most` says why the amounts are the most that it can be; "" where they are
    exact. `is_slow`: it comes to the scheduler some time after its create was taken. `pod` is what each pod
    asks for by name of the resource, "gpu" among them, where the scheduler is known to go by all of it.
    `pods` is their number where it asks for no GPU. `unless` says what else decides when it starts.
    """

    gpus: float
    largest: float
    type: str
    pools: tuple[str, ...] = ()
    priority: str = ""
    preemptible: bool | None = None
    at_most: str = ""
    is_slow: bool = False
    pod: Mapping[str, float] = EMPTY
    pods: int = 1
    unless: str = ""


def growth(before: Claim, after: Claim) -> Claim | None:
    """Give what is asked more than before; None where nothing is."""
    more = after.gpus - before.gpus
    return replace(after, gpus=more, largest=min(after.largest, more)) if more > 0 else None


@dataclass(frozen=True, slots=True)
class Queue:
    """Hold how a pool serves what asks, where it does so one after another: by rank, then by age.

    `free` are the GPUs that nothing holds; `nodes` is what is free on each node in use, by name of the
    resource, None where nobody tells; `most` is what the largest pod may ask, `pods` how many pods an object
    may have, None for any number. `waiting` are the ranks of what waits for room now. `is_strict`: what finds
    no room holds up all that come after it, else only those of a lower rank. `preempts`: what has a lower
    rank may be sent away for it.
    """

    free: float
    nodes: tuple[Mapping[str, float], ...] | None = None
    most: Mapping[str, float] = EMPTY
    pods: int | None = None
    waiting: tuple[int, ...] = ()
    is_strict: bool = True
    preempts: bool = False


@dataclass(frozen=True, slots=True)
class Pool:
    """Hold what the ready nodes of a pool have together, and what the largest of them has.

    `queue` is how it serves what asks; None where quotas and limits decide.
    """

    gpus: float
    largest: float
    queue: Queue | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Hold what one scope may have of one pool, and has.

    `firm` is the part of `allocated` that nothing can take away; `waiting` is asked for and not given.
    `limit` None: there is none.
    """

    quota: float
    allocated: float = 0.0
    firm: float = 0.0
    waiting: float = 0.0
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Habit:
    """Say what a type of workload has where its spec says nothing."""

    priority: str = ""
    preemptible: bool = False


@dataclass(frozen=True, slots=True)
class Capacity:
    """Hold what one cluster has to give; pools by name, shares by (scope name, pool name).

    `defaults` are the pools of a scope whose workloads name none. `habits` are by type, `priorities` the
    rank of each word, the higher the sooner. `notes` say what could not be read: without `pools` nothing
    is foretold.
    """

    pools: Mapping[str, Pool] | None = None
    shares: Mapping[tuple[str, str], Share] = EMPTY
    defaults: Mapping[str, tuple[str, ...]] = EMPTY
    habits: Mapping[str, Habit] = EMPTY
    priorities: Mapping[str, int] = EMPTY
    notes: tuple[str, ...] = ()


class Chance(StrEnum):
    """Name what will become of an ask."""

    STARTS = "starts"
    LATER = "starts later"
    MAY_QUEUE = "may queue"
    QUEUES = "queues"
    NEVER = "never fits"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outlook:
    """Tell what will become of one object's ask. `reason` is the platform's word, `why` a sentence.

    `pool` is where it starts, else the first that it would like.
    """

    key: ResourceKey
    chance: Chance
    gpus: float
    pool: str = ""
    reason: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class PoolLine:
    """Tell of a pool what it has, what of it is free before, and what the plan asks in it."""

    target: str
    pool: str
    gpus: float | None
    free: float | None
    asked: float


@dataclass(frozen=True, slots=True)
class ShareLine:
    """Tell of a scope in a pool what it asks for before and after the plan, and what it may have."""

    target: str
    scope: str
    pool: str
    before: float
    after: float
    quota: float
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hold what a plan asks for and what will come of it; outlooks and lines in the order of their keys.

    `supposed` is what would come of what is refused, were it let through; nothing else counts it.
    """

    outlooks: tuple[Outlook, ...] = ()
    pools: tuple[PoolLine, ...] = ()
    shares: tuple[ShareLine, ...] = ()
    notes: tuple[str, ...] = ()
    supposed: tuple[Outlook, ...] = ()
