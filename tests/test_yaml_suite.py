"""The public YAML test suite: each case is read as YAML 1.2 says, or refused for a known reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.yaml import parse

CASES: dict[str, dict[str, Any]] = {
    case["case"]: case
    for case in map(
        json.loads, (Path(__file__).parent / "yaml_suite" / "cases.jsonl").read_text().splitlines()
    )
}
REFUSED = {
    # No manifest needs these: refused by decision.
    "custom tags are not read": "2AUY 2XXW 33X3 565N 5TYM 6CK3 6WLZ 74H7 7FWL 9WXW C4HZ CC74 CUP7 F2C7 FH7J "
    "J7PZ L94M M5C3 P76L U3C3 UGM3 WZ62 Z67P Z9M4",
    "a field without a name": "2JQS 6M2F DFF7 NHX8 NKF9 PW8X S3PD SM9W-1 UKK6-0",
    "a field name must be a plain word": "4FJ6 6BFJ 6PBE KK5P LX3P M2N8-0 M2N8-1 M5DY Q9WF RZP5 SBG9 V9D5 "
    "X38W XW4D",
    "a field name cannot be an alias": "26DV E76Z",
    "only YAML 1.2 is read": "MUS6-2 MUS6-4",
    "a version of YAML that is not read": "BEC7",
    "a control character": "G4RS",
    "a tab between words or at the end of a line": "6BCT A2M4 DC7X J3BT K54U MUS6-3 Y79Y-10",
    "a tab in the indentation": "6CA3 DK95-0 DK95-3 DK95-4 DK95-5 DK95-7 HS5T NB6Z Q5MG UV7Q",
    # The library reads these as something else; we would rather refuse than guess.
    'a "?" where no field can start': "652Z HM87-1",
    'a ":" right behind a field': "4ABK FRK4",
    # The library does not read these: a key and its colon on two lines, what follows a quoted key or an
    # empty one at once, a block text that starts with spaces, a document that is only its end.
    'a "{" is never closed, or a comma is missing': "4MUZ-0 4MUZ-1 4MUZ-2 5MUD 9SA2 K3WX NJ66 UT92 VJP3-1",
    'a "[" is never closed, or a comma is missing': "9MMW",
    "a text behind | or > starts with a line of spaces": "4QFQ DWX9 R4YG T26H",
    "a value is missing or cut off": "CFD4 HWV9 M7A3 QT73",
}
"""Valid YAML that is refused, by what is said about it. A case that changes its class fails."""

VALUES: dict[str, list[Any]] = {
    "2G84-3": [""],
    "96NN-1": [{"foo": "\tbar"}],
    "JEF9-2": [["\n"]],
    "MUS6-5": [],
    "MUS6-6": [],
    "UKK6-2": [""],
}
"""What the suite's events stand for where it gives no JSON."""

REASONS = {case: words for words, cases in REFUSED.items() for case in cases.split()}
ERRORS = [case for case in CASES if CASES[case].get("fail")]
READ = [case for case in CASES if case not in REASONS and not CASES[case].get("fail")]


both_parsers = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "ruamel"])


@both_parsers
@pytest.mark.parametrize("case", ERRORS)
def test_an_error_case_is_refused_with_a_place(case: str, pure: bool) -> None:
    problem = parse(CASES[case]["yaml"], "f", pure=pure).problems[0]

    assert problem.location
    assert problem.location.line


@both_parsers
@pytest.mark.parametrize("case", REASONS)
def test_a_valid_case_is_refused_only_for_a_known_reason(case: str, pure: bool) -> None:
    assert not CASES[case].get("fail")
    assert REASONS[case] in parse(CASES[case]["yaml"], "f", pure=pure).problems[0].what


@both_parsers
@pytest.mark.parametrize("case", READ)
def test_a_valid_case_is_read_as_the_suite_says(case: str, pure: bool) -> None:
    parsed = parse(CASES[case]["yaml"], "f", pure=pure)
    wanted = VALUES[case] if case in VALUES else list(documents(CASES[case]["json"]))

    assert not parsed.problems
    assert [document.value for document in parsed.documents] == [one for one in wanted if one is not None]


def test_the_suite_is_whole() -> None:
    assert len(CASES) == 402
    assert len(ERRORS) == 94
    assert set(REASONS) | set(VALUES) <= set(CASES)


def documents(text: str) -> Iterator[Any]:
    """Read the JSON documents that stand one after the other in a text."""
    at = len(text) - len(text.lstrip())
    while at < len(text):
        value, at = json.JSONDecoder().raw_decode(text, at)
        yield value
        at += len(text[at:]) - len(text[at:].lstrip())
