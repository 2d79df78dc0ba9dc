"""What the emulated platform remembers; plain values, replaced and never edited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Json = Any
Spec = dict[str, Json]

NAMESPACE = uuid5(NAMESPACE_URL, "emulator.invalid/runai")


def made_id(*parts: object) -> str:
    """Derive a stable uuid from what the thing is, so that two runs give equal worlds."""
    return str(uuid5(NAMESPACE, "/".join(str(part) for part in parts)))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kubernetes cluster that the control plane knows.

    `domain` None: nobody has said it; "": the host by which the client reached this emulator.
    `connects_at` is when it will connect by itself; `trouble` is what its conditions complain of.
    """

    uuid: str
    name: str
    domain: str | None
    version: str | None
    created_at: datetime
    state: str = "Connected"
    ownership_protection: bool = False
    deleted_at: datetime | None = None
    delete_requested_at: datetime | None = None
    connects_at: datetime | None = None
    trouble: str = ""

    def is_at_least(self, release: tuple[int, int]) -> bool:
        """Tell whether it runs a release or a newer one; what has not said counts as new."""
        parts = (self.version or "").split(".")[:2]
        is_said = len(parts) > 1 and all(part.isdigit() for part in parts)
        return not is_said or tuple(map(int, parts)) >= release


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool: a number of equal nodes with equal GPUs."""

    id: str
    name: str
    cluster: str
    gpus: int
    gpus_per_node: int
    gpu_gib: float
    label: tuple[str, str]
    is_default: bool = False

    @property
    def nodes(self) -> int:
        """Count the nodes; a pool without GPUs has two CPU nodes."""
        return self.gpus // self.gpus_per_node if self.gpus else 2

    @property
    def node_names(self) -> tuple[str, ...]:
        """Name the nodes."""
        return tuple(f"{self.name}-node-{number + 1}" for number in range(self.nodes))


@dataclass(frozen=True, slots=True)
class Department:
    """The unit above projects."""

    id: str
    name: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project, its namespace, and its GPU quota per node pool (by name); `limits` is the most it may hold.

    `policy` maps a dotted path below the body (`spec.compute.gpuDevicesRequest`) to rules
    {min, max, options, required}.
    """

    id: str
    name: str
    cluster: str
    department: Department
    quotas: Mapping[str, float]
    default_pools: tuple[str, ...]
    created_at: datetime
    policy: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Name the Kubernetes namespace."""
        return f"runai-{self.name}"


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event about a workload or one of its pods."""

    at: datetime
    type: str
    reason: str
    message: str
    source: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One phase the workload entered."""

    at: datetime
    phase: str
    message: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one node pool did not take a pod group."""

    pool: str
    phase_reason: str
    reason: str
    message: str
    org: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """Pods of one sort within a run: so many in each of `groups` groups.

    `name` is what their operator calls them, empty where there is only one sort; `spec` describes
    their main container in the words of the v1 API; `container` names it, and `sidecars` are what
    runs beside it.
    """

    name: str
    count: int
    spec: Spec
    container: str = ""
    groups: int = 1
    sidecars: tuple[tuple[str, Spec], ...] = ()

    @property
    def pods(self) -> int:
        """Count the pods of all groups."""
        return self.count * self.groups


@dataclass(frozen=True, slots=True)
class Sync:
    """How the newest request reaches the cluster, for workloads of the v2 API.

    `refusal` is what Kubernetes answers to it; with `shows` it then shows as phase Failed.
    `done` says that it has got there; `applied` is the manifest that the cluster holds.
    """

    at: datetime
    refusal: str = ""
    shows: bool = False
    done: bool = False
    applied: Json = None


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to run pods from one spec: a pod group, or a revision of an inference.

    `roles` says which pods; `told` counts what was said about a start that fails; `is_idle` means
    scaled to zero; `bound_at` is when its pods were bound to nodes. A run that only adds replicas
    is `part_of` another and counts its groups from `first`.
    """

    id: str
    number: int
    spec: Spec
    roles: tuple[Role, ...]
    created_at: datetime
    phase: str
    since: datetime
    message: str = ""
    pool: str | None = None
    attempt: int = 1
    told: int = 0
    ended_at: datetime | None = None
    is_idle: bool = False
    bound_at: datetime | None = None
    part_of: str | None = None
    first: int = 0

    @property
    def groups(self) -> int:
        """Count its replicas."""
        return self.roles[0].groups if self.roles else 0


@dataclass(frozen=True, slots=True)
class Workload:
    """A submitted workload with everything that happened to it.

    `spec` is what was asked last; the runs carry what their pods were made from. `serving` is the
    run that holds the traffic of an inference; `number` counts submissions. Those of the v2 API
    have a `sync`; `master` is what a master's pod is made from, `master_asked` what was asked for
    it; `shown_as` is how lists spell the type where that is not the kind.
    """

    id: str
    kind: str
    name: str
    requested_name: str
    project: Project
    spec: Spec
    created_by: str
    created_at: datetime
    updated_at: datetime
    phase: str
    since: datetime
    master: Spec | None = None
    master_asked: Spec | None = None
    master_same: bool | None = None
    desired: str = "Running"
    message: str = ""
    reason: str | None = None
    refusals: tuple[Refusal, ...] = ()
    runs: tuple[Run, ...] = ()
    serving: str | None = None
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    pinned: bool = False
    pending_s: float = 0.0
    running_s: float = 0.0
    history: tuple[Change, ...] = ()
    events: tuple[Event, ...] = ()
    source: str = "Control-plane"
    number: int = 0
    sync: Sync | None = None
    shown_as: str = ""
    updated_by: str = ""
    deleted_by: str | None = None

    @property
    def type(self) -> str:
        """Give the type as lists spell it."""
        return self.shown_as or self.kind

    @property
    def run(self) -> Run:
        """Give the newest run that does not only add replicas to another."""
        return next(run for run in reversed(self.runs) if not run.part_of)

    @property
    def is_gone(self) -> bool:
        """Tell whether deletion has finished."""
        return self.deleted_at is not None

    def serving_run(self) -> Run | None:
        """Find the run that serves; none while the first one starts."""
        return next((run for run in self.runs if run.id == self.serving), None)
