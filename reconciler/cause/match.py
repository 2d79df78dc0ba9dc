"""Match lines against the table: quickly, as nearly all lines name no cause."""

from __future__ import annotations

from reconciler.cause.signature import HARMLESS, Signature
from reconciler.cause.table import SIGNATURES


def _fewest(words: set[str]) -> tuple[str, ...]:
    """Leave out the words that hold another of them."""
    return tuple(sorted(word for word in words if not any(each in word for each in words - {word})))


_WORDS = _fewest({word for signature in SIGNATURES for word in signature.words})


def signature_of(text: str, *, is_quiet: bool) -> Signature | None:
    """Find the first signature that a line has; None for nearly all lines."""
    low = text.lower()
    if not _has_any(low, _WORDS):
        return None
    for signature in SIGNATURES:
        if is_quiet and not signature.is_loud:
            continue
        if _has_any(low, signature.words) and signature.pattern.search(text):
            return None if HARMLESS.search(text) else signature
    return None


def _has_any(low: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - every line comes by here, and any() takes twice as long
        if word in low:
            return True
    return False
