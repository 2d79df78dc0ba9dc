"""The kinds of Run:ai as data: what the platform calls them and what it lets us do with them.

One file per kind holds the pydantic model of its spec and loads only when asked. Nothing here reaches
the network, plans or prints.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from reconciler.kind import Kind, Support
from reconciler.providers.runai.kinds import aliases, defaults, manifest, weight
from reconciler.providers.runai.kinds.canonical import canonical, canonical_with_manifest
from reconciler.providers.runai.kinds.rules import (
    check_distributed,
    check_external,
    check_groups,
    check_inference,
    check_job,
    check_nim,
)

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

EXTERNAL_UPDATABLE = ("/category", "/manifest", "/priority")
"""What `PUT /api/v2/workloads/{id}` takes."""


def _spec(module: str, name: str) -> type[BaseModel]:
    """Load the model of a kind's spec from the kind's own file; pydantic loads only then."""
    model: type[BaseModel] = getattr(import_module(f"{__name__}.{module}"), name)
    return model


_any_workload = partial(
    Kind,
    api_version="runai/v1",
    provider="runai",
    platform="Run:ai",
    canonical=canonical,
    name_space="runai/workload",
    default_of=defaults.default_of,
)
_workload = partial(_any_workload, dies_with=weight.volumes_that_die, record_only=("/spec/templateId",))

WORKSPACE = _workload(
    name="Workspace",
    model=partial(_spec, "workspace", "WorkspaceSpec"),
    support=Support(stops=True),
    defaults=defaults.WORKSPACE,
    check=check_job,
    gpus=weight.gpus_of_pod,
    aliases=aliases.WORKSPACE,
)

TRAINING = _workload(
    name="Training",
    model=partial(_spec, "training", "TrainingSpec"),
    support=Support(stops=True),
    finishes=True,
    defaults=defaults.TRAINING,
    check=check_job,
    gpus=weight.gpus_of_training,
    aliases=aliases.TRAINING,
)

INFERENCE = _workload(
    name="Inference",
    model=partial(_spec, "inference", "InferenceSpec"),
    support=Support(updatable=INFERENCE_UPDATABLE, mark_rewritable=True),
    defaults=defaults.INFERENCE,
    check=check_inference,
    gpus=weight.gpus_of_inference,
    aliases=aliases.INFERENCE,
)

DISTRIBUTED_TRAINING = _workload(
    name="DistributedTraining",
    model=partial(_spec, "distributed_training", "DistributedTrainingSpec"),
    support=Support(stops=True),
    finishes=True,
    defaults=defaults.DISTRIBUTED_TRAINING,
    check=check_distributed,
    gpus=weight.gpus_of_distributed,
    aliases=aliases.DISTRIBUTED_TRAINING,
)

DISTRIBUTED_INFERENCE = _workload(
    name="DistributedInference",
    model=partial(_spec, "distributed_inference", "DistributedInferenceSpec"),
    support=Support(updatable=("/replicas",)),
    defaults=defaults.DISTRIBUTED_INFERENCE,
    check=check_groups,
    gpus=weight.gpus_of_groups,
    aliases=aliases.DISTRIBUTED_INFERENCE,
)

NIM_SERVICE = _any_workload(
    name="NimService",
    model=partial(_spec, "nim_service", "NimServiceSpec"),
    support=Support(updatable=("",), mark_rewritable=True),
    defaults=defaults.NIM_SERVICE,
    check=check_nim,
    gpus=weight.gpus_of_nim,
    aliases=aliases.NIM_SERVICE,
)

EXTERNAL_WORKLOAD = _any_workload(
    name="ExternalWorkload",
    model=partial(_spec, "external_workload", "ExternalWorkloadSpec"),
    support=Support(updatable=EXTERNAL_UPDATABLE, mark_rewritable=True),
    canonical=canonical_with_manifest,
    finishes_with=manifest.ends,
    check=check_external,
    gpus=manifest.gpus,
    aliases=aliases.EXTERNAL_WORKLOAD,
    named_by=("/spec/manifest/metadata/name",),
)

CLUSTER = Kind(
    api_version="runai/v1",
    name="Cluster",
    provider="runai",
    platform="Run:ai",
    model=partial(_spec, "cluster", "ClusterSpec"),
    canonical=canonical,
    support=Support(carries_mark=False, replaces=False),
    scope_word="",
    level=0,
    aliases=aliases.CLUSTER,
    name_pattern=r"^\S(.{0,251}\S)?$",
    name_rule="1 to 253 characters, no space at its ends",
)

KINDS = (
    WORKSPACE,
    TRAINING,
    DISTRIBUTED_TRAINING,
    INFERENCE,
    DISTRIBUTED_INFERENCE,
    NIM_SERVICE,
    EXTERNAL_WORKLOAD,
    CLUSTER,
)
