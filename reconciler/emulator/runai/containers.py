"""See the world as one cluster's API does: by names, down to pods and their containers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from reconciler.emulator.runai.crew import TIED, Pod, container_name, present, size
from reconciler.emulator.runai.fates import FAILS, Fate, env_map, fate_of
from reconciler.emulator.runai.phases import TERMINAL
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.runai.records import Run, Spec, Workload
from reconciler.emulator.runai.registry import TYPES, kind_of
from reconciler.emulator.runai.tales import teller
from reconciler.emulator.runai.world import World

# Where the cluster API looks for each kind; distributed inference has no row in its document.
_PLACES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("workspace", "runai"): "Workspace",
        ("training", "runai"): "Training",
        ("distributed", "pytorch"): "Distributed",
        ("distributed", "tf"): "Distributed",
        ("distributed", "mpi"): "Distributed",
        ("distributed", "xgboost"): "Distributed",
        ("inference", "runai"): "Inference",
    }
)
_BACKOFF_LIMIT_S = 300.0
_POD_PHASES: Mapping[str, str] = MappingProxyType(
    {"Initializing": "Pending", "Completed": "Succeeded", "Failed": "Failed"}
)


@dataclass(frozen=True, slots=True)
class WorkloadView:
    """A workload on its cluster; ended pods stay in view until they are removed."""

    phase: str
    pods: tuple[PodView, ...]


class ClusterView(Protocol):
    """Whatever can look workloads up by name."""

    def has_project(self, project: str) -> bool:
        """Tell whether a project of this name exists."""
        ...

    def find(self, project: str, type: str, framework: str, name: str) -> WorkloadView | None:  # noqa: A002 - the platform's word
        """Find a workload by the names of the cluster API, as it is now."""
        ...


class WorldView:
    """The emulated world through a cluster's eyes."""

    def __init__(self, world: World) -> None:
        self.world = world

    def has_project(self, project: str) -> bool:
        """Tell whether a project of this name exists."""
        return any(one.name == project for one in self.world.projects.values())

    def find(self, project: str, type: str, framework: str, name: str) -> WorkloadView | None:  # noqa: A002 - the platform's word
        """Find a workload by the names of the cluster API, as it is now."""
        is_external = (type, framework) == ("external", "external")
        found = self._external(project, name) if is_external else self._own(project, type, framework, name)
        if found is None:
            return None
        now, restart_s = self.world.clock.now(), self.world.pace.restart_s
        return WorkloadView(found.phase, tuple(pods(found, now, restart_s)))

    def _own(self, project: str, type_: str, framework: str, name: str) -> Workload | None:
        found = self.world.find(project, name)
        if found is None or _PLACES.get((type_, framework)) != found.kind:
            return None
        return None if found.kind == "Distributed" and _framework(found) != framework else found

    def _external(self, project: str, name: str) -> Workload | None:
        """Find a manifest by `ew-<kind>-<name>`, once the cluster has it."""
        for kind in TYPES:
            prefix = f"ew-{kind.lower()}-"
            found = self.world.find(project, name.removeprefix(prefix)) if name.startswith(prefix) else None
            if found and found.kind == kind and found.sync and found.sync.applied is not None:
                return found
        return None


def pods(workload: Workload, now: datetime, restart_s: float = 10.0) -> Iterator[PodView]:
    """List the containers of a workload's pods; those of the run that serves come first."""
    runs = [run for run in reversed(workload.runs) if _has_pods(workload, run)]
    for run in sorted(runs, key=lambda run: run.id != workload.serving):
        ending = fate_of(run.roles, ends=kind_of(workload.kind).ends)
        lives = tuple(_lives(workload, run, ending, now, restart_s))
        first = teller(workload, run)
        for pod in present(workload, run):
            spec, name = pod.role.spec, container_name(workload, pod.role)
            end = _ending(pod, ending) if pod.name == first.name else _ending_of_others(workload, pod, ending)
            main = PodView(
                name=pod.name,
                phase=_POD_PHASES.get(run.phase, "Running"),
                container=name,
                image=str(spec.get("image") or ""),
                command=_command(spec),
                lives=lives,
                ending=end,
                lasts_s=ending.after_s,
                rank=pod.rank,
                world_size=size(run),
                role=pod.role.name,
                first=(first.rank, first.name),
                env=tuple(env_map(spec).items()),
                ports=tuple(_ports(spec)),
                gpus=int((spec.get("compute") or {}).get("gpuDevicesRequest") or 0),
                folder=str(spec.get("workingDir") or ""),
            )
            yield main
            yield from (_beside(main, *sidecar) for sidecar in pod.role.sidecars)


def _beside(main: PodView, name: str, spec: Spec) -> PodView:
    """See what runs beside the main container; it ends as the pod does."""
    image, command = str(spec.get("image") or ""), _command(spec)
    ending = "completes" if main.ending == "completes" else "runs"
    env, ports = tuple(env_map(spec).items()), tuple(_ports(spec))
    return replace(
        main, container=name, image=image, command=command, ending=ending, env=env, ports=ports, gpus=0
    )


def _ports(spec: Spec) -> Iterator[int]:
    """List the ports that a container is asked to serve."""
    serving = spec.get("servingPort") or {}
    listed = [*(spec.get("ports") or ()), *(spec.get("exposedUrls") or ()), serving]
    for asked in listed:
        port = asked.get("container") or asked.get("port")
        if isinstance(port, int) and not asked.get("exclude"):
            yield port


def _ending_of_others(workload: Workload, pod: Pod, ending: Fate) -> str:
    """Tell how a pod ends whose neighbour was the first to fail."""
    if ending.kind not in FAILS or workload.kind not in TIED:
        return _ending(pod, ending)
    return "aborts" if ending.kind != "no-image" else "runs"


def _framework(workload: Workload) -> str:
    return str(workload.spec.get("distributedFramework") or "").lower()


def _command(spec: Spec) -> str:
    said = (str(spec.get(key) or "") for key in ("command", "args"))
    return " ".join(part for part in said if part)


def _ending(pod: Pod, ending: Fate) -> str:
    if ending.kind == "no-image":
        return "runs"  # it never starts, so it never ends
    if ending.kind == "oom" and "cuda" in f"{pod.role.spec.get('image')} {_command(pod.role.spec)}".lower():
        return "cuda-oom"
    return ending.kind


def _has_pods(workload: Workload, run: Run) -> bool:
    if workload.pinned:
        return run is workload.run and workload.phase in {"Running", "Degraded"}
    if run.ended_at is not None:  # pods of a job that ended stay until it is deleted
        return run is workload.run and run.phase in TERMINAL
    return run.phase in {"Initializing", "Running", "Degraded"}


def _lives(workload: Workload, run: Run, ending: Fate, now: datetime, restart_s: float) -> Iterator[Life]:
    """Work out every start of a run's containers, from what the record still knows."""
    if workload.pinned:
        yield Life(workload.since)
        return
    if ending.kind == "no-image":
        return
    lasts = timedelta(seconds=ending.after_s)
    if run.phase == "Degraded":
        yield from _crash_loop(run.since - lasts, lasts, now, restart_s)
        return
    is_over = run.phase != "Running"
    if is_over and run.phase == "Initializing" and run.attempt == 1:
        return
    newest = Life(run.since - lasts, run.since) if is_over else Life(run.since)
    number = run.attempt - 1 if run.phase == "Initializing" else run.attempt
    older: list[Life] = []
    start = newest.started_at
    for attempt in range(number, 1, -1):
        ended = start - _pause(attempt - 2, restart_s)
        start = ended - lasts
        older.insert(0, Life(start, ended))
    yield from (*older, newest)


def _crash_loop(start: datetime, lasts: timedelta, now: datetime, restart_s: float) -> Iterator[Life]:
    restarts = 0
    while start <= now:
        ended = start + lasts
        yield Life(start, ended if ended <= now else None)
        start = ended + _pause(restarts, restart_s)
        restarts += 1


def _pause(restarts: int, restart_s: float) -> timedelta:
    return timedelta(seconds=min(restart_s * 2.0 ** min(restarts, 10), _BACKOFF_LIMIT_S))
