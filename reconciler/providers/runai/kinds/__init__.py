"""The kinds of Run:ai as data: what the platform calls them and what it lets us do with them.

One file per kind holds the pydantic model of its spec and loads only when asked. Nothing here reaches
the network, plans or prints.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.kind import Kind, Support
from reconciler.providers.runai.kinds import aliases, claims, defaults, lints, manifest, weight
from reconciler.providers.runai.kinds.canonical import canonical, canonical_with_manifest
from reconciler.providers.runai.kinds.rules import (
    check_distributed,
    check_external,
    check_groups,
    check_inference,
    check_job,
    check_nim,
)
from reconciler.providers.runai.routes import ROUTES

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


def _example(name: str) -> str:
    return (Path(__file__).parent / "examples" / f"{name}.yaml").read_text(encoding="utf-8")


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
_workload = partial(
    _any_workload,
    dies_with=weight.volumes_that_die,
    stops_with=weight.volumes_that_stop,
    record_only=("/spec/templateId",),
)

WORKSPACE = _workload(
    name="Workspace",
    about="An interactive workload, such as a notebook: it runs until it is stopped.",
    example=partial(_example, "workspace"),
    model=partial(_spec, "workspace", "WorkspaceSpec"),
    support=Support(stops=True),
    defaults=defaults.WORKSPACE,
    check=check_job,
    lint=lints.lint_workspace,
    gpus=weight.gpus_of_pod,
    claim=claims.of_pod,
    called=("InteractiveWorkload", "Interactive", "Notebook", "Jupyter"),
    aliases=aliases.WORKSPACE,
)

TRAINING = _workload(
    name="Training",
    about="A job of one pod, or of equal pods: it ends by itself, and does not run again.",
    example=partial(_example, "training"),
    model=partial(_spec, "training", "TrainingSpec"),
    support=Support(stops=True),
    finishes=True,
    defaults=defaults.TRAINING,
    check=check_job,
    lint=lints.lint_training,
    gpus=weight.gpus_of_training,
    claim=claims.of_training,
    called=("TrainingWorkload", "RunaiJob", "Train", "Batch"),
    aliases=aliases.TRAINING,
)

INFERENCE = _workload(
    name="Inference",
    about="A server of a model: it scales with its load, and most of it changes in place.",
    example=partial(_example, "inference"),
    model=partial(_spec, "inference", "InferenceSpec"),
    support=Support(updatable=INFERENCE_UPDATABLE, mark_rewritable=True),
    defaults=defaults.INFERENCE,
    check=check_inference,
    lint=lints.lint_inference,
    gpus=weight.gpus_of_inference,
    claim=claims.of_inference,
    surge=claims.rolled,
    called=("InferenceWorkload", "Serving", "Deployment"),
    aliases=aliases.INFERENCE,
)

DISTRIBUTED_TRAINING = _workload(
    name="DistributedTraining",
    about="A job of many pods, workers and the master that leads them; it ends by itself.",
    example=partial(_example, "distributed-training"),
    model=partial(_spec, "distributed_training", "DistributedTrainingSpec"),
    support=Support(stops=True),
    finishes=True,
    defaults=defaults.DISTRIBUTED_TRAINING,
    check=check_distributed,
    lint=lints.lint_distributed_training,
    gpus=weight.gpus_of_distributed,
    claim=claims.of_distributed,
    called=("DistributedWorkload", "Distributed", "DistributedJob"),
    aliases=aliases.DISTRIBUTED_TRAINING,
)

DISTRIBUTED_INFERENCE = _workload(
    name="DistributedInference",
    since=ROUTES["DistributedInference"].since,
    about="A server of a model too large for one pod: groups of a leader and its workers.",
    example=partial(_example, "distributed-inference"),
    model=partial(_spec, "distributed_inference", "DistributedInferenceSpec"),
    support=Support(updatable=("/replicas",)),
    defaults=defaults.DISTRIBUTED_INFERENCE,
    check=check_groups,
    lint=lints.lint_distributed_inference,
    gpus=weight.gpus_of_groups,
    claim=claims.of_groups,
    aliases=aliases.DISTRIBUTED_INFERENCE,
)

NIM_SERVICE = _any_workload(
    name="NimService",
    since=ROUTES["NimService"].since,
    about="A server of an NVIDIA NIM, a model in a ready container; all of it changes in place.",
    example=partial(_example, "nim-service"),
    model=partial(_spec, "nim_service", "NimServiceSpec"),
    support=Support(updatable=("",), mark_rewritable=True),
    defaults=defaults.NIM_SERVICE,
    check=check_nim,
    lint=lints.lint_nim_service,
    gpus=weight.gpus_of_nim,
    claim=claims.of_nim,
    surge=claims.rolled,
    called=("NIM",),
    aliases=aliases.NIM_SERVICE,
)

EXTERNAL_WORKLOAD = _any_workload(
    name="ExternalWorkload",
    since=ROUTES["ExternalWorkload"].since,
    about="Any Kubernetes object that the platform can schedule, by its own manifest.",
    example=partial(_example, "external-workload"),
    model=partial(_spec, "external_workload", "ExternalWorkloadSpec"),
    support=Support(updatable=EXTERNAL_UPDATABLE, mark_rewritable=True),
    canonical=canonical_with_manifest,
    finishes_with=manifest.ends,
    check=check_external,
    lint=lints.lint_external_workload,
    gpus=manifest.gpus,
    claim=claims.of_manifest,
    called=("External", "Workload", "Kubernetes"),
    aliases=aliases.EXTERNAL_WORKLOAD,
    named_by=("/spec/manifest/metadata/name",),
)

CLUSTER = Kind(
    api_version="runai/v1",
    name="Cluster",
    about="A Kubernetes cluster that is registered with the control plane; workloads run on it.",
    example=partial(_example, "cluster"),
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
