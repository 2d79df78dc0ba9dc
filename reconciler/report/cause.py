"""Write why an object is not well: the kind of cause in words, who failed first, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.cause import ABOUT, Diagnosis
from reconciler.outcome import Verdict, whereabouts
from reconciler.report.safe import line, short


def diagnosis_form(found: Diagnosis | None) -> dict[str, object] | None:
    """Give a diagnosis for machines; the lines around the causal one stay out."""
    if found is None:
        return None
    return {
        "cause": str(found.cause),
        "words": ABOUT[found.cause].words,
        "hint": ABOUT[found.cause].hint,
        "line": found.line or None,
        "pod": found.pod or None,
        "lineNumber": found.number if found.number > 0 else None,
        "rank": found.rank,
    }


def advice(found: Diagnosis | None) -> str:
    """Say the kind of cause and what to do about it; "" where it is not known."""
    return f"{ABOUT[found.cause].words}: {ABOUT[found.cause].hint}" if found else ""


def context_lines(verdict: Verdict, shown: int) -> Iterator[str]:
    """Write the lines around the causal one where they stand before the last `shown`, a heading first."""
    found = verdict.diagnosis
    lines = verdict.log.get(found.pod, ()) if found else ()
    if found is None or not found.context or not lines or found.number > len(lines) - shown:
        return
    where = whereabouts(verdict)
    yield f"  around the cause{f' ({line(where)})' if where else ''}:"
    yield from (f"    | {short(each)}" for each in found.context)
