"""Hostile text stays text, wherever it is shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.report import safe
from reconciler.report.paint import painted
from reconciler.report.problems import problem_text
from reconciler.report.table import cells, table
from tests.report.values import TYPO

UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\rb\tc", "a\\rb\\tc"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("\x9b2J", "\\x9b2J"),
        ("na\u0131ve - 日本", "na\u0131ve - 日本"),
        ("a\nb", "a\\nb"),
    ],
)
def test_what_is_not_seen_is_spelled_out(text: str, shown: str) -> None:
    assert safe.line(text) == shown


@given(st.text())
def test_no_text_reaches_a_terminal_with_a_control_character(text: str) -> None:
    assert not UNSEEN.search(safe.block(text))
    assert "\n" not in safe.line(text)


@pytest.mark.parametrize(
    "line",
    [
        "::error::x",
        "  ::set-output name=a::b",
        "##[group]x",
        "a ##vso[task.x]y",
        "##teamcity[x]",
        "section_start:1:x",
    ],
)
def test_a_runner_takes_no_command_from_our_text(line: str) -> None:
    shown = safe.for_ci(line)

    assert not re.match(r"\s*::", shown)
    assert "##[" not in shown
    assert "##vso[" not in shown
    assert "##teamcity[" not in shown
    assert "section_start:" not in shown


@given(st.text(alphabet="`ab|\n<>*_[]()\\"))
def test_nothing_leaves_a_code_span(text: str) -> None:
    span = safe.code(text)
    ticks = re.match("`+", span)
    assert ticks is not None
    inside = span[ticks.end() : -ticks.end()]

    assert ticks.group() not in re.findall("`+", inside)
    assert "\n" not in span
    assert not re.search(r"(?<!\\)\|", span)


@given(st.text(alphabet="`ab\n"))
def test_nothing_closes_a_fence(text: str) -> None:
    first, *middle, last = safe.fenced(text).rstrip("\n").split("\n")

    assert first == last
    assert not any(line.startswith(first) for line in middle)


def test_an_encoding_without_our_signs_gets_ascii() -> None:
    assert safe.for_encoding("± \u65e5", "ascii") == "-/+ \\u65e5"
    assert safe.for_encoding("± \u65e5", "UTF-8") == "± \u65e5"


def test_colour_adds_nothing_but_colour() -> None:
    text = problem_text(TYPO)

    assert re.sub(r"\x1b\[[\d;]*m", "", painted(text)) == text
    assert painted(text) != text


@given(st.lists(st.tuples(st.text(alphabet="ab日 "), st.text(alphabet="ab ")), min_size=1))
def test_a_table_keeps_every_cell(rows: list[tuple[str, str]]) -> None:
    text = table(("A", "B"), rows, width=40)

    assert all(first.rstrip() in text for first, _ in rows)


def test_wide_characters_count_twice() -> None:
    assert cells("日本") == 4
