"""A platform in memory and a clock that waits by moving on: the doing rooms' world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.errors import Conflict, ProviderError, Unknown
from reconciler.health import Health, Level
from reconciler.kind import Kind
from reconciler.mark import Mark, digest_of
from reconciler.outcome import Step
from reconciler.plan.change import Action, Change, FieldChange, Plan
from reconciler.provider import Edit, LogLine, LogQuery
from reconciler.resource import Deleted, Life, Observed, Resource, ResourceKey, Scope, Summary
from reconciler.secret import referenced
from tests.factories import FLEET, INFERENCE, KINDS, TARGET, a_mark, a_row, identity, observed

Names = list[str]
Rows = list[Summary]

TEAM = Scope("team-a", id="1", cluster="dgx", cluster_id="uuid-1")


@dataclass
class FakeClock:
    """Move on whenever somebody waits, and let everybody else run meanwhile."""

    seconds: float = 0.0
    on_sleep: Callable[[float], None] = lambda _now: None

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += max(0.0, seconds)
        self.on_sleep(self.seconds)
        for _ in range(5):
            await asyncio.sleep(0)


@dataclass
class FakeStop:
    requested: bool = False


@dataclass
class Heard:
    """Listen to steps and remember them."""

    steps: list[Step] = field(default_factory=list)

    def __call__(self, step: Step) -> None:
        self.steps.append(step)

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(step.text, step.state) for step in self.steps]


@dataclass
class FakePlatform:
    """Keep objects by id, like Run:ai: names are unique in a scope. Faults are set per verb.

    `faults[verb]` is a list: each call takes one; an exception is raised before the effect, `Lost`
    lets the effect happen and loses the answer, `Vanish` loses the request, None does nothing.
    """

    target: str = TARGET
    name: str = "runai"
    kinds: Mapping[str, Kind] = field(default_factory=lambda: {k[1]: v for k, v in KINDS.items()})
    objects: dict[str, Observed] = field(default_factory=dict)
    strange: list[Summary] = field(default_factory=list)
    faults: dict[str, list[Any]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    drops: set[str] = field(default_factory=set)
    leaves_for: int = 1
    counted: list[int] = field(default_factory=list)
    tick: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    on_write: Callable[[str], None] = lambda _verb: None
    _leaving: dict[str, int] = field(default_factory=dict)

    # the test's side

    def put(self, resource: Resource, **changes: Any) -> Observed:
        made = observed(resource, **changes)
        self.objects[made.id] = made
        return made

    def fault(self, verb: str, *faults: Any) -> None:
        self.faults.setdefault(verb, []).extend(faults)

    def sent(self, *verbs: str) -> Names:
        return [subject for verb, subject in self.calls if verb in (verbs or ("create", "update", "delete"))]

    # the Protocol

    async def scopes(self) -> Sequence[Scope]:
        return [TEAM]

    async def list(self, scope: Scope) -> Sequence[Summary]:
        await self._called("list", scope.name)
        return [*self._rows(scope), *self.strange]

    async def deleted(self, scope: Scope) -> Sequence[Deleted]:
        await self._called("deleted", scope.name)
        return ()

    async def count(self, scope: Scope) -> int:
        await self._called("count", scope.name)
        return self.counted.pop(0) if self.counted else len(self._rows(scope)) + len(self.strange)

    async def named(self, scope: Scope, names: Sequence[str]) -> Sequence[Summary]:
        await self._called("named", ",".join(names))
        return [o.summary for o in self.objects.values() if o.key.name in names]

    async def read(self, summary: Summary) -> Observed | None:
        await self._called("read", summary.key.name)
        self._age(summary.id)
        return self.objects.get(summary.id)

    async def find(self, scope: Scope, kind: str, name: str) -> Sequence[Observed]:
        await self._called("find", name)
        return [
            o
            for o in self.objects.values()
            if (o.key.kind, o.key.name) == (kind, name) and o.id not in self.hidden
        ]

    async def create(self, scope: Scope, resource: Resource, mark: Mark) -> str:
        key = resource.key

        def effect() -> str:
            holders = [o for o in self.objects.values() if o.key.name == key.name]
            if holders and self._kind(key).name_space:
                raise Conflict(self.target, "create", str(key), status=409, said="name taken")
            self.tick += 1
            row = a_row(key, mark=replace(mark, key=identity(key)), id=f"new-{self.tick}")
            spec = {name: value for name, value in resource.spec.items() if name not in self.drops}
            self.objects[row.id] = Observed(row, spec, mark=row.mark, record=dict(resource.spec))
            return row.id

        return str(await self._write("create", key.name, effect))

    async def update(self, observed: Observed, resource: Resource, edit: Edit, mark: Mark) -> None:
        def effect() -> None:
            kept = {name: observed.spec[name] for name in self.drops if name in observed.spec}
            self.objects[observed.id] = replace(
                observed, spec={**resource.spec, **kept}, record=dict(resource.spec)
            )

        await self._write("update", observed.key.name, effect)

    async def delete(self, observed: Observed, *, force: bool = False) -> None:
        def effect() -> None:
            leaving = replace(observed.summary, life=Life.LEAVING, phase="Deleting")
            self.objects[observed.id] = replace(observed, summary=leaving)
            self._leaving[observed.id] = self.leaves_for

        await self._write("delete", observed.key.name, effect)

    async def stop(self, observed: Observed) -> None:
        await self._write("stop", observed.key.name, lambda: self._stand(observed, Life.STOPPED, "Stopped"))

    async def resume(self, observed: Observed) -> None:
        await self._write("resume", observed.key.name, lambda: self._stand(observed, Life.ACTIVE, "Running"))

    async def health(self, observed: Observed, *, since: datetime | None = None) -> Health:
        await self._called("health", observed.key.name)
        return Health(Level.HEALTHY, phase="Running")

    async def aclose(self) -> None:
        return None

    # how

    def _rows(self, scope: Scope) -> Rows:
        return [
            o.summary for o in self.objects.values() if o.key.scope == scope.name and o.id not in self.hidden
        ]

    def _stand(self, observed: Observed, life: Life, phase: str) -> None:
        level = Level.HEALTHY if life is Life.ACTIVE else Level.SUSPENDED
        row = replace(observed.summary, life=life, phase=phase, level=level)
        self.objects[observed.id] = replace(observed, summary=row, wanted_phase=phase)

    def _kind(self, key: ResourceKey) -> Kind:
        return self.kinds[key.kind]

    def _age(self, object_id: str) -> None:
        if object_id in self._leaving:
            self._leaving[object_id] -= 1
            if self._leaving[object_id] < 0:
                self.objects.pop(object_id, None)

    async def _called(self, verb: str, subject: str) -> None:
        self.calls.append((verb, subject))
        await asyncio.sleep(0)
        if fault := self._fault(verb):
            raise fault

    def _fault(self, verb: str) -> Any:
        waiting = self.faults.get(verb, [])
        return waiting.pop(0) if waiting else None

    async def _write(self, verb: str, subject: str, effect: Callable[[], Any]) -> Any:
        self.calls.append((verb, subject))
        self.on_write(verb)
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        fault = self._fault(verb)
        if fault is VANISH:
            raise Unknown(self.target, verb, subject, said="connection reset")
        if isinstance(fault, ProviderError):
            raise fault
        answer = effect()
        if fault is LOST:
            raise Unknown(self.target, verb, subject, said="connection reset")
        return answer


LOST = object()
"""The write has its effect, and its answer is lost."""

VANISH = object()
"""The write never arrives, and nobody can tell."""


@dataclass
class FakeLogs(FakePlatform):
    """A platform whose health follows a script, and that has logs."""

    healths: list[Health | ProviderError] = field(default_factory=list)
    log: dict[str, list[str]] = field(default_factory=dict)
    previous_log: dict[str, list[str]] = field(default_factory=dict)
    downloads: dict[str, list[str]] = field(default_factory=dict)
    is_endless: bool = False
    keeps_previous: bool = True
    keeps_times: bool = True
    events: list[str] = field(default_factory=list)
    follows: list[tuple[str, bool]] = field(default_factory=list)
    open_streams: int = 0
    most_streams: int = 0

    async def health(self, observed: Observed, *, since: datetime | None = None) -> Health:
        await self._called("health", observed.key.name)
        found = self.healths.pop(0) if len(self.healths) > 1 else self.healths[0]
        if isinstance(found, ProviderError):
            raise found
        return found

    async def pods(self, observed: Observed) -> Sequence[str]:
        return list(self.log)

    async def follow(
        self, observed: Observed, query: LogQuery, *, opened: Callable[[], None] = lambda: None
    ) -> AsyncIterator[LogLine]:
        self.follows.append((query.pod, query.previous))
        self.open_streams += 1
        self.most_streams = max(self.most_streams, self.open_streams)
        try:
            for line in (self.previous_log if query.previous else self.log).get(query.pod, [])[-query.tail :]:
                await asyncio.sleep(0)
                yield LogLine(query.pod, line)
            if self.is_endless:
                await asyncio.Event().wait()
        finally:
            self.open_streams -= 1

    async def download(self, observed: Observed, query: LogQuery) -> AsyncIterator[LogLine]:
        found = self.previous_log if query.previous else self.downloads or self.log
        for line in found.get(query.pod, [])[-query.tail :]:
            yield LogLine(query.pod, line)

    async def pieces(self, observed: Observed, query: LogQuery) -> AsyncIterator[bytes]:
        async for line in self.download(observed, query):
            yield f"{line.text}\n".encode()

    async def last_words(self, observed: Observed) -> Sequence[str]:
        return self.events


def digest(resource: Resource) -> str:
    return digest_of(referenced(KINDS[TARGET, resource.key.kind].canonical(resource.spec)))


def a_create(resource: Resource, **changes: Any) -> Change:
    made = Change(
        resource.key,
        Action.CREATE,
        resource=resource,
        kind=KINDS[TARGET, resource.key.kind],
        scope=TEAM,
        mark=replace(a_mark(resource.key), key="", digest=digest(resource)),
        needs=resource.depends_on,
        source=resource.source,
    )
    return replace(made, **changes)


def an_update(resource: Resource, seen: Observed, *fields: FieldChange) -> Change:
    return a_create(resource, action=Action.UPDATE, observed=seen, fields=fields, kind=INFERENCE)


def a_replace(resource: Resource, seen: Observed, *fields: FieldChange) -> Change:
    return a_create(resource, action=Action.REPLACE, observed=seen, fields=fields)


def a_delete(seen: Observed) -> Change:
    return Change(
        seen.key, Action.DELETE, observed=seen, kind=KINDS[TARGET, seen.key.kind], scope=TEAM, source=None
    )


def a_plan(*changes: Change) -> Plan:
    return Plan(FLEET, "ml", tuple(sorted(changes, key=lambda change: change.key)))
