"""The pods of a workload: names, groups and ranks, by kind."""

from collections.abc import Iterator, Sequence

from reconciler.emulator.primus_safe.names import suffix
from reconciler.emulator.primus_safe.records import Place, Spec, Workload


def places(one: Workload, spec: Spec, nodes: Sequence[str], revision: int) -> tuple[Place, ...]:
    """Give each pod its name and its node, in order of groups and ranks; "" for no node yet."""
    found = []
    for rank, (group, index) in enumerate(_members(spec)):
        node = nodes[rank] if rank < len(nodes) else ""
        found.append(Place(_name(one, spec, group, index, revision), group, rank, node))
    return tuple(found)


def _members(spec: Spec) -> Iterator[tuple[int, int]]:
    for group, asked in enumerate(spec.resources):
        for index in range(asked.replica):
            yield group, index


def _name(one: Workload, spec: Spec, group: int, index: int, revision: int) -> str:
    match spec.kind:
        case "PyTorchJob" | "UnifiedJob":
            return _pytorch(one.id, spec, group, index)
        case "Deployment":
            template = suffix(one.uid, "template", revision)
            return f"{one.id}-{template}-{suffix(one.uid, revision, index)}"
        case "StatefulSet" | "Authoring":
            return f"{one.id}-{index}"
        case "Job":
            return f"{one.id}-{suffix(one.uid, one.dispatches, index)}"
        case _:
            return f"{one.id}-{group}-{index}"


def _pytorch(id_: str, spec: Spec, group: int, index: int) -> str:
    """Name a pod of a training: the first is the master, whichever group it stands in."""
    if group == 0 and index == 0:
        return f"{id_}-master-0"
    if len(spec.resources) == 1:
        return f"{id_}-worker-{index - 1}"
    before = sum(each.replica for each in spec.resources[1:group]) if group else 0
    return f"{id_}-worker-{before + index if group else index - 1}"


def has_ranks(kind: str) -> bool:
    """Whether the pods of a kind have ranks."""
    return kind in {"PyTorchJob", "UnifiedJob", "TorchFT"}
