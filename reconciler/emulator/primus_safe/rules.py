"""What the scheduler is told of a workload, and the reasons it gives back."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from reconciler.emulator.primus_safe import capacity
from reconciler.emulator.primus_safe.errors import ApiError
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.phases import starts_at
from reconciler.emulator.primus_safe.records import Flavor, Node, Resource, Workload
from reconciler.emulator.primus_safe.scheduler import Claim, Pod, Seat

WORDS: Mapping[int, Mapping[str, str]] = MappingProxyType(
    {
        1: {
            "schedule": "The Execution time has not been reached",
            "dependency": "Dependency cannot be satisfied",
            "total": "Insufficient total {} resources",
            "fragments": "Insufficient {} due to node fragmentation",
            "nodes": "All nodes are unavailable, or none has the labels that the workload asks for",
            "turn": "There are high priority or pre-created tasks waiting to be scheduled",
        },
        2: {
            "schedule": "In queue - waiting for scheduled start time",
            "dependency": "In queue - dependent workloads not yet complete",
            "total": "In queue - insufficient resources, no {} available",
            "fragments": "In queue - insufficient resources, no {} available on one node",
            "nodes": "In queue - insufficient resources, no node available",
            "turn": "In queue - waiting for workloads of higher priority or created before",
        },
    }
)
_NODE_KEYS = frozenset({"kubernetes.io/hostname", "specified-nodes", "excluded-nodes"})


def claim_of(one: Workload, now: datetime, generation: Generation, *, waits_on: bool = False) -> Claim:
    """Say what a workload claims; `waits_on` is true while a dependency is not done."""
    start = starts_at(one)
    labels = one.spec.labels or {}
    names = tuple(labels.get(generation.node_label, "").split())
    wait = "schedule" if start and start > now else "dependency" if waits_on else ""
    return Claim(
        id=one.id, priority=one.spec.priority, since=one.created_at, pods=_pods(one.spec.resources),
        wait=wait, nodes=tuple(place.node for place in one.held),
        names=names if one.spec.nodes_affinity != "preferred" else (),
        labels={key: value for key, value in labels.items() if key not in _NODE_KEYS},
        excluded=one.spec.excluded_nodes, tolerates=one.spec.is_tolerate_all,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _pods(resources: tuple[Resource, ...]) -> tuple[Pod, ...]:
    return tuple(
        Pod(group, needs)
        for group, asked in enumerate(resources)
        for needs in [_needs(asked)]
        for _ in range(asked.replica)
    )


def _needs(asked: Resource) -> dict[str, int]:
    try:
        return capacity.request(asked)
    except ApiError:  # a patch of what is being deleted is not looked at
        return {}


def seat_of(node: Node, flavor: Flavor, generation: Generation) -> Seat:
    """Say what a node offers."""
    return Seat(node.name, capacity.available(flavor, generation), node.labels, node.is_available)
