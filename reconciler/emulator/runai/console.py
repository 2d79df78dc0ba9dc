"""Connect a program to its session: standard input, output and error, interrupts and sleep.

Input is bounded: who sends faster than the program reads is waited for, as by a pipe; a terminal
drops what nobody reads.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from reconciler.emulator.clock import Clock
from reconciler.emulator.runai.framing import STDERR, STDOUT
from reconciler.emulator.runai.terminal import Terminal

_T = TypeVar("_T")
_LIMIT = 64 * 1024
_POLL_S = 0.01


class Interrupt(Exception):
    """The program in front was interrupted from the keyboard."""


class Pipe:
    """Standard input. An empty read is the end; at a terminal others may follow it."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._is_over = False
        self._changed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no more may be put."""
        return self._held >= _LIMIT

    async def put(self, data: bytes) -> None:
        """Add input once there is room."""
        while self.is_full:
            await self._change()
        self.put_now(data)

    def put_now(self, data: bytes) -> None:
        """Add input, whatever there is; nothing at all ends the read that is under way."""
        self._chunks.append(data)
        self._held += len(data)
        self._changed.set()

    def end(self) -> None:
        """Say that nothing will follow."""
        self._is_over = True
        self._changed.set()

    async def read(self) -> bytes:
        """Take what there is; nothing means the end."""
        while not self._chunks:
            if self._is_over:
                return b""
            await self._change()
        chunk = self._chunks.popleft()
        self._held -= len(chunk)
        self._changed.set()
        return chunk

    async def line(self) -> bytes:
        """Take one line, with its end unless the input ends before."""
        line = b""
        while chunk := await self.read():
            head, newline, rest = chunk.partition(b"\n")
            line += head + newline
            if newline:
                if rest:
                    self._chunks.appendleft(rest)
                    self._held += len(rest)
                break
            if len(line) >= _LIMIT:
                break
        return line

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class Console:
    """What a program of a container sees of the world outside."""

    def __init__(
        self,
        write: Callable[[int, bytes], Awaitable[None]],
        clock: Clock,
        terminal: Terminal | None = None,
    ) -> None:
        self.stdin = Pipe()
        self.clock = clock
        self.terminal = terminal
        self._write = write
        self._front: list[asyncio.Task[Any]] = []
        self._interrupted: asyncio.Task[Any] | None = None

    async def out(self, text: str | bytes) -> None:
        """Write to standard output."""
        await self._put(STDOUT, text)

    async def err(self, text: str | bytes) -> None:
        """Write to standard error; at a terminal the two are one."""
        await self._put(STDOUT if self.terminal else STDERR, text)

    async def take(self, data: bytes) -> None:
        """Take what the client sent for standard input."""
        if self.terminal is None:
            await self.stdin.put(data)
            return
        echo = b""
        for happening in self.terminal.feed(data):
            if happening.kind == "echo":
                echo += happening.data
                continue
            await self._echo(echo)
            echo = b""
            if happening.kind == "interrupt":
                self._interrupt()
            elif not self.stdin.is_full:
                self.stdin.put_now(happening.data)
        await self._echo(echo)

    async def front(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something that Ctrl-C reaches.  Raises Interrupt if it does."""
        task = asyncio.ensure_future(work)
        self._front.append(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self._interrupted is task:
                raise Interrupt from None
            raise
        finally:
            self._front.remove(task)

    async def sleep(self, seconds: float) -> None:
        """Wait for emulated time to pass."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:  # noqa: ASYNC110 - a clock that tests set tells nobody
            await asyncio.sleep(_POLL_S)

    async def _echo(self, data: bytes) -> None:
        if data:
            await self._write(STDOUT, data)

    def _interrupt(self) -> None:
        if self._front:
            self._interrupted = self._front[-1]
            self._interrupted.cancel()

    async def _put(self, channel: int, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        if data:
            await self._write(channel, self.terminal.shown(data) if self.terminal else data)
