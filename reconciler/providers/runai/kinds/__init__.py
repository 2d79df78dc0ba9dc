"""The kinds of Run:ai as data: what the platform calls them and what it lets us do with them.

One file per kind holds the pydantic model of its spec and loads only when asked. Nothing here reaches
the network, plans or prints.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.kind import Kind, Support
from reconciler.providers.runai.kinds import aliases, defaults, weight
from reconciler.providers.runai.kinds.canonical import canonical
from reconciler.providers.runai.kinds.rules import check_inference, check_job

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["KINDS"]

INFERENCE_UPDATABLE = (
    "/args",
    "/autoscaling",
    "/category",
    "/command",
    "/compute",
    "/createHomeDir",
    "/environmentVariables",
    "/image",
    "/imagePullPolicy",
    "/imagePullSecrets",
    "/nodeAffinityRequired",
    "/nodePools",
    "/nodeType",
    "/podAffinity",
    "/preemptibility",
    "/priorityClass",
    "/probes",
    "/servingConfiguration",
    "/workingDir",
)
"""What `PATCH /inferences/{id}` takes. Everything else of an inference needs a new one."""


def _example(name: str) -> str:
    return (Path(__file__).parent / "examples" / f"{name}.yaml").read_text(encoding="utf-8")


def _workspace() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.workspace import WorkspaceSpec  # pydantic loads only when asked

    return WorkspaceSpec


def _training() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.training import TrainingSpec  # pydantic loads only when asked

    return TrainingSpec


def _inference() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.inference import InferenceSpec  # pydantic loads only when asked

    return InferenceSpec


def _cluster() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.cluster import ClusterSpec  # pydantic loads only when asked

    return ClusterSpec


_workload = partial(
    Kind,
    api_version="runai/v1",
    provider="runai",
    platform="Run:ai",
    canonical=canonical,
    name_space="runai/workload",
    default_of=defaults.default_of,
    dies_with=weight.volumes_that_die,
    record_only=("/spec/templateId",),
)

WORKSPACE = _workload(
    name="Workspace",
    about="An interactive workload, such as a notebook: it runs until it is stopped.",
    example=partial(_example, "workspace"),
    model=_workspace,
    support=Support(stops=True),
    defaults=defaults.WORKSPACE,
    check=check_job,
    gpus=weight.gpus_of_pod,
    aliases=aliases.WORKSPACE,
)

TRAINING = _workload(
    name="Training",
    about="A job of one pod, or of equal pods: it ends by itself, and does not run again.",
    example=partial(_example, "training"),
    model=_training,
    support=Support(stops=True),
    finishes=True,
    defaults=defaults.TRAINING,
    check=check_job,
    gpus=weight.gpus_of_training,
    aliases=aliases.TRAINING,
)

INFERENCE = _workload(
    name="Inference",
    about="A server of a model: it scales with its load, and most of it changes in place.",
    example=partial(_example, "inference"),
    model=_inference,
    support=Support(updatable=INFERENCE_UPDATABLE, mark_rewritable=True),
    defaults=defaults.INFERENCE,
    check=check_inference,
    gpus=weight.gpus_of_inference,
    aliases=aliases.INFERENCE,
)

CLUSTER = Kind(
    api_version="runai/v1",
    name="Cluster",
    about="A Kubernetes cluster that is registered with the control plane; workloads run on it.",
    example=partial(_example, "cluster"),
    provider="runai",
    platform="Run:ai",
    model=_cluster,
    canonical=canonical,
    support=Support(carries_mark=False, replaces=False),
    scope_word="",
    level=0,
    aliases=aliases.CLUSTER,
    name_pattern=r"^\S(.{0,251}\S)?$",
    name_rule="1 to 253 characters, no space at its ends",
)

KINDS = (WORKSPACE, TRAINING, INFERENCE, CLUSTER)
