"""Pod: what every pod of a workload may state, and what one may that runs a program of yours."""

from __future__ import annotations

from typing import Literal

from reconciler.block import Block, Flag, Text, optional
from reconciler.providers.runai.kinds.compute import Compute
from reconciler.providers.runai.kinds.container import (
    EnvironmentVariable,
    ImagePullSecret,
    Pair,
    Probes,
)
from reconciler.providers.runai.kinds.placement import NodeAffinity, PodAffinity, Toleration


class BarePod(Block):
    """Hold what any pod may state, also one whose image brings the program and its volumes."""

    annotations: list[Pair] | None = optional(
        "Kubernetes annotations of the workload and its pods. Keyed by name."
    )
    environment_variables: list[EnvironmentVariable] | None = optional("Environment. Keyed by name.")
    image: Text | None = optional("Container image. Needed, unless a template brings it.", min_length=1)
    image_pull_policy: Literal["Always", "Never", "IfNotPresent"] | None = optional(
        "When to pull the image. Default Always for the tag latest, else IfNotPresent."
    )
    image_pull_secrets: list[ImagePullSecret] | None = optional(
        "Secrets that open registries. Keyed by name."
    )
    labels: list[Pair] | None = optional("Kubernetes labels of the workload and its pods. Keyed by name.")
    probes: Probes | None = optional("How the platform asks whether the program is ready.")
    tolerations: list[Toleration] | None = optional("Taints that are tolerated. Keyed by name or key.")


class Pod(BarePod):
    """Add what a pod may state that runs a program of yours."""

    args: Text | None = optional("Arguments, as one text separated by spaces.", min_length=1)
    command: Text | None = optional("Command, as one text; replaces the image's entry point.", min_length=1)
    compute: Compute | None = optional("GPUs, CPUs and memory per pod.")
    create_home_dir: Flag | None = optional("Make a home directory that lives as long as the container.")
    node_affinity_required: NodeAffinity | None = optional("Node labels that must match.")
    node_type: Text | None = optional("Node type to run on, as the node's label says.", min_length=1)
    pod_affinity: PodAffinity | None = optional("Keep pods near each other.")
    working_dir: Text | None = optional("Working directory. Default: the image's.", min_length=1)
