"""Between click and the story: build the request and the world, and run it with signals in hand."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from reconciler.cli.ending import Terminated
from reconciler.cli.options import Chosen
from reconciler.cli.voice import Voice
from reconciler.clock import SystemClock
from reconciler.declare import Request, World
from reconciler.errors import ExitCode

Value = TypeVar("Value")
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


def request_of(
    chosen: Chosen, voice: Voice, *, prune: bool = True, partial: bool = False, allow: tuple[str, ...] = ()
) -> Request:
    """Give the request; consents also come from RECONCILER_ALLOW."""
    more = voice.environ.get("RECONCILER_ALLOW", "").replace(",", " ").split()
    return Request(
        fleet=chosen.fleet,
        inputs=chosen.inputs,
        selector=chosen.selector,
        targets=chosen.targets,
        projects=chosen.projects,
        prune=prune,
        partial=partial,
        allow=(*allow, *more),
    )


def world_of(voice: Voice) -> World:
    """Open this machine's doors."""
    return World(
        environ=voice.environ,
        cwd=Path.cwd(),
        clock=SystemClock(),
        read_stdin=lambda: sys.stdin.buffer.read(),
        scrubber=voice.scrubber,
    )


def run(story: Coroutine[Any, Any, Value]) -> Value:
    """Run one command's story to its end; the only event loop there is.

    Raises Terminated after SIGTERM and KeyboardInterrupt after Ctrl-C, once the story has let go of
    what it held.
    """
    return asyncio.run(_until_terminated(story))


async def _until_terminated(story: Coroutine[Any, Any, Value]) -> Value:
    loop, task, seen = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None  # noqa: S101 - a coroutine that asyncio.run runs is a task

    def stop() -> None:
        seen.set()
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    try:
        return await story
    except asyncio.CancelledError:
        if seen.is_set():
            raise Terminated from None
        raise


class Signals:
    """Remember which signal asked to stop."""

    code = ExitCode.INTERRUPTED


@contextmanager
def stopping(request_stop: Callable[[], None], voice: Voice) -> Iterator[Signals]:
    """Let the first Ctrl-C or SIGTERM ask for a clean stop, and the second end the program at once."""
    loop, seen = asyncio.get_running_loop(), Signals()
    asked = False

    def on(number: signal.Signals) -> None:
        nonlocal asked
        seen.code = _SIGNALS[number]
        if asked:
            voice.complain(f"reconciler: {seen.code.label} (exit {int(seen.code)})\n")
            os._exit(seen.code)
        asked = True
        request_stop()
        voice.complain("stopping after what is in flight; once more stops at once\n")

    for number in _SIGNALS:
        loop.add_signal_handler(number, on, number)
    try:
        yield seen
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
