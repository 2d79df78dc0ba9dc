"""StatefulSet: pods that serve, each with a name that stays."""

from __future__ import annotations

from reconciler.providers.primus_safe.kinds.workload import Application


class StatefulSetSpec(Application):
    """Hold the spec of a StatefulSet, in the platform's own names."""
