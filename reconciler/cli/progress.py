"""Progress of an apply: lines rewritten in place on a terminal, one line per change of state elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from reconciler.cli.voice import Voice
from reconciler.outcome import Step
from reconciler.report.progress import Track, line_of, log_line, waiting_line

HEARTBEAT_S = 30.0
_UP_AND_CLEAR = "\x1b[{}A\x1b[J"


class Progress:
    """Hear the steps of one apply and show them on stderr."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._tracks: dict[str, Track] = {}
        self._drawn = self._size = 0
        self._spoke_at = time.monotonic()

    def hear(self, step: Step) -> None:
        """Take one step and show it."""
        self._spoke_at = time.monotonic()
        name = str(step.key) if step.key else ""
        if not name:
            self._note(step)
            return
        track = self._tracks.setdefault(name, Track(name))
        if not track.take(step):
            return
        if self._voice.is_live:
            self._draw()
        else:
            self._voice.talk(log_line(step, datetime.now(UTC)))

    def beat(self) -> None:
        """Say that we still wait, when nothing was said for a while."""
        waiting = [track for track in self._tracks.values() if not track.is_over]
        if self._voice.is_live or not waiting or time.monotonic() - self._spoke_at < HEARTBEAT_S:
            return
        self._spoke_at = time.monotonic()
        self._voice.talk(waiting_line(waiting, datetime.now(UTC)))

    def close(self) -> None:
        """Leave the last lines standing."""
        if self._voice.is_live:
            self._draw(last=True)
        self._tracks.clear()
        self._drawn = 0

    def _note(self, step: Step) -> None:
        if not self._voice.is_live:
            self._voice.talk(log_line(step, datetime.now(UTC)))
            return
        self._voice.redraw(f"{step.text}\n", self._rewind())
        self._draw()

    def _draw(self, *, last: bool = False) -> None:
        """Print what is over for good, then redraw what goes on below it."""
        over = [track for track in self._tracks.values() if track.is_over or last]
        active = [track for track in self._tracks.values() if track not in over]
        room = max(1, _height() - 2)
        size = self._size = max(self._size, *(len(track.name) for track in self._tracks.values()), 0)
        width = self._voice.width
        text = "".join(f"{line_of(track, size=size, width=width)}\n" for track in over)
        shown = active[:room]
        text += "".join(f"{line_of(track, size=size, width=width, cut=True)}\n" for track in shown)
        if len(active) > room:
            text += f"  and {len(active) - room} more\n"
        self._voice.redraw(text, self._rewind())
        self._drawn = len(shown) + (len(active) > room)
        for track in over:
            del self._tracks[track.name]

    def _rewind(self) -> str:
        control = _UP_AND_CLEAR.format(self._drawn) if self._drawn else ""
        self._drawn = 0
        return control


def _height() -> int:
    try:
        return os.get_terminal_size(2).lines
    except OSError:
        return 24


@asynccontextmanager
async def beating(progress: Progress) -> AsyncIterator[None]:
    """Keep a heart beating while the block runs, and close the display at its end."""
    task = asyncio.create_task(_beat(progress))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        progress.close()


async def _beat(progress: Progress) -> None:
    while True:
        await asyncio.sleep(1.0)
        progress.beat()
