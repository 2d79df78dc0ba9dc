"""Secrets: values that travel through plans without being seen, and the scrubber behind every sink."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

SENSITIVE = "(sensitive)"
UNKNOWN_SENSITIVE = "(sensitive, not set here)"

TOKEN_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{16,}")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("an NVIDIA API key", re.compile(r"\bnvapi-[A-Za-z0-9_-]{16,}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")),
    ("a JSON Web Token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
)
"""Forms that are a credential wherever they stand, and what people call them."""

_SENSITIVE_NAME = re.compile(
    r"(?:secret|token(?!iz)|passw|passphrase|credential|(?:api|access|private|wandb)[-_. ]?key|^auth$)",
    re.IGNORECASE,
)
_OPEN_NAME = re.compile(r"(?:tokens$|max_?tokens|secret_?name|_file$|_path$|_dir$|_url$)", re.IGNORECASE)


def token_form(text: str) -> str:
    """Name the credential form that stands in a text, such as `a GitHub token`; empty if none does."""
    return next((name for name, form in TOKEN_FORMS if form.search(text)), "")


def names_credential(name: str) -> bool:
    """Tell whether a name says that its value is a credential, as `HF_TOKEN` or `clientSecret` do."""
    return bool(_SENSITIVE_NAME.search(name)) and not _OPEN_NAME.search(name)


@lru_cache(maxsize=64)  # a long line may be asked about for each of its problems
def holds_credential(line: str) -> bool:
    """Tell whether a source line may hold a credential, so that it is better not shown."""
    return bool(token_form(line)) or bool(_SENSITIVE_NAME.search(line))


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

    def __copy__(self) -> Secret:
        """Stay the same value in every copy."""
        return self

    def __deepcopy__(self, _: object) -> Secret:
        """Stay the same value in every copy."""
        return self

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
        quoted = {urllib.parse.quote(value, safe=safe) for safe in ("", "/")} | {
            urllib.parse.quote_plus(value)
        }
        spellings = {value, value.strip(), json.dumps(value)[1:-1], *quoted}
        encoded = value.encode()
        for shift in range(3):
            text = base64.b64encode(b"\0" * shift + encoded).decode().rstrip("=")
            spellings.add(text[(0, 2, 3)[shift] : len(text) - 1 if (len(encoded) + shift) % 3 else None])
        spellings |= {text.replace("+", "-").replace("/", "_") for text in tuple(spellings)}
        spellings.add(encoded.hex())
        known = {text for text in spellings if len(text) >= self.SHORTEST}
        self._spellings = sorted({*self._spellings, *known}, key=len, reverse=True)

    def absorb(self, other: Scrubber) -> None:
        """Take out from now on whatever another scrubber takes out."""
        self._spellings = sorted({*self._spellings, *other._spellings}, key=len, reverse=True)

    def scrub(self, text: str) -> str:
        """Give the text with every known secret replaced by `(sensitive)`."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, SENSITIVE)
        return text

    def finds(self, text: str) -> bool:
        """Tell whether a known secret stands in the text."""
        return any(spelling in text for spelling in self._spellings)
