"""Waiting: ask how each object is, again and again, until its verdict holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.apply.write import Stop
from reconciler.clock import Clock
from reconciler.errors import Forbidden, NotFound, ProviderError, ReconcilerError, Unauthenticated
from reconciler.health import DROPPED, Health, Level
from reconciler.outcome import Step, Verdict
from reconciler.provider import Logs, Provider
from reconciler.resource import EMPTY, Life, Observed, Resource, ResourceKey, Scope
from reconciler.settle.cause import causal_line, explained
from reconciler.settle.logs import Streams, Tail
from reconciler.settle.verdict import Elapsed, Ending, ending, problem_of

AT_ONCE = 8
"""At most this many questions about health run at once."""
_PACE = ((10.0, 1.0), (30.0, 2.0))
"""Until so many seconds have passed, look this often: what dies at once takes its log along."""
_CALM_S = 5.0
_OUTAGE_S = 120.0
"""A platform that cannot be asked for longer than this ends the wait; what was applied stays applied."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Name one object to wait for. `id` is the platform's; `since` is when it was last changed in place.

    `leaves` is how well it was before: as long as it is so, nothing has happened yet.
    """

    resource: Resource
    scope: Scope
    id: str = ""
    since: datetime | None = None
    leaves: Level | None = None


async def until_settled(
    work: Sequence[Settling],
    providers: Mapping[str, Provider],
    *,
    clock: Clock,
    listen: Callable[[Step], None],
    stop: Stop,
    slots: asyncio.Semaphore | None = None,
    streams: Streams | None = None,
) -> tuple[Verdict, ...]:
    """Wait until every object is well, waits for capacity, fails or runs out of time.

    Verdicts come in the order of `work`. Each object has the time its own policy gives it. A stop ends
    the wait with what is known by then.
    """
    slots, streams = slots or asyncio.Semaphore(AT_ONCE), streams or Streams()
    begun = clock.monotonic()
    async with asyncio.TaskGroup() as group:
        watches = [
            _Watch(item, _provider(providers, item.resource.key), clock, listen, stop, slots, begun)
            for item in work
        ]
        tasks = [group.create_task(watch.run(group, streams)) for watch in watches]
    return tuple(task.result() for task in tasks)


def _provider(providers: Mapping[str, Provider], key: ResourceKey) -> Provider:
    if key.target not in providers:
        raise ReconcilerError(f"{key}: no provider for target {key.target}")
    return providers[key.target]


@dataclass
class _Watch:
    item: Settling
    provider: Provider
    clock: Clock
    listen: Callable[[Step], None]
    stop: Stop
    slots: asyncio.Semaphore
    begun: float
    observed: Observed | None = None
    seen: Observed | None = None
    health: Health = Health(Level.PROGRESSING)  # noqa: RUF009 - frozen
    silent_since: float | None = None
    is_lost: bool = False
    level_since: float = field(init=False)
    queued_since: float | None = None
    steps: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.level_since = self.begun

    async def run(self, group: asyncio.TaskGroup, streams: Streams) -> Verdict:
        """Watch one object to its end."""
        tail = None
        if isinstance(self.provider, Logs):
            lines = self.item.resource.health.log_tail
            tail = Tail(self.provider, lines, streams=streams, group=group, clock=self.clock)
        try:
            end = await self._watch(tail)
            return await self._verdict(end, tail)
        finally:
            if tail:
                tail.close()

    async def _watch(self, tail: Tail | None) -> Ending | None:
        """Look until the wait is over; None if it was stopped."""
        while not self.stop.requested:
            self._note(await self._look())
            if tail and self.observed:
                await tail.look(self.observed, self.health)
            if self.is_lost:
                return Ending.BAD
            if end := ending(self.health, self.item.resource.health, self._elapsed()):
                return end
            await self._nap()
        return None

    async def _look(self) -> Health:
        """Ask once how the object is. A failure to ask is not a failure of the object."""
        try:
            async with self.slots:
                health = await self._ask()
        except ProviderError as failure:
            now = self.clock.monotonic()
            self.silent_since = now if self.silent_since is None else self.silent_since
            is_final = isinstance(failure, Unauthenticated | Forbidden)
            self.is_lost = is_final or now - self.silent_since >= _OUTAGE_S
            return Health(Level.UNKNOWN, message=str(failure)) if self.is_lost else self.health
        self.silent_since = None
        is_old = health.level is self.item.leaves and not health.is_final
        return replace(health, level=Level.PROGRESSING) if is_old else health

    async def _ask(self) -> Health:
        if self.observed is None:
            self.observed = await self._find()
        if self.observed is None:
            if self.seen is None:
                return Health(Level.PROGRESSING, phase="not visible yet")
            return Health(Level.MISSING, message="the platform no longer lists it")
        self.seen = self.observed
        try:
            health = await self.provider.health(self.observed, since=self.item.since)
        except NotFound:
            health = Health(Level.MISSING, message="the platform no longer lists it")
        if health.level is Level.MISSING:
            self.observed = None
        return health

    async def _find(self) -> Observed | None:
        key = self.item.resource.key
        found = await self.provider.find(self.item.scope, key.kind, key.name)
        if self.item.id:
            return next((o for o in found if o.id == self.item.id), None)
        return next((o for o in found if o.summary.life is not Life.LEAVING), None)

    def _note(self, health: Health) -> None:
        """Remember a state from its first moment on, and tell whoever listens."""
        now = self.clock.monotonic()
        if health.level is not self.health.level:
            self.level_since = now
        if not health.is_queued:
            self.queued_since = None
        elif self.queued_since is None:
            self.queued_since = now
        was, self.health = self.health, health
        text = _state(health)
        is_new = not self.steps or self.steps[-1][0] != text
        if is_new:
            self.steps.append((text, now - self.begun))
        if is_new or _detail(health) != _detail(was):
            self._tell(text, "state")

    def _elapsed(self) -> Elapsed:
        now = self.clock.monotonic()
        queued = 0.0 if self.queued_since is None else now - self.queued_since
        return Elapsed(waited=now - self.begun, held=now - self.level_since, queued=queued)

    async def _nap(self) -> None:
        """Wait until the next look, in short pieces, so that a stop is noticed."""
        policy, elapsed = self.item.resource.health, self._elapsed()
        wait = next((every for until, every in _PACE if elapsed.waited < until), _CALM_S)
        end = self.clock.monotonic() + min(wait, max(0.1, policy.timeout_s - elapsed.waited))
        for _ in range(10):
            left = end - self.clock.monotonic()
            if left <= 0 or self.stop.requested:
                return
            await self.clock.sleep(min(left, 1.0))

    async def _verdict(self, end: Ending | None, tail: Tail | None) -> Verdict:
        verdict = Verdict(
            key=self.item.resource.key,
            health=self.health,
            is_queued=end is Ending.QUEUED,
            timed_out=end is Ending.TIMED_OUT,
            steps=tuple(self.steps),
        )
        if end is None:
            return replace(verdict, is_cut_short=True, log_note="stopped before it settled")
        if end in (Ending.GOOD, Ending.QUEUED):
            word = "settled" if end is Ending.GOOD else "queued" if self.health.is_queued else "waiting"
            self._tell(_state(self.health), word)
            return verdict
        return await self._bad(verdict, tail)

    async def _bad(self, verdict: Verdict, tail: Tail | None) -> Verdict:
        """Add why: the kept log, its causal line, and the problem."""
        log: Mapping[str, tuple[str, ...]] = EMPTY
        note = "this platform shows no logs here"
        if tail and self.seen:
            log, note = await tail.words(self.seen, self.health.pods)
        health = self.health
        if health.is_stuck and health.level is not Level.DEGRADED:
            health = replace(health, level=Level.DEGRADED)
        keep = self.item.resource.health.log_tail
        verdict = explained(replace(verdict, health=health), log, note, keep=keep)
        verdict = verdict if verdict.cause else replace(verdict, cause=_cause(log))
        problem = problem_of(self.item.resource, verdict, waited=self._elapsed().waited)
        self._tell(problem.what.removeprefix(f"{verdict.key} "), "unhealthy")
        return replace(verdict, problem=problem)

    def _tell(self, text: str, state: str) -> None:
        seconds, detail = self.clock.monotonic() - self.begun, _detail(self.health)
        self.listen(Step(self.item.resource.key, text, seconds, state, detail))


def _detail(health: Health) -> str:
    return health.message if health.is_queued else ""


def _cause(log: Mapping[str, tuple[str, ...]]) -> str:
    """Pick the causal line over all pods, those in the order in which their logs came."""
    return next((line for lines in log.values() if (line := causal_line(lines))), "")


def _state(health: Health) -> str:
    if health.reason == DROPPED:
        return "the update was dropped"
    words = health.phase or health.level.value
    return f"{words} ({health.reason})" if health.reason else words
