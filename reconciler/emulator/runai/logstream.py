"""Stream a log over a WebSocket, each line a message, or as the blocks of a download.

Nothing is kept: lines are written when they are sent, however many there are.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from reconciler.emulator.runai.logquery import Allowance, LogQuery
from reconciler.emulator.runai.logs import Line, lines
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.runai.session import POLL_S, Close, Session

_BLOCK = 64 * 1024
_HANDFUL = 512


def blocks(query: LogQuery, pod: PodView, life: Life, now: datetime) -> Iterator[bytes]:
    """Give the log up to now in blocks of about 64 KiB."""
    allowance, block = Allowance(query.limit_bytes), bytearray()
    for line in query.pick(_until(pod, life, now), now):
        block += allowance.cut(query.render(line))
        if allowance.is_spent:
            break
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _until(pod: PodView, life: Life, now: datetime) -> Callable[[], Iterator[Line]]:
    return lambda: lines(pod, life, now)


class Feed:
    """What a container prints from a moment on, taken as time passes."""

    def __init__(self, pod: PodView, life: Life, after: datetime) -> None:
        # Endless: how long the container lives is only known when it ends.
        self._lines = lines(pod, replace(life, ended_at=None))
        self._after = after
        self._held: Line | None = None

    async def skip(self) -> None:
        """Pass over what was printed before; needed once, at the start."""
        self._held = await asyncio.to_thread(self._first)

    def printed(self, until: datetime) -> Iterator[Line]:
        """Take what has been printed since the last time."""
        while self._held is not None and self._held.at <= until:
            yield self._held
            self._held = next(self._lines, None)

    def _first(self) -> Line | None:
        return next((line for line in self._lines if line.at > self._after), None)


class LogStream:
    """One log session after the upgrade."""

    def __init__(self, session: Session, query: LogQuery) -> None:
        self.session = session
        self.query = query
        self.allowance = Allowance(query.limit_bytes)
        self.feed = Feed(session.pod, session.life, session.opened_at)

    async def run(self) -> Close | None:
        """Send what there is, then what comes; give the fitting close, None if the client left."""
        leaving = asyncio.ensure_future(self._until_left())
        try:
            if self._replays:
                await self._replay()
            if not self.query.follow or self.allowance.is_spent:
                return Close()
            await self.feed.skip()
            return await self._follow(leaving)
        finally:
            leaving.cancel()

    @property
    def _replays(self) -> bool:
        habits, now = self.session.gate.habits, self.session.opened_at
        if not self.query.follow:
            return True
        asked = self.query.tail is not None or self.query.start(now) is not None
        return habits.since_replays if asked else habits.follow_replays

    async def _replay(self) -> None:
        now = self.session.opened_at
        printed = _until(self.session.pod, self.session.life, now)
        async for handful in _handfuls(self.query.pick(printed, now)):
            await self._send(handful)
            if self.allowance.is_spent:
                return

    async def _follow(self, leaving: asyncio.Future[None]) -> Close | None:
        while not leaving.done():
            close, now = self.session.ended(), self.session.gate.clock.now()
            if close is None or close.code != 1001:  # a removed pod has nothing more to say
                await self._send(self.feed.printed(min(now, self.session.life.ended_at or now)))
            if self.allowance.is_spent:
                return Close()
            close = close or self.session.timed_out()
            if close is not None:
                return close
            await asyncio.wait({leaving}, timeout=POLL_S)
        return None

    async def _send(self, picked: Iterable[Line]) -> None:
        for line in picked:
            data = self.allowance.cut(self.query.render(line))
            if data:
                await self.session.send(data)

    async def _until_left(self) -> None:
        while await self.session.receive() is not None:
            pass


async def _handfuls(picked: Iterator[Line]) -> AsyncIterator[list[Line]]:
    """Take lines in a thread, for finding the first of them may mean passing over millions."""
    while handful := await asyncio.to_thread(lambda: list(islice(picked, _HANDFUL))):
        yield handful
