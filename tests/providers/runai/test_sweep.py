"""A list is read whole, whatever happens to it meanwhile, or it is not read at all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from reconciler.providers.runai.sweep import Page, Torn, sweep


class Busy:
    """A list in order of creation, where rows come and go between pages."""

    def __init__(self, size: int, *, seed: int, cap: int = 500, tells_next: bool = True) -> None:
        self.rows = [f"r{n}" for n in range(size)]
        self.stable = set(self.rows)
        self.chance = random.Random(seed)
        self.made, self.cap, self.tells_next, self.pages = size, cap, tells_next, 0
        self.churn = 0.0

    async def fetch(self, offset: int, limit: int) -> Page:
        self.pages += 1
        end = offset + min(limit, self.cap)
        page = Page(
            [{"id": id_} for id_ in self.rows[offset:end]],
            end if end < len(self.rows) and self.tells_next else None,
        )
        self._move()
        return page

    def _move(self) -> None:
        """Delete and insert on average `churn` rows each."""
        while self.chance.random() < self.churn / (1 + self.churn):
            gone = self.rows.pop(self.chance.randrange(len(self.rows)))
            self.stable.discard(gone)
        while self.chance.random() < self.churn / (1 + self.churn):
            self.rows.append(f"r{self.made}")
            self.made += 1


def read(busy: Busy, **options: Any) -> list[str]:
    return [str(row["id"]) for row in asyncio.run(sweep(busy.fetch, **options))]


def test_no_row_that_stays_is_missed_in_500_sweeps_under_churn() -> None:
    async def all_of_them() -> list[tuple[set[str], list[str]]]:
        swept = []
        for seed in range(500):
            busy = Busy(1000, seed=seed)
            busy.churn = 0.5
            rows = await sweep(busy.fetch, limit=100)
            swept.append((busy.stable, [str(row["id"]) for row in rows]))
        return swept

    swept = asyncio.run(all_of_them())

    assert [stable - set(found) for stable, found in swept if not stable <= set(found)] == []
    assert all(len(found) == len(set(found)) for _, found in swept)


def test_a_short_list_is_one_request() -> None:
    busy = Busy(499, seed=0)

    assert (len(read(busy)), busy.pages) == (499, 1)


@pytest.mark.parametrize("size", [0, 1, 499, 500, 501, 519, 520, 980, 1500])
@pytest.mark.parametrize("tells_next", [True, False])
def test_every_length_is_read_whole(size: int, tells_next: bool) -> None:
    assert len(read(Busy(size, seed=0, tells_next=tells_next))) == size


@pytest.mark.parametrize("cap", [2, 7, 50, 499])
def test_a_server_that_gives_shorter_pages_is_read_whole(cap: int) -> None:
    assert len(read(Busy(120, seed=0, cap=cap))) == 120


def test_a_list_that_moves_too_fast_is_not_read() -> None:
    async def moving(offset: int, limit: int) -> Page:
        busy.made += limit
        return Page([{"id": f"{busy.made}-{n}"} for n in range(limit)], offset + limit)

    busy = Busy(0, seed=0)

    with pytest.raises(Torn, match="moved"):
        asyncio.run(sweep(moving))


@pytest.mark.parametrize("following", [0, -1, 5])
def test_a_next_page_that_does_not_come_later_is_refused(following: int) -> None:
    async def looping(offset: int, limit: int) -> Page:
        return Page([{"id": str(n)} for n in range(offset, offset + limit)], following)

    with pytest.raises(Torn, match="does not come after"):
        asyncio.run(sweep(looping))


def test_pages_that_repeat_without_end_are_refused() -> None:
    async def same(offset: int, limit: int) -> Page:
        return Page([{"id": str(n)} for n in range(limit)], offset + limit)

    with pytest.raises(Torn, match="without end"):
        asyncio.run(sweep(same))


def test_rows_that_change_places_start_the_sweep_anew() -> None:
    pages: Sequence[list[str]] = [list("abcdef"), list("edfg"), list("abcdef"), list("defg")]
    calls: list[int] = []

    async def fetch(offset: int, limit: int) -> Page:
        calls.append(offset)
        return Page(_rows(pages[len(calls) - 1]), offset + 6 if len(calls) % 2 else None)

    found = asyncio.run(sweep(fetch, limit=6, overlap=3))

    assert [row["id"] for row in found] == list("abcdefg")
    assert calls == [0, 3, 0, 3]


def test_the_newest_version_of_a_row_counts() -> None:
    old, new = {"id": "a", "updatedAt": "2026-01-01"}, {"id": "a", "updatedAt": "2026-01-02"}
    pages = [Page([new, {"id": "b"}], 2), Page([old, {"id": "b"}])]

    async def fetch(offset: int, limit: int) -> Page:
        return pages.pop(0)

    assert asyncio.run(sweep(fetch, limit=2))[0] == new


def _rows(ids: Sequence[str]) -> list[Mapping[str, Any]]:
    return [{"id": id_} for id_ in ids]
