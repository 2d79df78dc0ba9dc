"""Suggestions: what somebody who wrote this most likely meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

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
_DOTTED = re.compile(r"\w+(?:\[\])?\.[\w.\[\]]*\w")
_WRITTEN_QUANTITY = re.compile(r"\s*([0-9.]+)\s*([a-zA-Z]*)\s*")


def near(word: str, known: Iterable[str]) -> str:
    """Give the known name nearest to a word, or nothing: spelling without case and separators first."""
    names = list(known)
    spelled = {plain(name): name for name in names}
    if plain(word) in spelled:
        return spelled[plain(word)]
    lowered = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(word.casefold(), lowered, n=1, cutoff=_CUTOFF)
    return lowered[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Ask for the nearest known name, or list the few there are, or say something else."""
    names = list(known)
    best = near(word, names)
    if best:
        return f'did you mean "{best}"?'
    return otherwise or (f"known: {', '.join(sorted(names))}" if 0 < len(names) <= 20 else "")


def field_hint(
    word: str, where: str, known: Iterable[str], aliases: Mapping[str, str], homes: Mapping[str, str]
) -> str:
    """Say what to write instead of an unknown field: an alias, where it belongs, or the nearest name.

    `homes` maps nested fields to the part of spec that has them, `where` is the part the word stands in.
    """
    names = list(known)
    alias = aliases.get(word) or aliases.get(plain(word), "")
    if alias and (told := _alias_told(alias, where, {*names}, {*homes.values()})):
        return f"use {told}"
    if word in homes:
        return f'"{word}" belongs under {homes[word]}'
    return did_you_mean(word, names, "" if len(names) > 20 else f"it has: {', '.join(sorted(names))}")


def _alias_told(alias: str, where: str, names: set[str], parts: set[str]) -> str:
    """Write what an alias stands for as seen from `where`; nothing where no such field can stand."""
    root = re.split(r"\W", alias.removeprefix(f"{where}."))[0]
    if root not in names | parts:
        return ""
    lead = "" if root in names else "spec."
    if re.fullmatch(r"\w+", alias):
        return f'"{lead}{alias}"'
    return _DOTTED.sub(lambda found: f'"{lead}{found[0].removeprefix(f"{where}.")}"', alias)


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
