"""Every broken manifest says exactly what is stored beside it, with line and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.fleet import Fleet, Target
from reconciler.problem import Problem
from reconciler.providers import kinds
from reconciler.validate import validate
from reconciler.yaml import parse

BROKEN = Path(__file__).parent / "golden" / "broken"
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
MARKED = sorted(path.stem for path in BROKEN.glob("*.at"))
CANARIES = ("hf_abcdef", "Tr0ub4dor", "12345678", "correct-Horse7battery", "bm90IGEga2V5", "aB3dE5fG7h")

FLEET = Fleet(
    id="7f3a9c04d2b81e66",
    name="wattfield",
    file="reconciler.yaml",
    root="/fleet",
    targets={
        "runai-prod": Target(
            "runai-prod",
            "runai",
            "https://wattfield.run.ai",
            scopes=("team-forecast", "team-assist"),
            settings={"auth": {"clientSecret": "${{ secrets.RUNAI_CLIENT_SECRET }}"}},
        )
    },
    vars=("IMAGE_TAG",),
    secrets=("HF_TOKEN", "RUNAI_CLIENT_SECRET"),
)


def problems_of(case: str) -> list[Problem]:
    parsed = parse((BROKEN / f"{case}.yaml").read_bytes(), f"{case}.yaml")
    checked = validate(parsed.documents, FLEET, kinds=kinds())
    return [*parsed.problems, *checked.problems]


def as_text(problem: Problem) -> str:
    lines = [f"{problem.severity}[{problem.code}]: {problem.what}", f"  --> {problem.location}"]
    place = problem.location
    if problem.excerpt and place:
        lines.append(f"  | {problem.excerpt[:100]}")
    if problem.excerpt and place and place.column and place.column < 100:
        width = max(1, (place.end_column or place.column + 1) - place.column)
        lines.append(f"  | {' ' * (place.column - 1)}{'^' * min(width, 60)}")
    lines += [f"  {word}: {text}" for word, text in (("why", problem.why), ("try", problem.hint)) if text]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("case", CASES)
def test_a_broken_manifest_says_what_is_stored(case: str, golden: Callable[[str, str], None]) -> None:
    golden(f"broken/{case}.txt", "\n".join(as_text(problem) for problem in problems_of(case)))


@pytest.mark.parametrize("case", CASES)
def test_no_message_repeats_a_credential(case: str) -> None:
    said = "".join(repr(problem) for problem in problems_of(case))

    assert not [canary for canary in CANARIES if canary in said]


@pytest.mark.parametrize("case", MARKED)
def test_each_problem_stands_where_a_person_marked_it(case: str) -> None:
    """The places are written by hand: what is unknown is marked itself, else the value that is wrong."""
    source = (BROKEN / f"{case}.yaml").read_text(encoding="utf-8-sig").split("\n")
    marks = [line.split(" ", 2) for line in (BROKEN / f"{case}.at").read_text(encoding="utf-8").splitlines()]

    found = [(p.code, f"{p.location.line}:{p.location.column}") for p in problems_of(case) if p.location]

    assert found == [(code, place) for code, place, _ in marks]
    for _, place, text in marks:
        line, column = map(int, place.split(":"))
        assert source[line - 1][column - 1 :].startswith(text)


def test_every_case_finds_something() -> None:
    assert len(CASES) >= 120
    assert not [case for case in CASES if not problems_of(case)]


def test_every_problem_points_into_its_file() -> None:
    places = [problem.location for case in CASES for problem in problems_of(case)]

    assert all(place is not None and place.line > 0 for place in places)
