"""Workspace: an interactive workload, such as a notebook; it runs until it is stopped."""

from __future__ import annotations

from reconciler.providers.runai.kinds.workload import Job, Templated


class WorkspaceSpec(Job, Templated):
    """Hold the spec of a Workspace, in the platform's own names."""
