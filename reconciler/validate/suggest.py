"""Suggestions: what somebody who wrote this most likely meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from reconciler.field import plain
from reconciler.resource import Json

_CUTOFF = 0.6
_NUMBERS = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "six": "6",
    "eight": "8",
    "sixteen": "16",
}
_YES = {"true", "yes", "on", "y"}
_NO = {"false", "no", "off", "n"}
_NUMBER = re.compile(r"\s*(-?[0-9]+)(?:\.0*)?\s*(?:gpus?|s|seconds|cores?)?\s*", re.IGNORECASE | re.ASCII)
_WRITTEN_QUANTITY = re.compile(r"\s*([0-9.]+)\s*([a-zA-Z]*)\s*")


def near(word: str, known: Iterable[str], *, cutoff: float = _CUTOFF) -> str:
    """Give the known name nearest to a word, or nothing: spelling without case and separators first."""
    names = list(known)
    spelled = {plain(name): name for name in names}
    if plain(word) in spelled:
        return spelled[plain(word)]
    lowered = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(word.casefold(), lowered, n=1, cutoff=cutoff)
    return lowered[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Ask for the nearest known name, or list the few there are, or say something else."""
    names = list(known)
    best = near(word, names)
    if best:
        return f'did you mean "{best}"?'
    return otherwise or (f"known: {', '.join(sorted(names))}" if 0 < len(names) <= 20 else "")


def as_whole_number(value: Json) -> str:
    """Give the digits that a text or a fraction stands for, or nothing."""
    text = str(value).strip().casefold()
    if text in _NUMBERS:
        return _NUMBERS[text]
    found = _NUMBER.fullmatch(text)
    return found[1] if found else ""


def as_truth(value: Json) -> str:
    """Give `true` or `false` for words people write instead, or nothing."""
    text = str(value).strip().casefold()
    return "true" if text in _YES or text == "1" else "false" if text in _NO or text == "0" else ""


def as_quantity(text: str) -> str:
    """Offer spellings of a quantity that is written wrongly."""
    found = _WRITTEN_QUANTITY.fullmatch(text)
    number, unit = (found[1], found[2][:1].upper()) if found else ("16", "G")
    unit = unit if unit in ("K", "M", "G", "T", "P", "E") else "G"
    number = number.rstrip(".") or "16"
    return f"{number}{unit}i (1024-based) or {number}{unit if unit != 'K' else 'k'} (1000-based)"
