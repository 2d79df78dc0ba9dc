"""Lists are read whole, whatever is created, deleted or made within one second meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.providers.primus_safe.sweep import Page, Torn, sweep

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def row(number: int, second: float) -> dict[str, Any]:
    at = START + timedelta(seconds=second)
    return {"workloadId": f"w-{number}", "creationTime": at.strftime("%Y-%m-%dT%H:%M:%S"), "at": at}


class Table:
    """Answer like a database without a tie-breaker: newest first, equal times in any order each time."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows, self.asked, self.random = list(rows), 0, random.Random(7)

    async def fetch(self, until: datetime | None, limit: int) -> Page:
        self.asked += 1
        self.meanwhile()
        rows = [each for each in self.rows if until is None or each["at"] <= until]
        self.random.shuffle(rows)
        rows.sort(key=lambda each: each["at"], reverse=True)
        return Page(rows[:limit], len(rows))

    def meanwhile(self) -> None:
        """Change something between two pages."""


def read(table: Table, limit: int = 10) -> list[str]:
    return [each["workloadId"] for each in asyncio.run(sweep(table.fetch, limit=limit))]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 95])
def test_each_row_comes_once(count: int) -> None:
    found = read(Table([row(number, number) for number in range(count)]))

    assert sorted(found) == sorted(f"w-{number}" for number in range(count))


def test_many_of_one_second_are_read_whole() -> None:
    table = Table([row(number, number // 60) for number in range(180)])

    assert len(set(read(table))) == 180


def test_times_finer_than_a_second_lose_nothing() -> None:
    table = Table([row(number, number / 7) for number in range(100)])

    assert len(set(read(table))) == 100


def test_what_is_made_and_deleted_meanwhile_moves_nothing_else() -> None:
    class Busy(Table):
        def meanwhile(self) -> None:
            self.rows.append(row(1000 + self.asked, 1000 + self.asked))
            self.rows[:] = [each for each in self.rows if each["workloadId"] != f"w-{self.asked}"]

    table = Busy([row(number, number) for number in range(100)])

    found = set(read(table))

    assert found >= {f"w-{number}" for number in range(50, 100)}
    assert found >= {each["workloadId"] for each in table.rows if each["at"] < START + timedelta(seconds=900)}


def test_a_count_that_never_agrees_is_torn() -> None:
    async def fetch(until: datetime | None, limit: int) -> Page:
        return Page([row(1, 1)], 2)

    with pytest.raises(Torn, match="1 rows came back where the count says 2"):
        asyncio.run(sweep(fetch))


def test_a_moment_that_is_passed_over_is_noticed() -> None:
    rows = [row(number, number) for number in range(30)]

    async def fetch(until: datetime | None, limit: int) -> Page:
        return Page(sorted(rows, key=lambda each: each["at"], reverse=True)[:limit], len(rows))

    with pytest.raises(Torn, match="after the moment"):
        asyncio.run(sweep(fetch, limit=10))
