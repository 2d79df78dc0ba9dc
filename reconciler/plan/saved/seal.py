"""The seal: a digest of the file's own bytes, its last word. Against accident, not against an attacker.

Whoever can write the file can seal it anew; where it is not trusted, `--expect-digest` binds instead.
"""

from __future__ import annotations

import hashlib

UNSEALED = "0" * 64
"""Stands where the seal will be, while the seal is worked out."""

_HEAD, _TAIL = b'"seal": "', b'"\n  }\n}\n'
_DIGITS = frozenset(b"0123456789abcdef")


def sealed(text: str) -> str:
    """Put the seal into a document that ends with an unsealed one. Raises ValueError for any other."""
    data = text.encode()
    if _seal_of(data) != UNSEALED.encode():
        raise ValueError("it does not end with a seal to fill in")
    start = len(data) - len(_TAIL) - len(UNSEALED)
    return (data[:start] + _digest(data) + _TAIL).decode()


def check_seal(data: bytes) -> None:
    """Raise ValueError, saying why, unless every byte of a file is as it was sealed."""
    seal = _seal_of(data)
    if not seal:
        raise ValueError("it does not end with a seal, as a saved plan does")
    start = len(data) - len(_TAIL) - len(seal)
    if _digest(data[:start] + UNSEALED.encode() + _TAIL) != seal:
        raise ValueError("its seal does not fit: it was changed, or not copied whole")


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def _seal_of(data: bytes) -> bytes:
    """Cut out the 64 digits before the end of a document; nothing where they do not stand there."""
    end = data[-len(_HEAD) - len(UNSEALED) - len(_TAIL) :]
    seal = end[len(_HEAD) : -len(_TAIL)]
    is_there = end.startswith(_HEAD) and end.endswith(_TAIL) and len(seal) == len(UNSEALED)
    return seal if is_there and _DIGITS.issuperset(seal) else b""
