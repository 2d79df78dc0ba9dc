"""Serving: how others reach the pods of a workload, and how the platform asks them how they are."""

from __future__ import annotations

from typing import Literal

from reconciler.block import INT32, Block, Port, Text, Whole, optional


class Probe(Block):
    """Ask a pod over HTTP how it is; 200 to 399 is well."""

    path: Text | None = optional(
        "Path to ask for, such as `/health`; about 39 characters at most.", min_length=1
    )
    port: Port | None = optional("Port of the pod, 1 to 65535.")
    initial_delay_seconds: Whole | None = optional(
        "Seconds from the start to the first question.", ge=1, le=INT32
    )
    period_seconds: Whole | None = optional("Seconds between two questions.", ge=1, le=INT32)
    failure_threshold: Whole | None = optional(
        "Failures in a row until it counts as not well.", ge=1, le=INT32
    )


class Service(Block):
    """Give the pods one address inside the cluster, or a port of every node."""

    port: Port | None = optional("Port of the service, 1 to 65535.")
    target_port: Port | None = optional("Port on which the program listens, 1 to 65535.")
    protocol: Literal["TCP", "UDP"] | None = optional("Protocol of the port.")
    service_type: Literal["ClusterIP", "NodePort"] | None = optional(
        "ClusterIP: reached inside the cluster. NodePort: by a port of every node as well."
    )
    node_port: Port | None = optional(
        "Port of the nodes, which must be free and in the cluster's range, usually 30000 to 32767. "
        "With serviceType NodePort."
    )
    extends: dict[str, Text] | None = optional(
        "How pods are exchanged: `maxUnavailable` and `maxSurge`, each a number or a share. Default 25% each."
    )
    extra_selectors: dict[str, Text] | None = optional(
        "Labels that narrow the pods it leads to. Needs generation 2."
    )
