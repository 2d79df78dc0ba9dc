"""The kinds of workload: scope, class, container, and which generation knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `scope` "" where no user may create it."""

    name: str
    scope: str
    is_application: bool = False
    container: str = "main"
    first_scope: str | None = None  # where the first generation differs; None: it does not know the kind
    is_off: bool = False


_ALL = (
    Kind("PyTorchJob", "Train", container="pytorch", first_scope="Train"),
    Kind("Deployment", "Infer", is_application=True, first_scope="Infer"),
    Kind("StatefulSet", "Infer", is_application=True, first_scope="Infer"),
    Kind("Authoring", "Authoring", first_scope="Authoring"),
    Kind("Job", "Train", first_scope=""),
    Kind("TorchFT", "Train", container="pytorch"),
    Kind("RayJob", "Ray"),
    Kind("UnifiedJob", "Train"),
    Kind("AutoscalingRunnerSet", "CICD", container="runner"),
    Kind("DynamoDeployment", "Infer", is_application=True),
    Kind("InferaDeployment", "Infer", is_application=True),
    Kind("MonarchJob", "Train", is_off=True),
    Kind("Sandbox", "Sandbox", is_off=True),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
# Kinds whose retries and supervision are always off.
UNSUPERVISED = frozenset({"Deployment", "StatefulSet", "Authoring"})


def kind_named(name: str, *, generation: int) -> Kind | None:
    """Find a kind that a generation has a template for; names are case-sensitive."""
    kind = KINDS.get(name)
    return None if kind is None or (generation == 1 and kind.first_scope is None) else kind


def scope_of(kind: Kind, *, generation: int) -> str:
    """Tell the scope that a workspace must have for a kind."""
    return (kind.first_scope or "") if generation == 1 else kind.scope


def is_application(name: str) -> bool:
    """Whether a kind serves, and so never ends by itself and is updated in place."""
    kind = KINDS.get(name)
    return kind is not None and kind.is_application
