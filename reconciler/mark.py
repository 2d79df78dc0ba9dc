"""Mark v1: what a live object says about who owns it, and the last-applied record beside it.

The format is written onto running jobs and can never be mended there, so it is versioned and
closed: readers refuse a version they do not know instead of guessing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

VERSION = 1
CANON = 1
"""Version of the canonical form that digests are made of."""

VARIABLES = frozenset({"RECONCILER_MARK", "RECONCILER_RECORD"})
"""Environment variables in which a mark and a record travel; no manifest may state them."""
PREFIX = "reconciler/"
"""What annotations and labels of ours begin with; no manifest may state such a one."""

_DIGITS = 12
"""So many digits at least tell one spec from another."""

_FIELDS = {
    "f": "fleet_id",
    "n": "fleet",
    "k": "key",
    "d": "digest",
    "r": "run_id",
    "c": "commit",
    "t": "commit_time",
    "p": "path",
    "o": "on_remove",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Say which fleet made an object, as which key, from which manifest.

    `key` is the identity without the target's nickname: `cluster uuid/project/Kind/name`.
    `digest` is `CANON:16 hex digits` of the declared spec, secrets as names.
    `commit_time` is RFC 3339 in UTC; empty like `commit` outside git.
    """

    fleet_id: str
    fleet: str
    key: str
    digest: str
    run_id: str = ""
    commit: str = ""
    commit_time: str = ""
    path: str = ""
    on_remove: str = "Delete"
    protect: bool = False


class Owner(StrEnum):
    """Tell whose a live object is, as its mark says."""

    OURS = "ours"
    FOREIGN = "foreign"
    UNCLAIMED = "unclaimed"
    COPIED = "unclaimed (copied mark)"


def owner_of(mark: Mark | None, *, fleet_id: str, identity: str) -> Owner:
    """Judge a mark: it counts only if the key in it is the object's own."""
    if mark is None:
        return Owner.UNCLAIMED
    if mark.key != identity:
        return Owner.COPIED
    return Owner.OURS if mark.fleet_id == fleet_id else Owner.FOREIGN


def canonical_json(value: Any) -> str:
    """Write a JSON-like tree as the one text its digest is made of: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(spec: Mapping[str, Any]) -> str:
    """Digest a canonical spec whose secrets are references: `CANON:16 hex digits`."""
    return f"{CANON}:{hashlib.sha256(canonical_json(spec).encode()).hexdigest()[:16]}"


def is_same_digest(one: str, other: str) -> bool:
    """Tell whether two digests are of one spec, as far as both go: some marks have room for a part only."""
    (canon, _, digits), (other_canon, _, other_digits) = one.partition(":"), other.partition(":")
    told = min(len(digits), len(other_digits))
    is_enough = one == other or (canon == other_canon and told >= _DIGITS)
    return is_enough and digits[:told] == other_digits[:told]


def mark_to_text(mark: Mark) -> str:
    """Write a mark as one line of compact JSON, empty fields left out."""
    body: dict[str, Any] = {"v": VERSION}
    body |= {short: value for short, name in _FIELDS.items() if (value := getattr(mark, name))}
    if mark.protect:
        body["x"] = True
    return canonical_json(body)


def mark_from_text(text: str) -> Mark | None:
    """Read a mark; None for anything that is not a whole mark of a version we know."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or body.get("v") != VERSION:
        return None
    values = {name: body.get(short, "") for short, name in _FIELDS.items()}
    if not all(isinstance(value, str) for value in values.values()) or not (
        values["fleet_id"] and values["key"]
    ):
        return None
    return Mark(**{**values, "on_remove": values["on_remove"] or "Delete"}, protect=body.get("x") is True)
