"""Merge a partial JSON object into a whole one, as a PATCH does."""

from typing import Any

Json = Any


def merge(base: dict[str, Json], changes: dict[str, Json]) -> dict[str, Json]:
    """Lay `changes` over `base`: absent keeps, null clears, objects merge, lists replace."""
    out = dict(base)
    for key, value in changes.items():
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merge(out[key], value)
        else:
            out[key] = value
    return out
