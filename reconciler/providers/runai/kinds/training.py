"""Training: a workload of one pod, or of equal pods, that ends by itself."""

from __future__ import annotations

from reconciler.block import INT32, Whole, optional
from reconciler.providers.runai.kinds.workload import Job, Templated


class TrainingSpec(Job, Templated):
    """Hold the spec of a Training, in the platform's own names."""

    completions: Whole | None = optional("Pods that must end well, for sweeps.", ge=0, le=INT32)
    parallelism: Whole | None = optional("Most pods at once, for sweeps.", ge=0, le=INT32)
