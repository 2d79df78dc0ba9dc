"""Rows of what has ended stay for ever: of them the newest of a key counts, where nothing of it lives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.mark import Mark
from reconciler.providers.primus_safe.history import recent, standing
from reconciler.resource import Summary
from tests.factories import a_row

START = datetime(2026, 3, 2, tzinfo=UTC)


def run(id_: str, hours: int, phase: str = "Succeeded", **changes: Any) -> Summary:
    """Give a run of one job, made so many hours after the start."""
    return replace(a_row(), id=id_, phase=phase, created_at=START + timedelta(hours=hours), **changes)


def ids(rows: list[Summary]) -> list[str]:
    return [row.id for row in rows]


def test_of_the_runs_that_have_ended_the_newest_stands_in_whatever_order_they_come() -> None:
    runs = [run("middle", 2, "Failed"), run("newest", 3, "Stopped"), run("oldest", 1)]

    assert ids(standing(runs)) == ["newest"]
    assert ids(standing(runs[::-1])) == ["newest"]


def test_where_one_lives_no_run_that_has_ended_stands() -> None:
    runs = [run("ended", 3), run("lives", 1, "Running")]

    assert ids(standing(runs)) == ["lives"]
    assert ids(recent(runs)) == ["ended", "lives"]


def test_within_a_second_the_run_that_ended_later_stands() -> None:
    runs = [run("later", 1, since=START + timedelta(days=2)), run("sooner", 1, since=START)]

    assert ids(standing(runs)) == ["later"]


def test_what_has_ended_without_our_mark_or_with_a_copied_one_is_nobodys_matter() -> None:
    copied = run("copied", 3, identity="mina:elsewhere")

    assert standing([run("bare", 2, mark=None), copied]) == []


def test_each_fleet_has_a_last_run_of_its_own() -> None:
    ours, theirs = run("ours", 1), run("theirs", 2)
    assert isinstance(ours.mark, Mark)
    theirs = replace(theirs, mark=replace(ours.mark, fleet_id="0123456789abcdef"))

    assert ids(standing([ours, theirs])) == ["ours", "theirs"]
