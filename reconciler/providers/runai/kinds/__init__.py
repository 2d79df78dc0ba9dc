"""The kinds of Run:ai as data: what the platform calls them and what it lets us do with them.

One file per kind holds the pydantic model of its spec and loads only when asked. Nothing here reaches
the network, plans or prints.
"""

from __future__ import annotations

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


def _workspace() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.workspace import WorkspaceSpec  # pydantic loads only when asked

    return WorkspaceSpec


def _training() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.training import TrainingSpec  # pydantic loads only when asked

    return TrainingSpec


def _inference() -> type[BaseModel]:
    from reconciler.providers.runai.kinds.inference import InferenceSpec  # pydantic loads only when asked

    return InferenceSpec


WORKSPACE = Kind(
    api_version="runai/v1",
    name="Workspace",
    provider="runai",
    platform="Run:ai",
    model=_workspace,
    canonical=canonical,
    support=Support(stops=True, has_cluster_api=True),
    name_space="runai/workload",
    defaults=defaults.WORKSPACE,
    default_of=defaults.default_of,
    check=check_job,
    gpus=weight.gpus_of_pod,
    aliases=aliases.WORKSPACE,
    dies_with=weight.volumes_that_die,
    record_only=("/spec/templateId",),
)

TRAINING = Kind(
    api_version="runai/v1",
    name="Training",
    provider="runai",
    platform="Run:ai",
    model=_training,
    canonical=canonical,
    support=Support(stops=True, has_cluster_api=True),
    finishes=True,
    name_space="runai/workload",
    defaults=defaults.TRAINING,
    default_of=defaults.default_of,
    check=check_job,
    gpus=weight.gpus_of_training,
    aliases=aliases.TRAINING,
    dies_with=weight.volumes_that_die,
    record_only=("/spec/templateId",),
)

INFERENCE = Kind(
    api_version="runai/v1",
    name="Inference",
    provider="runai",
    platform="Run:ai",
    model=_inference,
    canonical=canonical,
    support=Support(updatable=INFERENCE_UPDATABLE, mark_rewritable=True, has_cluster_api=True),
    name_space="runai/workload",
    defaults=defaults.INFERENCE,
    default_of=defaults.default_of,
    check=check_inference,
    gpus=weight.gpus_of_inference,
    aliases=aliases.INFERENCE,
    dies_with=weight.volumes_that_die,
    record_only=("/spec/templateId",),
)

KINDS = (WORKSPACE, TRAINING, INFERENCE)
