"""Memory on its way between machines: written and read as JSON, and joined. Pure."""

from __future__ import annotations

import json
from typing import Any

from reconciler.journal.finished import finished_from, finished_in, is_time, newest
from reconciler.journal.records import Intent, Memory, last_plans, texts
from reconciler.resource import EMPTY

_FORMAT = 1
_MOST = 1000


def to_json(memory: Memory) -> bytes:
    """Write a memory as the file memory.json: keys, digests, ids and counts, never a spec."""
    value = {
        "format": _FORMAT,
        "at": memory.at,
        "endedClean": memory.ended_clean,
        "doubtful": [
            {name: getattr(intent, name) for name in Intent.__slots__} for intent in memory.doubtful[:_MOST]
        ],
        "owned": dict(memory.owned),
        "declared": memory.declared,
        "halfDone": dict(memory.half_done),
        "usedPlans": dict(memory.used_plans),
        "finished": finished_in(memory.finished),
    }
    return json.dumps(value, indent=1, sort_keys=True).encode()


def from_json(data: bytes) -> Memory:
    """Read a memory that anybody may have written; what makes no sense counts as not remembered."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return Memory()
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        return Memory()
    at = value.get("at")
    is_known = isinstance(at, str) and is_time(at)
    return Memory(
        ended_clean=value.get("endedClean") is True,
        doubtful=_intents(value.get("doubtful")),
        owned=_counts(value.get("owned")) if is_known else EMPTY,
        declared=_count(value.get("declared")) if is_known else 0,
        at=str(at) if is_known else "",
        half_done=texts(value.get("halfDone")),
        used_plans=texts(value.get("usedPlans")),
        finished=finished_from(value.get("finished")),
    )


def joined(local: Memory, shared: Memory) -> Memory:
    """Join what this machine and the ref remember: the newer counts, all finished runs, all half done.

    Clean only if neither knows of a run that was not: an unclean one is told until a clean one follows.
    """
    known = [memory for memory in (local, shared) if memory != Memory()]
    newer = max(known, key=lambda memory: memory.at, default=Memory())
    return Memory(
        ended_clean=bool(known) and all(memory.ended_clean for memory in known),
        doubtful=tuple(dict.fromkeys((*local.doubtful, *shared.doubtful))),
        owned=newer.owned,
        declared=newer.declared,
        at=newer.at,
        half_done={**local.half_done, **shared.half_done},
        used_plans=last_plans({**local.used_plans, **shared.used_plans}),
        finished=newest(shared.finished, local.finished),
    )


def _intents(value: Any) -> tuple[Intent, ...]:
    listed = value[:_MOST] if isinstance(value, list) else []
    return tuple(
        Intent(**{name: str(item.get(name, ""))[:500] for name in Intent.__slots__})
        for item in listed
        if isinstance(item, dict)
    )


def _counts(value: Any) -> dict[str, int]:
    return {str(name): _count(count) for name, count in value.items()} if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
