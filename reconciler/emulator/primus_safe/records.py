"""What the emulated platform keeps: frozen values, replaced and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Any
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})


@dataclass(frozen=True, slots=True)
class Resource:
    """What one group of pods asks for, per pod; quantities are text, "" for not asked."""

    replica: int = 0
    cpu: str = ""
    gpu: str = ""
    gpu_name: str = ""
    memory: str = ""
    shared_memory: str = ""
    ephemeral: str = ""
    rdma: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """The spec of a workload, in one form for both generations; entry points are base64."""

    workspace: str = ""
    kind: str = ""
    version: str = ""
    resources: tuple[Resource, ...] = ()
    images: tuple[str, ...] | None = None
    entry_points: tuple[str, ...] | None = None
    is_supervised: bool = False
    priority: int = 0
    timeout: int | None = None
    max_retry: int = 0
    ttl: int | None = None
    labels: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    liveness: Mapping[str, Json] | None = None
    readiness: Mapping[str, Json] | None = None
    service: Mapping[str, Json] | None = None
    dependencies: tuple[str, ...] | None = None
    cron_jobs: tuple[Mapping[str, str], ...] | None = None
    is_tolerate_all: bool = False
    hostpath: tuple[str, ...] = ()
    secrets: tuple[Mapping[str, str], ...] = ()
    is_privileged: bool = False
    uses_workspace_storage: bool = True
    forces_host_network: bool = False
    nodes_affinity: str = ""
    excluded_nodes: tuple[str, ...] = ()
    owner_id: str = ""

    @property
    def replicas(self) -> int:
        """Count all pods."""
        return sum(each.replica for each in self.resources)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of the story of a workload; `run` is the number of the dispatch."""

    type: str
    run: int
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One pod of a run: its name, group, rank, and the node it was put on."""

    name: str
    group: int
    rank: int
    node: str


@dataclass(frozen=True, slots=True)
class Run:
    """One dispatch; `first` is the rank that fails first, if one does; `spec` is what it was started with."""

    number: int
    places: tuple[Place, ...]
    running_at: datetime | None = None
    ended_at: datetime | None = None
    first: int = 0
    spec: Spec = field(default_factory=Spec)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Name the nodes, one for each pod."""
        return tuple(place.node for place in self.places)


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload as the cluster knows it: the custom resource, with what job-manager notes on it.

    `step` is where it stands: queued, scheduled, starting, running, updating, failing or ended;
    `since` is when that began.
    """

    id: str
    uid: str
    number: int
    display_name: str
    description: str
    user_id: str
    user_name: str
    cluster: str
    spec: Spec
    created_at: datetime
    since: datetime
    step: str = "queued"
    phase: str = "Pending"
    message: str = ""
    conditions: tuple[Condition, ...] = ()
    runs: tuple[Run, ...] = ()
    held: tuple[Place, ...] = ()
    dispatches: int = 0
    queue: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deleting_at: datetime | None = None
    dependency_phases: Mapping[str, str] = field(default_factory=dict)
    holds_ready: bool = True
    revision: int = 0

    @property
    def run(self) -> Run | None:
        """The newest dispatch."""
        return self.runs[-1] if self.runs else None

    @property
    def is_ended(self) -> bool:
        """Whether it has come to an end."""
        return self.phase in ENDED

    @property
    def is_scheduled(self) -> bool:
        """Whether SaFE has let it through, from which its first generation freezes jobs."""
        return self.step != "queued"

    @property
    def is_dispatched(self) -> bool:
        """Whether it has been handed to the cluster, from which the second generation freezes jobs."""
        return self.step not in {"queued", "scheduled"}


@dataclass(frozen=True, slots=True)
class Row:
    """A workload as the database has it; reads know nothing else."""

    workload: Workload
    is_deleted: bool = False
    deletion_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flavor:
    """A type of node; amounts are quantities, `extended` by resource name."""

    id: str
    cpu: str
    cpu_product: str
    memory: str
    gpu: int = 0
    gpu_product: str = ""
    gpu_name: str = ""
    extended: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """A node; `workspace` "" while it belongs to none."""

    id: str
    name: str
    cluster: str
    flavor: str
    ip: str
    created_at: datetime
    workspace: str = ""
    is_available: bool = True
    message: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    is_control_plane: bool = False


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace: nodes of one flavor, a queue, and who may use it. Empty `scopes` means all."""

    id: str
    name: str
    cluster: str
    flavor: str
    replica: int
    created_at: datetime
    user_id: str = ""
    description: str = ""
    queue_policy: str = "fifo"
    scopes: tuple[str, ...] = ()
    volumes: tuple[Mapping[str, Json], ...] = ()
    enables_preempt: bool = False
    is_default: bool = False
    image_secrets: tuple[str, ...] = ()
    max_runtime: Mapping[str, int] = field(default_factory=dict)
    idle_time: int = 0
    is_abnormal: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of the platform; `workspaces` None: of all of them."""

    id: str
    name: str
    type: str
    params: tuple[Mapping[str, str], ...]
    user_id: str
    created_at: datetime
    workspaces: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data-plane cluster."""

    id: str
    created_at: datetime
    user_id: str
    phase: str = "Ready"
    description: str = ""
    endpoint: str = "https://10.20.0.2:6443"
    is_protected: bool = True
