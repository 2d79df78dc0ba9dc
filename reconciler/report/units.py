"""Write amounts for people: durations, GPUs, counts."""

from __future__ import annotations

from datetime import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def duration(seconds: float) -> str:
    """Write a span exactly enough to act on: `9.9s`, `45s`, `2m 05s`, `6h 02m`, `3d 04h`."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f}s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d {whole % DAY // HOUR:02d}h"


def short(seconds: float) -> str:
    """Write a span in one unit, for a column: `45s`, `3m`, `6h`, `12d`."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def since(then: datetime | None, now: datetime | None) -> str:
    """Write how long ago something began, `-` where nobody knows."""
    return "-" if then is None or now is None else short((now - then).total_seconds())


def amount(number: float) -> str:
    """Write a number of GPUs: whole ones bare, else two digits, and four where less than one is small."""
    two = f"{number:.2f}"
    if number >= 1 or abs(float(two) - number) < 1e-9:
        return two.removesuffix(".00")
    return f"{number:.4f}".rstrip("0")


def gpus(number: float) -> str:
    """Write a demand for GPUs, "" for none: `0.75 GPU`, `8 GPU`."""
    return f"{amount(number)} GPU" if number else ""


def gpu_hours(number: float) -> str:
    """Write GPU-hours: `6.0 GPU-hours`."""
    return f"{number:,.1f} GPU-hours"


def count(number: int, word: str, plural: str = "") -> str:
    """Write a number with its word: `1 error`, `2 errors`."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"
