"""Write drift as Markdown, for the issue or the summary of a scheduled run.

Everything that comes from a manifest, from git or from a platform stands inside a code span or a fence
that it cannot leave. The page stays within a number of bytes and counts what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.drift import STATES, Drift, DriftItem
from reconciler.report.drift import (
    commit_text,
    counts,
    drift_sides,
    reasons,
    shown,
    story,
    ways_out,
)
from reconciler.report.markdown import BUDGET, problems_list
from reconciler.report.platform import failure_problems
from reconciler.report.safe import code, cut, fenced, line, short
from reconciler.report.units import count
from reconciler.report.values import key_text

_VALUE = 200
_FIELDS = 20
_CLOSING_ROOM = 8_000


def drift_markdown(drift: Drift, *, now: datetime, budget: int = BUDGET) -> str:
    """Write the page: counts, a table, what differs, and the ways out. `now` is what ages count to."""
    targets = ", ".join(code(target) for target in drift.targets)
    head = f"### Drift of {targets}\n\n{counts(drift)}.\n\n"
    head += problems_list(failure_problems(drift.failures), budget // 4)
    foot = _foot(drift)
    items = sorted(shown(drift), key=lambda item: (STATES.index(item.state), item.key))
    room = budget - len(head.encode()) - len(foot.encode()) - 200
    blocks = [*_table(items, drift, now), *_details(items, drift, now)]
    return head + _fitting(blocks, room) + foot


def _fitting(blocks: Sequence[tuple[str, str]], room: int) -> str:
    """Join blocks while there is room; each comes with the heading that it stands under, once."""
    text, heading = "", ""
    for number, (above, block) in enumerate(blocks):
        piece = block if above == heading else f"\n{above}{block}" if text else f"{above}{block}"
        room -= len(piece.encode())
        if room < 0:
            left = count(len(blocks) - number, "more line")
            return f"{text}\n{left} left out for length; the JSON document has all of them.\n\n"
        text, heading = text + piece, above
    return text.rstrip("\n") + "\n\n" if text else ""


def _table(items: Sequence[DriftItem], drift: Drift, now: datetime) -> Iterable[tuple[str, str]]:
    head = "| | object | what | where |\n|--|--|--|--|\n"
    for item in items:
        what = "<br>".join(code(words) for words in (story(item, now), *reasons(item)) if words)
        where = code(item.source) if item.source else ""
        key = code(key_text(item.key, len(drift.targets)))
        yield head, f"| {item.state} | {key} | {what} | {where} |\n"


def _details(items: Sequence[DriftItem], drift: Drift, now: datetime) -> Iterable[tuple[str, str]]:
    """Show both sides of each field, git's with the commit that wrote it."""
    for item in items:
        if item.fields:
            text = "\n".join(_field_lines(item, now))
            yield "", f"{code(key_text(item.key, len(drift.targets)))}\n\n{fenced(text, 'text')}\n"


def _field_lines(item: DriftItem, now: datetime) -> Iterable[str]:
    for field in item.fields[:_FIELDS]:
        live, git = (cut(side, _VALUE) for side in drift_sides(field))
        commit = item.commits.get(field.pointer)
        yield line(field.pointer)
        yield f"  git   {git}" + (f"   ({commit_text(commit, now)})" if commit else "")
        yield f"  live  {live}"
    if len(item.fields) > _FIELDS:
        yield f"and {count(len(item.fields) - _FIELDS, 'more field')}"


def _foot(drift: Drift) -> str:
    unread = "".join(
        f"- not read: {code(scope)}: {code(short(why))}\n" for scope, why in sorted(drift.unknown.items())
    )
    ways = ways_out(drift)
    if len(unread.encode()) > _CLOSING_ROOM:
        unread = f"- {count(len(drift.unknown), 'scope')} could not be read\n"
    return (f"{unread}\n" if unread else "") + (fenced(cut(ways, _CLOSING_ROOM), "text") if ways else "")
