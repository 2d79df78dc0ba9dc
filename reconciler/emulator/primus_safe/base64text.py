"""Entry points: base64 on the way in, text on the way out, and the words that look like both."""

import base64
import binascii
import re

_LIKE = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
ASLEEP = "c2xlZXAgaW5maW5pdHk="  # sleep infinity


def looks_encoded(text: str) -> bool:
    """Whether the server takes a text for base64; `bash` and `run1` are taken for it too."""
    return bool(text) and _LIKE.fullmatch(text) is not None


def encoded(text: str) -> str:
    """Encode what does not look encoded; leave the rest as it is."""
    stripped = text.strip()
    if not stripped or looks_encoded(stripped):
        return stripped
    return base64.b64encode(stripped.encode()).decode()


def decoded(text: str) -> str:
    """Give the text back; bytes that are none become replacement characters."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
