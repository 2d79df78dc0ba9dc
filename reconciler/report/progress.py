"""Write the progress of an apply, one object a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.order import waves
from reconciler.outcome import Step
from reconciler.plan.change import Action, Change
from reconciler.report.safe import line, short
from reconciler.report.table import cells, fitted, padded
from reconciler.report.units import count, duration
from reconciler.resource import ResourceKey

WORDS = {
    "sent": "",
    "state": "",
    "done": "",
    "failed": "failed",
    "skipped": "skipped",
    "settled": "healthy",
    "queued": "queued",
    "waiting": "waiting",
    "unhealthy": "unhealthy",
}
OVER = frozenset({"failed", "skipped", "settled", "queued", "waiting", "unhealthy"})
_NAMED = 3


class Track:
    """Follow one object: what it went through, when, what it waits for, and how it ended.

    `is_over_when_done`: nothing is waited for after it was done, as of a delete.
    """

    def __init__(self, name: str, *, is_over_when_done: bool = False) -> None:
        self.name = name
        self.word = ""
        self.detail = ""
        self.is_over = False
        self._is_over_when_done = is_over_when_done
        self._steps: list[tuple[str, float]] = []

    def take(self, step: Step) -> bool:
        """Add a step; False when it says nothing new but the detail."""
        self.detail = step.detail
        if self._steps and self._steps[-1][0] == step.text and self.word == WORDS.get(step.state, ""):
            return False
        self.word = WORDS.get(step.state, "")
        self.is_over = step.state in OVER or (step.state == "done" and self._is_over_when_done)
        if step.text and step.text != self.word and (not self._steps or self._steps[-1][0] != step.text):
            self._steps.append((step.text, step.seconds))
        return True

    def story(self, now: float | None = None) -> list[str]:
        """Tell the steps in order, each with how long it took; of the last one `now` tells."""
        told = []
        for number, (text, seconds) in enumerate(self._steps):
            ended = self._steps[number + 1][1] if number + 1 < len(self._steps) else now
            took = f" {duration(ended - seconds)}" if ended is not None and ended - seconds >= 1 else ""
            told.append(f"{line(text)}{took}")
        if told and self.detail:
            told[-1] += f": {short(self.detail)}"
        return told


def waves_of(changes: Sequence[Change]) -> dict[ResourceKey, int]:
    """Number the waves of changes from 1: what others need comes first, and deletes last, in reverse."""
    writes = [change for change in changes if change.action.writes]
    builds = {change.key: change.needs for change in writes if change.action is not Action.DELETE}
    deletes = {change.key: change.needs for change in writes if change.action is Action.DELETE}
    ordered = (*waves(builds), *reversed(waves(deletes)))
    return {key: number for number, wave in enumerate(ordered, 1) for key in wave}


def sum_line(wave: int, waves: int, *, done: int, total: int, seconds: float) -> str:
    """Write how far the whole is: `wave 2/3, 5 of 22, 34s`."""
    parts = [f"wave {wave}/{waves}"] if waves > 1 else []
    return "  " + ", ".join([*parts, f"{done} of {total}", duration(seconds)])


def line_of(track: Track, *, size: int, width: int, now: float | None = None) -> str:
    """Write one object's line; with `now` it goes on, and is kept on the one line in which it is redrawn."""
    start, room = f"  {padded(line(track.name), size)}   ", width - 12
    start += newest(track.story(now), room - cells(start))
    if now is not None:
        start = fitted(start, max(8, room))
    return f"{padded(start, max(room, cells(start)))} {track.word}".rstrip()


def newest(steps: Sequence[str], room: int) -> str:
    """Leave out the oldest steps of a story that is too long: what is so now matters most."""
    while len(steps) > 1 and cells(", ".join(steps)) > room:
        steps = steps[1:]
    return ", ".join(steps)


def log_line(step: Step, now: datetime) -> str:
    """Write one change of state as a line of a log."""
    name = f"{line(str(step.key))}  " if step.key else ""
    word = WORDS.get(step.state, "")
    parts = (word, line(step.text) if word != step.text else "", short(step.detail))
    told = ": ".join(part for part in parts if part)
    return f"{now:%H:%M:%S}  {name}{told}\n"


def waiting_line(tracks: Sequence[Track], now: datetime) -> str:
    """Write that we still wait, and for what."""
    names = ", ".join(line(track.name) for track in tracks[:_NAMED])
    more = f" and {len(tracks) - _NAMED} more" if len(tracks) > _NAMED else ""
    return f"{now:%H:%M:%S}  still waiting for {count(len(tracks), 'object')}: {names}{more}\n"
