"""An emulated control plane with our provider connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Emulator, Habits, Switches
from reconciler.fleet import Target
from reconciler.mark import Mark
from reconciler.problem import Location
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Lifecycle, Observed, Resource, ResourceKey, Scope
from reconciler.secret import Secret

T = TypeVar("T")
SECRET = "hunter2-hunter2"
MARK = Mark("7f3a9c04d2b81e66", "ml", "", "1:0123456789abcdef")

PODS: dict[str, Any] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"containers": [{"name": "main", "image": "busybox:1"}]},
}
SPECS: Mapping[str, dict[str, Any]] = {
    "Workspace": {"image": "busybox", "command": "sleep infinity"},
    "Training": {"image": "busybox", "command": "sleep 600"},
    "DistributedTraining": {
        "image": "busybox",
        "command": "sleep 600",
        "distributedFramework": "PyTorch",
        "numWorkers": 2,
    },
    "Inference": {"image": "vllm", "servingPort": {"container": 8000}},
    "DistributedInference": {
        "leader": {"image": "vllm"},
        "worker": {"image": "vllm"},
        "workers": 1,
        "replicas": 1,
        "servingPort": {"port": 8000},
    },
    "NimService": {"image": "nvcr.io/nim/meta/llama3:1", "servingPort": {"port": 8000}},
    "ExternalWorkload": {
        "manifest": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": PODS},
        },
    },
}
"""One spec of each kind that runs for a while."""

TEN_MINUTES = [{"name": "EMULATOR_SECONDS", "value": "600"}]


class DrivenClock:
    """Be the provider's clock: waiting moves the emulator's time and takes none of ours."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock, self._start = clock, clock.now()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return (self._clock.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(max(0.0, seconds))


@dataclass
class Stage:
    emulator: Emulator
    clock: ManualClock
    url: str

    def play(self, act: Callable[[RunaiProvider, Scope], Awaitable[T]], **settings: Any) -> T:
        """Run one act with a fresh provider, in the project team-a."""

        async def run() -> T:
            provider = self.provider(**settings)
            try:
                scopes = await provider.scopes()
                return await act(provider, next(scope for scope in scopes if scope.name == "team-a"))
            finally:
                await provider.aclose()

        return asyncio.run(run())

    def provider(self, **settings: Any) -> RunaiProvider:
        allowed = settings.pop("allowed_hosts", ("127.0.0.1",))
        auth = {"clientId": "demo", "clientSecret": Secret("secret:S", "demo-secret")}
        block = {"provider": "runai", "url": self.url, "auth": auth, **settings}
        target = Target("prod", "runai", self.url, settings=block)
        return RunaiProvider(target, allowed_hosts=allowed, clock=DrivenClock(self.clock))

    def spoil(self, match: str, **rules: Any) -> None:
        self.emulator.faults.add(Fault(match, **rules))

    def add(self, name: str = "train", kind: str = "Training", **more: Any) -> str:
        spec = more.pop("spec", {"image": "busybox", "environmentVariables": TEN_MINUTES})
        who = more.pop("created_by", "someone@example.com")
        return self.emulator.world.add_workload(
            kind=kind, project="team-a", name=name, spec=spec, created_by=who, **more
        )


@contextmanager
def stage(api_level: str = "2.25", habits: Habits | None = None, **switches: Any) -> Iterator[Stage]:
    clock = ManualClock()
    emulator = Emulator(
        seed="empty", clock=clock, api_level=api_level, habits=habits, switches=Switches(**switches)
    )
    with emulator.serve() as url:
        yield Stage(emulator, clock, url)


def a_resource(
    name: str = "train", kind: str = "Training", spec: Mapping[str, Any] | None = None, **more: Any
) -> Resource:
    lifecycle = more.pop("lifecycle", Lifecycle())
    key = ResourceKey("prod", "team-a", kind, name)
    wanted = {"image": "busybox", "command": "sleep", "args": "60"} if spec is None else spec
    return Resource(key, wanted, Location("m.yaml", 1), lifecycle=lifecycle, **more)


def an_inference(**spec: Any) -> Resource:
    return a_resource("serve", "Inference", {"image": "vllm", "servingPort": {"container": 8000}, **spec})


async def only(provider: RunaiProvider, scope: Scope, kind: str, name: str) -> Observed:
    found = await provider.find(scope, kind, name)
    assert len(found) == 1
    return found[0]
