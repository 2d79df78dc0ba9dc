"""Secrets: values that travel through plans without being seen, and the scrubber behind every sink."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

SENSITIVE = "(sensitive)"
UNKNOWN_SENSITIVE = "(sensitive, not set here)"


@dataclass(frozen=True, slots=True)
class Secret:
    """Hold a value that is opened only where a request body is built.

    `reference` says where it comes from with names only: `secret:HF_TOKEN`, or a text with
    such references inside. Digests, marks and records use it; two secrets are equal when it is.
    `_value` is None when the environment does not hold it (a plan may go on without).
    """

    reference: str
    _value: str | None = field(default=None, repr=False, compare=False)

    @property
    def is_known(self) -> bool:
        """Tell whether the environment held the value."""
        return self._value is not None

    def reveal(self) -> str:
        """Open the secret. Only for building a request body or comparing with a live value."""
        if self._value is None:
            raise KeyError(self.reference)
        return self._value

    def __repr__(self) -> str:
        """Never show the value."""
        return SENSITIVE if self.is_known else UNKNOWN_SENSITIVE

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Never show the value."""
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("a secret is not written anywhere")


def revealed(value: Any) -> Any:
    """Open every secret in a JSON-like tree. Raises KeyError for one that is not set."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: revealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(item) for item in value]
    return value


def referenced(value: Any) -> Any:
    """Replace every secret in a JSON-like tree by its reference. For digests, marks and records."""
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, Mapping):
        return {key: referenced(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [referenced(item) for item in value]
    return value


def secrets_in(value: Any) -> Iterator[Secret]:
    """Find every secret in a JSON-like tree, in document order."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from secrets_in(item)


class Scrubber:
    """Take known secret values out of any text, in the spellings that servers and tools echo.

    Values shorter than 6 characters cannot be told from ordinary words and are left alone.
    """

    SHORTEST = 6

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        for value in values:
            self.learn(value)

    def learn(self, value: str) -> None:
        """Add a value to take out from now on."""
        if len(value) < self.SHORTEST:
            return
        spellings = {
            value,
            value.strip(),
            json.dumps(value)[1:-1],
            urllib.parse.quote(value, safe=""),
        }
        encoded = value.encode()
        for shift in range(3):
            text = base64.b64encode(b"\0" * shift + encoded).decode().rstrip("=")
            spellings.add(text[(0, 2, 3)[shift] : len(text) - 1 if (len(encoded) + shift) % 3 else None])
        spellings |= {text.replace("+", "-").replace("/", "_") for text in tuple(spellings)}
        spellings.add(encoded.hex())
        known = {text for text in spellings if len(text) >= self.SHORTEST}
        self._spellings = sorted({*self._spellings, *known}, key=len, reverse=True)

    def scrub(self, text: str) -> str:
        """Give the text with every known secret replaced by `(sensitive)`."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, SENSITIVE)
        return text

    def finds(self, text: str) -> bool:
        """Tell whether a known secret stands in the text."""
        return any(spelling in text for spelling in self._spellings)
