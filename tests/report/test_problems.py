"""The one grammar of problems."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import (
    Conflict,
    Forbidden,
    Malformed,
    ManifestError,
    NotFound,
    ProviderError,
    ReconcilerError,
    Rejected,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unknown,
    UnsafePlan,
)
from reconciler.problem import CODES, Location, Problem, Severity
from reconciler.report.annotations import annotations_text
from reconciler.report.errors import error_text
from reconciler.report.platform import failure_problem, failure_problems
from reconciler.report.problems import checked_text, problem_text, problems_text
from tests.report.values import QUANTITY, TYPO, UNREACHABLE

Golden = Callable[[str, str], None]
WARNING = Problem(
    "RC113", "a value looks like a credential", Location("a.yaml", 3), severity=Severity.WARNING
)
ERRORS: dict[str, ProviderError] = {
    "token": Unauthenticated(
        "runai-prod", "sign in to", "", said="Invalid client credentials", status=401,
        url="https://acme.run.ai/api/v2/token",
    ),
    "forbidden": Forbidden("runai-prod", "delete", "team-a/Workspace/nb", said="no role", status=403),
    "project": NotFound(
        "runai-prod", "find", 'project "team-asist"', status=404, hint='did you mean "team-assist"?'
    ),
    "conflict": Conflict("runai-prod", "create", "team-a/Training/lora", said="already exists", status=409),
    "rejected": Rejected("runai-prod", "create", "team-a/Training/lora", said="no GPU quota", status=400),
    "throttled": Throttled("runai-prod", "list", "workloads", status=429),
    "vpn": UNREACHABLE,
    "refused": Unavailable("runai-prod", "list", "workloads", said="connection refused", url="http://127.0.0.1:1"),
    "tls": Unavailable("runai-prod", "list", "workloads", said='certificate signed by "Acme CA"'),
    "failed": Unavailable("runai-prod", "list", "workloads", said="oops", status=503),
    "malformed": Malformed("runai-prod", "list", "workloads", said="<html>"),
    "unknown": Unknown("runai-prod", "create", "team-a/Training/lora"),
    "plain": ProviderError("runai-prod", "list", "workloads"),
}  # fmt: skip


def test_a_problem_points_at_its_place(golden: Golden) -> None:
    text = problems_text([QUANTITY, TYPO]) + checked_text([QUANTITY, TYPO], documents=5, files=5)

    golden("report/problems.txt", text)
    assert text.endswith("\n2 errors in 1 of 5 files. More on a code: reconciler explain RC103\n")


def test_valid_manifests_are_one_line() -> None:
    assert checked_text([], documents=5, files=5) == "5 manifests in 5 files: valid\n"
    assert checked_text([WARNING], documents=1, files=1) == "1 manifest in 1 file: valid, 1 warning\n"


@pytest.mark.parametrize("name", ERRORS)
def test_every_way_a_platform_fails_says_what_to_do(name: str, golden: Golden) -> None:
    golden(f"report/error-{name}.txt", error_text(ERRORS[name]))
    assert failure_problem(ERRORS[name]).code in CODES


def test_an_unreachable_platform_is_not_an_empty_one() -> None:
    text = error_text(UNREACHABLE)

    assert "cannot reach acme.run.ai: its name does not resolve" in text
    assert "Are you on the VPN?" in text
    assert "Nothing was changed, and nothing is reported as missing." in text


def test_one_cause_of_many_failures_is_told_once() -> None:
    problems = failure_problems([UNREACHABLE, UNREACHABLE, ERRORS["malformed"]])

    assert [problem.code for problem in problems] == ["RC410", "RC412"]
    assert "2 requests ended so" in problems[0].why


@pytest.mark.parametrize(
    ("error", "closing"),
    [
        (ManifestError(problems=[TYPO, QUANTITY]), "Nothing was changed."),
        (UnsafePlan(problems=[Problem("RC302", "ends 6 of 8")]), "Nothing was changed."),
        (ReconcilerError("odd"), "error: odd"),
    ],
)
def test_an_error_ends_with_what_was_done(error: ReconcilerError, closing: str) -> None:
    assert error_text(error).splitlines()[-1] == closing


def test_a_long_line_shows_the_part_around_its_fault() -> None:
    source = "args: " + "x" * 300 + " BAD"
    problem = Problem("RC131", "odd", Location("a.yaml", 1, 308, 311), excerpt=source)

    _, _, shown, marks = problem_text(problem).splitlines()

    assert shown[marks.index("^") : marks.rindex("^") + 1] == "BAD"
    assert len(shown) < 120


def test_a_control_character_in_an_excerpt_moves_no_caret() -> None:
    problem = Problem("RC101", "odd", Location("a.yaml", 1, 3, 6), excerpt="\x1b BAD")

    _, _, shown, marks = problem_text(problem).splitlines()

    assert shown[marks.index("^") : marks.rindex("^") + 1] == "BAD"


def test_annotations_are_escaped_as_the_runner_reads_them() -> None:
    at = Location("a,b:c.yaml", 3, 4, 9)
    text = annotations_text([Problem("RC103", "50% of\nit", at, hint="say, what: now")])

    assert text == (
        "::error file=a%2Cb%3Ac.yaml,line=3,endLine=3,col=4,endColumn=9,title=RC103::"
        "50%25 of%0Ait%0Asay, what: now\n"
    )


def test_ten_annotations_at_most_the_worst_first() -> None:
    errors = [Problem("RC103", f"e{n}", Location("a.yaml", n)) for n in range(1, 30)]

    lines = annotations_text([WARNING, *errors]).splitlines()

    assert len(lines) == 10
    assert all(line.startswith("::error") for line in lines[:9])
    assert "21 more problems" in lines[9]
