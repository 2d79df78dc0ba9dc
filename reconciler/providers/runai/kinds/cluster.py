"""Cluster: a Kubernetes cluster that a control plane knows; it is registered here and connects by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictStr

from reconciler.block import Block, optional

Domain = Annotated[StrictStr, Field(min_length=1, max_length=253)]
Version = Annotated[StrictStr, Field(min_length=1, max_length=50)]


class ClusterSpec(Block):
    """Hold the fields of a Cluster, in the platform's own names. Neither can change once it is there."""

    domain: Domain | None = optional(
        "Host name of the cluster, where its cluster-api answers. Cannot change later.",
        examples=["dgx-east.acme.com"],
    )
    version: Version | None = optional(
        "Run:ai version of the cluster. The cluster reports its own once it is connected, and upgrades "
        "change it: leave it out, unless the platform asks for it. Cannot change by the API.",
        examples=["2.24"],
    )
