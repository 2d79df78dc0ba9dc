"""Run a story on the one event loop there is, with the signals in hand."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from reconciler.cli.ending import Terminated
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

Value = TypeVar("Value")
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


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
