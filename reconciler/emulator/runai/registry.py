"""The Kubernetes kinds that are registered as workload types, and what their operators do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from reconciler.emulator.runai.kinds import KINDS, NIM, Kind

Life = Literal["ends", "serves", "stands"]


class Gvk(NamedTuple):
    """Group, version and kind of a Kubernetes object; the core group is empty."""

    group: str
    version: str
    kind: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, slots=True)
class WorkloadType:
    """A registered kind: `kind` holds its defaults, `versions` those that the cluster serves."""

    group: str
    versions: tuple[str, ...]
    kind: Kind

    @property
    def name(self) -> str:
        """Give the Kubernetes kind, which is also the type in lists."""
        return self.kind.type


# What each sort of work is by default: priority, may be preempted, category, finishes, serves.
_SORTS: Mapping[str, tuple[str, bool, str, bool, bool]] = {
    "train": ("low", True, "Train", True, False),
    "serve": ("very-high", False, "Deploy", False, True),
    "build": ("high", False, "Build", False, True),
}
_ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("", "v1", "Pod", "train"),
    ("batch", "v1", "Job", "train"),
    ("apps", "v1", "Deployment", "serve"),
    ("apps", "v1", "StatefulSet", "serve"),
    ("apps", "v1", "ReplicaSet", "serve"),
    ("kubeflow.org", "v1", "PyTorchJob", "train"),
    ("kubeflow.org", "v1", "TFJob", "train"),
    ("kubeflow.org", "v1 v2beta1", "MPIJob", "train"),
    ("kubeflow.org", "v1", "XGBoostJob", "train"),
    ("kubeflow.org", "v1", "JAXJob", "train"),
    ("kubeflow.org", "v1", "Notebook", "build"),
    ("ray.io", "v1", "RayJob", "train"),
    ("ray.io", "v1", "RayCluster", "build"),
    ("ray.io", "v1", "RayService", "serve"),
    ("jobset.x-k8s.io", "v1alpha2", "JobSet", "train"),
    ("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "serve"),
    ("serving.knative.dev", "v1", "Service", "serve"),
    ("serving.kserve.io", "v1beta1", "InferenceService", "serve"),
    ("apps.nvidia.com", "v1alpha1", "NIMService", "serve"),
)


def _made(group: str, versions: str, name: str, sort: str) -> WorkloadType:
    priority, preemptible, category, ends, serves = _SORTS[sort]
    kind = Kind(name, "", priority, preemptible, category, False, ends, serves)
    return WorkloadType(group, tuple(versions.split()), kind)


TYPES: Mapping[str, WorkloadType] = {row[2]: _made(*row) for row in _ROWS}
NIM_GVK = Gvk("apps.nvidia.com", "v1alpha1", "NIMService")


def registered(gvk: Gvk) -> WorkloadType | None:
    """Find the workload type of a Kubernetes kind."""
    found = TYPES.get(gvk.kind)
    return found if found and found.group == gvk.group and gvk.version in found.versions else None


def kind_of(name: str) -> Kind:
    """Give the kind of a workload of any API.  Raises KeyError."""
    if name == NIM.type:
        return NIM
    return KINDS[name] if name in KINDS else TYPES[name].kind


def own_kinds() -> Iterator[Kind]:
    """Yield the platform's own kinds, those of the v1 API first."""
    yield from KINDS.values()
    yield NIM
