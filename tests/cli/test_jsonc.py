"""JSON with comments: what is added is there, and nothing else has moved."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.jsonc import NotJson, added, comments, read

LAYOUTS = {
    "empty": ("{}", '{\n  "new": 1\n}'),
    "empty with a comment": ("{ // c\n}", '{ // c\n  "new": 1\n}'),
    "one line": ('{"a": 1}', '{"a": 1,\n  "new": 1\n}'),
    "two spaces": ('{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "new": 1\n}\n'),
    "tabs": ('{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"new": 1\n}'),
    "a comma at the end": ('{\n  "a": 1,\n}', '{\n  "a": 1,\n  "new": 1\n}'),
    "a comment at the end": ('{\n  "a": 1 // c\n}', '{\n  "a": 1, // c\n  "new": 1\n}'),
    "a comment behind a comma": ('{\n  "a": 1, // c\n}', '{\n  "a": 1, // c\n  "new": 1\n}'),
    "a comment of its own": ('{\n  "a": 1\n  /* c */\n}', '{\n  "a": 1,\n  /* c */\n  "new": 1\n}'),
    "signs in texts": ('{\n  "a": "}, // \\""\n}', '{\n  "a": "}, // \\"",\n  "new": 1\n}'),
    "lines of two signs": ('{\r\n  "a": 1\r\n}', '{\r\n  "a": 1,\r\n  "new": 1\r\n}'),
    "a mark of byte order": ('\ufeff{"a": 1}', '\ufeff{"a": 1,\n  "new": 1\n}'),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_member_is_added_in_the_manner_of_the_file(layout: str) -> None:
    before, after = LAYOUTS[layout]

    assert added(before, ("new",), 1) == after


def test_an_item_is_added_to_a_list() -> None:
    assert added('{"a": {"b": [1]}}', ("a", "b", "2"), 2) == '{"a": {"b": [1,\n      2\n    ]}}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "too soon"),
        ("{} {}", "line 1: '{'"),
        ('{"a": 1 "b": 2}', "line 1: '\"b\"'"),
        ('{"a" 1}', "line 1: '1'"),
        ("{a: 1}", "line 1: 'a'"),
        ('{\n"a": tru\n}', "line 2: 'tru'"),
        ('{"a": 1,, "b": 2}', "line 1: ','"),
        ("{,}", "line 1: ','"),
        ('{"a": "unclosed}', "line 1"),
        ('{"a": 1, "a": 1}', '"a" stands twice'),
    ],
)
def test_what_is_not_json_with_comments_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(NotJson, match=words.replace("{", "\\{")):
        read(text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
GAPS = ("", " ", "\n", "// a, b\n", "/* {\n} */", "\n  ")


def written(value: Any, dice: Random) -> str:
    """Write a value with white space and comments wherever they may stand."""
    if not isinstance(value, dict | list):
        body = json.dumps(value)
    elif isinstance(value, dict):
        parts = [f"{dice.choice(GAPS)}{json.dumps(k)}:{written(part, dice)}" for k, part in value.items()]
        body = f"{{{','.join(parts)}{dice.choice(['', ',']) if parts else ''}{dice.choice(GAPS)}}}"
    else:
        parts = [written(part, dice) for part in value]
        body = f"[{','.join(parts)}{dice.choice(['', ',']) if parts else ''}{dice.choice(GAPS)}]"
    return f"{dice.choice(GAPS)}{body}{dice.choice(GAPS)}"


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=3), _VALUES, max_size=3), _VALUES, st.integers(0, 999))
def test_nothing_is_lost_whatever_the_layout(held: dict[str, Any], value: Any, seed: int) -> None:
    before = written(held, Random(seed))
    assert read(before).value == held

    after = added(before, ("a new key",), value)

    assert read(after).value == {**held, "a new key": value}
    assert comments(after) == comments(before)
