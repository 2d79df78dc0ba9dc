"""Logs while they exist: the platform removes them with the workload, so they are kept as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.clock import Clock
from reconciler.errors import NotFound, ProviderError
from reconciler.health import Health, PodHealth
from reconciler.provider import LogQuery, Logs
from reconciler.resource import Observed

MOST_STREAMS = 32
DEPTH = 500
"""So many lines per pod are read for the cause, though fewer are kept: ranks that end say much."""
_MOST_BREAKS = 3
_MOST_FETCHED = 8
_LAST_WORDS_S = 2.0
EVENTS = "events"
"""The name under which the platform's events stand where no log of a pod is left."""
REMOVED = "no log: the platform removed it"


@dataclass
class Streams:
    """Count the streams that are open, over all objects."""

    open: int = 0

    @property
    def is_full(self) -> bool:
        """Tell whether no further stream may be opened."""
        return self.open >= MOST_STREAMS


@dataclass
class Kept:
    """Keep the last lines of one object's pods in rings of `lines`, or of DEPTH where that is more.

    With no `lines` nothing is kept.
    """

    provider: Logs
    lines: int
    rings: dict[str, deque[str]] = field(default_factory=dict)
    note: str = ""

    @property
    def depth(self) -> int:
        """Give how many lines per pod are held for now."""
        return max(self.lines, DEPTH) if self.lines > 0 else 0

    async def words(
        self, observed: Observed, pods: Sequence[PodHealth] = ()
    ) -> tuple[Mapping[str, tuple[str, ...]], str]:
        """Give what is left to say of an object: its log, else the platform's events, else why none.

        Of `pods` that were restarted the log before that is read: the one now may have just begun.
        """
        await self._top_up(observed, {pod.name: pod.restarts for pod in pods})
        if kept := {pod: tuple(ring) for pod, ring in self.rings.items() if ring}:
            return kept, self.note
        try:
            events = tuple(dict.fromkeys(await self.provider.last_words(observed)))[-self.lines :]
        except ProviderError as failure:
            return {}, f"no log: {failure}"
        return ({EVENTS: events}, "no log; these are the platform's events") if events else ({}, REMOVED)

    async def _top_up(self, observed: Observed, restarts: Mapping[str, int]) -> None:
        """Fetch, over plain HTTPS, what is still there of logs that we have not read to their end."""
        try:
            pods = await self.provider.pods(observed)
            for pod in sorted(pods, key=lambda pod: -restarts.get(pod, 0))[:_MOST_FETCHED]:
                if not self._is_read(pod):
                    await self._fetch(observed, pod, is_back=restarts.get(pod, 0) > 0)
        except NotFound as gone:  # as on Run:ai once a workload has ended; what was followed is kept
            self.note = self.note if any(self.rings.values()) else f"the log could not be fetched: {gone}"
        except ProviderError as failure:
            self.note = f"the log could not be fetched: {failure}"

    def _is_read(self, pod: str) -> bool:
        return bool(self.rings.get(pod))

    async def _fetch(self, observed: Observed, pod: str, *, is_back: bool) -> None:
        """Take a pod's log as it is now, else that of the container before it, if it tells us more.

        Of one that is back after a failure the other way round: steps of the new life would speak for it.
        """
        for previous in (True, False) if is_back and self.provider.keeps_previous else (False, True):
            fresh: deque[str] = deque(maxlen=self.depth)
            lines = self.provider.download(observed, LogQuery(pod, tail=self.depth, previous=previous))
            async for line in lines:
                fresh.append(line.text)
            if len(fresh) > len(self.rings.get(pod, ())):
                self.rings[pod] = fresh
            if self.rings.get(pod):
                return


@dataclass(kw_only=True)
class Tail(Kept):
    """Follow the logs of one object's pods, and keep their last lines."""

    streams: Streams
    group: asyncio.TaskGroup
    clock: Clock
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _followed: dict[str, int] = field(default_factory=dict)
    _breaks: dict[str, int] = field(default_factory=dict)

    async def look(self, observed: Observed, health: Health) -> None:
        """Follow every pod that is new or came back, those that fail first, as far as streams allow."""
        if health.is_queued or self.lines <= 0:
            return
        try:
            pods = await self.provider.pods(observed)
        except ProviderError as failure:
            self.note = f"no log: {failure}"
            return
        restarts = {pod.name: pod.restarts for pod in health.pods}
        for pod in pods:
            if self.streams.is_full:
                self.note = f"more than {MOST_STREAMS} pods at once: some logs were not followed"
                return
            if pod not in self._tasks and self._is_news(pod, restarts.get(pod, 0)):
                self._start(observed, pod, restarts.get(pod, 0))

    def _is_news(self, pod: str, restarts: int) -> bool:
        return restarts > self._followed.get(pod, -1) and self._breaks.get(pod, 0) < _MOST_BREAKS

    def _start(self, observed: Observed, pod: str, restarts: int) -> None:
        missed_one = restarts > 0 and not self.rings.get(pod)
        self._followed[pod] = restarts
        self.streams.open += 1
        self._tasks[pod] = self.group.create_task(self._follow(observed, pod, missed_one=missed_one))

    async def _follow(self, observed: Observed, pod: str, *, missed_one: bool) -> None:
        """Follow one container's life; where we came too late for the one before, read that first."""
        ring = self.rings.setdefault(pod, deque(maxlen=self.depth))
        try:
            if missed_one:
                await self._read(observed, pod, ring, previous=True)
            await self._read(observed, pod, ring, previous=False)
        except ProviderError as failure:
            self.note = f"the log broke off: {failure}"
            self._breaks[pod] = self._breaks.get(pod, 0) + 1
            self._followed.pop(pod, None)
        finally:
            self.streams.open -= 1
            self._tasks.pop(pod, None)

    async def _read(self, observed: Observed, pod: str, ring: deque[str], *, previous: bool) -> None:
        lines = self.provider.follow(observed, LogQuery(pod, tail=self.depth, previous=previous))
        async for line in lines:
            ring.append(line.text)

    async def words(
        self, observed: Observed, pods: Sequence[PodHealth] = ()
    ) -> tuple[Mapping[str, tuple[str, ...]], str]:
        """Give what is left to say of an object, after a moment for streams that are about to end."""
        await self._drain()
        return await super().words(observed, pods)

    def _is_read(self, pod: str) -> bool:
        return pod not in self._tasks and super()._is_read(pod)

    async def _drain(self) -> None:
        """Give streams that are about to end a moment: the reason stands in the last lines."""
        deadline = self.clock.monotonic() + _LAST_WORDS_S
        for _ in range(10):
            if not self._tasks or self.clock.monotonic() >= deadline:
                return
            await self.clock.sleep(_LAST_WORDS_S / 10)

    def close(self) -> None:
        """End every stream of this object."""
        for task in tuple(self._tasks.values()):
            task.cancel()
