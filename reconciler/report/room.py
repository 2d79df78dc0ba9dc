"""Fit a list into a number of bytes, whole items only, and count what is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, takewhile

from reconciler.report.safe import code, short
from reconciler.report.units import count

_TARGETS = 10


def fits(items: Sequence[str], room: int, reserve: int = 0) -> int:
    """Count the first items that fit into `room` bytes, less `reserve` where not all of them do.

    An item that does not fit ends the count, so that the order of a list stays true.
    """
    sizes = [len(item.encode()) for item in items]
    if sum(sizes) <= room:
        return len(items)
    ends = accumulate(sizes)
    return sum(1 for _ in takewhile(lambda end: end <= room - reserve, ends))


def fitting(items: Sequence[str], room: int, rest: Callable[[int], str]) -> str:
    """Join as many items as fit into `room` bytes; `rest` words what follows the first `n` of them.

    The words for the rest stand within the room too.
    """
    shown = fits(items, room, len(rest(0).encode()))
    return "".join(items[:shown]) + (rest(shown) if shown < len(items) else "")


def listed(items: Sequence[str], room: int, noun: str) -> str:
    """Write a Markdown list in `room` bytes, each item a line without its dash, the rest counted."""
    lines = [f"- {item}\n" for item in items]
    return fitting(lines, room, lambda shown: f"- and {count(len(items) - shown, f'more {noun}')}\n")


def names_of(targets: Sequence[str]) -> str:
    """Name the targets of a page; of more than ten the rest is counted."""
    names = [code(short(target)) for target in targets[:_TARGETS]]
    left = len(targets) - len(names)
    return ", ".join(names) + (f" and {count(left, 'more target')}" if left else "")
