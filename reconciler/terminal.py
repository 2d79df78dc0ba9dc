"""Terminal: the one in front of the user, lent to a program elsewhere, and given back whatever happens.

Bytes go in and out without the event loop ever waiting for them, and whoever waits can be called off. That
also holds for pipes and files.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from reconciler.console import Size

PIECE = 32 * 1024
_DEADLY = (signal.SIGHUP, signal.SIGQUIT)
# Its input is a pipe that ends when we do, its output the terminal.
_HEIR = 'trap "" HUP INT QUIT TERM; read -r _ || stty "$1" <&1'


def size_of(descriptor: int) -> Size | None:
    """Measure a terminal; None for what is none or does not know."""
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return None
    return Size(found.lines, found.columns) if found.lines > 0 and found.columns > 0 else None


@contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Let every key of a terminal through as it is, Ctrl-C too, until the block ends, however it ends.

    An exception, SIGTERM and Ctrl-C end the block; SIGHUP and SIGQUIT end the program once the terminal is as
    it was. If it is killed at once (SIGKILL), a shell that waits for that puts the terminal right. After a
    stop (SIGCONT) the terminal is lent again. Call it in the main thread.
    """
    before = termios.tcgetattr(descriptor)

    def lend(*_: object) -> None:
        tty.setraw(descriptor, termios.TCSADRAIN)

    def give_back() -> None:
        with suppress(termios.error):  # a terminal that went away needs nothing
            termios.tcsetattr(descriptor, termios.TCSANOW, before)

    def die(number: int, _frame: FrameType | None) -> None:
        give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    with _heir(descriptor), _signals(die, lend):
        try:
            lend()
            yield
        finally:
            give_back()


@contextmanager
def _signals(die: Callable[[int, FrameType | None], None], lend: Callable[..., None]) -> Iterator[None]:
    """Take signals in hand; one that is ignored, as under nohup, stays so."""
    wanted: dict[int, Any] = dict.fromkeys(_DEADLY, die) | {signal.SIGCONT: lend}
    before = {
        number: signal.signal(number, handler)
        for number, handler in wanted.items()
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def _heir(descriptor: int) -> Iterator[None]:
    """Let a shell stand by that puts the terminal right if we die; without sh and stty there is none.

    It has a session of its own, so that what ends our whole group of processes leaves it alone.
    """
    try:
        modes = subprocess.run(
            ["stty", "-g"],  # noqa: S607 - wherever this machine keeps it
            stdin=descriptor,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        heir = subprocess.Popen(  # noqa: S603 - the words are ours, and what stty has just said
            ["sh", "-c", _HEIR, "sh", modes],  # noqa: S607 - wherever this machine keeps it
            stdin=subprocess.PIPE,
            stdout=descriptor,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, subprocess.CalledProcessError):
        yield
        return
    try:
        yield
    finally:
        heir.communicate(b"well\n")


class Ends:
    """Read from and write to descriptors, which may block, in threads that can be called off."""

    def __init__(self) -> None:
        self._called_off, self._call_off = os.pipe()
        self._threads: set[asyncio.Future[Any]] = set()

    async def read(self, descriptor: int) -> bytes:
        """Take what there is to read, at most `PIECE` bytes; b"" at the end, or when called off."""
        return bytes(await self._in_thread(lambda: self._read(descriptor)))

    async def write(self, descriptor: int, data: bytes) -> None:
        """Write all of it. Raises OSError where it is not taken."""
        left = _written_at_once(descriptor, data)
        if left:
            await self._in_thread(lambda: self._write(descriptor, left))

    async def close(self) -> None:
        """Call off whoever waits; nothing may be read or written from now on."""
        os.close(self._call_off)
        await asyncio.gather(*self._threads, return_exceptions=True)
        os.close(self._called_off)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """Wait for a thread; who is cancelled waits no longer, and `close` ends the thread."""
        thread = asyncio.get_running_loop().run_in_executor(None, work)
        self._threads.add(thread)
        thread.add_done_callback(self._threads.discard)
        return await asyncio.shield(thread)

    def _read(self, descriptor: int) -> bytes:
        try:
            ready, _, _ = select.select([descriptor, self._called_off], [], [])
            return os.read(descriptor, PIECE) if self._called_off not in ready else b""
        except OSError:
            return b""  # a terminal that was hung up

    def _write(self, descriptor: int, left: memoryview) -> None:
        while left:
            off, _, _ = select.select([self._called_off], [descriptor], [])
            if off:
                return
            left = _written_at_once(descriptor, left)


def _written_at_once(descriptor: int, data: bytes | memoryview) -> memoryview:
    """Write what is taken without a wait; give the rest. Of so little as PIPE_BUF all is taken or none."""
    left = memoryview(data)
    while left and select.select([], [descriptor], [], 0)[1]:
        try:
            left = left[os.write(descriptor, left[: select.PIPE_BUF]) :]
        except BlockingIOError:
            break
    return left
