"""Kubernetes quantities: read them as numbers, write them the way the API server does."""

import re
from decimal import Decimal, InvalidOperation

PATTERN = r"^([+]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
_PARTS = re.compile(PATTERN)
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def number(quantity: str) -> Decimal | None:
    """Read a quantity; None if Kubernetes could not either."""
    found = _PARTS.match(quantity)
    if not found:
        return None
    head, unit = found.groups()
    try:
        if unit in _BINARY:
            return Decimal(head) * Decimal(1024) ** _BINARY[unit]
        if unit in _DECIMAL:
            return Decimal(head) * Decimal(10) ** _DECIMAL[unit]
        return Decimal(head + unit)
    except InvalidOperation:
        return None


def gib(quantity: str) -> float:
    """Read an amount of memory in GiB."""
    return float((number(quantity) or Decimal(0)) / Decimal(1024) ** 3)


def canonical(quantity: str) -> str:
    """Write a quantity with the largest unit of its own family that leaves it whole."""
    value = number(quantity)
    if not value:
        return quantity
    if quantity.rstrip("0123456789.").endswith("i") or quantity.endswith(tuple(_BINARY)):
        families = [(unit, Decimal(1024) ** power) for unit, power in _BINARY.items()]
    else:
        families = [(u, Decimal(10) ** p) for u, p in _DECIMAL.items() if p > 0 and u != "K"]
    for unit, size in reversed(families):
        if value % size == 0:
            return f"{int(value / size)}{unit}"
    return quantity
