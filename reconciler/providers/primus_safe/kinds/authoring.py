"""Authoring: a machine of one pod to work in by hand."""

from __future__ import annotations

from reconciler.block import INT32, Whole, optional
from reconciler.providers.primus_safe.kinds.workload import NodeName, Workload


class AuthoringSpec(Workload):
    """Hold the spec of an Authoring, in the platform's own names. It always sleeps, in one pod."""

    specified_nodes: list[NodeName] | None = optional("The node to run on, by name; one.", max_length=1)
    timeout: Whole | None = optional(
        "Seconds from its start until it is stopped for good. Default: no limit but the workspace's. "
        "Needs generation 2.",
        ge=1,
        le=INT32,
    )
