"""Pulse: whether a program went on after what looked like its end.

Programs print the same kind of line again and again while they work. A line that names a cause and is
followed by more of them was a warning, was caught, or was quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reconciler.cause.kind import Cause

ENOUGH = 3
"""So many beats after a line mean that the program lived on."""
_STEADY = 3
_MOST_SHAPES = 4096
_SHAPE = 24
_NUMBER = re.compile(r"\d[\d.,:/eE+-]*")
_FILLING = re.compile(r"[█▏▎▍▌▋▊▉░▒#=. ]{2,}")
_WORK = re.compile(
    r"\b(?:step|iter(?:ation)?|epoch|batch)\b\W{0,3}\d|\bloss\W{1,4}\d|\bit/s\b|\bs/it\b|\btok(?:ens?)?/s"
    r"|HTTP/1\.[01]\" [23]\d\d|\bthroughput\b|\d%\||\bETA\b",
    re.IGNORECASE,
)
_BEGUN = re.compile(
    r"(?:^|\s)(?P<reason>Scheduled|Pulled|Created|Started)(?::|\s{2,}|$)|Successfully pulled image"
)
_OVER = {
    Cause.QUOTA: frozenset({"Scheduled", "Pulled", "Created", "Started"}),
    Cause.IMAGE: frozenset({"Pulled", "Created", "Started"}),
    Cause.REFERENCE: frozenset({"Started"}),
}
"""What an event of each of these reasons puts behind us."""


@dataclass
class Pulse:
    """Feel the pulse of one log, line by line."""

    _counts: dict[str, int] = field(default_factory=dict)
    _steady: dict[str, int] = field(default_factory=dict)

    def beat(self, number: int, text: str) -> int | None:
        """Take a line that names no trouble; give since which line its kind is known, None if it is new.

        What speaks of work is known from the start.
        """
        if _WORK.search(text, 0, 400):
            return -1
        shape = _FILLING.sub(" ", _NUMBER.sub("0", text[: 3 * _SHAPE]))[:_SHAPE]
        if shape in self._steady:
            return self._steady[shape]
        if len(self._counts) < _MOST_SHAPES or shape in self._counts:
            self._counts[shape] = self._counts.get(shape, 0) + 1
            if self._counts[shape] >= _STEADY:
                self._steady[shape] = number
        return None


def puts_behind(text: str, cause: Cause) -> bool:
    """Tell whether an event shows that a cause of not starting is over."""
    if cause not in _OVER:
        return False
    found = _BEGUN.search(text, 0, 200)
    return found is not None and (found["reason"] or "Pulled") in _OVER[cause]
