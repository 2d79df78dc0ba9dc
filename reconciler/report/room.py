"""Fit a list into a number of bytes, whole items only, and count what is left out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from reconciler.report.safe import code, short
from reconciler.report.units import count

_TARGETS = 10


def fits(items: Iterable[str], room: int, reserve: int = 0) -> list[str]:
    """Give the first items that fit into `room` bytes, less `reserve` where not all of them do.

    An item that does not fit ends the list, so that its order stays true; none after it is asked for.
    """
    shown: list[str] = []
    ends: list[int] = []
    for item in items:
        ends.append((ends[-1] if ends else 0) + len(item.encode()))
        if ends[-1] > room:
            return shown[: bisect_right(ends, room - reserve)]
        shown.append(item)
    return shown


def fitting(items: Iterable[str], total: int, room: int, rest: Callable[[int], str]) -> str:
    """Join as many of `total` items as fit into `room` bytes; `rest` words what follows the first `n`.

    The words for the rest stand within the room too.
    """
    shown = fits(items, room, len(rest(0).encode()))
    return "".join(shown) + (rest(len(shown)) if len(shown) < total else "")


def listed(items: Sequence[str], room: int, noun: str, plural: str = "") -> str:
    """Write a Markdown list in `room` bytes, each item a line without its dash, the rest counted."""
    more, several = f"more {noun}", f"more {plural or noun + 's'}"
    lines = (f"- {item}\n" for item in items)
    return fitting(
        lines, len(items), room, lambda shown: f"- and {count(len(items) - shown, more, several)}\n"
    )


def names_of(targets: Sequence[str]) -> str:
    """Name the targets of a page; of more than ten the rest is counted."""
    names = [code(short(target)) for target in targets[:_TARGETS]]
    left = len(targets) - len(names)
    return ", ".join(names) + (f" and {count(left, 'more target')}" if left else "")
