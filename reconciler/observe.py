"""Observe: read what is live, and never mistake a failed or short answer for an empty one.

A scope is known whole or it is unknown, with the reason in words. Only what is known may lead to a
write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property

from reconciler.capacity import Capacity
from reconciler.errors import ExitCode, Malformed, ManifestError, ProviderError, heaviest
from reconciler.fleet import Fleet, Target
from reconciler.forecast import asks, forecast, let_through, supposed
from reconciler.health import Level
from reconciler.plan.change import Plan
from reconciler.problem import Problem
from reconciler.provider import Carries, Provider, TellsCapacity, TellsStops
from reconciler.resolve import named_scopes, place, with_excerpt
from reconciler.resource import (
    EMPTY,
    Life,
    Live,
    Observed,
    Resource,
    ResourceKey,
    Scope,
    ScopeRead,
    Stoppage,
    StoppedBy,
    Summary,
)
from reconciler.settle.look import BESIDE
from reconciler.yaml import Document

_STANDING = (Life.ACTIVE, Life.STOPPED, Life.UNKNOWN)
"""A key with such a row will not be created; any other key may be, and its absence needs proof."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Hold what was read, and what stood in the way.

    `failures` maps `target:scope` to why the scope is unknown, and a full key to why that one object
    is doubtful.
    """

    live: Live
    failures: Mapping[str, ProviderError] = EMPTY

    @property
    def exit_code(self) -> ExitCode:
        """Weigh the failures into one exit code; nothing failed is IN_ORDER."""
        return heaviest([failure.exit_code for failure in self.failures.values()])


@dataclass(frozen=True, slots=True)
class FleetObservation:
    """Hold what git declares, each where it lives, and what was read of every target, by its name.

    `failures` are what stood in the way, in the order of the targets.
    """

    desired: tuple[Resource, ...]
    lives: Mapping[str, Live]
    failures: tuple[ProviderError, ...] = ()


async def observe_fleet(
    fleet: Fleet,
    providers: Mapping[str, Provider],
    resources: Sequence[Resource],
    *,
    documents: Sequence[Document] = (),
    is_whole: bool = True,
) -> FleetObservation:
    """Place the declared objects in the scopes there are, and read those scopes.

    Of a target that cannot be asked for its scopes, all that it or git names is unknown, and stays where git
    has it. A run that is not whole asks only about the scopes that `resources` are in. Raises the
    ProviderError where no target could be asked, and ManifestError, showing `documents`, for what is in no
    scope.
    """
    with_some = {resource.key.target for resource in resources}
    concerned = {name: each for name, each in providers.items() if is_whole or name in with_some}
    there, lost = await _scopes_of(concerned or providers)
    desired: list[Resource] = []
    problems: list[Problem] = []
    for name in providers:
        if name in lost:
            desired += [resource for resource in resources if resource.key.target == name]
            continue
        placed, wrong = place(resources, there.get(name, ()), fleet.targets[name])
        desired += placed
        problems += [with_excerpt(problem, documents) for problem in wrong]
    if problems:
        raise ManifestError(problems=problems)

    async def read(name: str) -> Observation:
        mine = [resource for resource in desired if resource.key.target == name]
        if name in lost:
            return _unread(fleet.targets[name], lost[name], mine, is_whole=is_whole)
        scopes = _wanted(there.get(name, ()), mine, is_whole=is_whole)
        return await observe(providers[name], scopes=scopes, desired=mine, fleet_id=fleet.id)

    seen = await asyncio.gather(*(read(name) for name in providers))
    failures = tuple(failure for each in seen for failure in each.failures.values())
    return FleetObservation(tuple(desired), {each.live.target: each.live for each in seen}, failures)


async def _scopes_of(
    providers: Mapping[str, Provider],
) -> tuple[dict[str, Sequence[Scope]], dict[str, ProviderError]]:
    """List the scopes of each target, or why it could not be asked. Raises where none could."""
    answers = dict(zip(providers, await asyncio.gather(*map(_scopes, providers.values())), strict=True))
    lost = {name: answer for name, answer in answers.items() if isinstance(answer, ProviderError)}
    there = {name: answer for name, answer in answers.items() if not isinstance(answer, ProviderError)}
    if lost and not there:
        raise max(lost.values(), key=lambda failure: failure.exit_code is ExitCode.DENIED)
    for failure in lost.values():
        failure.others = tuple(there)
    return there, lost


async def _scopes(provider: Provider) -> Sequence[Scope] | ProviderError:
    try:
        return await provider.scopes()
    except ProviderError as failure:
        return failure


def _wanted(scopes: Sequence[Scope], mine: Sequence[Resource], *, is_whole: bool) -> Sequence[Scope]:
    """Choose the scopes to read; what is in none is read only if git declares it."""
    named = {resource.key.scope for resource in mine}
    chosen = [scope for scope in scopes if is_whole or scope.name in named]
    return [BESIDE, *chosen] if "" in named else chosen


def _unread(
    target: Target, failure: ProviderError, mine: Sequence[Resource], *, is_whole: bool
) -> Observation:
    """Make unknown what the target or git names; where they name nothing, one scope without a name."""
    names = {resource.key.scope for resource in mine} | {*(named_scopes(target) if is_whole else ())}
    reads = {name: ScopeRead(Scope(name), unknown=str(failure)) for name in sorted(names or {""})}
    return Observation(Live(target.name, scopes=reads), {target.name: failure})


async def observe(
    provider: Provider,
    *,
    scopes: Sequence[Scope],
    desired: Sequence[Resource],
    fleet_id: str,
    concurrency: int = 8,
) -> Observation:
    """Read every given scope of one target, and in full the objects that planning needs.

    Details are read of rows that git declares, that carry our mark, or whose mark the list does not
    show. At most `concurrency` requests run at once.
    """
    reader = _Reader(provider, tuple(desired), fleet_id, asyncio.Semaphore(concurrency))
    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(reader.scope(scope)) for scope in scopes]
    return Observation(
        live=Live(
            target=provider.target,
            scopes={read.result().scope.name: read.result() for read in reads},
            details=reader.details,
        ),
        failures=reader.failures,
    )


async def foreseen(plan: Plan, lives: Mapping[str, Live], providers: Mapping[str, Provider]) -> Plan:
    """Add to a plan what becomes of what it asks for, or would ask for, by what each target has to give now.

    What cannot be read is noted in the forecast and stops nothing: it decides no write.
    """
    wanted: dict[str, list[Scope]] = {}
    for change in (*plan.changes, *let_through(plan.changes)):
        if change.scope and asks(change):
            wanted.setdefault(change.key.target, []).append(change.scope)
    if not wanted:
        return plan
    read = await asyncio.gather(*(_capacity(providers[target], scopes) for target, scopes in wanted.items()))
    rows = {
        target: [row for read in live.scopes.values() for row in read.rows] for target, live in lives.items()
    }
    there = dict(zip(wanted, read, strict=True))
    found = forecast(plan.changes, rows, there)
    return replace(plan, forecast=replace(found, supposed=supposed(plan.changes, rows, there)))


async def _capacity(provider: Provider, scopes: Sequence[Scope]) -> Mapping[str, Capacity]:
    if not isinstance(provider, TellsCapacity):
        note = f"{provider.name} does not tell its capacity"
        return {scope.cluster_id: Capacity(notes=(note,)) for scope in scopes}
    try:
        return await provider.capacity(scopes)
    except ProviderError as failure:
        return {scope.cluster_id: Capacity(notes=(f"could not be read: {failure}",)) for scope in scopes}


@dataclass
class _Reader:
    provider: Provider
    desired: tuple[Resource, ...]
    fleet_id: str
    slots: asyncio.Semaphore
    details: dict[str, Observed] = field(default_factory=dict)
    failures: dict[str, ProviderError] = field(default_factory=dict)

    async def scope(self, scope: Scope) -> ScopeRead:
        """Read one scope; whatever the provider could not read makes it unknown."""
        wanted = {r.key for r in self.desired if r.key.scope == scope.name and self._is_here(r.key)}
        try:
            read = await self._whole(scope, wanted)
        except ProviderError as failure:
            self.failures[f"{self.provider.target}:{scope.name}"] = failure
            return ScopeRead(scope, unknown=str(failure))
        return await self._with_details(read, wanted)

    def _is_here(self, key: ResourceKey) -> bool:
        return key.target == self.provider.target

    async def _whole(self, scope: Scope, wanted: Set[ResourceKey]) -> ScopeRead:
        """List a scope; where its answer decides a create or is empty, let other endpoints confirm it.

        Objects come and go while we read, so a disagreement is given one more look.
        """
        rows = await self._list(scope)
        async with self.slots:
            deleted = tuple(await self.provider.deleted(scope))
        if doubt := await self._doubt(scope, rows, wanted):
            rows = await self._list(scope)
            doubt = await self._doubt(scope, rows, wanted)
        if doubt:
            raise Malformed(self.provider.target, "read", scope.name or "the clusters", said=doubt)
        return ScopeRead(scope, rows=rows, deleted=deleted)

    async def _list(self, scope: Scope) -> tuple[Summary, ...]:
        async with self.slots:
            return tuple(await self.provider.list(scope))

    async def _doubt(self, scope: Scope, rows: Sequence[Summary], wanted: Set[ResourceKey]) -> str:
        """Say why a list is not believed; "" where nothing contradicts it or nothing hangs on it."""
        standing = {row.key for row in rows if row.life in _STANDING}
        absent = sorted({key.name for key in wanted if key not in standing})
        if rows and not absent:
            return ""
        async with self.slots:
            count = await self.provider.count(scope)
        if count != len(rows):
            return f"the list shows {len(rows)} objects where the count says {count}"
        return await self._hidden(scope, rows, absent) if absent else ""

    async def _hidden(self, scope: Scope, rows: Sequence[Summary], names: Sequence[str]) -> str:
        """Look the names of absent objects up; what is found must be in the list as well."""
        async with self.slots:
            found = await self.provider.named(scope, names)
        listed = {row.id for row in rows}
        hidden = sorted({row.key.name for row in found if row.id not in listed and row.key.name in names})
        return f"a look-up by name finds {', '.join(hidden)}, which the list does not show" if hidden else ""

    async def _with_details(self, read: ScopeRead, wanted: Set[ResourceKey]) -> ScopeRead:
        doubtful = dict(_of_unknown_kind(read.rows, wanted))
        rows = [row for row in read.rows if self._matters(row, wanted)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._detail(row)) for row in rows]
        gone = {row.id for row, task in zip(rows, tasks, strict=True) if task.result() is None}
        for row in rows:
            if failure := self.failures.get(row.key.full):
                doubtful[str(row.key)] = str(failure)
        return replace(
            read,
            rows=tuple(replace(row, life=Life.LEAVING) if row.id in gone else row for row in read.rows),
            doubtful=doubtful,
        )

    def _matters(self, row: Summary, wanted: Set[ResourceKey]) -> bool:
        if not row.is_known_kind:
            return False
        is_ours = row.mark is not None and row.mark.fleet_id == self.fleet_id
        return is_ours or not row.shows_marks or row.key in wanted or row.key in self._former

    @cached_property
    def _former(self) -> Set[ResourceKey]:
        """Collect what git renames, which is still found under another key."""
        return {replace(one.key, name=one.renamed_from) for one in self.desired if one.renamed_from}

    @cached_property
    def _ending(self) -> Set[ResourceKey]:
        """Collect what git wants gone, so that what ends with it must be known."""
        return {one.key for one in self.desired if one.is_absent}

    @cached_property
    def _running(self) -> Set[ResourceKey]:
        """Collect what git wants to run."""
        return {one.key for one in self.desired if not one.is_absent and not one.is_stopped}

    async def _detail(self, row: Summary) -> Observed | ProviderError | None:
        """Read one object in full. None: it went away since it was listed."""
        try:
            async with self.slots:
                observed = await self.provider.read(row)
                if observed and row.key in self._ending and isinstance(self.provider, Carries):
                    observed = replace(observed, carries=tuple(await self.provider.carried(observed)))
        except ProviderError as failure:
            self.failures[row.key.full] = failure
            return failure
        if observed is not None:
            observed = await self._with_cause(observed)
            self.details[row.id] = observed
        return observed

    async def _with_cause(self, observed: Observed) -> Observed:
        """Add who stopped what stands still against git's will; what cannot be read is not known."""
        row, provider = observed.summary, self.provider
        is_at_rest = row.life is Life.STOPPED and row.level is Level.SUSPENDED
        if not is_at_rest or row.key not in self._running or not isinstance(provider, TellsStops):
            return observed
        try:
            async with self.slots:
                stopped = await provider.why_stopped(observed)
        except ProviderError as failure:
            stopped = Stoppage(StoppedBy.UNKNOWN, str(failure))
        return replace(observed, stopped=stopped)


def _of_unknown_kind(rows: Iterable[Summary], wanted: Set[ResourceKey]) -> Iterable[tuple[str, str]]:
    """Name the objects that a row of a type we do not know puts in doubt: itself, and declared namesakes."""
    for row in rows:
        if row.is_known_kind:
            continue
        reason = f"{row.key.name} is live with a type that is not known here: {row.key.kind}"
        yield str(row.key), reason
        yield from ((str(key), reason) for key in wanted if key.name == row.key.name)
