"""The pods of a workload: their roles, how many, and the names that their operators give them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.emulator.runai import podspecs
from reconciler.emulator.runai.records import Role, Run, Spec, Workload, made_id

# Who leads a distributed training, and the container that its operator insists on.
_LEADS: Mapping[str, str] = {"mpi": "launcher", "jax": ""}
_CONTAINERS: Mapping[str, str] = {"tf": "tensorflow", "mpi": "mpi"}
_TAIL = 5
# Whose pods fall together: when one fails, the others lose their peer.
TIED = frozenset(
    {
        "Distributed", "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "JAXJob", "RayJob",
        "DistributedInference", "LeaderWorkerSet",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of a run: `rank` counts over all roles, `index` within its own."""

    name: str
    role: Role
    index: int
    rank: int


def roles_of(kind: str, spec: Spec, master: Spec | None = None) -> tuple[Role, ...]:
    """List the roles of a spec's pods; the first one decides how the workload ends."""
    found = _ROLES.get(kind)
    if found is None:
        return podspecs.roles(spec.get("manifest") or spec)
    return tuple(role for role in found(spec, master) if role.count or kind == "Inference")


def _inference(spec: Spec, _: Spec | None) -> Iterator[Role]:
    scaling = spec.get("autoscaling") or {}
    low = scaling.get("minReplicas")
    low = 1 if low is None else low
    first = scaling.get("initialReplicas")
    yield Role("", int(first if first is not None else max(low, 1)), spec)


def _training(spec: Spec, _: Spec | None) -> Iterator[Role]:
    yield Role("", int(spec.get("parallelism") or 1), spec)


def _workspace(spec: Spec, _: Spec | None) -> Iterator[Role]:
    yield Role("", 1, spec)


def _distributed(spec: Spec, master: Spec | None) -> Iterator[Role]:
    framework = str(spec.get("distributedFramework") or "").lower()
    container = _CONTAINERS.get(framework, framework)
    lead = _LEADS.get(framework, "master")
    if lead or master is not None:
        yield Role(lead or "master", 1, spec if master is None else master, container)
    yield Role("worker", int(spec.get("numWorkers") or 1), spec, container)


def _groups(spec: Spec, _: Spec | None) -> Iterator[Role]:
    groups = _count(spec, "replicas", 1)
    yield Role("leader", 1, spec.get("leader") or {}, groups=groups)
    yield Role("worker", _count(spec, "workers", 0), spec.get("worker") or {}, groups=groups)


def _nim(spec: Spec, _: Spec | None) -> Iterator[Role]:
    scaling = spec.get("autoscaling") or {}
    groups = int(scaling.get("minReplicas") or 1) if scaling else _count(spec, "replicas", 1)
    workers = int((spec.get("multiNode") or {}).get("workers") or 0)
    yield Role("leader" if workers else "", 1, spec, groups=groups)
    yield Role("worker", workers, spec, groups=groups)


def _count(spec: Spec, key: str, default: int) -> int:
    return int(default if spec.get(key) is None else spec[key])


_ROLES: Mapping[str, Callable[[Spec, Spec | None], Iterator[Role]]] = {
    "Workspace": _workspace,
    "Training": _training,
    "Distributed": _distributed,
    "Inference": _inference,
    "DistributedInference": _groups,
    "NimService": _nim,
}


def pods_of(kind: str, spec: Spec, master: Spec | None = None) -> int:
    """Count the pods that a spec asks for at its start."""
    return sum(role.pods for role in roles_of(kind, spec, master))


def crew(run: Run) -> tuple[Role, ...]:
    """Give the roles that a run has now: none while it is scaled to zero."""
    return () if run.is_idle else run.roles


def parts(one: Workload, run: Run) -> list[Run]:
    """List a run and those that add replicas to it, as long as they live, oldest first."""
    return [each for each in one.runs if run.id in (each.id, each.part_of) and not each.ended_at]


def size(run: Run) -> int:
    """Count the pods that a run has or wants now."""
    return sum(role.pods for role in crew(run))


def lead(one: Workload) -> Spec:
    """Describe the main container of what is asked, in the words of the v1 API."""
    roles = roles_of(one.kind, one.spec, one.master)
    return roles[-1 if one.kind == "Distributed" else 0].spec if roles else {}


def pods(one: Workload, run: Run) -> Iterator[Pod]:
    """Name the pods of a run, those of the role that decides first."""
    rank = 0
    for role in crew(run):
        for index in range(role.pods):
            yield Pod(_name(one, run, role, index + run.first * role.count), role, index, rank)
            rank += 1


def present(one: Workload, run: Run) -> Iterator[Pod]:
    """List the pods that exist: some wait for others, some are cleaned up at the end."""
    is_starting, is_over = run.phase in {"Pending", "Initializing"}, run.phase in {"Completed", "Failed"}
    spec = run.spec
    for pod in pods(one, run):
        waits = {
            "launcher": spec.get("mpiLauncherCreationPolicy") == "WaitForWorkersReady",
            "worker": spec.get("startupPolicy") == "LeaderReady",
        }
        is_waiting = is_starting and waits.get(pod.role.name, False)
        if not is_waiting and not (is_over and _is_cleaned(run, pod.role)):
            yield pod


def _is_cleaned(run: Run, role: Role) -> bool:
    """Tell whether a pod is removed at the end: only the workers of MPI outlive their launcher."""
    default = "Running" if run.spec.get("distributedFramework") else "None"
    policy = run.spec.get("cleanPodPolicy") or default
    is_left = role.name == "worker" and run.roles[0].name == "launcher"
    return policy == "All" or (policy == "Running" and is_left)


def container_name(one: Workload, role: Role) -> str:
    """Name the main container of a pod."""
    return role.container or one.name


def _name(one: Workload, run: Run, role: Role, index: int) -> str:
    namer = _NAMERS.get(one.kind, _numbered if role.name else _hashed)
    return namer(one, run, role, index)


def _random(run: Run, *parts: object) -> str:
    return made_id(run.id, *parts).replace("-", "")[:_TAIL]


def _knative(one: Workload, run: Run, role: Role, index: int) -> str:
    tail = made_id(run.id, index).replace("-", "")
    return f"{one.name}-{run.number:05d}-deployment-{tail[:10]}-{tail[10:15]}"


def _stable(one: Workload, run: Run, role: Role, index: int) -> str:
    return f"{one.name}-{index}"


def _twice(one: Workload, run: Run, role: Role, index: int) -> str:
    return f"{one.name}-{index}-{index}"


def _numbered(one: Workload, run: Run, role: Role, index: int) -> str:
    name = f"{one.name}-{role.name}-{index}"
    # The launcher of MPI is a Job, so that its pod has a random tail.
    return f"{one.name}-launcher-{_random(run, 'launcher')}" if role.name == "launcher" else name


def _hashed(one: Workload, run: Run, role: Role, index: int) -> str:
    return f"{one.name}-{made_id(run.id)[:8]}-{_random(run, index)}"


def _of_a_job(one: Workload, run: Run, role: Role, index: int) -> str:
    return f"{one.name}-{_random(run, index)}"


def _in_groups(one: Workload, run: Run, role: Role, index: int) -> str:
    group, place = divmod(index, role.count)
    return f"{one.name}-{group}" if role.name == "leader" else f"{one.name}-{group}-{place + 1}"


def _of_ray(one: Workload, run: Run, role: Role, index: int) -> str:
    return f"{one.name}-{role.name + '-' if role.name else ''}{_random(run, role.name, index)}"


def _of_nim(one: Workload, run: Run, role: Role, index: int) -> str:
    return (_in_groups if role.name else _hashed)(one, run, role, index)


_NAMERS: Mapping[str, Callable[[Workload, Run, Role, int], str]] = {
    "Workspace": _stable,
    "Training": _twice,
    "Distributed": _numbered,
    "Inference": _knative,
    "DistributedInference": _in_groups,
    "NimService": _of_nim,
    "Pod": lambda one, run, role, index: one.name,
    "Job": _of_a_job,
    "StatefulSet": _stable,
    "Notebook": _stable,
    "LeaderWorkerSet": _in_groups,
    "RayJob": _of_ray,
    "RayCluster": _of_ray,
    "RayService": _of_ray,
    "Service": _knative,
}
