"""Write problems for services that show them beside the code: SARIF 2.1.0 and GitLab's code quality.

Both show only what has a place in the repository. SARIF also carries what has none, as notifications of
the run; the code quality report leaves that to the log.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from reconciler import __version__
from reconciler.errors import ExitCode
from reconciler.problem import CODES, Location, Problem, Severity
from reconciler.report.problems import worst_first
from reconciler.report.safe import block, for_json
from reconciler.report.units import count

MOST = 5_000
"""The most results that GitHub takes of one run; the worst come first, and the rest is counted."""

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_GRADE = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}
_JUDGED = frozenset(
    {
        ExitCode.IN_ORDER,
        ExitCode.CHANGES,
        ExitCode.REJECTED,
        ExitCode.REFUSED,
        ExitCode.PARTIAL,
        ExitCode.UNHEALTHY,
    }
)
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_NO_FILE = ("", "-")


def sarif_text(problems: Sequence[Problem], *, command: str, exit_code: ExitCode) -> str:
    """Write problems as one run of SARIF 2.1.0."""
    placed, others = _parted(problems)
    shown, left = placed[:MOST], len(placed) - MOST
    codes = sorted({problem.code for problem in problems})
    told = [_notification(problem) for problem in others]
    if left > 0:
        told.append({"level": "note", "message": {"text": f"{count(left, 'more result')} left out"}})
    run = {
        "tool": {
            "driver": {"name": "reconciler", "version": __version__, "rules": [_rule(code) for code in codes]}
        },
        "automationDetails": {"id": f"reconciler/{command}/"},
        "invocations": [
            {
                "executionSuccessful": exit_code in _JUDGED,
                "exitCode": int(exit_code),
                "exitCodeDescription": exit_code.label,
                "toolExecutionNotifications": told,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(problem, place, codes.index(problem.code), fingerprint)
            for problem, place, fingerprint in shown
        ],
    }
    return _text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def codequality_text(problems: Sequence[Problem]) -> str:
    """Write problems that have a place as GitLab's code quality report."""
    return _text(
        [
            {
                "description": _words(problem),
                "check_name": problem.code,
                "fingerprint": fingerprint,
                "severity": _GRADE[problem.severity],
                "location": {"path": block(place.file), "lines": {"begin": max(1, place.line)}},
            }
            for problem, place, fingerprint in _parted(problems)[0]
        ]
    )


def _text(document: Any) -> str:
    return for_json(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)) + "\n"


def _parted(problems: Sequence[Problem]) -> tuple[list[tuple[Problem, Location, str]], list[Problem]]:
    """Part problems, worst first, into those with a place and a fingerprint, and the others."""
    placed: list[tuple[Problem, Location, str]] = []
    others: list[Problem] = []
    seen: Counter[str] = Counter()
    for problem in worst_first(problems):
        place = problem.location
        if place is None or place.file in _NO_FILE:
            others.append(problem)
            continue
        identity = "\0".join((problem.code, place.file, problem.subject, problem.pointer, problem.what))
        seen[identity] += 1
        digest = hashlib.sha256(f"{identity}\0{seen[identity]}".encode("utf-8", "surrogatepass"))
        placed.append((problem, place, digest.hexdigest()[:32]))
    return placed, others


def _rule(code: str) -> dict[str, Any]:
    return {"id": code, "shortDescription": {"text": CODES.get(code, code)}}


def _result(problem: Problem, place: Location, rule: int, fingerprint: str) -> dict[str, Any]:
    where: dict[str, Any] = {"artifactLocation": {"uri": quote(place.file, errors="surrogatepass")}}
    if region := dict(_region(place)):
        where["region"] = region
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": _LEVEL[problem.severity],
        "message": {"text": _words(problem)},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"reconciler/v1": fingerprint},
    }


def _region(place: Location) -> Iterator[tuple[str, int]]:
    if place.line:
        yield "startLine", place.line
        if place.column:
            yield "startColumn", place.column
            if place.end_column > place.column:
                yield "endColumn", place.end_column


def _notification(problem: Problem) -> dict[str, Any]:
    return {
        "level": _LEVEL[problem.severity],
        "message": {"text": _words(problem)},
        "descriptor": {"id": problem.code},
    }


def _words(problem: Problem) -> str:
    """Give what, why and what to do, one below the other."""
    return block("\n".join(part for part in (problem.what, problem.why, problem.hint) if part))
