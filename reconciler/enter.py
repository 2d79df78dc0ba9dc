"""Enter: carry what is typed into a container, and what is written there back, until the session ends.

A session that broke off is never taken up again: nothing replays what was lost, and a command would run
twice.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from reconciler.clock import Clock
from reconciler.console import Console, Enters, Entry, Output
from reconciler.errors import NoEntry, ProviderError, ReconcilerError, UsageError
from reconciler.provider import Provider
from reconciler.resource import Observed
from reconciler.terminal import Ends, raw, size_of

LEAVING = b"\x10\x11"
"""Ctrl-P Ctrl-Q, by which one leaves a main process without ending it."""
KEEP_S = 120.0
"""So often a size is told again: a session in which nothing is said for 5 minutes is closed."""
_AGAIN_S = 2.0
_LAST_WORDS_S = 2.0


@dataclass(frozen=True, slots=True)
class Ours:
    """Be this machine's side of a session, by descriptors.

    `source` is where input comes from, None for no input; `terminal` the one to lend to the other side, None
    to lend none; `screen` the one whose size counts. `write` takes output or raises OSError.
    `can_leave`: the keys of `LEAVING` end the session and are not sent. `patience_s`: so long a program gets
    to end after its input, before `tell` hears that it may not know.
    """

    ends: Ends
    write: Callable[[Output], Awaitable[None]]
    tell: Callable[[str], None]
    source: int | None = None
    terminal: int | None = None
    screen: int | None = None
    can_leave: bool = False
    patience_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """Tell how a session ended: with the command's exit status, None where none was told.

    `has_left`: we ended it, for a user who left or a reader of our output who has had enough.
    """

    status: int | None = None
    has_left: bool = False


async def opened(
    provider: Provider, observed: Observed, entry: Entry, clock: Clock, *, wait_s: float = 0.0
) -> Console:
    """Start a session, and wait so long for pods that are not there yet.

    Raises UsageError where the platform lets nobody in, NoEntry where the container cannot be entered.
    """
    if not isinstance(provider, Enters):
        raise UsageError(f"{provider.name} lets nobody into its containers")
    until = clock.monotonic() + wait_s
    while True:
        try:
            return await provider.enter(observed, entry)
        except NoEntry as refused:
            if refused.status != 404 or clock.monotonic() >= until:
                raise
        await clock.sleep(_AGAIN_S)


async def stay(console: Console, ours: Ours, *, keep_s: float = KEEP_S) -> Ended:
    """Carry bytes both ways until the session ends.

    Raises Severed where it broke off, ReconcilerError where output could not be written.
    """
    try:
        with nullcontext() if ours.terminal is None else raw(ours.terminal), _resizing() as resized:
            down = asyncio.create_task(_downwards(console, ours))
            up = asyncio.create_task(_upwards(console, ours))
            sizes = asyncio.create_task(_sizes(console, ours, resized, keep_s))
            try:
                has_left = await _until_over(down, up, ours)
            finally:
                for task in (down, up, sizes):
                    task.cancel()
                await asyncio.gather(down, up, sizes, return_exceptions=True)
    finally:
        await console.close()
    return Ended(None if has_left else console.status, has_left)


async def _until_over(down: asyncio.Task[bool], up: asyncio.Task[bool | None], ours: Ours) -> bool:
    """Wait for the end; tell whether it was of our making. Raises what ended the session otherwise."""
    await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
    if not down.done():
        if up.exception():  # the other direction knows better why
            await asyncio.wait({down}, timeout=_LAST_WORDS_S)
        elif up.result() is None:
            return True
        else:
            await _finish(down, ours, is_told=up.result() is True)
    return down.result() if down.done() else bool(up.result())


async def _finish(down: asyncio.Task[bool], ours: Ours, *, is_told: bool) -> None:
    """Wait for the output after the last of the input; say so where the program may not know of its end."""
    if not is_told:
        await asyncio.wait({down}, timeout=ours.patience_s)
        if not down.done():
            ours.tell(
                "the input has ended, and this platform has no sure way to tell the program;"
                " if it waits for more, Ctrl-C stops here\n"
            )
    await asyncio.wait({down})


async def _downwards(console: Console, ours: Ours) -> bool:
    """Write output to its end; tell whether its reader went away before."""
    while (output := await console.receive()) is not None:
        try:
            await ours.write(output)
        except BrokenPipeError:
            return True
        except OSError as wrong:
            raise ReconcilerError(f"output cannot be written: {wrong.strerror}") from wrong
    return False


async def _upwards(console: Console, ours: Ours) -> bool | None:
    """Send input to its end; tell whether the end could be told for sure. None: the user wants to leave."""
    if ours.source is None:
        return True
    keys = Keys()
    while data := await ours.ends.read(ours.source):
        sent = keys.take(data) if ours.can_leave else data
        if sent:
            await console.send(sent)
        if keys.has_left:
            return None
    return await console.finish()


class Keys:
    """Find the keys of `LEAVING` in what is typed; the first of them is held back until the next key."""

    def __init__(self) -> None:
        self._held = b""
        self.has_left = False

    def take(self, typed: bytes) -> bytes:
        """Give what is to be sent of it."""
        before, found, _ = (self._held + typed).partition(LEAVING)
        self.has_left = bool(found)
        is_begun = not found and before.endswith(LEAVING[:1])
        self._held = LEAVING[:1] if is_begun else b""
        return before[:-1] if is_begun else before


async def _sizes(console: Console, ours: Ours, resized: asyncio.Event, keep_s: float) -> None:
    """Tell the size of our terminal now, at each change, and now and then."""
    while console.takes_sizes and ours.screen is not None:
        resized.clear()
        if size := size_of(ours.screen):
            with suppress(ProviderError):  # whoever receives learns why
                await console.resize(size)
        with suppress(TimeoutError):
            async with asyncio.timeout(keep_s):
                await resized.wait()


@contextmanager
def _resizing() -> Iterator[asyncio.Event]:
    """Notice changes of the terminal's size while the block runs."""
    resized, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, resized.set)
    try:
        yield resized
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
