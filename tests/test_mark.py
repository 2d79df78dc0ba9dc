"""Mark v1: closed, versioned, and worthless on any object but its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.mark import Mark, Owner, digest_of, is_same_digest, mark_from_text, mark_to_text, owner_of
from tests.factories import FLEET, a_mark

_text = st.text(max_size=20)
_marks = st.builds(
    Mark,
    fleet_id=st.text("0123456789abcdef", min_size=1),
    fleet=_text,
    key=st.text(min_size=1),
    digest=_text,
    run_id=_text,
    commit=_text,
    commit_time=_text,
    path=_text,
    on_remove=st.sampled_from(["Delete", "Keep", "Stop"]),
    protect=st.booleans(),
)


@given(_marks)
def test_a_mark_reads_back_as_written_and_in_ascii(mark: Mark) -> None:
    text = mark_to_text(mark)

    assert text.isascii()
    assert mark_from_text(text) == mark


@given(st.text() | st.binary().map(repr))
def test_any_other_text_is_no_mark(text: str) -> None:
    assert mark_from_text(text) is None


@pytest.mark.parametrize(
    "text", ['{"v":2,"f":"a","k":"b"}', '{"v":1}', '{"v":1,"f":1,"k":"b"}', "[1]", "[" * 99_999]
)
def test_a_mark_of_another_version_or_shape_is_no_mark(text: str) -> None:
    assert mark_from_text(text) is None


def test_this_is_how_mark_v1_looks_and_it_never_changes() -> None:
    mark = Mark(
        "7f3a",
        "ml",
        "uuid/team/Training/x",
        "1:ab",
        commit="c0ffee",
        commit_time="2026-01-01T00:00:00Z",
        path="m/x.yaml",
    )

    assert mark_to_text(mark) == (
        '{"c":"c0ffee","d":"1:ab","f":"7f3a","k":"uuid/team/Training/x","n":"ml","o":"Delete",'
        '"p":"m/x.yaml","t":"2026-01-01T00:00:00Z","v":1}'
    )


@pytest.mark.parametrize(
    ("mark", "owner"),
    [
        (a_mark(), Owner.OURS),
        (None, Owner.UNCLAIMED),
        (a_mark(fleet_id="ff"), Owner.FOREIGN),
        (replace(a_mark(), key="uuid-1/team-a/Training/other"), Owner.COPIED),
        (replace(a_mark(), key="uuid-2/team-a/Training/train"), Owner.COPIED),
        (replace(a_mark(fleet_id="ff"), key="elsewhere"), Owner.COPIED),
    ],
)
def test_a_mark_counts_only_on_its_own_object(mark: Mark | None, owner: Owner) -> None:
    assert owner_of(mark, fleet_id=FLEET, identity="uuid-1/team-a/Training/train") is owner


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": {"c": 2, "d": 3}}) == digest_of({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest_of({"a": 1}).startswith("1:")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1:0123456789abcdef", "1:0123456789abcdef", True),
        ("1:0123456789abcdef", "1:0123456789ab", True),
        ("1:0123456789ab", "1:0123456789abcdef", True),
        ("1:0123456789abcdef", "1:0123456789ac", False),
        ("1:0123456789abcdef", "1:0123", False),
        ("1:0123456789abcdef", "2:0123456789ab", False),
        ("1:0123456789abcdef", "", False),
    ],
)
def test_digests_are_of_one_spec_as_far_as_both_go(one: str, other: str, *, same: bool) -> None:
    assert is_same_digest(one, other) is same
