"""Workspace: an interactive workload, such as a notebook; it runs until it is stopped."""

from __future__ import annotations

from reconciler.providers.runai.kinds.workload import Job


class WorkspaceSpec(Job):
    """Hold the spec of a Workspace, in the platform's own names."""
