"""Workload: the fields that every kind of workload has, and those of kinds that run to an end."""

from __future__ import annotations

from typing import Literal

from reconciler.providers.runai.kinds.access import ContainerPort, ExposedUrl, RelatedUrl
from reconciler.providers.runai.kinds.block import Block, Flag, Text, Whole, optional
from reconciler.providers.runai.kinds.compute import Compute
from reconciler.providers.runai.kinds.container import (
    EnvironmentVariable,
    ImagePullSecret,
    Pair,
    Probes,
    Security,
)
from reconciler.providers.runai.kinds.placement import NodeAffinity, PodAffinity, Toleration
from reconciler.providers.runai.kinds.storage import Storage, Uuid


class Workload(Block):
    """Hold what every kind of workload may state."""

    annotations: list[Pair] | None = optional(
        "Kubernetes annotations of the workload and its pods. Keyed by name."
    )
    args: Text | None = optional("Arguments, as one text separated by spaces.", min_length=1)
    category: Text | None = optional(
        "Category for monitoring, by name: Build, Train, Deploy or one of your own. Default by kind."
    )
    command: Text | None = optional("Command, as one text; replaces the image's entry point.", min_length=1)
    compute: Compute | None = optional("GPUs, CPUs and memory per pod.")
    create_home_dir: Flag | None = optional("Make a home directory that lives as long as the container.")
    environment_variables: list[EnvironmentVariable] | None = optional("Environment. Keyed by name.")
    exposed_urls: list[ExposedUrl] | None = optional(
        "HTTP tools shown under URLs. Keyed by name or container."
    )
    image: Text | None = optional("Container image. Needed, unless a template brings it.", min_length=1)
    image_pull_policy: Literal["Always", "Never", "IfNotPresent"] | None = optional(
        "When to pull the image. Default Always for the tag latest, else IfNotPresent."
    )
    image_pull_secrets: list[ImagePullSecret] | None = optional(
        "Secrets that open registries. Keyed by name."
    )
    labels: list[Pair] | None = optional("Kubernetes labels of the workload and its pods. Keyed by name.")
    node_affinity_required: NodeAffinity | None = optional("Node labels that must match.")
    node_pools: list[Text] | None = optional(
        "Node pools by name, the preferred first. Default: the project's."
    )
    node_type: Text | None = optional("Node type to run on, as the node's label says.", min_length=1)
    pod_affinity: PodAffinity | None = optional("Keep pods near each other.")
    ports: list[ContainerPort] | None = optional("TCP ports. Keyed by name or container.")
    preemptibility: Literal["preemptible", "non-preemptible"] | None = optional(
        "Whether the scheduler may end it for others; only preemptible may go over quota. "
        "Default preemptible for Training, else non-preemptible. Needs control plane 2.24."
    )
    priority_class: Text | None = optional(
        "very-low, low, medium-low, medium, medium-high, high or very-high. "
        "Default high for Workspace, low for Training, very-high for Inference."
    )
    probes: Probes | None = optional("How the platform asks whether the program is ready.")
    related_urls: list[RelatedUrl] | None = optional("Links to pages elsewhere. Keyed by name or url.")
    template_id: Uuid | None = optional(
        "Template to start from, a UUID; this spec wins over it. Sent beside the platform's spec "
        "and never returned, so it is compared with the last-applied record only."
    )
    tolerations: list[Toleration] | None = optional("Taints that are tolerated. Keyed by name or key.")
    working_dir: Text | None = optional("Working directory. Default: the image's.", min_length=1)


class Job(Workload):
    """Add what Workspace and Training may state."""

    auto_deletion_time_after_completion_seconds: Whole | None = optional(
        "Seconds after its end until the platform deletes it. Default 2592000 (30 days); 0 is at once.", ge=0
    )
    backoff_limit: Whole | None = optional("Retries before it counts as failed. Default 6.", ge=0)
    restart_policy: Literal["Always", "Never", "OnFailure"] | None = optional(
        "When a container starts again. Default: the kind decides."
    )
    security: Security | None = optional("As whom the container runs, and what it may do.")
    stdin: Flag | None = optional("Keep standard input open.")
    storage: Storage | None = optional("Volumes, by type.")
    terminate_after_preemption: Flag | None = optional(
        "End it when it is preempted, instead of queueing it again."
    )
    termination_grace_period_seconds: Whole | None = optional("Seconds between SIGTERM and SIGKILL.", ge=0)
    tty: Flag | None = optional("Give it a terminal. Needs stdin.")
