"""Finished runs, as the journal keeps them: the newest of each key, for good. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.plan.known import Ran

MOST = 10_000
"""So many keys are remembered; of more, those that were seen last."""

_LONGEST = 512


def newest(*every: Mapping[str, Ran]) -> dict[str, Ran]:
    """Join what is remembered: of each key the run seen last, where times agree the one given last."""
    joined: dict[str, Ran] = {}
    for found in every:
        for key, ran in found.items():
            if key not in joined or ran.at >= joined[key].at:
                joined[key] = ran
    if len(joined) <= MOST:
        return joined
    last = sorted(joined, key=lambda key: (joined[key].at, key), reverse=True)[:MOST]
    return {key: joined[key] for key in sorted(last)}


def unseen(found: Mapping[str, Ran], before: Mapping[str, Ran]) -> dict[str, Ran]:
    """Choose the runs that are not remembered yet; when a run was first seen is kept."""
    return {key: ran for key, ran in found.items() if _run(ran) != _run(before.get(key))}


def finished_in(runs: Mapping[str, Ran]) -> dict[str, Any]:
    """Write finished runs as JSON."""
    return {key: {"digest": ran.digest, "runId": ran.run_id, "at": ran.at} for key, ran in runs.items()}


def finished_from(value: Any) -> dict[str, Ran]:
    """Read finished runs from JSON that anybody may have written; what is not one is left out."""
    if not isinstance(value, dict):
        return {}
    read = {str(key): _ran(item) for key, item in value.items() if len(str(key)) <= _LONGEST}
    return {key: ran for key, ran in read.items() if ran is not None}


def _ran(item: Any) -> Ran | None:
    if not isinstance(item, dict):
        return None
    words = [item.get(name) for name in ("digest", "runId", "at")]
    if not all(isinstance(word, str) and len(word) <= _LONGEST for word in words):
        return None
    digest, run_id, at = (str(word) for word in words)
    return Ran(digest, run_id, at) if digest and is_time(at) else None


def is_time(at: str) -> bool:
    """Tell whether a text is a time with its zone, as RFC 3339 writes it."""
    try:
        return datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        return False


def _run(ran: Ran | None) -> tuple[str, str] | None:
    return (ran.digest, ran.run_id) if ran else None
