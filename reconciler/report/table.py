"""Set rows in columns. Nothing is ever cut: what does not fit goes on a line of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

GAP = 2


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, width: int = 120, gap: int = GAP) -> str:
    """Align rows under a head; the last column may wrap, at words, below itself."""
    sizes = [max(map(cells, column)) for column in zip(head, *rows, strict=True)]
    indent = sum(sizes[:-1]) + gap * (len(sizes) - 1)
    room = max(24, width - indent)
    lines: list[str] = []
    for row in (head, *rows):
        first, *rest = wrapped(row[-1], room)
        lead = "".join(padded(cell, size + gap) for cell, size in zip(row[:-1], sizes, strict=False))
        lines.append(f"{lead}{first}".rstrip())
        lines += [" " * indent + more for more in rest]
    return "\n".join(lines) + "\n"


def cells(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, size: int) -> str:
    """Fill a text with spaces up to a number of columns."""
    return text + " " * (size - cells(text))


def fitted(text: str, size: int) -> str:
    """Cut a text, with dots where it goes on, so that it takes no more than a number of columns."""
    if cells(text) <= size:
        return text
    while cells(text) > max(0, size - 3):
        text = text[:-1]
    return f"{text}..."[: max(0, size)]


def hanging(text: str, room: int, indent: str = "") -> list[str]:
    """Break a text that does not fit at spaces; all behind an indent, what follows two further in."""
    is_whole = len(indent) + cells(text) <= room
    first, *more = [text] if is_whole else wrapped(text, room - len(indent) - 2)
    return [f"{indent}{first}", *(f"{indent}  {part}" for part in more)]


def wrapped(text: str, room: int) -> list[str]:
    """Break a text at spaces into lines that fit; a longer word keeps a line of its own."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cells(joined) > room:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines
