"""Write what is live: a table, a wide one, names, and a document with specs whose values are masked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler.errors import ExitCode, ProviderError
from reconciler.mark import Owner
from reconciler.plan.shown import live_shown
from reconciler.report.jsonform import Document, failure_form, head, key_form, stamp
from reconciler.report.safe import line, short
from reconciler.report.table import table
from reconciler.report.units import amount, since
from reconciler.report.values import key_text
from reconciler.resource import ResourceKey
from reconciler.sight import Found, Seen

HEAD = ("OBJECT", "PHASE", "OWNER", "GPU", "AGE")
WIDE = ("SINCE", "BY", "MANIFEST", "ID", "WHY")


def get_text(
    found: Sequence[Found],
    *,
    width: int = 120,
    targets: int = 1,
    is_wide: bool = False,
    is_whole: bool = True,
) -> str:
    """Write the table, in key order; a wide one also says since when, who, from where and why.

    `is_whole` False: something was not read, so that nothing found is not nothing there.
    """
    if not found:
        return f"nothing {'is live' if is_whole else 'was read'} that fits\n"
    rows = [(*_row(each, targets), *(_wide(each) if is_wide else ())) for each in found]
    return table((*HEAD, *(WIDE if is_wide else ())), rows, width=width)


def _row(found: Found, targets: int) -> tuple[str, ...]:
    row = found.summary
    held = amount(row.gpus) if row.gpus else "-"
    age = since(row.created_at, found.seen_at)
    return key_text(row.key, targets), line(row.phase), found.whose, held, age


def _wide(found: Found) -> tuple[str, ...]:
    row = found.summary
    why = ": ".join(short(part) for part in (row.reason, row.message) if part)
    return (
        since(row.since, found.seen_at),
        line(row.submitted_by) or "-",
        manifest(found) or "-",
        line(row.id),
        why,
    )


def manifest(found: Found) -> str:
    """Name the manifest: of this checkout, else the one that the mark of an object of ours tells."""
    if found.resource:
        return line(found.resource.source.file)
    mark = found.observed.mark if found.observed else found.summary.mark
    return line(mark.path) if mark and found.owner is Owner.OURS else ""


def changes_text(before: Seen, after: Seen, *, now: datetime, targets: int = 1) -> str:
    """Write a line for each object that came, went, or has another phase or owner, in key order.

    Of objects that are not meant only those have a line that were, or are now. Give `after` filled from
    `before`, so that what could not be read has none.
    """
    return "".join(
        f"{now:%H:%M:%S}  {key_text(key, targets)}  {told}\n"
        for key in sorted(before.meant | after.meant)
        if (told := _changed(before, after, key))
    )


def _changed(before: Seen, after: Seen, key: ResourceKey) -> str:
    old, new = before.found.get(key), after.found.get(key)
    if new is None:
        return "gone"
    state = f"{line(new.summary.phase)}  {new.whose}"
    if old is None:
        return f"{state}  (new)"
    if old.summary.id != new.summary.id:
        return f"{state}  (another object of this name)"
    if (old.summary.phase, old.whose) == (new.summary.phase, new.whose):
        return ""
    why = short(new.summary.message or new.summary.reason)
    left = "" if key in after.meant else "  (no longer meant)"
    return f"{line(old.summary.phase)} -> {state}{left}" + (f"  {why}" if why else "")


def get_document(
    found: Sequence[Found],
    *,
    exit_code: ExitCode,
    failures: Sequence[ProviderError] = (),
    shows_values: bool = False,
) -> Document:
    """Give every object with its spec, masked as `live_shown` tells; null for a spec that was not read."""
    return {
        **head("get", exit_code),
        "items": [item(each, shows_values=shows_values) for each in found],
        "failures": [failure_form(failure) for failure in failures],
    }


def item(found: Found, *, shows_values: bool = False) -> Document:
    """Give one object."""
    row = found.summary
    return {
        **key_form(row.key),
        "id": row.id,
        "owner": found.whose.partition(" ")[0],
        "phase": row.phase,
        "reason": row.reason or None,
        "message": row.message or None,
        "gpus": row.gpus,
        "submittedBy": row.submitted_by or None,
        "createdAt": stamp(row.created_at),
        "since": stamp(row.since),
        "completedAt": stamp(row.completed_at),
        "manifest": manifest(found) or None,
        "spec": spec_of(found, shows_values=shows_values),
    }


def spec_of(found: Found, *, shows_values: bool = False) -> Any:
    """Give the live spec; a value stays where the manifest, else the last-applied record, declares it."""
    if found.observed is None:
        return None
    if shows_values:
        return found.observed.spec
    declared = found.resource.spec if found.resource else found.observed.record
    return live_shown(found.observed.spec, declared)
