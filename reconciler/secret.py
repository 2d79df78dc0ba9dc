"""Secrets: values that travel through plans without being seen, and the scrubber behind every sink."""

from __future__ import annotations

import base64
import json
import math
import re
import urllib.parse
from collections import Counter
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


def redacted(text: str) -> str:
    """Give a text without anything in it that has the form of a credential, or is as random as one."""
    for _, form in TOKEN_FORMS:
        text = form.sub(SENSITIVE, text)
    return _RANDOM.sub(lambda found: SENSITIVE if _is_random_word(found[0]) else found[0], text)


def names_credential(name: str) -> bool:
    """Tell whether a name says that its value is a credential, as `HF_TOKEN` or `clientSecret` do."""
    return bool(_SENSITIVE_NAME.search(name)) and not _OPEN_NAME.search(name)


_RANDOM = re.compile(r"(?<![\w+/=.:-])[A-Za-z0-9+/_=-]{24,200}(?![\w+/=.:-])", re.ASCII)
_RANDOM_BITS = 4.2
_UNBROKEN = re.compile(r"[A-Za-z0-9]{16}", re.ASCII)  # names of models are as mixed, in shorter pieces


@lru_cache(maxsize=64)
def is_random(text: str) -> bool:
    """Tell whether a word as random as a key stands in a text: long, mixed, hardly a letter twice."""
    return any(_is_random_word(word) for word in _RANDOM.findall(text))


def _is_random_word(word: str) -> bool:
    if not _UNBROKEN.search(word):
        return False
    shares = [count / len(word) for count in Counter(word).values()]
    is_mixed = all(re.search(among, word) for among in ("[a-z]", "[A-Z]", "[0-9]"))
    return is_mixed and -sum(share * math.log2(share) for share in shares) >= _RANDOM_BITS


@lru_cache(maxsize=64)  # a long line may be asked about for each of its problems
def holds_credential(line: str) -> bool:
    """Tell whether a source line may hold a credential, so that it is better not shown."""
    return bool(token_form(line) or _SENSITIVE_NAME.search(line) or _IN_URL.search(line))


_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


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

    def stripped(self) -> Secret:
        """Give the same value without the white space around it, as a platform keeps it that trims texts."""
        return Secret(self.reference.strip(), None if self._value is None else self._value.strip())

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

    A value is found as well where white space in it was changed, where a long one was cut into pieces,
    and each line of several for itself. Values shorter than 6 characters cannot be told from ordinary
    words and are left alone.
    """

    SHORTEST = 6
    SHORTEST_LINE = 8
    SHORTEST_PIECE = 23

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self._loose: dict[str, re.Pattern[str]] = {}
        self._long: dict[str, str] = {}
        for value in values:
            self.learn(value)

    def learn(self, value: str) -> None:
        """Add a value to take out from now on."""
        if len(value) < self.SHORTEST:
            return
        lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= self.SHORTEST_LINE]
        known = {text for text in (*_spelled(value), *lines) if len(text) >= self.SHORTEST}
        self._spellings = sorted({*self._spellings, *known}, key=len, reverse=True)
        if len(value.split()) > 1 or "|" in value:
            self._loose[value] = _loosely(value)
        if len(value) > self.SHORTEST_PIECE:
            self._long |= dict.fromkeys(_windows(value), value)

    def absorb(self, other: Scrubber) -> None:
        """Take out from now on whatever another scrubber takes out."""
        self._spellings = sorted({*self._spellings, *other._spellings}, key=len, reverse=True)
        self._loose |= other._loose
        self._long |= other._long

    def scrub(self, text: str) -> str:
        """Give the text with every known secret replaced by `(sensitive)`."""
        for spelling in self._spellings:
            if spelling in text:
                text = text.replace(spelling, SENSITIVE)
        for pattern in self._loose.values():
            text = pattern.sub(SENSITIVE, text)
        for start, end in reversed(list(self._pieces(text))):
            text = f"{text[:start]}{SENSITIVE}{text[end:]}"
        return text

    def finds(self, text: str) -> bool:
        """Tell whether a known secret stands in the text."""
        if any(spelling in text for spelling in self._spellings):
            return True
        return any(p.search(text) for p in self._loose.values()) or any(True for _ in self._pieces(text))

    def _pieces(self, text: str) -> Iterator[tuple[int, int]]:
        """Find where longer pieces of long values stand; any of them holds one aligned window."""
        done = 0
        for at in range(0, len(text) - _WINDOW + 1, _WINDOW) if self._long else ():
            value = self._long.get(text[at : at + _WINDOW])
            if value is None or at < done:
                continue
            start, end = _widened(text, at, value)
            if end - start >= self.SHORTEST_PIECE and start >= done:
                yield start, end
                done = end


_WINDOW = 12
"""A piece of twice this length less one holds a window that begins at a multiple of it."""


def _spelled(value: str) -> set[str]:
    """Spell a value the ways that tools do: JSON, URLs, XML and HTML, base64 at every alignment, hex."""
    quoted = {urllib.parse.quote(value, safe=safe) for safe in ("", "/")} | {urllib.parse.quote_plus(value)}
    bare = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    inside = bare.replace('"', "&quot;")
    marked_up = {bare, inside, inside.replace("'", "&#x27;"), inside.replace("'", "&#39;")}
    found = {value, value.strip(), json.dumps(value)[1:-1], *quoted, *marked_up}
    encoded = value.encode()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + encoded).decode().rstrip("=")
        found.add(text[(0, 2, 3)[shift] : len(text) - 1 if (len(encoded) + shift) % 3 else None])
    return found | {text.replace("+", "-").replace("/", "_") for text in found} | {encoded.hex()}


def _loosely(value: str) -> re.Pattern[str]:
    """Match a value whose white space was changed or spelled out, or whose bars were escaped."""
    words = (re.escape(word).replace(r"\|", r"\\?\|") for word in value.split())
    return re.compile(r"(?:\s|\\[nrt])+".join(words))


def _windows(value: str) -> Iterator[str]:
    """Give every window of a value that is no ordinary text: no white space, and not the same again."""
    for start in range(len(value) - _WINDOW + 1):
        window = value[start : start + _WINDOW]
        if len(set(window)) > _WINDOW // 3 and not any(map(str.isspace, window)):
            yield window


def _widened(text: str, at: int, value: str) -> tuple[int, int]:
    """Widen a window to all around it that the value holds in the same order."""
    start, end = at, at + _WINDOW
    while end < len(text) and text[start : end + 1] in value:
        end += 1
    while start and text[start - 1 : end] in value:
        start -= 1
    return start, end
