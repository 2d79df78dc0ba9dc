"""Where every provider is held to its promises: its platform emulated, and what to make there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.provider import Provider
from reconciler.resource import Resource
from tests.providers.primus_safe import stage as safe
from tests.providers.runai import stage as runai


@dataclass(frozen=True)
class Live:
    """Hold an emulator that runs, with what makes providers for it; `clock` is its time."""

    emulator: Any
    clock: Any
    provider: Callable[[], Provider]


@dataclass(frozen=True)
class Ground:
    """Say where a provider is tried: `job` and `server` make resources of a name in `scope`.

    `changed` is the server after a change in place. `lists`, `reads` and `creates` are patterns of requests;
    `alien` turns a list answer into one that does not honour its filter.
    """

    serve: Callable[[], Any]
    scope: str
    job: Callable[[str], Resource]
    server: Callable[[str], Resource]
    changed: Callable[[str], Resource]
    lists: str
    reads: str
    creates: str
    alien: Callable[[Any], Any]
    credential: str


@contextmanager
def _runai() -> Iterator[Live]:
    with runai.stage() as made:
        yield Live(made.emulator, made.clock, made.provider)


@contextmanager
def _safe(generation: int) -> Iterator[Live]:
    with safe.stage(generation) as made:
        yield Live(made.emulator, made.clock, made.provider)


def _alien_rows(key: str, field: str) -> Callable[[Any], Any]:
    def turn(answer: Any) -> Any:
        return {**answer, key: [{**row, field: "elsewhere"} for row in answer[key] or []]}

    return turn


_SERVE = {**safe.SPEC, "image": "rocm/vllm:1"}

GROUNDS: Mapping[str, Ground] = {
    "runai": Ground(
        _runai,
        "team-a",
        lambda name: runai.a_resource(name, spec={"image": "busybox", "command": "sleep 6000"}),
        lambda name: runai.a_resource(
            name, "Inference", {"image": "vllm:1", "servingPort": {"container": 8000}}
        ),
        lambda name: runai.a_resource(
            name, "Inference", {"image": "vllm:2", "servingPort": {"container": 8000}}
        ),
        r"GET /api/v1/workloads",
        r"GET /api/v1/workloads/trainings/.*",
        r"POST /api/v1/workloads/trainings",
        _alien_rows("workloads", "projectId"),
        "demo-secret",
    ),
    **{
        f"primus-safe, generation {number}": Ground(
            partial(_safe, number),
            "cpu-west",
            lambda name: safe.a_resource(name, "PyTorchJob", where="cpu-west"),
            lambda name: safe.a_resource(name, "Deployment", _SERVE),
            lambda name: safe.a_resource(name, "Deployment", {**_SERVE, "image": "rocm/vllm:2"}),
            r"GET /api/v1/workloads",
            r"GET /api/v1/workloads/[^/]+",
            r"POST /api/v1/workloads",
            _alien_rows("items", "workspaceId"),
            DEMO_KEY if number == 2 else safe.DEMO,
        )
        for number in (1, 2)
    },
}
