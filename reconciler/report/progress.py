"""Write the progress of an apply, one object a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.outcome import Step
from reconciler.report.safe import line
from reconciler.report.table import cells, padded
from reconciler.report.units import count, duration

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
    """Follow one object: what it went through, when, and how it ended."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.word = ""
        self.is_over = False
        self._steps: list[tuple[str, float]] = []

    def take(self, step: Step) -> bool:
        """Add a step; False when it says nothing new."""
        if self._steps and self._steps[-1][0] == step.text and self.word == WORDS.get(step.state, ""):
            return False
        self.word = WORDS.get(step.state, "")
        self.is_over = step.state in OVER
        if step.text and step.text != self.word and (not self._steps or self._steps[-1][0] != step.text):
            self._steps.append((step.text, step.seconds))
        return True

    @property
    def story(self) -> str:
        """Tell the steps in order, each but the last with how long the one before took."""
        told = []
        for number, (text, seconds) in enumerate(self._steps):
            ended = self._steps[number + 1][1] if number + 1 < len(self._steps) else None
            took = f" {duration(ended - seconds)}" if ended is not None and ended - seconds >= 1 else ""
            told.append(f"{line(text)}{took}")
        return ", ".join(told)


def line_of(track: Track, *, size: int, width: int, cut: bool = False) -> str:
    """Write one object's line; `cut` keeps it on one line of a terminal, in which it is redrawn."""
    start, room = f"  {padded(line(track.name), size)}   ", width - 12
    start += newest(track.story, room - cells(start))
    if cut and cells(start) > room:
        start = start[: max(8, room - 3)] + "..."
    return f"{padded(start, max(room, cells(start)))} {track.word}".rstrip()


def newest(story: str, room: int) -> str:
    """Leave out the oldest steps of a story that is too long: what is so now matters most."""
    steps = story.split(", ")
    while len(steps) > 1 and cells(", ".join(steps)) > room:
        steps = steps[1:]
    return ", ".join(steps)


def log_line(step: Step, now: datetime) -> str:
    """Write one change of state as a line of a log."""
    name = f"{line(str(step.key))}  " if step.key else ""
    word = WORDS.get(step.state, "")
    told = ": ".join(part for part in (word, line(step.text)) if part) if word != step.text else word
    return f"{now:%H:%M:%S}  {name}{told}\n"


def waiting_line(tracks: Sequence[Track], now: datetime) -> str:
    """Write that we still wait, and for what."""
    names = ", ".join(line(track.name) for track in tracks[:_NAMED])
    more = f" and {len(tracks) - _NAMED} more" if len(tracks) > _NAMED else ""
    return f"{now:%H:%M:%S}  still waiting for {count(len(tracks), 'object')}: {names}{more}\n"
