"""Narrowing: which objects a run is about."""

from __future__ import annotations

import pytest

from reconciler.declare.narrow import Narrowing, parse_selector
from tests.factories import a_resource

LABELS = {"team": "nlp", "tier": "gold"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("team=nlp", True),
        ("team==nlp", True),
        ("team=vision", False),
        ("team!=vision", True),
        ("absent!=x", True),
        ("team=nlp,tier=gold", True),
        ("team=nlp, tier=silver", False),
        ("team in (nlp, vision)", True),
        ("team notin (nlp)", False),
        ("absent notin (nlp)", True),
        ("team in (vision),tier=gold", False),
        ("team", True),
        ("!team", False),
        ("absent", False),
        ("!absent", True),
    ],
)
def test_selectors_read_as_kubectl_reads_them(text: str, holds: bool) -> None:
    assert parse_selector(text)(LABELS) is holds


@pytest.mark.parametrize("text", ["=x", "team in nlp", "team=nlp,,", "a b", "(", "team in (a", "a=b=c"])
def test_a_selector_that_cannot_be_read_says_from_where(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read the selector"):
        parse_selector(text)


def test_nothing_narrowed_keeps_everything_and_says_nothing() -> None:
    resources = (a_resource("a"), a_resource("b"))

    assert Narrowing().keep(resources) == resources
    assert Narrowing().why == ""


def test_words_keep_the_objects_they_name_in_any_case() -> None:
    resources = (a_resource("a"), a_resource("b"))

    assert Narrowing(words=("training/A",)).keep(resources) == resources[:1]


def test_a_word_that_names_nothing_is_found_out() -> None:
    assert Narrowing(words=("Training/c",)).unmatched((a_resource("a"),)) == ("Training/c",)


@pytest.mark.parametrize(
    "narrowing",
    [
        Narrowing(files=frozenset()),
        Narrowing(words=("Training/a",)),
        Narrowing(selector="a=b"),
        Narrowing(targets=("prod",)),
        Narrowing(projects=("team-a",)),
        Narrowing(stdin=True),
    ],
)
def test_every_way_of_narrowing_has_words_for_it(narrowing: Narrowing) -> None:
    assert narrowing.why
