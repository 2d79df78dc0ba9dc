"""Progress of an apply: lines rewritten in place on a terminal, one line per change of state elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from reconciler.cli.voice import Voice
from reconciler.outcome import Step
from reconciler.plan.change import Action, Change
from reconciler.report.progress import Track, line_of, log_line, sum_line, waiting_line, waves_of
from reconciler.report.table import fitted

HEARTBEAT_S = 30.0
_BESIDE_TRACKS = 3  # rows: how many more there are, how far the whole is, and the cursor's


class Progress:
    """Hear the steps of one apply of these changes and show them on stderr."""

    def __init__(self, voice: Voice, changes: Sequence[Change] = ()) -> None:
        self._voice = voice
        self._left = waves_of(changes)
        self._total, self._waves = len(self._left), max(self._left.values(), default=1)
        self._deletes = {change.key for change in changes if change.action is Action.DELETE}
        self._tracks: dict[str, Track] = {}
        self._size = 0
        self._begun = self._spoke_at = time.monotonic()

    def hear(self, step: Step) -> None:
        """Take one step and show it."""
        self._spoke_at = time.monotonic()
        step = replace(step, seconds=self._seconds)
        if step.key is None:
            self._note(step)
            return
        name = str(step.key)
        self._size = max(self._size, len(name))
        track = self._tracks.setdefault(name, Track(name, is_over_when_done=step.key in self._deletes))
        is_news = track.take(step)
        if track.is_over:
            self._left.pop(step.key, None)
        if self._voice.is_live:
            self._draw([self._tracks.pop(name)] if track.is_over else [])
        elif is_news:
            self._voice.talk(log_line(step, datetime.now(UTC)))

    def beat(self) -> None:
        """Let the seconds run on a terminal; elsewhere say that we still wait, when nothing was said long."""
        if self._voice.is_live:
            self._draw()
            return
        waiting = [track for track in self._tracks.values() if not track.is_over]
        if waiting and time.monotonic() - self._spoke_at >= HEARTBEAT_S:
            self._spoke_at = time.monotonic()
            self._voice.talk(waiting_line(waiting, datetime.now(UTC)))

    def close(self) -> None:
        """Leave the last lines standing."""
        if self._voice.is_live:
            self._voice.stand("", above=self._lines(self._tracks.values()))
        self._tracks.clear()

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _note(self, step: Step) -> None:
        if self._voice.is_live:
            self._draw(above=f"{step.text}\n")
        else:
            self._voice.talk(log_line(step, datetime.now(UTC)))

    def _draw(self, over: Sequence[Track] = (), above: str = "") -> None:
        """Print what is over for good, and below it as much of what goes on as the terminal has rows for."""
        columns, rows = self._voice.screen
        shown = [*islice(self._tracks.values(), max(0, rows - _BESIDE_TRACKS))]
        lines = [line_of(t, size=self._size, width=columns, now=self._seconds) for t in shown]
        if len(self._tracks) > len(shown):
            lines.append(f"  and {len(self._tracks) - len(shown)} more")
        lines.append(self._sum())
        block = "".join(f"{fitted(line, columns - 1)}\n" for line in lines[max(0, len(lines) - rows + 1) :])
        self._voice.stand(block, above=above + self._lines(over))

    def _lines(self, tracks: Iterable[Track]) -> str:
        width, _ = self._voice.screen
        return "".join(f"{line_of(track, size=self._size, width=width)}\n" for track in tracks)

    def _sum(self) -> str:
        wave = min(self._left.values(), default=self._waves)
        done = self._total - len(self._left)
        return sum_line(wave, self._waves, done=done, total=self._total, seconds=self._seconds)


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
