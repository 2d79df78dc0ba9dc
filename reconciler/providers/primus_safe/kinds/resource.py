"""Resource: what each pod of a workload asks for, and how many pods there are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.block import INT32, Block, Text, Whole, optional

QUANTITY = r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?$"
"""A number with the suffixes that Kubernetes reads, `k` small."""

Quantity = Annotated[Text, Field(pattern=QUANTITY, json_schema_extra={"format": "quantity"})]


class PodResource(Block):
    """Ask for CPUs, GPUs, memory and disk, per pod."""

    cpu: Quantity | None = optional('CPU per pod, in cores, as text: `"32"`.')
    gpu: Quantity | None = optional('GPUs per pod, whole ones, as text: `"8"`.')
    memory: Quantity | None = optional("Memory per pod, in bytes with a suffix: `256Gi`.")
    ephemeral_storage: Quantity | None = optional(
        "Disk per pod that ends with it, in bytes with a suffix. At most 60 percent of a node's."
    )
    shared_memory: Quantity | None = optional(
        "Size of /dev/shm, in bytes with a suffix. Default: half of memory."
    )


class Resource(PodResource):
    """Ask for pods, and for what each of them needs."""

    replica: Whole | None = optional(
        "Number of pods, one per node where they take whole nodes. Default: one for each of specifiedNodes.",
        ge=1,
        le=INT32,
    )
