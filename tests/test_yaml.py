"""YAML: what is typed, what is refused and where, and that nothing crashes the reader."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.problem import Location
from reconciler.yaml import Limits, Parsed, parse

SCALARS: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", "Null"),
    ("true", True),
    ("false", False),
    ("True", "True"),
    ("yes", "yes"),
    ("NO", "NO"),
    ("on", "on"),
    ("0", 0),
    ("-7", -7),
    ("9223372036854775807", 2**63 - 1),
    ("007", "007"),
    ("+1", "+1"),
    ("1_000", "1_000"),
    ("0o17", "0o17"),
    ("0x1F", "0x1F"),
    ("1.5", 1.5),
    ("1.10", 1.1),
    ("1e-4", 1e-4),
    ("1.5E3", 1500.0),
    ("12345e678", "12345e678"),
    ("123e4567", "123e4567"),
    ("1.", "1."),
    (".5", ".5"),
    ("12:30:45", "12:30:45"),
    ("2026-11-20", "2026-11-20"),
    ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
    ("repo:24.07", "repo:24.07"),
    ("=", "="),
    ("'1'", "1"),
    ('"true"', "true"),
    ("!!str 5", "5"),
    ("${HOME}", "${HOME}"),
]

BROKEN: list[tuple[str, bytes, str, str]] = [
    ("nan", b"a: .nan\n", "f:1:4", "not a number that JSON can hold"),
    ("infinity", b"a: -.inf\n", "f:1:4", "not a number that JSON can hold"),
    ("overflow", b"a: 1.5e999\n", "f:1:4", "larger than any"),
    ("65 bits", b"a: 9223372036854775808\n", "f:1:4", "64 bits"),
    ("5,000 digits", b"a: " + b"9" * 5000 + b"\n", "f:1:4", "64 bits"),
    ("duplicate key", b"a: 1\nb: 2\na: 3\n", "f:3:1", "twice"),
    ("duplicate after escape", b'a: 1\n"\\x61": 3\n', "f:2:1", "twice"),
    ("tab", b"a:\n\tb: 1\n", "f:2:1", "tab"),
    ("tag", b"a: !secret x\n", "f:1:4", "custom tags"),
    ("tag directive", b"%TAG ! tag:x,2000:\n---\na: 1\n", "f:2:1", "custom tags"),
    ("yaml 1.1", b"%YAML 1.1\n---\na: yes\n", "f:2:1", "1.2"),
    ("latin-1", b"a: 1\nb: \xe9\n", "f:2:4", "not UTF-8"),
    ("utf-16", "a: 1\n".encode("utf-16"), "f:1:1", "UTF-16"),
    ("nul", b"a: \0\n", "f:1:4", "control character"),
    ("escape", b"a: \x1b[31m\n", "f:1:4", "control character"),
    ("escaped escape", b'a: "\\e[31m"\n', "f:1:4", "control character"),
    ("escaped surrogate", b'a: "\\ud800"\n', "f:1:4", "control character"),
    ("bidi", "a: \u202ex\n".encode(), "f:1:4", "reorders"),
    ("zero width", "a: x\u200by\n".encode(), "f:1:5", "invisible"),
    ("lone carriage return", b"a: 1\rb: 2\n", "f:1:5", "control character"),
    ("depth", b"[" * 50, "f:1:33", "deeper"),
    ("conflict", b"a: 1\n<<<<<<< HEAD\nb: 1\n", "f:2:1", "conflict"),
    ("alias of nothing", b"a: *b\n", "f:1:4", "names no anchor"),
    ("alias of itself", b"a: &x {b: *x}\n", "f:1:11", "inside what it names"),
    ("merge of text", b"a: &x 1\nb: {<<: *x}\n", "f:2:9", "mappings only"),
    ("long path", b"? " + b"k" * 1025 + b"\n: 1\n", "f:1:3", "1,024 characters"),
    ("bracket never closed", b"a:\n  - [b, c\nd: 1\n", "f:2", "never closed"),
    ("comma missing", b"a: [b, 'c' d]\n", "f:1:12", "comma is missing"),
    ("quote never closed", b"a: 'b\nc: 1\n", "f:1", "never closed"),
    ("colon in a value", b"a: b: c\n", "f:1:5", "no field can start"),
    ("field below a value", b"a:\nb: c\n  d: e\n", "f:3:3", 'deeper than "b" above it'),
    ("shallow item", b"a:\n  - b\n - c\n", "f:3:2", "line up"),
    ("list not indented", b"a: [b,\nc]\n", "f:2:1", "without being indented"),
    ("text not indented", b'a: "b\nc"\n', "f:2:1", "without being indented"),
    ("comment without a space", b"a: 'b'# c\n", "f:1:7", "a # right behind a value"),
    ("question mark before a text", b"a: [?b]\n", "f:1:5", 'a "?" where'),
    ("colon before a brace", b"a: {b:}\n", "f:1:5", "right behind a field"),
    ("dash in a list", b"a: [-, b]\n", "f:1:5", 'a "-" where'),
    ("directive in a document", b"a: 1\n%YAML 1.2\n---\n", "f:2:1", "a line with %"),
    ("mapping as key", b"{a: 1}: b\n", "f:1:1", "plain word"),
    ("key without name", b": 1\n", "f:1:1", "without a name"),
]


both_parsers = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "ruamel"])


def whole(text: str, *, pure: bool = False) -> Parsed:
    parsed = parse(text, "f", pure=pure)
    assert not parsed.problems
    return parsed


@both_parsers
@pytest.mark.parametrize(("text", "value"), SCALARS, ids=[text or "empty" for text, _ in SCALARS])
def test_a_plain_word_is_typed_only_as_json_would(text: str, value: Any, pure: bool) -> None:
    found = whole(f"a: {text}\n", pure=pure).documents[0].value["a"]

    assert found == value
    assert type(found) is type(value)


@both_parsers
@pytest.mark.parametrize(
    ("data", "place", "words"), [case[1:] for case in BROKEN], ids=[c[0] for c in BROKEN]
)
def test_what_is_not_allowed_has_a_place(data: bytes, place: str, words: str, pure: bool) -> None:
    problem = parse(data, "f", pure=pure).problems[0]

    assert problem.code == "RC101"
    assert str(problem.location) == place
    assert words in problem.what


def test_a_text_too_large_is_not_parsed() -> None:
    parsed = parse(b"a: " + b"x" * (1 << 20), "f")

    assert "bytes" in parsed.problems[0].what
    assert not parsed.documents


def test_aliases_that_run_away_are_stopped() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    parsed = parse("\n".join(lines), "f")

    assert "20,000" in parsed.problems[0].what


@both_parsers
def test_keys_and_values_have_their_own_places(pure: bool) -> None:
    document = whole("a:\n  b: [x, 'y z']\n", pure=pure).documents[0]

    assert document.key_places["/a/b"] == Location("f", 2, 3, 4)
    assert document.places["/a/b/0"] == Location("f", 2, 7, 8)
    assert document.places["/a/b/1"] == Location("f", 2, 10, 15)
    assert document.place("/a/b/7/c") == document.places["/a/b"]


def test_a_pointer_escapes_what_a_key_holds() -> None:
    assert "/a~1b/c~0d" in whole("a/b: {c~d: 1}\n").documents[0].places


def test_an_empty_value_has_the_place_of_its_key() -> None:
    assert whole("a:\nb: 1\n").documents[0].places["/a"].line == 1


def test_the_last_line_needs_no_line_end() -> None:
    assert whole("a: |\n  x").documents[0].value == whole("a: |\n  x\n").documents[0].value == {"a": "x\n"}


@both_parsers
def test_a_closing_bracket_may_stand_under_its_field(pure: bool) -> None:
    text = "a: [\n  b,\n]\nc: &x {\n  d: 1\n}\n"

    assert whole(text, pure=pure).documents[0].value == {"a": ["b"], "c": {"d": 1}}


def test_a_duplicate_inside_a_duplicate_is_told_once() -> None:
    assert len(parse("a: {b: 1}\na: {b: 2}\n", "f").problems) == 1


def test_places_are_only_those_of_what_the_value_holds() -> None:
    document = parse("a: {b: 1}\na: {c: 2}\n", "f").documents[0]

    assert set(document.places) == {"", "/a", "/a/b"}


@both_parsers
def test_a_long_text_is_read_by_either_parser(pure: bool) -> None:
    parsed = whole("".join(f"field_{number}: |\n  a\tb\n" for number in range(2_000)), pure=pure)

    assert set(parsed.documents[0].value.values()) == {"a\tb\n"}


def test_a_long_text_that_is_broken_is_read_once() -> None:
    problem = parse("a: 1\n" + "# comment\n" * 4_000 + "b: [1\nc: 2\n", "f").problems[0]

    assert str(problem.location) == "f:4002"
    assert "never closed" in problem.what


def test_merge_keys_do_not_override_and_point_at_the_alias() -> None:
    document = whole("a: &a {x: 1, y: 2}\nb:\n  x: 3\n  <<: *a\n").documents[0]

    assert document.value["b"] == {"x": 3, "y": 2}
    assert document.places["/b/y"] == Location("f", 4, 7, 9)


def test_the_first_of_several_merged_mappings_wins() -> None:
    assert whole("a: {<<: [{x: 1}, {x: 2, y: 2}]}\n").documents[0].value["a"] == {"x": 1, "y": 2}


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert whole('a: {"<<": 1}\n').documents[0].value["a"] == {"<<": 1}


def test_an_anchor_does_not_reach_the_next_document() -> None:
    assert "names no anchor" in parse("a: &a 1\n---\nb: *a\n", "f").problems[0].what


def test_empty_documents_are_left_out_and_lines_still_count() -> None:
    parsed = whole("---\n---\n# only a comment\n---\na: 1\n...\n---\n~\n")

    assert [(document.first_line, document.value) for document in parsed.documents] == [(5, {"a": 1})]


def test_a_byte_order_mark_and_crlf_are_read_as_usual() -> None:
    document = parse(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n", "f").documents[0]

    assert document.value == {"a": 1, "b": "x\n"}


def test_documents_before_an_error_are_still_given() -> None:
    parsed = parse("a: 1\n---\nb: [\n", "f")

    assert [document.value for document in parsed.documents] == [{"a": 1}]
    assert not parsed.is_whole


def test_a_line_that_may_hold_a_credential_is_not_quoted() -> None:
    problem = parse('password: "never closed\n', "f").problems[0]

    assert problem.excerpt == ""


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_documents_or_problems(data: bytes) -> None:
    parsed = parse(data, "f")

    assert all(problem.code == "RC101" and problem.location for problem in parsed.problems)


_PIECES = [
    "a",
    ": ",
    "\n",
    "- ",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    '"',
    "|",
    ">",
    "#",
    "&x ",
    "*x",
    "!t ",
    "---\n",
]
_PIECES += ["?", "<<", "\t", "1", "~", "%", "@", "...\n", "\u00e9", "\\", "\u2028"]


@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))
@settings(max_examples=300, deadline=None)
def test_both_parsers_read_the_same(text: str) -> None:
    assert parse(text, "f") == parse(text, "f", pure=True)


def test_a_document_too_many_is_refused() -> None:
    parsed = parse("a: 1\n---\n" * 5, "f", limits=Limits(documents=3))

    assert "more than 3 documents" in parsed.problems[0].what
