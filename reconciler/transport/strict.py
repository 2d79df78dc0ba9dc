"""Read JSON as the standard has it: no NaN, no duplicate keys, nothing after the end, no half characters."""

from __future__ import annotations

import gc
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from reconciler.resource import Json

_BULK = 256 * 1024
_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(body: bytes) -> Json:
    """Read one JSON value out of a whole body. Raises ValueError saying what is wrong with it."""
    try:
        text = body.decode("utf-8")
        with _paused(is_bulk=len(body) > _BULK):
            value = json.loads(text, parse_constant=_constant, parse_float=_number, object_pairs_hook=_unique)
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has one key twice")
    return found


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


@contextmanager
def _paused(*, is_bulk: bool) -> Iterator[None]:
    """Keep the garbage collector still: decoding makes many objects and no cycles."""
    if not (is_bulk and gc.isenabled()):
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
