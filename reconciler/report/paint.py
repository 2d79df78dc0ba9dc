"""Colour finished text. Runs last, on text already made safe; it adds nothing but colour."""

from __future__ import annotations

import re
from zlib import crc32

_RED, _GREEN, _YELLOW, _CYAN, _BOLD, _DIM = "31", "32", "33", "36", "1", "2"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), colour)
    for pattern, colour in (
        (r"^error\[RC\d+\]:|^error:", f"{_BOLD};{_RED}"),
        (r"^warning\[RC\d+\]:|^warning:", f"{_BOLD};{_YELLOW}"),
        (r"^note\[RC\d+\]:|^note:", _CYAN),
        (r"^ +--> .*$", _DIM),
        (r"(?<=\| ) *\^+", _YELLOW),
        (r"^  \+ create", _GREEN),
        (r"^  ~ (?:update|changed)", _YELLOW),
        (r"^  ± replace|^  -/\+ replace", _RED),
        (r"^  - (?:delete|missing)", _RED),
        (r"^  ! (?:refused|degraded)", _RED),
        (r"^  [=?] \w+", _DIM),
        (r"^ends \d+ running .*$", f"{_BOLD};{_RED}"),
        (r"^(?:plan|drift)(?=  )", _BOLD),
        (r"^ok(?=    )", _GREEN),
        (r"^warn(?=  )", _YELLOW),
        (r"^fail(?=  )", f"{_BOLD};{_RED}"),
        (r"(?:^|(?<=^health    ))(?:Healthy|Suspended)\b|\bhealthy$", _GREEN),
        (r"(?:^|(?<=^health    ))(?:Progressing|Queued)\b|\bqueued$", _YELLOW),
        (r"(?:^|(?<=^health    ))(?:Degraded|Missing|Unknown|Stuck)\b|\b(?:failed|unhealthy)$", _RED),
    )
)


_LABEL = re.compile(r"^[\w.-]+(?:/[\w.-]+)? \| ", re.MULTILINE)
"""What a line of a log begins with, where several are read."""
_LABELS = ("36", "33", "35", "32", "34", "31")


def painted(text: str) -> str:
    """Give the text with ANSI colours."""
    text = _LABEL.sub(_labelled, text)
    for pattern, colour in _RULES:
        text = pattern.sub(lambda match, c=colour: f"\x1b[{c}m{match.group()}\x1b[0m", text)  # type: ignore[misc]  # lambda default
    return text


def _labelled(match: re.Match[str]) -> str:
    """Give each label a colour of its own, the same in every line."""
    colour = _LABELS[crc32(match.group().encode()) % len(_LABELS)]
    return f"\x1b[{colour}m{match.group()}\x1b[0m"
