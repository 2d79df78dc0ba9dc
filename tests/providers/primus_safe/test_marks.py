"""The mark behind a description: whole, short, and searchable; nothing else is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.mark import Mark
from reconciler.providers.primus_safe.marks import ROOM, described, read, room_for

MARK = Mark(
    "7f3a9c04d2b81e66",
    "ml",
    "train-mi300/PyTorchJob/llama",
    "1:0a1b2c3d4e5f6789",
    run_id="r2",
    commit="9bac3ac1" + "0" * 32,
    commit_time="2026-11-01T00:00:00Z",
    path="manifests/llama.yaml",
    on_remove="Keep",
    protect=True,
)
UNDATED = "[reconciler 1 7f3a9c04d2b81e66 train-mi300/PyTorchJob/llama 1:0a1b2c3d4e5f 9bac3ac1 KP r2]"
TEXT = UNDATED.replace("9bac3ac1", "9bac3ac1:20261101T000000Z")
KEPT = replace(MARK, fleet="", digest="1:0a1b2c3d4e5f", commit="9bac3ac1", path="")


def test_a_mark_stands_behind_the_description() -> None:
    assert described("nightly run", MARK) == f"nightly run {TEXT}"
    assert described("", MARK) == TEXT


def test_what_a_mark_has_room_for_comes_back() -> None:
    found = read(f"nightly run {TEXT}")

    assert (found.text, found.mark) == ("nightly run", KEPT)


def test_a_mark_of_before_has_no_time_and_is_read_and_replaced_as_ever() -> None:
    assert read(f"nightly run {UNDATED}").mark == replace(KEPT, commit_time="")
    assert described(f"nightly run {UNDATED}", MARK) == f"nightly run {TEXT}"


def test_a_time_is_written_with_a_commit_alone() -> None:
    undated = replace(MARK, commit_time="yesterday")
    outside_git = replace(MARK, commit="")

    assert described("", undated) == UNDATED
    assert described("", outside_git) == UNDATED.replace("9bac3ac1", "-")


def test_a_mark_takes_the_place_of_an_older_one() -> None:
    older = described("nightly run", replace(MARK, run_id="r1"))

    assert described(older, MARK) == f"nightly run {TEXT}"


def test_people_may_write_on_behind_it() -> None:
    found = read(f"{TEXT} do not stop, please")

    assert (found.text, found.mark) == ("do not stop, please", KEPT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "made by hand",
        "[reconciler]",
        "[reconciler 1]",
        TEXT.replace(" 1 ", " 2 ", 1),
        TEXT.replace(" KP ", " XP "),
        TEXT.replace(" KP ", " K "),
        TEXT.replace("1:0a1b", "0a1b"),
        TEXT.replace("r2", "~zz"),
        TEXT.replace(" r2", ""),
        TEXT.replace("r2", "r2 r3"),
        TEXT.replace("T000000Z", ""),
        TEXT.replace(":20261101T000000Z", ":"),
        TEXT.replace("T000000Z", "T000000Z:1"),
    ],
)
def test_anything_else_is_no_mark(text: str) -> None:
    assert read(text).mark is None


_words = st.text(max_size=30)


@given(
    text=st.text(max_size=80).map(str.strip).filter(lambda text: "[reconciler " not in text),
    fleet=st.text("0123456789abcdef", min_size=1, max_size=32),
    run=_words,
    commit=st.text("0123456789abcdef", max_size=40),
    seconds=st.integers(0, 2**33),
    remove=st.sampled_from(["Delete", "Stop", "Keep"]),
    protect=st.booleans(),
)
def test_every_mark_survives_the_way_and_holds_no_sign_that_searches_read(
    text: str, fleet: str, run: str, commit: str, seconds: int, remove: str, *, protect: bool
) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    time = at.strftime("%Y-%m-%dT%H:%M:%SZ") if commit else ""
    mark = Mark(fleet, "", "ws_1/Kind/name", "1:0123456789ab", run, commit[:8], time, "", remove, protect)

    written = described(text, mark)

    assert read(written).mark == mark
    assert read(written).text == text
    assert not set(written[len(text) :]) & set("+%_")
    assert written[len(text) :].isascii()


def test_the_room_beside_a_mark_is_told() -> None:
    assert len(described("x" * room_for(MARK), MARK).encode()) == ROOM
