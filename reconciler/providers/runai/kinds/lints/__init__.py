"""Lints: what the platform takes and nobody means, warned of before GPUs are held for it.

Pure functions from a spec to warnings with pointers. Each fires only where the manifest itself proves
it: a value still to be filled in, a template's, or what an image brings is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.finding import without_nulls
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.lints import image, memory, program
from reconciler.providers.runai.kinds.lints.pod import Pod, containers
from reconciler.providers.runai.kinds.manifest import ends, gpus
from reconciler.providers.runai.kinds.weight import gpus_of_distributed, gpus_of_training
from reconciler.resource import Json

Lint = Callable[[Pod], Iterator[Problem]]

_CONTAINER: tuple[Lint, ...] = (
    program.separators,
    program.shell_words,
    image.stale,
    memory.host_paths,
    memory.few_bytes,
)
_ONE_POD: tuple[Lint, ...] = (*_CONTAINER, program.processes, memory.small_shm)


def lint_workspace(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a Workspace. It may idle: people work in it."""
    yield from _of(_pod(without_nulls(spec)), _ONE_POD)


def lint_training(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a Training."""
    pod = _pod(without_nulls(spec))
    yield from program.idle([pod], gpus_of_training(pod.spec))
    yield from _of(pod, _ONE_POD)


def lint_distributed_training(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a DistributedTraining."""
    stated = without_nulls(spec)
    pods = [_pod(stated), *_pods(stated, "masterSpec")]
    yield from program.idle(pods, gpus_of_distributed(stated))
    for pod in pods:
        yield from _of(pod, (*_CONTAINER, program.processes, memory.small_shm_of_many))


def lint_inference(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of an Inference."""
    yield from _of(_pod(without_nulls(spec)), _ONE_POD)


def lint_distributed_inference(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in a DistributedInference, whose processes span its pods."""
    for pod in _pods(without_nulls(spec), "leader", "worker"):
        yield from _of(pod, (*_CONTAINER, memory.small_shm_of_many))


def lint_nim_service(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a NimService, whose image brings its program."""
    yield from _of(_pod(without_nulls(spec)), (image.stale, memory.few_bytes))


def lint_external_workload(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the pods of a Kubernetes manifest, as far as both agree."""
    stated = without_nulls(spec)
    pods = [Pod(pointer, fields) for pointer, fields in containers(stated)]
    if ends(stated):
        yield from program.idle(pods, gpus(stated))
    for pod in pods:
        yield from image.stale(pod)


def _pod(spec: Mapping[str, Json]) -> Pod:
    return Pod("/spec", spec, "templateId" in spec)


def _pods(spec: Mapping[str, Json], *names: str) -> Iterator[Pod]:
    """Find the parts of a spec that are the spec of a pod of their own."""
    for name in names:
        if isinstance(spec.get(name), Mapping):
            yield Pod(f"/spec/{name}", spec[name], "templateId" in spec)


def _of(pod: Pod, lints: tuple[Lint, ...]) -> Iterator[Problem]:
    for lint in lints:
        yield from lint(pod)
