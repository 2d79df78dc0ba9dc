"""Quantities: amounts as Kubernetes writes them, a number and maybe a suffix; one spelling for each value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from reconciler.resource import Json

_MANTISSA = r"\+?([0-9]{0,40}(?:\.[0-9]{0,40})?)"
_QUANTITY = re.compile(_MANTISSA + r"([numkKMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?", re.ASCII)
_TENS = {"n": -9, "u": -6, "m": -3, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_UNITS: Mapping[str, Fraction] = {
    "": Fraction(1),
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)},
    **{unit: Fraction(10) ** power for unit, power in _TENS.items()},
}


def quantity_value(text: Json) -> Fraction | None:
    """Read a quantity by its exact value, numbers as well; None for what is none."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    found = _QUANTITY.fullmatch(str(text))
    if found is None or not found[1].strip("."):
        return None
    unit = found[2] or ""
    factor = _UNITS[unit] if unit in _UNITS else Fraction(10) ** int(unit[1:])
    return Fraction(found[1]) * factor


def says_few_bytes(text: Json) -> str:
    """Say what is odd about an amount of memory that is some, but below a mebibyte; "" where nothing is."""
    value = quantity_value(text)
    if not value or value >= _UNITS["Mi"]:
        return ""
    size = "less than a byte" if value < 1 else "1 byte" if value == 1 else f"{_decimal(value)} bytes"
    why = ": m means thousandths" if str(text).endswith("m") else ""
    return f'is "{text}", {size}{why}'


def quantity(text: Json) -> Json:
    """Spell a quantity the shortest way that keeps its value; what is none stays as it is."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return text
    return _shortest(str(text)) or text


@lru_cache(maxsize=4096)
def _shortest(text: str) -> str:
    """Spell a quantity the shortest way; "" for what is none. A fleet repeats the same few."""
    value = quantity_value(text)
    if value is None:
        return ""
    spellings = (_decimal(value / size) + unit for unit, size in _UNITS.items() if unit != "K")
    return min(spellings, key=lambda spelling: (len(spelling), "." in spelling))


def _decimal(value: Fraction) -> str:
    """Write a fraction as a decimal. Units are made of twos and fives, so it always ends."""
    places, rest = 0, value.denominator
    while rest > 1:
        rest = rest // 10 if rest % 10 == 0 else rest // 5 if rest % 5 == 0 else rest // 2
        places += 1
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}".rstrip("0") if places else digits
