"""Deployment: equal pods that serve, and are renewed in place."""

from __future__ import annotations

from reconciler.providers.primus_safe.kinds.workload import Application


class DeploymentSpec(Application):
    """Hold the spec of a Deployment, in the platform's own names."""
