"""The route of a cluster's metrics: what there is, what is held, and how hard it works."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from reconciler.emulator.runai.call import Call, Platform, route
from reconciler.emulator.runai.clusters import ROOT, found
from reconciler.emulator.runai.errors import ApiError, bad_request
from reconciler.emulator.runai.records import Cluster, Pool, Project, Workload
from reconciler.emulator.runai.rows import category
from reconciler.emulator.runai.sampling import Span, answer, read_span, values
from reconciler.emulator.runai.scheduler import pool_names
from reconciler.emulator.runai.usage import Use, phase_at, uses

Json = Any
_NODE_CORES, _NODE_BYTES = 128.0, 1024.0**4
_GIB = 1024.0**3


@dataclass(frozen=True, slots=True)
class Scene:
    """What a cluster, or a part of it, is at a time: nodes, projects, and work with its use."""

    at: datetime
    pools: tuple[Pool, ...]
    projects: tuple[Project, ...]
    work: tuple[tuple[Workload, tuple[Use, ...]], ...]

    @property
    def uses(self) -> list[Use]:
        """List what all pods use."""
        return [use for _, each in self.work for use in each]


def _gpus(scene: Scene) -> float:
    return float(sum(pool.gpus for pool in scene.pools))


def _quota(scene: Scene) -> float:
    names = {pool.name for pool in scene.pools}
    return sum(gpus for one in scene.projects for name, gpus in one.quotas.items() if name in names)


def _allocated(scene: Scene) -> float:
    return sum(use.gpus for use in scene.uses)


def _percent(used: float, of: float) -> float:
    return 100 * used / of if of else 0.0


def _gpu_memory(scene: Scene) -> float:
    return sum(pool.gpus * pool.gpu_gib * _GIB for pool in scene.pools)


def _nodes(scene: Scene) -> float:
    return float(sum(pool.nodes for pool in scene.pools))


def _busy(scene: Scene) -> float:
    return sum(use.gpu_percent * use.gpus / 100 for use in scene.uses)


def _wait(scene: Scene) -> float:
    """Average over what is waiting now, in seconds."""
    waits = [
        (scene.at - max(change.at for change in one.history if change.at <= scene.at)).total_seconds()
        for one, _ in scene.work
        if phase_at(one, scene.at) == "Pending"
    ]
    return sum(waits) / len(waits) if waits else 0.0


_OF_NODES: Mapping[str, Callable[[Scene], float]] = {
    "TOTAL_GPU_NODES": lambda scene: float(sum(pool.nodes for pool in scene.pools if pool.gpus)),
    "TOTAL_GPU": _gpus,
    "UNALLOCATED_GPU": lambda scene: _gpus(scene) - _allocated(scene),
    "GPU_UTILIZATION": lambda scene: _percent(_busy(scene), _gpus(scene)),
    "GPU_MEMORY_UTILIZATION": lambda scene: _percent(
        sum(use.gpu_memory for use in scene.uses), _gpu_memory(scene)
    ),
    "CPU_UTILIZATION": lambda scene: _percent(
        sum(use.cores for use in scene.uses), _nodes(scene) * _NODE_CORES
    ),
    "CPU_MEMORY_UTILIZATION": lambda scene: _percent(
        sum(use.memory for use in scene.uses), _nodes(scene) * _NODE_BYTES
    ),
}
_OF_WORK: Mapping[str, Callable[[Scene], float]] = {
    "ALLOCATED_GPU": _allocated,
    "AVG_WORKLOAD_WAIT_TIME": _wait,
    "WORKLOADS_COUNT": lambda scene: float(len(scene.work)),
}
_SCALARS: Mapping[str, Callable[[Scene], float]] = {**_OF_NODES, **_OF_WORK, "GPU_QUOTA": _quota}
_DISTRIBUTION = "GPU_UTILIZATION_DISTRIBUTION"
_BANDS = ((0, 25), (25, 50), (50, 75), (75, 101))
_GROUPS: Mapping[str, Callable[[Workload], str]] = {
    "Category": category,
    "Project": lambda one: one.project.name,
    "Department": lambda one: one.project.department.name,
}


def routes(platform: Platform) -> Iterator[Route]:
    """Yield the route."""
    yield route(platform, "GET", f"{ROOT}/{{uuid}}/metrics", show)


def show(call: Call) -> Response:
    """Sample a cluster or one of its node pools, as a whole or in groups."""
    one = found(call)
    span = read_span(call, {*_SCALARS, _DISTRIBUTION})
    group = call.query.get("groupBy") or ""
    if group not in {"", "Nodepool", *_GROUPS}:
        raise bad_request(f"groupBy '{group}' is not one of {', '.join(('Nodepool', *_GROUPS))}")
    for name in span.types:
        _must_group(name, group)
    scenes = [_scene(call, one, at) for at in span.moments]
    return answer(call, {"measurements": list(_measured(span, scenes, group))})


def _must_group(name: str, group: str) -> None:
    """Raise ApiError 422 for a group that a metric cannot be split by: nodes belong to no project."""
    is_of_work = name in _OF_WORK or (name == "GPU_QUOTA" and group != "Category")
    if group in _GROUPS and not is_of_work:
        raise ApiError(422, f"metricType '{name}' cannot be grouped by {group}")


def _scene(call: Call, cluster: Cluster, at: datetime) -> Scene:
    """Look at a cluster, or the node pool that is asked for; there is nothing to see in the future."""
    pools, wanted = call.world.pool_map(cluster.uuid), call.query.get("nodepoolName")
    projects = tuple(one for one in call.world.projects.values() if one.cluster == cluster.uuid)
    shown = at if at <= call.world.clock.now() else None
    work = tuple(
        (one, tuple(uses(one, pools, at)))
        for one in call.world.seen()
        if shown and one.project.cluster == cluster.uuid and phase_at(one, at)
    )
    scene = Scene(at, tuple(pools.values()), projects, work)
    return _of_pool(scene, wanted) if wanted else scene


def _of_pool(scene: Scene, name: str) -> Scene:
    """Keep one node pool, and the work that runs there or, while it waits, wants to."""
    work = tuple(
        (one, tuple(use for use in found if use.pool == name))
        for one, found in scene.work
        if any(use.pool == name for use in found)
        or (not any(use.pool for use in found) and name in pool_names(one, one.spec))
    )
    return replace(scene, pools=tuple(pool for pool in scene.pools if pool.name == name), work=work)


def _parts(scenes: Sequence[Scene], group: str) -> Iterator[tuple[str, list[Scene]]]:
    """Split what was seen by the values of a group."""
    if group == "Nodepool":
        for name in sorted({pool.name for scene in scenes for pool in scene.pools}):
            yield name, [_of_pool(scene, name) for scene in scenes]
        return
    read = _GROUPS[group]
    names = {read(one) for scene in scenes for one, _ in scene.work}
    if group != "Category":
        names |= {_owner(one, group) for scene in scenes for one in scene.projects}
    for name in sorted(names):
        yield name, [_of_group(scene, group, name) for scene in scenes]


def _owner(project: Project, group: str) -> str:
    return project.name if group == "Project" else project.department.name


def _of_group(scene: Scene, group: str, name: str) -> Scene:
    work = tuple(pair for pair in scene.work if _GROUPS[group](pair[0]) == name)
    kept = (one for one in scene.projects if group == "Category" or _owner(one, group) == name)
    return replace(scene, work=work, projects=tuple(kept))


def _measured(span: Span, scenes: Sequence[Scene], group: str) -> Iterator[dict[str, Json]]:
    for name in span.types:
        for value, each in _parts(scenes, group) if group else [("", scenes)]:
            groups = [{"key": group, "value": value}] if group else []
            if name == _DISTRIBUTION:
                yield from _distribution(span, each, groups)
            else:
                yield _series(name, None, span, [_SCALARS[name](scene) for scene in each], groups)


def _series(
    name: str, labels: Mapping[str, str] | None, span: Span, samples: Sequence[float], groups: list[Json]
) -> dict[str, Json]:
    return {"type": name, "labels": labels, "values": values(span, samples), "groups": groups}


def _distribution(span: Span, scenes: Sequence[Scene], groups: list[Json]) -> Iterator[dict[str, Json]]:
    """Count the GPUs in each band of utilisation; those that nobody holds are idle."""
    for low, high in _BANDS:
        samples = []
        for scene in scenes:
            percents = [percent for use in scene.uses for percent in use.gpu_percents]
            idle = max(_gpus(scene) - len(percents), 0.0) if low == 0 else 0.0
            samples.append(idle + sum(low <= percent < high for percent in percents))
        yield _series(_DISTRIBUTION, {"range": f"{low}-{min(high, 100)}"}, span, samples, groups)
