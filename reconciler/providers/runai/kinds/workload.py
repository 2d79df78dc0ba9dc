"""Workload: the fields that every kind of workload has, and those of kinds that run to an end."""

from __future__ import annotations

from typing import Literal

from reconciler.block import INT64, Block, Flag, Text, Whole, optional
from reconciler.providers.runai.kinds.access import ContainerPort, ExposedUrl, RelatedUrl
from reconciler.providers.runai.kinds.container import Security
from reconciler.providers.runai.kinds.pod import Pod
from reconciler.providers.runai.kinds.storage import Storage, Uuid

Preemptibility = Literal["preemptible", "non-preemptible"]


class Scheduled(Block):
    """Hold what the scheduler asks of every kind of workload."""

    category: Text | None = optional(
        "Category for monitoring, by name: Build, Train, Deploy or one of your own."
    )
    node_pools: list[Text] | None = optional(
        "Node pools by name, the preferred first. Default: the project's."
    )
    preemptibility: Preemptibility | None = optional(
        "Whether the scheduler may end it for others; only preemptible may go over quota. "
        "Needs control plane 2.24."
    )
    priority_class: Text | None = optional(
        "Priority, by name: very-low, low, medium-low, medium, medium-high, high or very-high."
    )


class Templated(Block):
    """Let a workload start from a template of the platform."""

    template_id: Uuid | None = optional(
        "Template to start from, a UUID; this spec wins over it. Sent beside the platform's spec "
        "and never returned, so it is compared with the last-applied record only."
    )


class Workload(Pod, Scheduled):
    """Hold what every kind of workload of one sort of pod may state."""

    exposed_urls: list[ExposedUrl] | None = optional(
        "HTTP tools shown under URLs. Keyed by name or container."
    )
    ports: list[ContainerPort] | None = optional("TCP ports. Keyed by name or container.")
    related_urls: list[RelatedUrl] | None = optional("Links to pages elsewhere. Keyed by name or url.")


class Job(Workload):
    """Add what workspaces and trainings may state."""

    auto_deletion_time_after_completion_seconds: Whole | None = optional(
        "Seconds after its end until the platform deletes it. Default 2592000 (30 days); 0 is at once.",
        ge=0,
        le=INT64,
    )
    backoff_limit: Whole | None = optional("Retries before it counts as failed. Default 6.", ge=0, le=INT64)
    restart_policy: Literal["Always", "Never", "OnFailure"] | None = optional(
        "When a container starts again. Default: the kind decides."
    )
    security: Security | None = optional("As whom the container runs, and what it may do.")
    stdin: Flag | None = optional("Keep standard input open.")
    storage: Storage | None = optional("Volumes, by type.")
    terminate_after_preemption: Flag | None = optional(
        "End it when it is preempted, instead of queueing it again."
    )
    termination_grace_period_seconds: Whole | None = optional(
        "Seconds between SIGTERM and SIGKILL.", ge=0, le=INT64
    )
    tty: Flag | None = optional("Give it a terminal. Needs stdin.")
