"""Lists keep within their bytes, show whole items in order, and count the rest."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.change import Action, Change
from reconciler.problem import Problem
from reconciler.report.appliedmarkdown import applied_markdown
from reconciler.report.driftmarkdown import drift_markdown
from reconciler.report.markdown import plan_markdown
from reconciler.report.room import fitting, listed, names_of
from tests.report.values import DRIFT, NOW, TROUBLED, a_plan, key

SCOPES = {f"runai-demo:project-{n:04}": "its list answered 500" for n in range(2_000)}


@given(st.lists(st.text(max_size=30), max_size=60), st.integers(100, 400))
def test_what_is_shown_and_what_is_counted_is_all(items: list[str], room: int) -> None:
    lines = [f"{item!r}\n" for item in items]

    text = fitting(lines, len(lines), room, lambda shown: f"and {len(lines) - shown} more\n")

    assert len(text.encode()) <= room
    shown = text.splitlines(keepends=True)
    counted = re.fullmatch(r"and (\d+) more\n", shown[-1]) if shown else None
    left = int(counted[1]) if counted else 0
    kept = shown[: len(shown) - bool(counted)]
    assert kept == lines[: len(kept)]
    assert len(kept) + left == len(lines)


def test_a_list_says_how_many_more_there_are() -> None:
    assert listed(["a", "b"], 100, "scope") == "- a\n- b\n"
    assert listed(["a" * 30, "b" * 30], 65, "scope") == f"- {'a' * 30}\n- and 1 more scope\n"
    assert names_of([f"t{n}" for n in range(12)]).endswith("`t9` and 2 more targets")


def test_scopes_that_could_not_be_read_are_all_shown_or_counted() -> None:
    for page in (
        plan_markdown(a_plan(unknown=SCOPES)),
        drift_markdown(replace(DRIFT, unknown=SCOPES), now=NOW),
    ):
        (more,) = re.findall(r"and ([\d,]+) more scopes", page)
        assert page.count("not read: ") + int(more.replace(",", "")) == len(SCOPES)


def test_words_of_consent_are_all_shown_or_counted() -> None:
    changes = [
        Change(key(f"team-a/Training/t{n:04}"), Action.REFUSED, consent=f"replace=team-a/Training/t{n:04}")
        for n in range(2_000)
    ]

    page = plan_markdown(a_plan(*changes))

    (more,) = re.findall(r"and ([\d,]+) more words of consent", page)
    assert page.count("--allow ") + int(more.replace(",", "")) == len(changes)
    assert "more" not in page.split("```")[1]


@pytest.mark.parametrize("number", [11, 5_000])
def test_a_page_of_very_many_targets_keeps_within_its_bytes(number: int) -> None:
    targets = tuple(f"runai-production-{n:05}" for n in range(number))
    pages = [
        plan_markdown(a_plan(targets=targets, unknown=SCOPES)),
        drift_markdown(replace(DRIFT, targets=targets, unknown=SCOPES), now=NOW),
    ]

    for page in pages:
        assert len(page.encode()) <= 60_000
        assert f"and {number - 10:,} more target" in page


def test_endless_words_of_others_do_not_break_a_page() -> None:
    endless = "x" * 200_000
    problem = Problem("RC421", endless, why=endless, subject=endless)
    troubled = replace(TROUBLED, not_taken=(endless, "/spec/a"), replan_problem=endless)

    for page in (
        plan_markdown(a_plan(targets=(endless,), unknown={endless: endless}), refusals=[problem]),
        drift_markdown(replace(DRIFT, targets=(endless,), unknown={endless: endless}), now=NOW),
        applied_markdown(troubled),
    ):
        assert len(page.encode()) <= 60_000
