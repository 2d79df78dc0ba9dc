"""Compute: what one pod asks for."""

from __future__ import annotations

from typing import Literal

from reconciler.block import INT32, Block, Flag, Quantity, Real, Text, Whole, optional
from reconciler.providers.runai.kinds.block import excluded


class ExtendedResource(Block):
    """Ask for a resource that a device plugin offers."""

    resource: Text | None = optional("Name of the resource, such as `rdma/rdma`.", min_length=1)
    quantity: Quantity | None = optional("How much of it, as a quantity, such as `1`.")
    exclude: Flag | None = excluded()


class DeviceCompute(Block):
    """Ask for GPUs, CPUs and memory, per pod."""

    cpu_core_limit: Real | None = optional("Upper bound of CPU, in cores. At least cpuCoreRequest.", ge=0)
    cpu_core_request: Real | None = optional("CPU to reserve, in cores; 0.1 is a tenth of a core.", ge=0)
    cpu_memory_limit: Quantity | None = optional(
        "Upper bound of memory, in bytes with a suffix (`64Gi`); a pod above it is killed (OOM)."
    )
    cpu_memory_request: Quantity | None = optional(
        "Memory to reserve, in bytes with a suffix: `16Gi`, `100M`."
    )
    gpu_devices_request: Whole | None = optional(
        "GPU devices per pod. Above 1 no gpuMemoryRequest is possible.", ge=0, le=INT32
    )
    gpu_memory_limit: Quantity | None = optional(
        "Upper bound of GPU memory per device, in bytes with a suffix. At least gpuMemoryRequest."
    )
    gpu_memory_request: Quantity | None = optional(
        "GPU memory per device, in bytes with a suffix (`4G`). With gpuRequestType memory, and only then."
    )
    gpu_portion_limit: Real | None = optional(
        "Upper bound of the share of each GPU, 0 to 1. At least gpuPortionRequest.", ge=0, le=1
    )
    gpu_portion_request: Real | None = optional(
        "Share of each GPU, 0 to 1; 0.5 is half a GPU. With gpuRequestType portion, and only then.",
        ge=0,
        le=1,
    )
    gpu_request_type: Literal["portion", "memory"] | None = optional(
        "How a part of a GPU is asked for: as a share (portion) or in bytes (memory). "
        "Leave it out for whole devices."
    )


class Compute(DeviceCompute):
    """Ask for GPUs, CPUs, memory and whatever else a node offers, per pod."""

    extended_resources: list[ExtendedResource] | None = optional(
        "Resources that device plugins offer, such as network devices. Keyed by resource."
    )
    large_shm_request: Flag | None = optional(
        "Mount a large /dev/shm instead of 64 MiB; data loaders and multi-GPU programs need it."
    )
