"""Write a document as JSON lines: what it is first, then one line for each of its items, the exit last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.report.safe import for_json

_ITEMS = {
    "changes": "change",
    "kept": "kept",
    "unclaimed": "unclaimed",
    "items": "drift",
    "outcomes": "outcome",
    "verdicts": "verdict",
    "objects": "object",
    "problems": "problem",
    "refusals": "refusal",
    "failures": "failure",
    "warnings": "warning",
}


def lines_text(document: Mapping[str, Any]) -> str:
    """Write one JSON object per line; `type` says what each is: the document's name, an item, `exit`."""
    return "".join(f"{for_json(json.dumps(each, allow_nan=False))}\n" for each in _lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    apart = {*_ITEMS, "unknown", "exit", "document"}
    yield {"type": document["document"]} | {key: each for key, each in document.items() if key not in apart}
    for scope, why in document.get("unknown", {}).items():
        yield {"type": "unknown", "scope": scope, "why": why}
    for key, word in _ITEMS.items():
        for item in document.get(key, ()):
            yield {"type": word} | item
    yield {"type": "exit"} | document["exit"]
