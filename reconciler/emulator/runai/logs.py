"""Write what containers print: a pure function of the container and the time.

Nothing is kept. The same container gives the same lines whenever one looks, so a stream, a
download and a second reader agree.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from reconciler.emulator.runai.lastwords import last_words
from reconciler.emulator.runai.podview import Life, PodView
from reconciler.emulator.runai.stories import Told, body_of

_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line and when it was printed."""

    at: datetime
    text: str


def lines(pod: PodView, life: Life, until: datetime | None = None) -> Iterator[Line]:
    """Print one life of a container in order; without `until` it may go on for ever."""
    ends = [moment for moment in (until, life.ended_at) if moment is not None]
    printed = (Line(life.started_at + timedelta(seconds=s), text) for s, text in told(pod))
    if not ends:
        return printed
    return takewhile(lambda line: line.at <= min(ends), printed)


def told(pod: PodView) -> Iterator[Told]:
    """Tell the whole story of a life: what the program prints, and its last words."""
    if pod.ending == "runs":
        return body_of(pod)
    cut = max(0.0, pod.lasts_s - _LAST_WORDS_S)
    # Who lost a peer falls a moment after it.
    at = pod.lasts_s - (0.2 if pod.ending == "aborts" else 0.5)
    spoken = ((at + i / 1000, text) for i, text in enumerate(last_words(pod)))
    return heapq.merge(takewhile(lambda line: line[0] < cut, body_of(pod)), spoken)
