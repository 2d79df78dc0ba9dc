"""What a run wants of the scheduler, in the scheduler's own terms."""

from collections.abc import Mapping

from reconciler.emulator.runai.crew import size
from reconciler.emulator.runai.kinds import PRIORITIES
from reconciler.emulator.runai.records import Pool, Run, Workload, made_id
from reconciler.emulator.runai.registry import kind_of
from reconciler.emulator.runai.scheduler import Claim, mean_gpus, most_gpus, needs_gpu, pool_names


def pool_id(cluster: str, name: str) -> str:
    """Give the id of a node pool of a cluster."""
    return made_id(cluster, "pool", name)


def claim_of(one: Workload, run: Run, pools: Mapping[str, Pool]) -> Claim:
    """Say what a run claims; pools that do not exist are passed over, `pools` has all by id."""
    kind = kind_of(one.kind)
    home = one.project.cluster
    named = (pool_id(home, name) for name in pool_names(one, run.spec))
    ids = tuple(id_ for id_ in named if id_ in pools) or (pool_id(home, "default"),)
    wants = needs_gpu(run)
    per_pod = {id_: mean_gpus(run, pools[id_]) for id_ in ids} if wants else {}
    largest = {id_: most_gpus(run, pools[id_]) for id_ in ids} if wants else {}
    asked = run.spec.get("preemptibility")
    return Claim(
        id=f"{one.id} {run.id}", project=one.project.id, owner=one.project.name, pools=ids,
        pods=size(run), per_pod=per_pod, largest=largest,
        preemptible=asked == "preemptible" if asked else kind.preemptible,
        priority=PRIORITIES[run.spec.get("priorityClass") or kind.priority],
        since=run.created_at, pool=run.pool and pool_id(home, run.pool),
    )  # fmt: skip
