"""Write how a set-up stands: one line for each thing, and below what is not well what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import ExitCode
from reconciler.provider import Finding
from reconciler.report.jsonform import Document, head
from reconciler.report.safe import line
from reconciler.report.table import padded, wrapped
from reconciler.report.units import count

_GRADE, _LEAST_ROOM = 6, 40


def doctor_text(findings: Sequence[Finding], *, width: int = 120) -> str:
    """Write the findings in their order, and how many ask for something."""
    size = max((len(finding.area) for finding in findings), default=0) + 2
    lines = [text for finding in findings for text in _lines(finding, size, width)]
    return "\n".join([*lines, "", _sum(findings)]) + "\n"


def _lines(finding: Finding, size: int, width: int) -> list[str]:
    indent = _GRADE + size
    room = max(_LEAST_ROOM, width - indent)
    first, *rest = wrapped(line(finding.text), room)
    lead = f"{padded(finding.grade, _GRADE)}{padded(finding.area, size)}"
    mends = [line(part) for part in finding.mend.split("\n") if part]
    told = [more for mend in mends for more in wrapped(mend, room - 3)]
    arrows = [f"{'-> ' if number == 0 else '   '}{text}" for number, text in enumerate(told)]
    return [f"{lead}{first}", *(" " * indent + more for more in (*rest, *arrows))]


def _sum(findings: Sequence[Finding]) -> str:
    grades = [finding.grade for finding in findings]
    failed, warned = grades.count("fail"), grades.count("warn")
    if not failed and not warned:
        return f"{count(len(findings), 'check')}: all well."
    told = [f"{failed} failed"] if failed else []
    told += [count(warned, "warning")] if warned else []
    return f"{count(len(findings), 'check')}: {', '.join(told)}."


def doctor_document(findings: Sequence[Finding], *, exit_code: ExitCode) -> Document:
    """Give the findings for machines, in their order."""
    return {
        **head("doctor", exit_code),
        "findings": [
            {
                "grade": finding.grade,
                "area": finding.area,
                "text": finding.text,
                "mend": finding.mend or None,
                "exit": finding.exit_code.label,
            }
            for finding in findings
        ],
    }
