"""What pods use at a time: pure functions of the record, so that two looks always agree.

Nothing is measured here. A pod that works swings around a level of its own; one that sleeps holds
its GPUs and leaves them idle; one that waits uses nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.emulator.runai.crew import Pod, pods
from reconciler.emulator.runai.fates import is_asleep
from reconciler.emulator.runai.quantity import number
from reconciler.emulator.runai.records import Pool, Run, Spec, Workload, made_id
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.rows import ACTIVE, devices
from reconciler.emulator.runai.scheduler import gpus_per_pod

Json = Any
_GIB = 1024.0**3
_WARM_UP_S, _PERIOD_S = 30.0, 600.0
_SWING = 8.0
_DEFAULT_CORES, _DEFAULT_MEMORY = 0.1, 100e6
# How busy a GPU is on the whole, in per cent: at least, and how much more at most.
_BUSY: Mapping[str, tuple[float, float]] = {"Train": (60, 30), "Deploy": (25, 40), "Build": (8, 25)}
_HAS_PODS = ACTIVE | {"Pending", "Initializing", "Updating", "Stopping", "Completed", "Failed", "Deleting"}


@dataclass(frozen=True, slots=True)
class Use:
    """What one pod holds and uses: GPUs in devices and per cent, memory in bytes, CPU in cores.

    `share` is 0 to 1: how hard it works of all it could.
    """

    pool: str = ""
    is_running: bool = False
    gpus: float = 0.0
    gpu_percents: tuple[float, ...] = ()
    gpu_memory: float = 0.0
    gpu_memory_request: float = 0.0
    cores: float = 0.0
    cores_request: float = 0.0
    cores_limit: float = 0.0
    memory: float = 0.0
    memory_request: float = 0.0
    memory_limit: float = 0.0
    share: float = 0.0

    @property
    def gpu_percent(self) -> float:
        """Average over its GPUs; 0 without any."""
        return sum(self.gpu_percents) / len(self.gpu_percents) if self.gpu_percents else 0.0


def phase_at(one: Workload, at: datetime) -> str | None:
    """Tell the phase that a workload was in; None before it was made and once it is gone."""
    if one.deleted_at is not None and at >= one.deleted_at:
        return None
    return next((change.phase for change in reversed(one.history) if change.at <= at), None)


def uses(one: Workload, pools: Mapping[str, Pool], at: datetime) -> list[Use]:
    """List what each pod of a workload uses; `pools` are those of its cluster, by name."""
    phase = phase_at(one, at)
    if phase not in _HAS_PODS:
        return []
    return [
        use_of(one, run, pod, pools, at) for run in one.runs if _is_there(run, at) for pod in pods(one, run)
    ]


def _is_there(run: Run, at: datetime) -> bool:
    """Tell whether a run's pods exist: those of finished jobs stay."""
    is_left = run.ended_at is not None and run.phase not in {"Completed", "Failed"} and at >= run.ended_at
    return run.created_at <= at and not is_left


def use_of(one: Workload, run: Run, pod: Pod, pools: Mapping[str, Pool], at: datetime) -> Use:
    """Tell what one pod holds and uses at a time."""
    compute = pod.role.spec.get("compute") or {}
    asked = Use(
        cores_request=float(compute.get("cpuCoreRequest") or _DEFAULT_CORES),
        cores_limit=float(compute.get("cpuCoreLimit") or 0),
        memory_request=_bytes(compute.get("cpuMemoryRequest")) or _DEFAULT_MEMORY,
        memory_limit=_bytes(compute.get("cpuMemoryLimit")),
    )
    phase, started = phase_at(one, at), run.bound_at or run.created_at
    is_over = run.ended_at is not None and at >= run.ended_at
    if run.pool is None or phase in {None, "Pending", "Creating"} or is_over or at < started:
        return asked
    held = _held(compute, pools.get(run.pool))
    bound = replace(asked, pool=run.pool, gpus=held[0], gpu_memory_request=held[1])
    if phase not in ACTIVE | {"Updating"} or run.phase in {"Pending", "Initializing"}:
        return bound
    return _working(one, run, pod, bound, at)


def _working(one: Workload, run: Run, pod: Pod, held: Use, at: datetime) -> Use:
    warmth = min((at - (run.bound_at or run.created_at)).total_seconds() / _WARM_UP_S, 1.0)
    percents = tuple(
        round(warmth * _percent(one, run, pod, gpu, at), 1) for gpu in range(math.ceil(held.gpus))
    )
    share = warmth * _percent(one, run, pod, "cpu", at) / 100
    filled = 0.02 if is_asleep(pod.role.spec) else 0.55 + 0.4 * _luck(run.id, pod.rank, "memory")
    return replace(
        held,
        is_running=True,
        gpu_percents=percents,
        gpu_memory=float(int(held.gpu_memory_request * filled)),
        cores=round(held.cores_request * share, 3),
        memory=float(int(held.memory_request * filled)),
        share=share,
    )


def _percent(one: Workload, run: Run, pod: Pod, what: object, at: datetime) -> float:
    if is_asleep(pod.role.spec):
        return 0.0
    low, more = _BUSY.get(kind_of(one.kind).category, _BUSY["Train"])
    level = low + more * _luck(run.id, pod.rank, what)
    turn = at.timestamp() / _PERIOD_S + _luck(run.id, pod.rank, what, "turn")
    return min(max(level + _SWING * math.sin(math.tau * turn), 0.0), 100.0)


def _luck(*parts: object) -> float:
    """Draw a number from 0 to 1 that is always the same for the same things."""
    return int(made_id(*parts)[:8], 16) / 0xFFFFFFFF


def _held(compute: Spec, pool: Pool | None) -> tuple[float, float]:
    """Give the GPUs of one pod and their memory in bytes."""
    gpus = gpus_per_pod({"compute": compute}, pool) if pool else devices(compute)
    return gpus, gpus * (pool.gpu_gib if pool else 0.0) * _GIB


def _bytes(quantity: str | None) -> float:
    return float(number(quantity) or 0) if quantity else 0.0
