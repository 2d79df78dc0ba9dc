"""Write drift for people: what differs from git, and the three ways out of it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diff import ABSENT
from reconciler.drift import Drift, DriftItem
from reconciler.plan.change import Action, FieldChange
from reconciler.report.plan import unknown_text
from reconciler.report.safe import line, short
from reconciler.report.table import cells, padded
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
_MENDS = (Action.CREATE, Action.UPDATE, Action.REPLACE)
_QUIET = ("finished", "stopped")
_FIELD = " " * 6


def drift_text(drift: Drift, *, wide: bool = False, width: int = 120) -> str:
    """Write all drift. `wide` also shows what finished and is as it should be."""
    shown = [item for item in drift.items if wide or item.state not in _QUIET]
    parts = [
        f"drift  {', '.join(map(line, drift.targets))}   {_counts(drift)}\n",
        _items_text(shown, len(drift.targets), width) + unknown_text(drift.unknown),
        _ways_out(drift),
    ]
    return "\n".join(part for part in parts if part)


def _counts(drift: Drift) -> str:
    states = [item.state for item in drift.items]
    unknown = states.count("unknown") + len(drift.unknown)
    parts = [f"{states.count('changed')} changed", f"{states.count('missing')} missing", f"{unknown} unknown"]
    others = ("degraded", "orphaned", "unclaimed", "refused", "stopped", "finished")
    parts += [f"{n} {state}" for state in others if (n := states.count(state))]
    return f"{drift.declared} declared: {', '.join(parts)}"


def _items_text(items: Sequence[DriftItem], targets: int, width: int) -> str:
    word_size = max((len(item.state) for item in items), default=0)
    key_size = max((cells(key_text(item.key, targets)) for item in items), default=0)
    lines: list[str] = []
    for item in items:
        start = f"  {SIGNS.get(item.state, '?')} {line(item.state):<{word_size}}  "
        start += padded(key_text(item.key, targets), key_size)
        source = line(item.source or "")
        fits = cells(start) + 3 + cells(source) <= width
        lines += [f"{start}   {source}"] if fits else [start, f"{_FIELD}{source}"]
        lines += [f"{_FIELD}{short(item.reason)}"] if item.reason and not _is_told_by(item) else []
        size = max((cells(line(field.pointer)) for field in item.fields), default=0)
        for field in item.fields:
            lines += _field_lines(field, size, width)
        lines += [f"{_FIELD}{line(part)}" for part in item.hint.split("\n") if part]
    return "".join(f"{each.rstrip()}\n" for each in lines)


def _is_told_by(item: DriftItem) -> bool:
    """Tell whether the fields say it all: who moved them is no news beside both values."""
    return bool(item.fields) and item.reason.startswith("changed ")


def _field_lines(field: FieldChange, size: int, width: int) -> list[str]:
    live, git = sides(field)
    if field.is_sensitive and live != "(absent)":
        live, git = "(sensitive, differs)", "(sensitive)" if git != "(absent)" else git
    where = (
        f" (line {field.place.line})"
        if field.place and field.place.line and field.after is not ABSENT
        else ""
    )
    pointer = padded(line(field.pointer), size)
    whole = f"{_FIELD}{pointer}   git {git}{where}   live {live}"
    if cells(whole) <= width:
        return [whole]
    return [f"{_FIELD}{line(field.pointer)}", f"{_FIELD}  git   {git}{where}", f"{_FIELD}  live  {live}"]


def _ways_out(drift: Drift) -> str:
    """Say how to put it back, keep it, or never mind it; only commands that would do so."""
    mended = [item for item in drift.items if item.action in _MENDS]
    lines = [*_back(mended), *_consented(drift.items)]
    if any(item.action is Action.DELETE for item in drift.items):
        lines.append("Remove it:      reconciler apply   (only a full apply prunes)")
    one = mended[0] if len(mended) == 1 else None
    if one and len(one.fields) == 1:
        lines += _for_one_field(one.fields[0], one)
    elif any(item.fields for item in mended):
        lines.append("Keep it:        write the live values in git")
        lines.append("Never mind it:  lifecycle: {ignore: [POINTER, ...]}")
    return "".join(f"{text}\n" for text in lines)


def _back(mended: Sequence[DriftItem]) -> list[str]:
    if not mended:
        return []
    name = f" {mended[0].key.kind}/{line(mended[0].key.name)}" if len(mended) == 1 else ""
    ends = sum(item.action is Action.REPLACE for item in mended)
    note = f"   (replaces {ends} of them: what runs there ends)" if ends else ""
    return [f"Put it back:    reconciler apply{name}{note}"]


def _consented(items: Sequence[DriftItem]) -> list[str]:
    words = [line(item.consent) for item in items if item.consent]
    more = f"   (and {len(words) - 1} more)" if len(words) > 1 else ""
    return [f"With consent:   reconciler apply --allow {words[0]}{more}"] if words else []


def _for_one_field(field: FieldChange, item: DriftItem) -> list[str]:
    place = field.place or item.source
    live = sides(field)[0]
    where = f" in {line(place.file)}:{place.line}" if place else ""
    keep = "the live value" if field.is_sensitive else live
    verb = f"remove {line(field.pointer)}" if field.before is ABSENT else f"write {keep}"
    return [
        f"Keep it:        {verb}{where}",
        f"Never mind it:  lifecycle: {{ignore: [{line(field.pointer)}]}}",
    ]
