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
from reconciler.report.markdown import BUDGET, problems_list, unread_list
from reconciler.report.plan import APPLY
from reconciler.report.platform import failure_problems
from reconciler.report.room import fitting, names_of
from reconciler.report.safe import code, cut, fenced, line, short
from reconciler.report.units import count
from reconciler.report.values import key_text

_VALUE = 200
_FIELDS = 20
_CLOSING_ROOM = 8_000


def drift_markdown(drift: Drift, *, now: datetime, command: str = APPLY, budget: int = BUDGET) -> str:
    """Write the page: counts, a table, what differs, and the ways out.

    `now` is what ages count to; `command` is what to type for apply.
    """
    head = f"### Drift of {names_of(drift.targets)}\n\n{counts(drift)}.\n\n"
    head += problems_list(failure_problems(drift.failures), budget // 4)
    foot = _foot(drift, command)
    items = sorted(shown(drift), key=lambda item: (STATES.index(item.state), item.key))
    room = budget - len(head.encode()) - len(foot.encode()) - 1
    lines = [*_table(items, drift, now), *_details(items, drift, now)]
    body = fitting(lines, len(lines), room, lambda shown: _left_out(len(lines) - shown))
    return head + (f"{body.rstrip(chr(10))}\n\n" if body else "") + foot


def _left_out(number: int) -> str:
    return f"\n{count(number, 'more line')} left out for length; the JSON document has all of them.\n\n"


def _table(items: Sequence[DriftItem], drift: Drift, now: datetime) -> Iterable[str]:
    for item in items:
        what = "<br>".join(code(words) for words in (story(item, now), *reasons(item)) if words)
        where = code(short(item.source)) if item.source else ""
        key = code(short(key_text(item.key, len(drift.targets))))
        row = f"| {item.state} | {key} | {what} | {where} |\n"
        yield row if item is not items[0] else f"| | object | what | where |\n|--|--|--|--|\n{row}"


def _details(items: Sequence[DriftItem], drift: Drift, now: datetime) -> Iterable[str]:
    """Show both sides of each field, git's with the commit that wrote it."""
    for item in items:
        if item.fields:
            text = "\n".join(_field_lines(item, now))
            key = code(short(key_text(item.key, len(drift.targets))))
            yield f"\n{key}\n\n{fenced(text, 'text')}"


def _field_lines(item: DriftItem, now: datetime) -> Iterable[str]:
    for field in item.fields[:_FIELDS]:
        live, git = (cut(side, _VALUE) for side in drift_sides(field))
        commit = item.commits.get(field.pointer)
        yield line(field.pointer)
        yield f"  git   {git}" + (f"   ({commit_text(commit, now)})" if commit else "")
        yield f"  live  {live}"
    if len(item.fields) > _FIELDS:
        yield f"and {count(len(item.fields) - _FIELDS, 'more field')}"


def _foot(drift: Drift, command: str) -> str:
    ways = ways_out(drift, command)
    return unread_list(drift.unknown, _CLOSING_ROOM) + (
        fenced(cut(ways, _CLOSING_ROOM), "text") if ways else ""
    )
