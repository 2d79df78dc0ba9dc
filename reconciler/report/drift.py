"""Write drift for people: what differs from git, and the three ways out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.diff import ABSENT
from reconciler.drift import Drift, DriftItem
from reconciler.plan.change import Action, Commit, FieldChange
from reconciler.plan.stopped import STATE
from reconciler.report.cause import advice
from reconciler.report.plan import APPLY, unknown_text
from reconciler.report.safe import line, short
from reconciler.report.table import cells, padded, wrapped
from reconciler.report.units import since
from reconciler.report.values import key_text, sides

SIGNS = {
    "changed": "~",
    "missing": "-",
    "degraded": "!",
    "unclaimed": "?",
    "orphaned": "?",
    "refused": "!",
    "stopped": "=",
    "finished": "=",
    "unknown": "?",
}
_MENDS = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.STOP, Action.RESUME)
_QUIET = ("finished", "stopped")
_FIELD = " " * 6
_VERBS = {"changed": "last updated", "missing": "deleted", "unclaimed": "made", "refused": "made"}


def drift_text(
    drift: Drift, *, now: datetime, wide: bool = False, width: int = 120, command: str = APPLY
) -> str:
    """Write all drift. `wide` also shows what finished and is as it should be.

    `now` is the time that ages are told against; `command` is what the ways out say for apply.
    """
    items = shown(drift, wide=wide)
    parts = [
        f"drift  {', '.join(map(line, drift.targets))}   {counts(drift)}\n",
        _items_text(items, len(drift.targets), width, now) + unknown_text(drift.unknown),
        ways_out(drift, command),
    ]
    return "\n".join(part for part in parts if part)


def shown(drift: Drift, *, wide: bool = False) -> list[DriftItem]:
    """List the items that people look for: what is as it should be only where it was asked for."""
    return [item for item in drift.items if wide or item.state not in _QUIET or item.state in drift.only]


def counts(drift: Drift) -> str:
    """Count the items by state; of those that are narrowed to, only them."""
    states = [item.state for item in drift.items]
    unknown = drift.unread + len(drift.unknown)
    always = [state for state in ("changed", "missing") if state in (drift.only or SIGNS)]
    parts = [f"{states.count(state)} {state}" for state in always] + [f"{unknown} unknown"]
    others = ("degraded", "orphaned", "unclaimed", "refused", "stopped", "finished")
    parts += [f"{n} {state}" for state in others if (n := states.count(state)) or state in drift.only]
    return f"{drift.declared} declared: {', '.join(parts)}"


def story(item: DriftItem, now: datetime) -> str:
    """Tell since when and by whom, and which commit, in one line; "" where nobody says."""
    parts = [_done(item, now)]
    if item.commit:
        where = "out of git" if item.state == "orphaned" else "in git"
        parts.append(f"{where} since {commit_text(item.commit, now)}")
    return "; ".join(filter(None, parts))


def _done(item: DriftItem, now: datetime) -> str:
    age, verb = since(item.since, now) if item.since else "", _VERBS.get(item.state)
    if verb is None:
        return f"for {age}" if age else ""
    is_news = item.by and item.by not in item.reason
    words = [f"{age} ago"] * bool(age) + [f"by {line(item.by)}"] * bool(is_news)
    return " ".join((verb, *words)) if words else ""


def commit_text(commit: Commit, now: datetime) -> str:
    """Write a commit as people look for it: `a1b2c3d Ada, 3d ago`."""
    return f"{line(commit.hash[:7])} {line(commit.author)}, {since(commit.time, now)} ago"


def reasons(item: DriftItem) -> list[str]:
    """Say what is the matter and what led to it, each in one line; what is said twice, once.

    Of fields that moved both values say it all.
    """
    reason = "" if item.fields and item.reason.startswith("changed ") else item.reason
    said = (
        [reason] if item.cause in reason else [item.cause] if reason in item.cause else [reason, item.cause]
    )
    return [short(words) for words in (*said, advice(item.diagnosis)) if words]


def _items_text(items: Sequence[DriftItem], targets: int, width: int, now: datetime) -> str:
    word_size = max((len(item.state) for item in items), default=0)
    key_size = max((cells(key_text(item.key, targets)) for item in items), default=0)
    lines: list[str] = []
    for item in items:
        start = f"  {SIGNS.get(item.state, '?')} {line(item.state):<{word_size}}  "
        start += padded(key_text(item.key, targets), key_size)
        source = line(item.source or "")
        fits = cells(start) + 3 + cells(source) <= width
        lines += [f"{start}   {source}"] if fits else [start, f"{_FIELD}{source}"]
        told = [words for words in (story(item, now), *reasons(item)) if words]
        lines += [f"{_FIELD}{part}" for words in told for part in wrapped(words, width - len(_FIELD))]
        size = max((cells(line(field.pointer)) for field in item.fields), default=0)
        for field in item.fields:
            lines += _field_lines(field, size, width, _stated(field, item, now))
        lines += [f"{_FIELD}{line(part)}" for part in item.hint.split("\n") if part]
    return "".join(f"{each.rstrip()}\n" for each in lines)


def drift_sides(field: FieldChange) -> tuple[str, str]:
    """Write both sides of a field, live first; a sensitive one says only that it differs."""
    live, git = sides(field)
    if field.is_sensitive and live != "(absent)":
        return "(sensitive, differs)", "(sensitive)" if git != "(absent)" else git
    return live, git


def _stated(field: FieldChange, item: DriftItem, now: datetime) -> str:
    """Say where git states a field, and who did."""
    place, commit = field.place, item.commits.get(field.pointer)
    told = [f"line {place.line}"] if place and place.line and field.after is not ABSENT else []
    told += [commit_text(commit, now)] if commit else []
    return f" ({'; '.join(told)})" if told else ""


def _field_lines(field: FieldChange, size: int, width: int, where: str) -> list[str]:
    live, git = drift_sides(field)
    pointer = padded(line(field.pointer), size)
    whole = f"{_FIELD}{pointer}   git {git}{where}   live {live}"
    if cells(whole) <= width:
        return [whole]
    return [f"{_FIELD}{line(field.pointer)}", f"{_FIELD}  git   {git}{where}", f"{_FIELD}  live  {live}"]


def hinting(drift: Drift, command: str) -> Drift:
    """Let the hints say what to type for apply here, as when the fleet file is not the usual one."""
    told = (replace(item, hint=item.hint.replace(APPLY, command)) for item in drift.items)
    return drift if command == APPLY else replace(drift, items=tuple(told))


def ways_out(drift: Drift, command: str = APPLY) -> str:
    """Say how to put it back, keep it, or never mind it; only commands that would do so."""
    mended = [item for item in drift.items if item.action in _MENDS and item.state != "orphaned"]
    lines = [*_back(mended), *_consented(drift.items)]
    if any(item.action is Action.ADOPT for item in drift.items):
        lines.append("Claim it:       reconciler apply")
    if any(item.state == "orphaned" and item.action.destroys for item in drift.items):
        lines.append("Remove it:      reconciler apply   (only a full apply prunes)")
    one = mended[0] if len(mended) == 1 else None
    if one and len(one.fields) == 1:
        lines += _for_one_field(one.fields[0], one)
    elif pointers := {field.pointer for item in mended for field in item.fields}:
        lines.append("Keep it:        write the live values in git")
        if pointers != {STATE}:
            lines.append("Never mind it:  lifecycle: {ignore: [POINTER, ...]}")
    return "".join(f"{text}\n" for text in lines).replace(APPLY, command)


def _back(mended: Sequence[DriftItem]) -> list[str]:
    if not mended:
        return []
    name = f" {mended[0].key.kind}/{line(mended[0].key.name)}" if len(mended) == 1 else ""
    ends = sum(item.action is Action.REPLACE for item in mended)
    stops = sum(item.action is Action.STOP for item in mended)
    told = [f"{verb} {n} of them" for verb, n in (("replaces", ends), ("stops", stops)) if n]
    note = f"   ({' and '.join(told)}: what runs there ends)" if told else ""
    return [f"Put it back:    reconciler apply{name}{note}"]


def _consented(items: Sequence[DriftItem]) -> list[str]:
    words = [line(item.consent) for item in items if item.consent]
    more = f"   (and {len(words) - 1} more)" if len(words) > 1 else ""
    return [f"With consent:   reconciler apply --allow {words[0]}{more}"] if words else []


def _for_one_field(field: FieldChange, item: DriftItem) -> list[str]:
    place = field.place or item.source
    live = sides(field)[0]
    where = f" in {line(place.file)}:{place.line}" if place else ""
    if field.pointer == STATE:
        return [f"Keep it:        write lifecycle.state: {field.before}{where}"]
    keep = "the live value" if field.is_sensitive else live
    verb = f"remove {line(field.pointer)}" if field.before is ABSENT else f"write {keep}"
    return [
        f"Keep it:        {verb}{where}",
        f"Never mind it:  lifecycle: {{ignore: [{line(field.pointer)}]}}",
    ]
