"""Resources: what git declares, what the platform shows, and the key that joins them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from reconciler.health import Level
from reconciler.mark import Mark
from reconciler.problem import Location

Json = Any
"""A JSON-like tree: dict, list, str, int, float, bool, None; in desired specs also Secret leaves."""


class _Empty(Mapping[Any, Any]):
    """Be a mapping without items, hashable so that Python 3.11 takes it as a default."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


EMPTY: Mapping[Any, Any] = _Empty()

Value = TypeVar("Value")


class Lazy(Mapping[str, Value]):
    """Be a mapping that is made when it is first looked into."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Mapping[str, Value]]) -> None:
        self._make: Callable[[], Mapping[str, Value]] | None = make
        self._made: Mapping[str, Value] = EMPTY

    def _all(self) -> Mapping[str, Value]:
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made

    def __getitem__(self, key: str) -> Value:
        """Give one value. Raises KeyError."""
        return self._all()[key]

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a key."""
        return key in self._all()

    def __iter__(self) -> Iterator[str]:
        """Walk the keys."""
        return iter(self._all())

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._all())


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """Identify one object: the target's nickname, the scope (project or workspace), kind and name.

    Where a project name exists on several clusters, scope is `cluster/project`. A Cluster has scope "".
    """

    target: str
    scope: str
    kind: str
    name: str

    def __str__(self) -> str:
        """Write `SCOPE/Kind/name`, or `Kind/name` where there is no scope."""
        return "/".join(part for part in (self.scope, self.kind, self.name) if part)

    @property
    def full(self) -> str:
        """Write `TARGET:SCOPE/Kind/name`."""
        return f"{self.target}:{self}"

    def answers_to(self, words: str) -> bool:
        """Tell whether `Kind/name`, `SCOPE/Kind/name` or the full form names this key, in any case."""
        spellings = {
            f"{self.kind}/{self.name}",
            str(self),
            self.full,
            f"{self.target}:{self.kind}/{self.name}",
        }
        return words.casefold() in {spelling.casefold() for spelling in spellings}


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """State what may happen to an object over its life. The first value of each is the default.

    `state` is Running, Stopped or Absent; `force` deletes an Absent object without waiting for it.
    """

    state: str = "Running"
    force: bool = False
    run: str = "Once"
    run_id: str = ""
    on_remove: str = "Delete"
    on_immutable_change: str = "Refuse"
    on_secret_change: str = "Keep"
    on_platform_stop: str = "Leave"
    protect: bool = False
    ignore: tuple[str, ...] = ()
    adopt: str = ""


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """State how long to wait for health and how many log lines to keep. Times in seconds."""

    timeout_s: float = 1200.0
    queue_timeout_s: float = 60.0
    hold_s: float = 10.0
    log_tail: int = 50


@dataclass(frozen=True, slots=True)
class Resource:
    """Declare one object as git wants it.

    `spec` holds only declared fields, in the platform's own names; sensitive leaves are Secret.
    `renamed_from` is the name it had before, so that it is renamed. `places` maps pointers
    (`/spec/environmentVariables/name=HF_TOKEN/value`) to places in the file. `depends_on` are those that must
    have come first, `follows` those for which the platform itself holds it back. `met` are pointers to names
    of such that have succeeded: the platform is not told of them any more.
    """

    key: ResourceKey
    spec: Mapping[str, Json]
    source: Location
    cluster: str = ""
    renamed_from: str = ""
    labels: Mapping[str, str] = EMPTY
    lifecycle: Lifecycle = Lifecycle()
    health: HealthPolicy = HealthPolicy()
    depends_on: tuple[ResourceKey, ...] = ()
    follows: tuple[ResourceKey, ...] = ()
    met: frozenset[str] = frozenset()
    places: Mapping[str, Location] = field(default=EMPTY, compare=False, repr=False)

    def place(self, pointer: str) -> Location:
        """Find the place of a pointer, or of its nearest declared parent."""
        while pointer:
            if pointer in self.places:
                return self.places[pointer]
            pointer = pointer.rpartition("/")[0]
        return self.source

    @property
    def is_absent(self) -> bool:
        """Tell whether git wants that there is no such object."""
        return self.lifecycle.state == "Absent"

    @property
    def is_stopped(self) -> bool:
        """Tell whether git wants the object kept without running."""
        return self.lifecycle.state == "Stopped"


class Life(StrEnum):
    """Class the platform's phases by what may be done with the object."""

    ACTIVE = "active"  # queued, starting, running, degraded: it holds or waits for GPUs
    STOPPED = "stopped"
    FINISHED = "finished"  # completed well
    FAILED = "failed"  # ended badly; holds nothing
    LEAVING = "leaving"  # being deleted; its name is still held
    UNKNOWN = "unknown"  # a phase we do not know


@dataclass(frozen=True, slots=True)
class Scope:
    """Name one project or workspace that the credentials see, with the ids requests need."""

    name: str
    id: str = ""
    cluster: str = ""
    cluster_id: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Show one live object as a list shows it.

    `key.kind` is the platform's type word where we do not know the type (`is_known_kind` False).
    `mark` is what the list can show of it; `shows_marks` False means: read the detail to know.
    `fingerprint` changes whenever the row does. `identity` is the key as a mark would write it.
    `level` is how well the phase alone says that it is. `gpus` are GPUs held now; `since` is when the
    present phase began, `completed_at` when a job ended. `updated_at` is the last update of any sort,
    `updated_by` who asked for it; most answers do not say who. `pool` is where it holds its GPUs, `priority`
    its rank there, the higher the sooner. `is_by_us` is False where the platform says that somebody else than
    who we sign in as submitted it.
    """

    key: ResourceKey
    id: str
    identity: str
    phase: str
    life: Life
    fingerprint: str
    level: Level = Level.UNKNOWN
    mark: Mark | None = None
    shows_marks: bool = True
    is_known_kind: bool = True
    submitted_by: str = ""
    is_by_us: bool = True
    source: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    updated_by: str = ""
    since: datetime | None = None
    completed_at: datetime | None = None
    gpus: float = 0.0
    running_seconds: float = 0.0
    preemptible: bool = False
    pool: str = ""
    priority: int | None = None
    idle_gpus: float = 0.0
    reason: str = ""
    message: str = ""


class StoppedBy(StrEnum):
    """Name who stopped an object, as far as the platform tells."""

    PLATFORM = "platform"
    PERSON = "person"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stoppage:
    """Tell who stopped an object; `why` is the platform's reason, or why nobody knows."""

    by: StoppedBy
    why: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """Show one live object in full: its summary, its spec without our own mark, and what it carries.

    `record` is the last-applied declared spec (secrets as references); `record_paths` only the
    declared pointers where the record was too large. Both None: no record. `carries` are live objects
    that end with this one; read only where git wants it absent. `stopped` tells who stopped it; read only
    where it is stopped and git wants it to run. `stage` is what decides which fields change in place, where
    that is not the same over its life: one of the words of its kind's Support.
    """

    summary: Summary
    spec: Mapping[str, Json] = field(repr=False)  # the platform shows values of secrets in clear
    mark: Mark | None = None
    record: Mapping[str, Json] | None = None
    record_paths: tuple[str, ...] | None = None
    wanted_phase: str = ""
    carries: tuple[Summary, ...] = field(default=(), repr=False)
    stopped: Stoppage | None = None
    stage: str = ""

    @property
    def key(self) -> ResourceKey:
        """Give the key."""
        return self.summary.key

    @property
    def id(self) -> str:
        """Give the platform's id."""
        return self.summary.id


@dataclass(frozen=True, slots=True)
class Deleted:
    """Remember one object that the platform lists as deleted; `deleted_by` is "" where it does not say."""

    key: ResourceKey
    id: str
    deleted_at: datetime | None = None
    completed_at: datetime | None = None
    mark: Mark | None = None
    submitted_by: str = ""
    deleted_by: str = ""


@dataclass(frozen=True)
class ScopeRead:
    """Tell what was read of one scope. `unknown` says why it is not known; empty means known whole.

    `doubtful` names objects whose own key is unknown while the scope is known (a type we do not know,
    a detail that could not be read), with the reason.
    """

    scope: Scope
    rows: tuple[Summary, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    unknown: str = ""
    doubtful: Mapping[str, str] = EMPTY

    def named(self, name: str) -> Sequence[Summary]:
        """Give the rows of this name, of whatever kind, in the order of the list."""
        return self._by_name.get(name, ())

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Summary]]:
        found: dict[str, list[Summary]] = {}
        for row in self.rows:
            found.setdefault(row.key.name, []).append(row)
        return found


@dataclass(frozen=True, slots=True)
class Live:
    """Hold everything read of one target: scopes by name, and details by platform id."""

    target: str
    scopes: Mapping[str, ScopeRead] = EMPTY
    details: Mapping[str, Observed] = EMPTY
