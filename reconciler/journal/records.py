"""Lines of the journal: compact JSON with a checksum, and what can be learnt from them. Pure."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.journal.finished import finished_from, finished_in, newest
from reconciler.mark import canonical_json
from reconciler.plan.known import Ran
from reconciler.resource import EMPTY

REPLACING = "replace"
"""The action of an intent that deletes what is created anew right after."""

Record = Mapping[str, Any]
"""One line: `do` says what it is (start, intent, result, end, memory), `run` whose it is."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Tell one write that was about to be sent. `id` is the platform's id of what it was sent to."""

    op: str
    key: str
    action: str
    digest: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """Tell what the journal knows of the runs before this one.

    `ended_clean` is True only if the last run ended with no write in doubt. `doubtful` are its writes
    whose outcome is not known. `owned` and `declared` are counts at the end of the last clean run, and
    `at` is when that was (RFC 3339). `finished` holds the newest finished run of each key, by its full name.
    `half_done` maps the key of what it deleted to create anew, and did not, to the id it deleted.
    `used_plans` maps the nonce of each saved plan that was begun to when (RFC 3339), the last
    `MOST_PLANS` of them.
    """

    ended_clean: bool = False
    doubtful: tuple[Intent, ...] = ()
    owned: Mapping[str, int] = EMPTY
    declared: int = 0
    at: str = ""
    half_done: Mapping[str, str] = EMPTY
    finished: Mapping[str, Ran] = EMPTY
    used_plans: Mapping[str, str] = EMPTY


MOST_PLANS = 500
"""So many saved plans are remembered as begun; an older one has expired."""


def to_line(record: Record) -> bytes:
    """Write a record as one line: its JSON, a tab, the CRC-32 of the JSON, a newline."""
    body = canonical_json(record).encode()
    return b"%s\t%08x\n" % (body, zlib.crc32(body))


def from_lines(data: bytes) -> tuple[list[Record], int]:
    """Read records up to the first line that is not whole, and tell how many bytes they fill.

    Only the tail can be torn: whoever appends cuts a torn tail off first.
    """
    records: list[Record] = []
    good = 0
    while (end := data.find(b"\n", good)) >= 0:
        record = _from_line(data[good:end])
        if record is None:
            break
        records.append(record)
        good = end + 1
    return records, good


def _from_line(line: bytes) -> Record | None:
    body, _, checksum = line.rpartition(b"\t")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    try:
        record = json.loads(body)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def learn(records: Iterable[Record]) -> Memory:
    """Work out what the last run left behind, and what the last clean one counted."""
    listed = list(records)
    clean = next((r for r in reversed(listed) if r.get("do") == "end" and r.get("clean") is True), {})
    last = _last_run(listed)
    results = {str(r.get("op")): r.get("state") for r in last if r.get("do") == "result"}
    intents = [_intent(r) for r in last if r.get("do") == "intent"]
    return Memory(
        ended_clean=bool(last) and last[-1].get("do") == "end" and last[-1].get("clean") is True,
        doubtful=tuple(i for i in intents if results.get(i.op) not in ("ok", "failed")),
        owned=_counts(clean.get("owned")),
        declared=_count(clean.get("declared")),
        at=str(clean.get("at", "")),
        half_done=half_done(listed),
        finished=newest(*(finished_from(record.get("finished")) for record in listed)),
        used_plans=begun_plans(listed),
    )


def half_done(records: Iterable[Record], before: Mapping[str, str] = EMPTY) -> dict[str, str]:
    """Find what was deleted to be created anew, and was not, over all runs: its key and the deleted id.

    `before` is what was known to be so before these records.
    """
    listed = list(records)
    states = {r.get("op"): r.get("state") for r in listed if r.get("do") == "result"}
    found = dict(before)
    for record in listed:
        found |= texts(record.get("halfDone"))
        if record.get("do") != "intent":
            continue
        intent, state = _intent(record), states.get(record.get("op"))
        if intent.action == REPLACING and state != "failed":
            found[intent.key] = intent.id
        elif intent.action == "create" and state == "ok":
            found.pop(intent.key, None)
    return found


def begun_plans(records: Iterable[Record], before: Mapping[str, str] = EMPTY) -> dict[str, str]:
    """Find the last saved plans that were begun: the nonce of each, and when.

    `before` is what was known to be so before these records.
    """
    found = dict(before)
    for record in records:
        found |= texts(record.get("usedPlans"))
        if record.get("do") == "start" and record.get("plan"):
            found[str(record["plan"])] = str(record.get("at", ""))
    return last_plans(found)


def last_plans(begun: Mapping[str, str]) -> dict[str, str]:
    """Keep the saved plans that were begun last."""
    return dict(sorted(begun.items(), key=lambda item: (item[1], item[0]))[-MOST_PLANS:])


def _last_run(records: Iterable[Record]) -> list[Record]:
    """Give the records from the last start on."""
    found: list[Record] = []
    for record in records:
        if record.get("do") == "start":
            found = []
        found.append(record)
    return found


def worth_keeping(records: Iterable[Record]) -> list[Record]:
    """Choose what `learn` needs: all of the last run, and of the earlier ones the end of the last clean one,
    what had finished, what is half done, and which saved plans were begun.
    """
    listed = list(records)
    last = _last_run(listed)
    earlier = listed[: len(listed) - len(last)]
    clean = [r for r in earlier if r.get("do") == "end" and r.get("clean") is True]
    done = newest(*(finished_from(record.get("finished")) for record in earlier))
    half, begun = half_done(earlier), begun_plans(earlier)
    kept: list[Record] = []
    if done or half or begun:
        kept.append({"do": "memory", "finished": finished_in(done), "halfDone": half, "usedPlans": begun})
    return [*kept, *({**end, "finished": {}} for end in clean[-1:]), *last]


def _intent(record: Record) -> Intent:
    return Intent(**{name: str(record.get(name, "")) for name in ("op", "key", "action", "digest", "id")})


def _counts(value: Any) -> Mapping[str, int]:
    return {str(name): _count(count) for name, count in value.items()} if isinstance(value, dict) else {}


def texts(value: Any) -> Mapping[str, str]:
    """Read a map of texts from what anybody may have written."""
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
