"""Where the calls of each kind go, and since which level of the control plane's API there are any.

Levels from the official clients of 2.18 to 2.24; the paths of clusters from the Cluster API guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from reconciler.resource import Json

WORKLOADS = "/api/v1/workloads"
WORKLOADS_V2 = "/api/v2/workloads"


@dataclass(frozen=True, slots=True)
class Route:
    """Say how one kind is created, read, changed and deleted.

    `root` takes creates and, with an id, reads. `update` is the method that changes in place. Deletes go
    to `deletes`, where that is another path. `since` and `updates_since` are levels, "" for always.
    """

    root: str
    update: str = ""
    deletes: str = ""
    since: str = ""
    updates_since: str = ""

    @property
    def is_v2(self) -> bool:
        """Tell whether requests and answers have a `metadata` of their own."""
        return self.root.startswith(WORKLOADS_V2)

    def delete_path(self, id_: str) -> str:
        """Give the path that deletes an object."""
        return f"{self.deletes or self.root}/{part(id_)}"


ROUTES: Mapping[str, Route] = {
    "Workspace": Route(f"{WORKLOADS}/workspaces"),
    "Training": Route(f"{WORKLOADS}/trainings"),
    "DistributedTraining": Route(f"{WORKLOADS}/distributed"),
    "Inference": Route(f"{WORKLOADS}/inferences", update="PATCH"),
    "DistributedInference": Route(
        f"{WORKLOADS}/distributed-inferences", update="PATCH", since="2.22", updates_since="2.23"
    ),
    "NimService": Route(
        f"{WORKLOADS_V2}/nim-services",
        update="PATCH",
        deletes=WORKLOADS_V2,
        since="2.24",
        updates_since="2.24",
    ),
    "ExternalWorkload": Route(WORKLOADS_V2, update="PUT", since="2.23", updates_since="2.24"),
}

_FRAMEWORKS = frozenset({"mpi", "pytorch", "tf", "xgboost"})


def part(value: str) -> str:
    """Quote one part of a path."""
    return quote(value, safe="")


def cluster_path(project: str, kind: str, name: str, spec: Mapping[str, Json]) -> str:
    """Give a workload's path in the API of its cluster; "" where that shows no such workload."""
    found = _place(kind, name, spec)
    return f"/cluster-api/api/v1/{part(project)}/workloads/{found}" if found else ""


def _place(kind: str, name: str, spec: Mapping[str, Json]) -> str:
    match kind:
        case "Workspace" | "Training" | "Inference":
            return f"{kind.lower()}/runai/{part(name)}"
        case "DistributedTraining":
            framework = _word(spec.get("distributedFramework"))
            return f"distributed/{framework}/{part(name)}" if framework in _FRAMEWORKS else ""
        case "ExternalWorkload":
            manifest = spec.get("manifest")
            word = _word(manifest.get("kind")) if isinstance(manifest, Mapping) else ""
            return f"external/external/ew-{part(word)}-{part(name)}" if word else ""
    return ""


def unshown(kind: str, spec: Mapping[str, Json]) -> str:
    """Say that the API of a cluster shows no such workload."""
    framework = spec.get("distributedFramework")
    of = f" of {framework}" if kind == "DistributedTraining" and isinstance(framework, str) else ""
    return f"the API of a cluster shows no {kind}{of}"


def _word(value: Json) -> str:
    return value.lower() if isinstance(value, str) else ""
