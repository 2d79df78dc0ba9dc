"""Find where tracebacks end, though the lines of several ranks may be mixed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from reconciler.cause.line import Line

_BEGIN = "Traceback (most recent call last)"
_EXCEPTION = re.compile(
    r"^(?:\w{1,60}\.){0,12}(?:[A-Z]\w{0,80}(?:Error|Exception|Failure|Timeout|NotFound|Unavailable|Exceeded)"
    r"|(?:Exception|StopIteration|GeneratorExit|NotImplemented\w*))(?:\(\w{1,80}\))?(?::(?: .*)?)?$"
)
_ANY = re.compile(r"^(?:\w{1,60}\.){0,12}[A-Z]\w{1,80}(?:\(\w{1,80}\))?(?::(?: .*)?)?$")
_NODE = re.compile(r"^(?:Uncaught )?(?:[A-Z]\w{0,40})?Error: ")
_NODE_FRAME = re.compile(r"^ +at \S")
_LONG = 2000
_BOX = ("│", "╭", "╰", "❱", "|")


class Place(Enum):
    """Say where a line stands: in a traceback, at the end of one, or elsewhere."""

    INSIDE = "inside"
    END = "end"
    ELSEWHERE = "elsewhere"


@dataclass
class Traces:
    """Follow the tracebacks of each rank of one log.

    Of a record of several lines only the first carries a rank: what follows without one goes on with it.
    """

    _inside: set[int | None] = field(default_factory=set)
    _last: int | None = None

    def place(self, line: Line) -> tuple[Place, int | None]:
        """Place the next line, and tell its rank."""
        text, rank = line.text, line.rank
        if _BEGIN in text:
            self._inside.add(rank)
            self._last = rank
            return Place.INSIDE, rank
        if rank is None and rank not in self._inside:
            rank = self._last
        if rank in self._inside:
            if not text or text[0].isspace() or text.startswith(_BOX):
                self._last = rank
                return Place.INSIDE, rank
            self._inside.discard(rank)
            return (Place.END if len(text) < _LONG and _ANY.match(text) else Place.ELSEWHERE), rank
        return (Place.END if len(text) < _LONG and _names_exception(text) else Place.ELSEWHERE), line.rank


def _names_exception(text: str) -> bool:
    """Tell whether a line names an exception by its form alone, as where the traceback was cut off."""
    return bool(_EXCEPTION.match(text))


def begins_frames(text: str, following: str) -> bool:
    """Tell whether a line names an error of JavaScript, which stands before its frames."""
    return bool(_NODE.match(text) and _NODE_FRAME.match(following))
