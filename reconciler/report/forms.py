"""Give a result in every form that machines read, each made only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.problem import Problem
    from reconciler.report.jsonform import Document
    from reconciler.report.junit import Case

MACHINE = ("json", "jsonl", "junit", "sarif", "codequality")


def machine_forms(
    document: Callable[[], Document],
    cases: Callable[[], Iterable[Case]],
    findings: Callable[[], Sequence[Problem]],
) -> dict[str, Callable[[], str]]:
    """Give a maker for each form in MACHINE. `document` names the command and holds the exit."""

    def json() -> str:
        from reconciler.report.jsonform import json_text

        return json_text(document())

    def jsonl() -> str:
        from reconciler.report.jsonlines import lines_text

        return lines_text(document())

    def junit() -> str:
        from reconciler.report.junit import junit_text

        return junit_text(document()["document"], cases())

    def sarif() -> str:
        from reconciler.errors import ExitCode
        from reconciler.report.codescan import sarif_text

        told = document()
        code = ExitCode(told["exit"]["code"])
        return sarif_text(findings(), command=told["document"], exit_code=code)

    def codequality() -> str:
        from reconciler.report.codescan import codequality_text

        return codequality_text(findings())

    return {"json": json, "jsonl": jsonl, "junit": junit, "sarif": sarif, "codequality": codequality}
