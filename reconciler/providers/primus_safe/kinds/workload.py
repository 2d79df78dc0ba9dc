"""Workload: the fields of the create request that every kind takes, and those of what runs a program.

Its name, workspace and kind stand in the envelope; ids that the server makes are not stated.
Source: CreateWorkloadRequest, Primus-SaFE workload API. Fields that need generation 2 came later.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.block import INT32, Block, Flag, Text, Whole, optional
from reconciler.providers.primus_safe.kinds.resource import Resource
from reconciler.providers.primus_safe.kinds.serving import Probe, Service

NodeName = Annotated[Text, Field(pattern=r"^\S+$")]
Image = Annotated[Text, Field(min_length=1)]


class CronJob(Block):
    """Say when a workload starts, once: it waits in the queue until then."""

    schedule: Text | None = optional(
        "A time in UTC, to the minute and within a year: `2026-12-24T03:00:00Z`. No cron line."
    )
    action: Literal["start"] | None = optional("What happens then. Default start, the one thing there is.")


class SecretRef(Block):
    """Name a secret of the platform."""

    id: Text | None = optional("Id of the secret.", min_length=1)
    type: Text | None = optional("Filled in by the server, and never compared.")


class Workload(Block):
    """Hold what every kind of workload may state."""

    description: Text | None = optional(
        "A note for people. The mark that says whose the workload is follows it."
    )
    image: Image | None = optional("Image of the container, at most 128 characters.")
    resource: Resource | None = optional("What the pods ask for.")
    env: dict[str, Text] | None = optional("Environment variables, by name. All of them are yours.")
    priority: Whole | None = optional(
        "Rank in the queue: 0 low, 1 medium, 2 high. High needs a manager of the workspace.", ge=0, le=2
    )
    ttl_seconds_after_finished: Whole | None = optional(
        "Seconds that its pods are kept after its end. Default 60, or as the server is configured.",
        ge=0,
        le=INT32,
    )
    customer_labels: dict[str, Text] | None = optional(
        "Labels that a node must have, all of them, to run a pod."
    )
    specified_nodes: list[NodeName] | None = optional("Nodes to run on, by name, a pod on each.")
    excluded_nodes: list[NodeName] | None = optional("Nodes not to run on, by name. Needs generation 2.")
    nodes_affinity: Literal["required", "preferred"] | None = optional(
        "Whether specifiedNodes is an order or a wish. Default required. Needs generation 2."
    )
    is_tolerate_all: Flag | None = optional("Run on nodes in spite of their taints.")
    service: Service | None = optional("An address for the pods.")
    cron_jobs: list[CronJob] | None = optional("Times at which it starts.")
    hostpath: list[Text] | None = optional(
        "Directories of the node to mount. Never returned by the server, so they are not compared."
    )
    labels: dict[str, Text] | None = optional(
        "Labels of the platform's own object. Never returned, so they are not compared. Needs generation 2."
    )
    annotations: dict[str, Text] | None = optional(
        "Annotations of the platform's own object. Never returned, so they are not compared. "
        "Needs generation 2."
    )
    secrets: list[SecretRef] | None = optional(
        "Secrets of the platform to use, besides those of the workspace. Keyed by id. Needs generation 2."
    )
    preheat: Flag | None = optional(
        "Pull the image to the nodes beforehand. Never returned, so it is not compared. Needs generation 2."
    )
    privileged: Flag | None = optional(
        "Run with all rights on the node. Needs a manager of the workspace. Needs generation 2."
    )
    use_workspace_storage: Flag | None = optional("Mount the volumes of the workspace. Needs generation 2.")
    force_host_network: Flag | None = optional("Use the network of the node. Needs generation 2.")


class Program(Workload):
    """Add what a workload states that runs a program of its own."""

    entry_point: Text | None = optional(
        "What the container runs, as a plain shell script; it is encoded when it is sent.", min_length=1
    )
    timeout: Whole | None = optional(
        "Seconds from its start until it is stopped for good. Default 0: no limit but the workspace's.",
        ge=0,
        le=INT32,
    )


class Application(Program):
    """Add what a workload states that serves, and is renewed in place."""

    liveness: Probe | None = optional("When a pod is started anew: after its probe failed.")
    readiness: Probe | None = optional("When a pod receives requests: while its probe succeeds.")
