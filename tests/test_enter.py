"""Carrying a session: keys that leave, input that ends, sizes told again, output that is not taken."""

from __future__ import annotations

import asyncio
import os
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from reconciler.console import Output, Size
from reconciler.enter import Ended, Keys, Ours, stay
from reconciler.errors import ReconcilerError, Severed
from reconciler.terminal import Ends

KEYS: dict[str, tuple[list[bytes], list[bytes], bool]] = {
    "nothing of the kind": ([b"ab", b"c"], [b"ab", b"c"], False),
    "both at once": ([b"ab\x10\x11cd"], [b"ab"], True),
    "one after the other": ([b"a\x10", b"\x11"], [b"a", b""], True),
    "the first, and then another": ([b"\x10", b"b"], [b"", b"\x10b"], False),
    "the first twice": ([b"\x10\x10", b"\x11"], [b"\x10", b""], True),
    "the second alone": ([b"\x11"], [b"\x11"], False),
}


@pytest.mark.parametrize(("typed", "sent", "leaves"), KEYS.values(), ids=KEYS.keys())
def test_keys_that_leave_are_found_and_not_sent(typed: list[bytes], sent: list[bytes], leaves: bool) -> None:
    keys = Keys()

    assert [keys.take(data) for data in typed] == sent
    assert keys.has_left is leaves


@dataclass
class FakeConsole:
    """Be a session that plays what it is told, and remembers what came."""

    outputs: list[Output] = field(default_factory=list)
    waits_for: Callable[[FakeConsole], bool] = lambda _: True
    breaks: Severed | None = None
    ends_surely: bool = True
    takes_sizes: bool = False
    status: int | None = 3
    sent: bytes = b""
    sizes: list[Size] = field(default_factory=list)
    has_ended: bool = False
    is_closed: bool = False

    async def send(self, data: bytes) -> None:
        if self.breaks:
            raise self.breaks
        self.sent += data

    async def finish(self) -> bool:
        self.has_ended = True
        return self.ends_surely

    async def resize(self, size: Size) -> None:
        self.sizes.append(size)

    async def receive(self) -> Output | None:
        if self.outputs:
            return self.outputs.pop(0)
        while not self.waits_for(self):
            await asyncio.sleep(0.005)
        if self.breaks:
            raise self.breaks
        return None

    async def close(self) -> None:
        self.is_closed = True


def stayed(
    console: FakeConsole,
    given: bytes | None = None,
    write: Callable[[Output], Awaitable[None]] | None = None,
    screen: int | None = None,
    keep_s: float = 60.0,
) -> tuple[Ended, list[Output], list[str]]:
    """Stay in a session whose input is a pipe; give its end, its output and what was told."""

    async def play() -> tuple[Ended, list[Output], list[str]]:
        got: list[Output] = []
        told: list[str] = []

        async def keep(output: Output) -> None:
            got.append(output)

        ends, (source, end) = Ends(), os.pipe()
        os.write(end, given or b"")
        os.close(end)
        ours = Ours(
            ends,
            write or keep,
            told.append,
            None if given is None else source,
            screen=screen,
            patience_s=0.02,
        )
        try:
            async with asyncio.timeout(10):
                return await stay(console, ours, keep_s=keep_s), got, told
        finally:
            await ends.close()
            os.close(source)

    return asyncio.run(play())


def test_input_goes_in_and_output_comes_out() -> None:
    console = FakeConsole([Output(b"a"), Output(b"b", is_error=True)], lambda it: it.has_ended)

    ended, got, told = stayed(console, b"\x10\x11 bytes")

    assert ended == Ended(3)
    assert got == [Output(b"a"), Output(b"b", is_error=True)]
    assert (console.sent, console.is_closed, told) == (b"\x10\x11 bytes", True, [])


def test_who_may_wait_for_input_that_has_ended_is_told_of() -> None:
    told: list[str] = []
    console = FakeConsole(ends_surely=False, waits_for=lambda _: bool(told))

    async def play() -> Ended:
        ends, (source, end) = Ends(), os.pipe()
        os.close(end)

        async def write(_: Output) -> None: ...

        try:
            return await stay(console, Ours(ends, write, told.append, source, patience_s=0.02))
        finally:
            await ends.close()
            os.close(source)

    assert asyncio.run(play()) == Ended(3)
    assert told[0].startswith("the input has ended, and this platform has no sure way to tell the program")


def test_the_size_is_told_at_the_start_and_again_now_and_then() -> None:
    ours, theirs = os.openpty()
    console = FakeConsole(takes_sizes=True, waits_for=lambda it: len(it.sizes) >= 3)
    try:
        termios.tcsetwinsize(theirs, (40, 120))
        stayed(console, screen=theirs, keep_s=0.01)
    finally:
        os.close(ours)
        os.close(theirs)

    assert set(console.sizes) == {Size(40, 120)}


def test_a_break_is_told_by_who_receives() -> None:
    severed = Severed("prod", "run a command in", "a/Workspace/box", said="the token ran out")
    console = FakeConsole(breaks=severed)

    with pytest.raises(Severed, match="the token ran out"):
        stayed(console, b"x")
    assert console.is_closed


def test_output_that_nobody_wants_any_more_ends_it_well() -> None:
    async def write(_: Output) -> None:
        raise BrokenPipeError

    console = FakeConsole([Output(b"a")], lambda _: False)

    assert stayed(console, write=write)[0] == Ended(None, has_left=True)


def test_output_that_cannot_be_written_is_an_error() -> None:
    async def write(_: Output) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ReconcilerError, match="output cannot be written: No space left on device"):
        stayed(FakeConsole([Output(b"a")]), write=write)


def test_whoever_waits_for_a_pipe_can_be_called_off() -> None:
    async def play() -> bytes:
        ends, (source, end) = Ends(), os.pipe()
        waiting = asyncio.create_task(ends.read(source))
        await asyncio.sleep(0.01)
        await ends.close()
        for each in (source, end):
            os.close(each)
        return await waiting

    assert asyncio.run(play()) == b""
