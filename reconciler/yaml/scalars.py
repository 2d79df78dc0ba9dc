"""Scalars: which plain words are more than text. Only what JSON writes the same way.

So a time, a date, `NO`, `1_000`, `0o17`, `007` and the commit id `12345e678` stay text.
"""

from __future__ import annotations

import re

INT64 = range(-(2**63), 2**63)

_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+][0-9]+)", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_START = frozenset("-0123456789+.ntf~")


def resolve(text: str) -> str | int | float | bool | None:
    """Give the value that a plain scalar stands for.

    Raises ValueError, with words for people, for a number that JSON or a 64-bit field cannot hold.
    """
    if text and text[0] not in _START:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return _whole(text)
    if _FLOAT.fullmatch(text):
        return _fraction(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f'"{text}" is not a number that JSON can hold')
    return text


def _whole(text: str) -> int:
    if len(text) > 20 or int(text) not in INT64:
        raise ValueError("a whole number does not fit into 64 bits")
    return int(text)


def _fraction(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is larger than any that JSON can hold")
    return value
