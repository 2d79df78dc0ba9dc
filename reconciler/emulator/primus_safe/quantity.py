"""Kubernetes quantities: read, rounded up, halved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?")
_BINARY: Mapping[str, int] = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
    "Ei": 2**60,
}
_DECIMAL: Mapping[str, Decimal] = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
}
_LARGEST, _LONGEST = Decimal(2**63 - 1), 60
MALFORMED = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class Malformed(ValueError):
    """The text is no quantity."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount, and whether it was written in powers of two."""

    amount: Decimal
    is_binary: bool = False

    @property
    def whole(self) -> int:
        """Give it in whole units, rounded up: half a core counts as one."""
        return int(self.amount.to_integral_value(ROUND_CEILING))

    def halved(self) -> str:
        """Give half of it in canonical text, in the family of units it was written in."""
        return canonical(self.whole // 2, is_binary=self.is_binary)


def parse(text: str) -> Quantity:
    """Read a quantity; what is larger than the largest counts as that.  Raises Malformed."""
    found = _FORM.fullmatch(text)
    if found is None or len(found[1]) > _LONGEST:
        raise Malformed(MALFORMED)
    number, suffix = found[1], found[2] or ""
    try:
        if suffix in _BINARY:
            return Quantity(_capped(Decimal(number) * _BINARY[suffix]), is_binary=True)
        if suffix[:1] in {"e", "E"} and len(suffix) > 1:
            return Quantity(_capped(Decimal(number + suffix)))
        return Quantity(_capped(Decimal(number) * _DECIMAL[suffix]))
    except ArithmeticError:
        raise Malformed(MALFORMED) from None


def _capped(amount: Decimal) -> Decimal:
    return max(min(amount, _LARGEST), -_LARGEST)


def canonical(whole: int, *, is_binary: bool) -> str:
    """Write an amount with the largest unit that leaves no fraction."""
    units = [(text, size) for text, size in _BINARY.items()] if is_binary else _thousands()
    fitting = [(text, size) for text, size in units if whole and whole % size == 0]
    if not fitting:
        return str(whole)
    text, size = fitting[-1]
    return f"{whole // size}{text}"


def _thousands() -> list[tuple[str, int]]:
    return [(text, int(size)) for text, size in _DECIMAL.items() if size > 1]
