"""Lints: what the platform takes and nobody means, warned of before GPUs are held for it.

Pure functions from a spec to warnings with pointers. Each fires only where the manifest itself proves
it: a value still to be filled in, a template's, or what an image brings is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.problem import Problem
from reconciler.providers.runai.kinds.lints import image, memory, program
from reconciler.providers.runai.kinds.lints.pod import Pod
from reconciler.providers.runai.kinds.rules.finding import without_nulls
from reconciler.providers.runai.kinds.weight import gpus_of_training
from reconciler.resource import Json

Lint = Callable[[Pod], Iterator[Problem]]

_ANY: tuple[Lint, ...] = (
    program.separators,
    program.shell_words,
    program.processes,
    image.stale,
    memory.small_shm,
    memory.host_paths,
)


def lint_workspace(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a Workspace. It may idle: people work in it."""
    yield from _of(Pod("/spec", without_nulls(spec)), _ANY)


def lint_training(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a Training."""
    pod = Pod("/spec", without_nulls(spec))
    yield from program.idle(pod, gpus_of_training(pod.spec))
    yield from _of(pod, _ANY)


def lint_inference(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of an Inference."""
    yield from _of(Pod("/spec", without_nulls(spec)), _ANY)


def _of(pod: Pod, lints: tuple[Lint, ...]) -> Iterator[Problem]:
    for lint in lints:
        yield from lint(pod)
