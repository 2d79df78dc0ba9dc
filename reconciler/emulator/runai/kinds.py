"""The workload types: their routes, defaults and what one may do with them."""

from collections.abc import Mapping
from dataclasses import dataclass

PRIORITIES: Mapping[str, int] = {
    "very-low": 25,
    "low": 40,
    "medium-low": 65,
    "medium": 80,
    "medium-high": 90,
    "high": 125,
    "very-high": 150,
}

CATEGORIES = ("Build", "Train", "Deploy", "Gaming")


@dataclass(frozen=True, slots=True)
class Kind:
    """One workload type.

    `type` is the list's spelling, `plural` the path segment, empty for Kubernetes' own kinds; `ends`
    says that its pods finish, `serves` that newer ones take over from older ones.
    """

    type: str
    plural: str
    priority: str
    preemptible: bool
    category: str
    can_suspend: bool
    ends: bool
    serves: bool
    updatable: frozenset[str] = frozenset()


INFERENCE_UPDATABLE = frozenset(
    {
        "args", "autoscaling", "category", "command", "compute", "createHomeDir",
        "environmentVariables", "image", "imagePullPolicy", "imagePullSecrets",
        "nodeAffinityRequired", "nodePools", "nodeType", "podAffinity", "preemptibility",
        "priorityClass", "probes", "servingConfiguration", "workingDir",
    }
)  # fmt: skip

KINDS: Mapping[str, Kind] = {
    kind.type: kind
    for kind in (
        Kind("Workspace", "workspaces", "high", False, "Build", True, False, False),
        Kind("Training", "trainings", "low", True, "Train", True, True, False),
        Kind("Distributed", "distributed", "low", True, "Train", True, True, False),
        Kind(
            "Inference", "inferences", "very-high", False, "Deploy", False, False, True,
            INFERENCE_UPDATABLE,
        ),
        Kind(
            "DistributedInference", "distributed-inferences", "very-high", False, "Deploy",
            False, False, True, frozenset({"replicas"}),
        ),
    )
}  # fmt: skip
# Served by the v2 API alone; all of its spec can change.
NIM = Kind("NimService", "nim-services", "very-high", False, "Deploy", False, False, True)
