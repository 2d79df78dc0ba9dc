"""The table of what is live, and the lines of what changes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.mark import Owner
from reconciler.report.get import changes_text, get_text
from reconciler.sight import Found, Seen
from tests.report.values import CHAT, LORA, NOW, OLD_RUN, observed

Golden = Callable[[str, str], None]


def _found(of: Any, phase: str = "Running", owner: Owner | None = Owner.OURS, **more: Any) -> Found:
    row = replace(observed(of).summary, phase=phase, created_at=NOW - timedelta(hours=3), **more)
    return Found(row, owner, seen_at=NOW)


def _seen(*found: Found, beside: tuple[Found, ...] = (), unread: Any = ()) -> Seen:
    there = {each.summary.key: each for each in (*found, *beside)}
    return Seen(there, frozenset(each.summary.key for each in found), frozenset(unread))


BOTH = (_found(CHAT, gpus=0.75), _found(OLD_RUN, "Pending", Owner.UNCLAIMED, submitted_by="mina", reason="Q"))


def test_the_table_reads_as_the_golden_file_has_it(golden: Golden) -> None:
    golden("report/get.txt", get_text(BOTH))
    golden("report/get-wide.txt", get_text(BOTH, is_wide=True))


def test_only_what_changed_has_a_line() -> None:
    before = _seen(_found(CHAT), _found(LORA, "Pending"), _found(OLD_RUN))
    after = _seen(_found(CHAT), _found(LORA, "Failed", message="exit 1\x1b[2J"))

    text = changes_text(before, after, now=NOW)

    assert text.splitlines() == [
        "12:00:00  team-forecast/Training/lora  Pending -> Failed  ours  exit 1\\x1b[2J",
        "12:00:00  team-forecast/Training/old-run  gone",
    ]
    assert changes_text(before, before, now=NOW) == ""


def test_what_is_new_and_what_is_another_object_are_told_apart() -> None:
    after = _seen(_found(CHAT, id="another"), _found(LORA))

    text = changes_text(_seen(_found(CHAT)), after, now=NOW)

    assert "assist-chat  Running  ours  (another object of this name)" in text
    assert "lora  Running  ours  (new)" in text


def test_what_is_no_longer_meant_is_not_gone() -> None:
    pending, running = _found(LORA, "Pending"), _found(LORA)

    left = changes_text(_seen(pending), _seen(beside=(running,)), now=NOW)
    came = changes_text(_seen(beside=(pending,)), _seen(running), now=NOW)

    assert left == "12:00:00  team-forecast/Training/lora  Pending -> Running  ours  (no longer meant)\n"
    assert came == "12:00:00  team-forecast/Training/lora  Pending -> Running  ours\n"


@pytest.mark.parametrize("scope", ["team-forecast", None], ids=["its project", "its target"])
def test_what_could_not_be_read_is_neither_gone_nor_new(scope: str | None) -> None:
    before, unread = _seen(_found(CHAT), _found(LORA)), {("runai-demo", scope)}
    others = () if scope is None else (_found(CHAT, "Failed"),)

    missed = _seen(*others, unread=unread).filled_from(before)
    again = _seen(_found(CHAT, "Failed"), _found(LORA, "Failed")).filled_from(missed)

    seen = changes_text(before, missed, now=NOW) + changes_text(missed, again, now=NOW)
    assert sorted(row.split()[1:4] for row in seen.splitlines()) == [
        ["team-assist/Inference/assist-chat", "Running", "->"],
        ["team-forecast/Training/lora", "Running", "->"],
    ]


def test_an_owner_that_could_not_be_read_is_the_one_that_was() -> None:
    before, after = _seen(_found(LORA)), _seen(_found(LORA, owner=None))

    assert _found(LORA, owner=None).whose == "unknown (mark not read)"
    assert changes_text(before, after.filled_from(before), now=NOW) == ""
