"""What of a live spec may be shown: what git declares, and nothing that may be a credential."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.plan.shown import live_shown
from reconciler.secret import SENSITIVE, Secret

TOKEN = "hf_" + "a1B2" * 6


@pytest.mark.parametrize(
    ("live", "declared", "shown"),
    [
        ({"image": "a:1"}, {"image": "a:2"}, {"image": "a:1"}),
        ({"image": "a:1"}, {}, {"image": SENSITIVE}),
        ({"image": "a:1"}, None, {"image": SENSITIVE}),
        (
            {"replicas": 2, "tty": True, "note": None},
            {"replicas": 3},
            {"replicas": 2, "tty": True, "note": None},
        ),
        ({"pin": 12345678, "tty": True, "note": None}, {}, {"pin": SENSITIVE, "tty": True, "note": None}),
        ({"annotations": {TOKEN: "x"}}, None, {"annotations": {SENSITIVE: SENSITIVE}}),
        ([{"name": TOKEN, "value": "x"}], [], [{"name": SENSITIVE, "value": SENSITIVE}]),
        ({"apiKey": "abc"}, {"apiKey": "abc"}, {"apiKey": SENSITIVE}),
        ({"args": f"--token {TOKEN}"}, {"args": "--token x"}, {"args": SENSITIVE}),
        ({"args": "x"}, {"args": Secret("secret:A", "x")}, {"args": SENSITIVE}),
        ({"args": "x"}, {"args": "secret:A"}, {"args": SENSITIVE}),
        ({"pools": ["a", "b"]}, {"pools": ["a"]}, {"pools": ["a", SENSITIVE]}),
    ],
)
def test_a_value_is_shown_where_git_declares_it(live: Any, declared: Any, shown: Any) -> None:
    assert live_shown(live, declared) == shown


def test_items_of_a_list_are_met_by_name_and_keep_it() -> None:
    live = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "HF_TOKEN", "value": "3"}]
    declared = [{"name": "HF_TOKEN", "value": "3"}, {"name": "A", "value": "0"}]

    assert live_shown(live, declared) == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": SENSITIVE},
        {"name": "HF_TOKEN", "value": SENSITIVE},
    ]


def test_the_address_of_an_item_that_nobody_declares_is_masked() -> None:
    live = [{"url": "https://me:pass@git.example.com"}]

    assert live_shown(live, []) == [{"url": SENSITIVE}]
