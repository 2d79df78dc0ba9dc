"""What a project's work holds and asks for, node pool by node pool, as its status tells it."""

from collections.abc import Iterable, Mapping

from reconciler.emulator.runai.claims import pool_id
from reconciler.emulator.runai.crew import crew
from reconciler.emulator.runai.records import Json, Pool, Project, Run, Workload
from reconciler.emulator.runai.rows import is_preemptible
from reconciler.emulator.runai.scheduler import gpus_per_pod, pool_names
from reconciler.emulator.runai.world import World

_HOLDS = frozenset({"Initializing", "Running", "Degraded"})


def quota_statuses(world: World, project: Project) -> list[dict[str, Json]]:
    """Tell of each of a project's node pools what is allocated, firmly, and requested."""
    work = world.live(project.name)
    pools = world.pool_map(project.cluster)
    names = dict.fromkeys((*project.quotas, *(run.pool for one in work for run in one.runs if run.pool)))
    return [
        {"nodePoolName": name, "nodePoolId": pool_id(project.cluster, name), **_status(work, pools[name])}
        for name in names
        if name in pools
    ]


def quota_status(statuses: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """Add statuses up."""
    rows = list(statuses)
    words = ("allocated", "allocatedNonPreemptible", "requested")
    return {word: {"gpu": sum(row[word]["gpu"] for row in rows)} for word in words}


def _status(work: Iterable[Workload], pool: Pool) -> dict[str, Json]:
    pairs = [(one, run) for one in work for run in one.runs if not run.ended_at]
    held = [(one, _gpus(run, pool)) for one, run in pairs if run.phase in _HOLDS and run.pool == pool.name]
    waiting = [_gpus(run, pool) for one, run in pairs if _waits_for(one, run, pool)]
    allocated = sum(gpus for _, gpus in held)
    return {
        "allocated": {"gpu": allocated},
        "allocatedNonPreemptible": {"gpu": sum(gpus for one, gpus in held if not is_preemptible(one))},
        "requested": {"gpu": allocated + sum(waiting)},
    }


def _waits_for(one: Workload, run: Run, pool: Pool) -> bool:
    """Tell whether a run queues; it counts in the first pool of its wish."""
    is_paused = one.phase in {"Stopped", "Stopping", "Deleting"}
    return run.phase == "Pending" and not is_paused and pool_names(one, run.spec)[:1] == (pool.name,)


def _gpus(run: Run, pool: Pool) -> float:
    return sum(role.pods * gpus_per_pod(role.spec, pool) for role in crew(run))
