"""Run a program in a container for one session, or join the one that is its main process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from reconciler.emulator.runai.console import Console, Interrupt
from reconciler.emulator.runai.framing import STATUS, Ended, Input, Resized, Typed, read, status, write
from reconciler.emulator.runai.logstream import Feed
from reconciler.emulator.runai.programs import INTERRUPTED, first, run
from reconciler.emulator.runai.session import POLL_S, Close, Session
from reconciler.emulator.runai.streamquery import Streams
from reconciler.emulator.runai.terminal import Terminal

_T = TypeVar("_T")
# Main processes that read what is typed; the others take no notice of their standard input.
_READERS = frozenset({"bash", "sh", "cat"})


class Interaction:
    """One exec or attach: a console, wired to a session."""

    def __init__(self, session: Session, streams: Streams) -> None:
        self.session = session
        self.streams = streams
        self.framing = session.gate.habits.framing
        terminal = Terminal() if streams.tty else None
        self.console = Console(self._write, session.gate.clock, terminal)
        if not streams.stdin:
            self.console.stdin.end()

    async def execute(self, argv: tuple[str, ...]) -> Close | None:
        """Start a program, and end with it; None if the client left before."""
        code = await self._until_left(self._status_of(argv))
        if code is None:
            return None
        if self.framing == "channels":
            await self.session.send(write(self.framing, STATUS, status(code)))
        return Close(reason=self._last_word(code))

    async def attach(self) -> Close | None:
        """Show what the main process prints from now on, and give it what is typed."""
        return await self._until_left(self._main())

    async def _status_of(self, argv: tuple[str, ...]) -> int:
        try:
            return await self.console.front(run(first(argv, self.session.pod, self.console)))
        except Interrupt:
            return INTERRUPTED

    async def _main(self) -> Close:
        argv = tuple(self.session.pod.command.split())
        is_reader = bool(argv) and argv[0].rpartition("/")[2] in _READERS and self.streams.stdin
        if not is_reader:
            return await self._listen()
        async with _beside(self._listen()) as listening, _beside(self._status_of(argv)) as running:
            await _first_of(listening, running)
            if listening.done():
                return listening.result()
            return Close(reason=self._last_word(running.result()))

    async def _listen(self) -> Close:
        """Pass the log on until its container ends, or silence does."""
        session = self.session
        feed = Feed(session.pod, session.life, session.opened_at)
        await feed.skip()
        while True:
            close, now = session.ended(), session.gate.clock.now()
            if close is None or close.code != 1001:
                for line in feed.printed(min(now, session.life.ended_at or now)):
                    await self.console.out(f"{line.text}\n")
            close = close or session.timed_out()
            if close is not None:
                return close
            await asyncio.sleep(POLL_S)

    async def _until_left(self, work: Coroutine[None, None, _T]) -> _T | None:
        """Work while the client's input is taken in; None if the client leaves before the end."""
        working = asyncio.ensure_future(work)
        async with _beside(self._take()) as taking:
            try:
                await _first_of(working, taking)
                return working.result() if working.done() else None
            finally:
                working.cancel()

    async def _take(self) -> None:
        ends = self.framing != "channels" and self.session.gate.habits.empty_ends_stdin
        while (message := await self.session.receive()) is not None:
            if ends and not message:
                self.console.stdin.end()
            for given in read(self.framing, message):
                await self._give(given)

    async def _give(self, given: Input) -> None:
        match given:
            case Typed(data) if self.streams.stdin and data:
                await self.console.take(data)
            case Resized(rows, columns) if self.console.terminal is not None:
                self.console.terminal.rows, self.console.terminal.columns = rows, columns
            case Ended():
                self.console.stdin.end()
            case _:
                pass

    async def _write(self, channel: int, data: bytes) -> None:
        if self.streams.takes(channel):
            await self.session.send(write(self.framing, channel, data))

    def _last_word(self, code: int) -> str:
        tells = self.session.gate.habits.tells_exit and code != 0
        return f"command terminated with exit code {code}" if tells else ""


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[None, None, _T]) -> AsyncIterator[asyncio.Future[_T]]:
    """Let something go on while the block runs, and no longer."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
