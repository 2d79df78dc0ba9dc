"""The table of what is live, and the lines of what changes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.mark import Owner
from reconciler.report.get import changes_text, get_text
from reconciler.sight import Found
from tests.report.values import CHAT, LORA, NOW, OLD_RUN, observed

Golden = Callable[[str, str], None]


def _found(of: Any, phase: str = "Running", owner: Owner = Owner.OURS, **more: Any) -> Found:
    row = replace(observed(of).summary, phase=phase, created_at=NOW - timedelta(hours=3), **more)
    return Found(row, owner)


BOTH = (_found(CHAT, gpus=0.75), _found(OLD_RUN, "Pending", Owner.UNCLAIMED, submitted_by="mina", reason="Q"))


def test_the_table_reads_as_the_golden_file_has_it(golden: Golden) -> None:
    golden("report/get.txt", get_text(BOTH, now=NOW))
    golden("report/get-wide.txt", get_text(BOTH, now=NOW, is_wide=True))


def test_only_what_changed_has_a_line() -> None:
    before = (_found(CHAT), _found(LORA, "Pending"), _found(OLD_RUN))
    after = (_found(CHAT), _found(LORA, "Failed", message="exit 1\x1b[2J"))

    text = changes_text(before, after, now=NOW)

    assert text.splitlines() == [
        "12:00:00  team-forecast/Training/lora  Pending -> Failed  ours  exit 1\\x1b[2J",
        "12:00:00  team-forecast/Training/old-run  gone",
    ]
    assert changes_text(before, before, now=NOW) == ""


def test_what_is_new_and_what_is_another_object_are_told_apart() -> None:
    after = (_found(CHAT, id="another"), _found(LORA))

    text = changes_text((_found(CHAT),), after, now=NOW)

    assert "assist-chat  Running  ours  (another object of this name)" in text
    assert "lora  Running  ours  (new)" in text
