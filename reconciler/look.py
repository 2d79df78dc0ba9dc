"""Look: find what is live in the fleet's scopes, whoever made it, for commands that change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import timedelta

from reconciler.clock import Clock
from reconciler.declare.narrow import parse_selector
from reconciler.errors import (
    ExitCode,
    Malformed,
    ManifestError,
    NotFound,
    ProviderError,
    Unauthenticated,
    UsageError,
    heaviest,
)
from reconciler.fleet import Fleet
from reconciler.health import Health
from reconciler.mark import Owner, owner_of
from reconciler.problem import Problem
from reconciler.provider import Describes, Measures, Provider, times
from reconciler.resolve import place, unseen
from reconciler.resource import Life, Observed, Resource, ResourceKey, Scope, Summary
from reconciler.sight import Described, Found, Section, Seen, Span, Used

_AT_ONCE = 8
_BESIDE = Scope("")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say which live objects are meant; nothing set means all.

    `words` are KIND, NAME or KIND/NAME. `owners` are words of Owner or `unknown`; a copied mark is
    unclaimed. `phases` are the platform's words. Letters count in any case.
    """

    words: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    selector: str = ""
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()

    def fits(self, found: Found) -> bool:
        """Tell whether an object is meant."""
        row, labels = found.summary, found.resource.labels if found.resource else None
        return (
            (not self.words or any(_names(word, row.key) for word in self.words))
            and _is_one_of(row.key.kind, self.kinds)
            and _is_one_of(found.whose.partition(" ")[0], self.owners)
            and _is_one_of(row.phase, self.phases)
            and (not self.selector or (labels is not None and self._selects(labels)))
        )

    def _selects(self, labels: Mapping[str, str]) -> bool:
        try:
            return parse_selector(self.selector)(labels)
        except ValueError as wrong:
            raise UsageError(str(wrong)) from wrong


@dataclass
class Looking:
    """Look at every target of a fleet, a few requests at a time; what cannot be read is in `failures`."""

    fleet: Fleet
    resources: Sequence[Resource]
    providers: Mapping[str, Provider]
    clock: Clock
    _failed: list[ProviderError] = field(default_factory=list)
    _scopes: set[str] = field(default_factory=set)
    _unread: set[tuple[str, str | None]] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    @property
    def failures(self) -> tuple[ProviderError, ...]:
        """Give what could not be read, ordered by its words: reads end in any order."""
        return tuple(sorted(self._failed, key=str))

    async def find(self, wanted: Wanted, *, in_full: bool = False) -> tuple[Found, ...]:
        """Find what is meant, ordered by key; `in_full` with the spec of each. Raises as a strict `look`."""
        chosen = (await self.look(wanted, is_strict=True)).chosen
        return tuple(await asyncio.gather(*map(self._full, chosen)) if in_full else chosen)

    async def look(self, wanted: Wanted, *, is_strict: bool = False, before: Seen | None = None) -> Seen:
        """Look once at every target; what cannot be read is named, and the rest is seen all the same.

        `before` is the look before this one: not seen now is not gone.

        Raises Unauthenticated where the credentials are refused. A strict look also raises where no target
        could be read, UsageError for a project that is not there, and ManifestError for a word that names
        nothing live, where everything could be read; else such a word finds nothing.
        """
        known = {(key.target, key.scope) for key in before.found} if before else set()
        reads = [self._target(provider, wanted, known) for provider in self.providers.values()]
        found = _told_apart([each for part in await asyncio.gather(*reads) for each in part])
        meant = frozenset(key for key, each in found.items() if wanted.fits(each))
        seen = Seen(found, meant, frozenset(self._unread))
        if is_strict:
            self._raise_nothing_seen(seen, wanted)
        return seen.filled_from(before) if before else seen

    def _raise_nothing_seen(self, seen: Seen, wanted: Wanted) -> None:
        if self.providers.keys() <= {target for target, scope in seen.unread if scope is None}:
            raise self.failures[0]
        hidden = {scope for _, scope in seen.unread}
        if unknown := sorted(set(wanted.projects) - self._scopes - hidden):
            names = ", ".join(sorted(self._scopes))
            raise UsageError(f"no project {', '.join(unknown)} is seen here; there are {names}")
        kinds = {name.casefold() for provider in self.providers.values() for name in provider.kinds}
        for word in () if self.failures else wanted.words:
            if word.casefold() not in kinds and not any(_names(word, key) for key in seen.found):
                problem = Problem("RC403", f"{word} is not live", hint="reconciler get lists what is")
                raise ManifestError(problems=[problem])

    async def describe(self, word: str) -> Described:
        """Read all there is about one live object. Raises UsageError where a word names several."""
        found = await self.find(Wanted(words=(word,)), in_full=True)
        if not found:
            raise self.failures[0]
        if len(found) > 1:
            several = ", ".join(str(each.summary.key) for each in found)
            raise UsageError(f'"{word}" names several objects: {several}')
        one, provider = found[0].observed, self.providers[found[0].summary.key.target]
        if one is None:
            return Described(found[0], failures=self.failures)
        health, sections = await asyncio.gather(self._health(provider, one), self._sections(provider, one))
        return Described(found[0], health, tuple(sections), self.failures)

    async def top(self, wanted: Wanted, *, since: timedelta, samples: int) -> tuple[Used, ...]:
        """Read what each active object of a scope uses that is meant; by pod where it is a single one."""
        active = [one for one in await self.find(wanted) if one.summary.life is Life.ACTIVE]
        found = [one for one in active if one.summary.key.scope]
        ends = times(self.providers, self.clock.now())
        spans = {target: Span(end - since, end, samples) for target, end in ends.items()}
        in_full = len(found) == 1 and bool(wanted.words)
        reads = (self._used(one, spans[one.summary.key.target], in_full=in_full) for one in found)
        return tuple(await asyncio.gather(*reads))

    async def held(self) -> dict[str, float]:
        """Count the GPUs that are allocated in each scope; of what cannot be asked, nothing."""
        counts: dict[str, float] = {}
        for provider in self.providers.values():
            if isinstance(provider, Measures):
                try:
                    counts |= await provider.held()
                except ProviderError as failure:
                    self._failed.append(failure)
        return {name: count for name, count in sorted(counts.items()) if name in self._scopes}

    async def _used(self, found: Found, span: Span, *, in_full: bool) -> Used:
        provider = self.providers[found.summary.key.target]
        if not isinstance(provider, Measures):
            return Used(found)
        if in_full:
            found = await self._full(found)
        try:
            async with self._slots:
                if in_full and found.observed:
                    return Used(found, tuple(await provider.used_in_full(found.observed, span)))
                return Used(found, tuple(await provider.used(found.summary, span)))
        except ProviderError as failure:
            self._failed.append(failure)
            return Used(found)

    async def _health(self, provider: Provider, one: Observed) -> Health | None:
        try:
            async with self._slots:
                return await provider.health(one)
        except ProviderError as failure:
            self._failed.append(failure)
            return None

    async def _sections(self, provider: Provider, one: Observed) -> Sequence[Section]:
        if not isinstance(provider, Describes):
            return ()
        return await asyncio.gather(*(self._section(provider, one, name) for name in provider.sections(one)))

    async def _section(self, provider: Describes, one: Observed, name: str) -> Section:
        try:
            async with self._slots:
                return await provider.section(one, name)
        except ProviderError as failure:
            self._failed.append(failure)
            return Section(name, note=f"could not be read: {failure}")

    async def _target(self, provider: Provider, wanted: Wanted, known: Set[tuple[str, str]]) -> list[Found]:
        try:
            scopes = list(await provider.scopes())
        except Unauthenticated:
            raise
        except ProviderError as failure:
            self._failed.append(failure)
            self._unread.add((provider.target, None))
            return []
        self._scopes |= {scope.name for scope in scopes}
        self._note_hidden(provider.target, scopes, wanted, known)
        placed, _ = place(self.resources, scopes, self.fleet.targets[provider.target])
        declared = {resource.key: resource for resource in placed}
        named = [s for s in scopes if not wanted.projects or s.name in wanted.projects]
        if not wanted.projects and _wants_beside(wanted, declared):
            named.append(_BESIDE)
        reads = await asyncio.gather(*(self._scope(provider, scope) for scope in named))
        rows = [row for part in reads for row in part]
        found = await asyncio.gather(*(self._owned(provider, row, declared) for row in rows))
        at = times({provider.target: provider}, self.clock.now())[provider.target]
        return [replace(each, seen_at=at) for each in found]

    def _note_hidden(
        self, target: str, scopes: Sequence[Scope], wanted: Wanted, known: Set[tuple[str, str]]
    ) -> None:
        """Note as not read what the fleet names, or was seen before, and is not among a target's scopes."""
        seen = {"", *(scope.name for scope in scopes)}
        before = {scope for of, scope in known if of == target and scope not in seen}
        for name in sorted({*unseen(scopes, self.fleet.targets[target]), *before}):
            if not wanted.projects or name in wanted.projects:
                said = "these credentials do not see it"
                self._failed.append(NotFound(target, "list", f"workloads of {name}", said=said))
                self._unread.add((target, name))

    async def _scope(self, provider: Provider, scope: Scope) -> Sequence[Summary]:
        try:
            async with self._slots:
                return await _believed(provider, scope)
        except ProviderError as failure:
            self._failed.append(failure)
            self._unread.add((provider.target, scope.name))
            return ()

    async def _owned(
        self, provider: Provider, row: Summary, declared: Mapping[ResourceKey, Resource]
    ) -> Found:
        """Tell whose an object is, from its detail where the list does not show marks."""
        kind, resource = provider.kinds.get(row.key.kind), declared.get(row.key)
        if kind is not None and not kind.support.carries_mark:
            return Found(row, Owner.OURS if resource else Owner.UNCLAIMED, resource)
        mark, observed = row.mark, None
        if not row.shows_marks and kind is not None:
            observed = await self._read(provider, row)
            if observed is None:
                return Found(row, None, resource)
            mark = observed.mark
        owner = owner_of(mark, fleet_id=self.fleet.id, identity=row.identity)
        if resource and resource.lifecycle.adopt == row.id and owner in (Owner.UNCLAIMED, Owner.COPIED):
            return Found(row, Owner.OURS, resource, observed, is_adopted=True)
        return Found(row, owner, resource, observed)

    async def _full(self, found: Found) -> Found:
        provider = self.providers[found.summary.key.target]
        if found.observed or found.summary.key.kind not in provider.kinds:
            return found
        return replace(found, observed=await self._read(provider, found.summary))

    async def _read(self, provider: Provider, row: Summary) -> Observed | None:
        try:
            async with self._slots:
                return await provider.read(row)
        except ProviderError as failure:
            self._failed.append(failure)
            return None


async def _believed(provider: Provider, scope: Scope) -> Sequence[Summary]:
    """List a scope; an empty list is confirmed by the count. Raises Malformed where they differ twice."""
    count = 0
    for _ in range(2):
        rows = await provider.list(scope)
        count = 0 if rows else await provider.count(scope)
        if not count:
            return rows
    said = f"the list shows 0 objects where the count says {count}"
    raise Malformed(provider.target, "read", scope.name or "the clusters", said=said)


def _told_apart(found: Sequence[Found]) -> dict[ResourceKey, Found]:
    """Give each object by its key; where names repeat, ours has it, and others their id behind the name."""
    told: dict[ResourceKey, Found] = {}
    for each in sorted(found, key=lambda one: one.owner is not Owner.OURS):
        key, row = each.summary.key, each.summary
        if key in told:
            key = replace(key, name=f"{key.name} ({row.id})")
            each = replace(each, summary=replace(row, key=key), resource=None)
        told[key] = each
    return told


def exit_code(failures: Sequence[ProviderError]) -> ExitCode:
    """Weigh what could not be read: 5 where it was denied, else 6; nothing is IN_ORDER."""
    denied = [ExitCode.DENIED for each in failures if each.exit_code is ExitCode.DENIED]
    return heaviest([*denied, *(ExitCode.UNOBSERVED for _ in failures)])


def _names(word: str, key: ResourceKey) -> bool:
    return word in (key.name, str(key)) or word.casefold() == key.kind.casefold() or key.answers_to(word)


def _is_one_of(value: str, words: Sequence[str]) -> bool:
    return not words or value.casefold() in {word.casefold() for word in words}


def _wants_beside(wanted: Wanted, declared: Mapping[ResourceKey, Resource]) -> bool:
    """Tell whether objects in no project are looked at: git declares some, or they are asked for."""
    asked = {word.casefold().partition("/")[0] for word in (*wanted.words, *wanted.kinds)}
    return "cluster" in asked or any(not key.scope for key in declared)
