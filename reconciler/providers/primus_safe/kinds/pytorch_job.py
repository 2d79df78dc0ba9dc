"""PyTorchJob: pods that train together and end by themselves."""

from __future__ import annotations

from reconciler.block import Flag, Text, Whole, optional
from reconciler.providers.primus_safe.kinds.workload import Program

MOST_RETRIES = 50


class PyTorchJobSpec(Program):
    """Hold the spec of a PyTorchJob, in the platform's own names."""

    is_supervised: Flag | None = optional("Watch it for hangs, and end it where it hangs.")
    max_retry: Whole | None = optional("Times it starts again after a failure.", ge=0, le=MOST_RETRIES)
    dependencies: list[Text] | None = optional(
        "Jobs that must succeed first, by the names of their manifests in this workspace; the platform "
        "holds this one back until then."
    )
