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


class LogStream:
    """One log session after the upgrade."""

    def __init__(self, session: Session, query: LogQuery) -> None:
        self.session = session
        self.query = query
        self.allowance = Allowance(query.limit_bytes)
        # Endless: how long the container lives is only known when it ends.
        self.feed = lines(session.pod, replace(session.life, ended_at=None))
        self.held: Line | None = None

    async def run(self) -> Close | None:
        """Send what there is, then what comes; give the fitting close, None if the client left."""
        leaving = asyncio.ensure_future(self._until_left())
        try:
            if self._replays:
                await self._replay()
            if not self.query.follow or self.allowance.is_spent:
                return Close()
            await asyncio.to_thread(self._skip)
            return await self._follow(leaving)
        finally:
            leaving.cancel()

    @property
    def _replays(self) -> bool:
        now = self.session.opened_at
        asked = self.query.tail is not None or self.query.start(now) is not None
        return self.session.gate.habits.follow_replays or asked or not self.query.follow

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
                await self._send(self._printed(now))
            if self.allowance.is_spent:
                return Close()
            close = close or self.session.timed_out()
            if close is not None:
                return close
            await asyncio.wait({leaving}, timeout=POLL_S)
        return None

    def _skip(self) -> None:
        """Pass over what was printed before the stream was opened."""
        opened_at = self.session.opened_at
        self.held = next((line for line in self.feed if line.at > opened_at), None)

    def _printed(self, now: datetime) -> Iterator[Line]:
        """Take from the feed what the container has printed since the last time."""
        until = min(now, self.session.life.ended_at or now)
        while self.held is not None and self.held.at <= until:
            yield self.held
            self.held = next(self.feed, None)

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
