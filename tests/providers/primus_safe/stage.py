"""An emulated Primus-SaFE server with our provider connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault
from reconciler.emulator.primus_safe import Emulator, Switches
from reconciler.emulator.primus_safe.records import Resource as Asked
from reconciler.emulator.primus_safe.records import Spec
from reconciler.emulator.primus_safe.seed import DEMO_KEY, PLAIN, TRAIN
from reconciler.emulator.primus_safe.users import user_id
from reconciler.fleet import Target
from reconciler.mark import Mark
from reconciler.problem import Location
from reconciler.providers.primus_safe.provider import PrimusSafeProvider
from reconciler.resource import Lifecycle, Observed, Resource, ResourceKey, Scope
from reconciler.secret import Secret

T = TypeVar("T")
FLEET_ID = "7f3a9c04d2b81e66"
MARK = Mark(FLEET_ID, "ml", "", "1:0123456789abcdef")
DEMO = user_id("demo")
ASKED: dict[str, Any] = {"replica": 1, "cpu": "8", "memory": "64Gi"}
SPEC: dict[str, Any] = {"image": "rocm/pytorch:1", "entryPoint": "python train.py", "resource": ASKED}
LONG = {"EMULATOR_SECONDS": "86400"}


class DrivenClock:
    """Be the provider's clock: waiting moves the emulator's time and takes none of ours."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock, self._start = clock, clock.now()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return (self._clock.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(max(1e-6, seconds))


@dataclass
class Stage:
    emulator: Emulator
    clock: ManualClock
    url: str

    @property
    def generation(self) -> int:
        return self.emulator.generation.number

    def play(
        self, act: Callable[[PrimusSafeProvider, Scope], Awaitable[T]], where: str = TRAIN, **settings: Any
    ) -> T:
        """Run one act with a fresh provider, in a workspace."""

        async def run() -> T:
            provider = self.provider(**settings)
            try:
                scopes = await provider.scopes()
                return await act(provider, next(scope for scope in scopes if scope.name == where))
            finally:
                await provider.aclose()

        return asyncio.run(run())

    def provider(self, **settings: Any) -> PrimusSafeProvider:
        allowed = settings.pop("allowed_hosts", ("127.0.0.1",))
        auth = self.auth() if "auth" not in settings else settings.pop("auth")
        block = {"provider": "primus-safe", "url": self.url, "auth": auth, **settings}
        target = Target("safe", "primus-safe", self.url, settings=block)
        return PrimusSafeProvider(target, allowed_hosts=allowed, clock=DrivenClock(self.clock))

    def auth(self) -> Mapping[str, Any]:
        if self.generation == 1:
            return {"userId": DEMO}
        return {"apiKey": Secret("secret:KEY", DEMO_KEY)}

    def spoil(self, match: str, **rules: Any) -> None:
        self.emulator.faults.add(Fault(match, **rules))

    def add(self, name: str = "train", kind: str = "PyTorchJob", by: str = "demo", text: str = "") -> str:
        """Add a workload behind everybody's back, with this description."""
        world = self.emulator.world
        asked = (Asked(1, "8", memory="64Gi", ephemeral="50Gi"),)
        spec = Spec(TRAIN, kind, "v1", asked, ("rocm/pytorch:1",), ("c2xlZXAgOTk5",), env=LONG)
        made = world.submit(
            world.new_id(name), spec, world.users.named(by), display_name=name, description=text
        )
        return made.id

    def wait(self, seconds: float) -> Stage:
        self.clock.advance(seconds)
        return self


@contextmanager
def stage(generation: int = 1, *, seed: str = "empty", **switches: Any) -> Iterator[Stage]:
    clock = ManualClock()
    emulator = Emulator(seed=seed, clock=clock, generation=generation, switches=Switches(**switches))
    with emulator.serve() as url:
        yield Stage(emulator, clock, url)


def where_of(kind: str) -> str:
    """Give a workspace that takes a kind."""
    return TRAIN if kind in ("PyTorchJob", "Authoring") else PLAIN


def a_resource(
    name: str = "train", kind: str = "PyTorchJob", spec: Mapping[str, Any] | None = None, **more: Any
) -> Resource:
    lifecycle, where = more.pop("lifecycle", Lifecycle()), more.pop("where", where_of(kind))
    key = ResourceKey("safe", where, kind, name)
    return Resource(key, SPEC if spec is None else spec, Location("m.yaml", 1), lifecycle=lifecycle, **more)


async def only(provider: PrimusSafeProvider, scope: Scope, kind: str, name: str) -> Observed:
    found = await provider.find(scope, kind, name)
    assert len(found) == 1
    return found[0]
