"""Write all there is about one live object on one page, and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler.errors import ExitCode
from reconciler.mark import Mark
from reconciler.report.get import item, manifest, spec_of
from reconciler.report.health import health_why, health_word
from reconciler.report.jsonform import Document, failure_form, head, health_form, stamp
from reconciler.report.safe import block, line
from reconciler.report.table import table
from reconciler.report.units import amount, since
from reconciler.secret import SENSITIVE
from reconciler.sight import Cell, Described, Found, Section

_MASKED = "   masked: what git does not state, and secrets (--show-values)"


def describe_text(described: Described, spec: str, *, width: int = 120) -> str:
    """Write the page: what it is, whose, how, then each section; `spec` is its spec, masked, as text."""
    now = described.found.seen_at
    note = _MASKED if SENSITIVE in spec else ""
    parts = [_facts(described), f"spec{note}\n{_indented(block(spec))}"]
    parts += [_section_text(section, now, width - 2) for section in described.sections]
    return "\n".join(parts)


def _facts(described: Described) -> str:
    found = described.found
    row, mark = found.summary, _mark(found)
    facts = [
        ("object", str(row.key.full)),
        ("id", row.id),
        ("health", _health(described)),
        ("phase", f"{row.phase}, for {since(row.since, found.seen_at)}"),
        ("why", ": ".join(part for part in (row.reason, row.message) if part)),
        ("GPUs", f"{amount(row.gpus)} held" + (f", {amount(row.idle_gpus)} idle" if row.idle_gpus else "")),
        ("created", f"{stamp(row.created_at) or '-'} by {row.submitted_by or 'nobody named'}"),
        ("owner", found.whose + (f" (fleet {_joined(mark.fleet, mark.fleet_id)})" if mark else "")),
        ("manifest", manifest(found)),
        ("commit", _joined(mark.commit[:12], mark.commit_time, by=" of ") if mark else ""),
    ]
    return "".join(f"{name:<10}{line(said)}\n" for name, said in facts if said)


def _joined(*parts: str, by: str = ", ") -> str:
    """Join what a mark tells: some have no room for all of it."""
    return by.join(filter(None, parts))


def _health(described: Described) -> str:
    if described.health is None:
        return "could not be read" if described.found.observed else ""
    return f"{health_word(described.health)}: {health_why(described.health)}"


def _mark(found: Found) -> Mark | None:
    return found.observed.mark if found.observed else found.summary.mark


def _section_text(section: Section, now: datetime | None, width: int) -> str:
    shown = table(section.head, _cells(section, now), width=width) if section.rows else ""
    note = f"({line(section.note)})\n" if section.note else ""
    return f"{section.name}\n{_indented(shown + note)}"


def _cells(section: Section, now: datetime | None) -> Sequence[tuple[str, ...]]:
    return [tuple(_cell(cell, now) for cell in row) for row in section.rows]


def _cell(cell: Cell, now: datetime | None) -> str:
    if isinstance(cell, datetime):
        return since(cell, now)
    return (amount(cell) if isinstance(cell, float) else line(cell or "")) or "-"


def _indented(text: str) -> str:
    return "".join(f"  {each}\n" for each in text.splitlines())


def describe_document(described: Described, *, exit_code: ExitCode, shows_values: bool = False) -> Document:
    """Give the object as `get` does, its mark, and each section with its rows as maps by column."""
    mark = _mark(described.found)
    return {
        **head("describe", exit_code),
        "item": item(described.found, shows_values=shows_values),
        "health": health_form(described.health) if described.health else None,
        "mark": _mark_form(mark) if mark else None,
        "sections": [
            {
                "name": section.name,
                "note": section.note or None,
                "rows": [_row_form(section.head, row) for row in section.rows],
            }
            for section in described.sections
        ],
        "failures": [failure_form(failure) for failure in described.failures],
    }


def _mark_form(mark: Mark) -> Document:
    fleet = {"id": mark.fleet_id, "name": mark.fleet}
    return {"fleet": fleet, "commit": mark.commit or None, "path": mark.path or None, "runId": mark.run_id}


def _row_form(names: Sequence[str], row: Sequence[Cell]) -> dict[str, Any]:
    shown = [stamp(cell) if isinstance(cell, datetime) else cell for cell in row]
    return dict(zip((name.lower() for name in names), shown, strict=True))


def spec_form(described: Described, *, shows_values: bool = False) -> Any:
    """Give the spec, masked, for the page."""
    return spec_of(described.found, shows_values=shows_values)
