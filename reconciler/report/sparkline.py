"""Draw numbers as a line of small bars."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], *, top: float = 0.0) -> str:
    """Draw one bar per value, from zero to `top`, else to the greatest of them."""
    highest = top or max(values, default=0.0)
    if highest <= 0:
        return _BARS[0] * len(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[round(min(max(value / highest, 0.0), 1.0) * steps)] for value in values)
