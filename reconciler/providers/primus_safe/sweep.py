"""List whole, while others write: from the newest to the oldest, page by page of time.

Offsets lose rows: the order is by creation, newest first, in whole seconds and without a tie-breaker, and
every new row moves the others on. So each page is asked from a moment backwards, which later rows cannot
move, and the second in which the page before ended is read once more. Pure paging: it knows no endpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.providers.primus_safe.wire import Misshapen, moment, text
from reconciler.resource import Json

LIMIT = 500
_LARGEST = 16_000
_LOOKS = 3
_MOST_PAGES = 10_000
_SLACK = timedelta(seconds=1)
"""Times are shown in whole seconds, cut off; the database may keep more of them."""

Row = Mapping[str, Json]


class Torn(Exception):
    """Report a list that cannot be read whole."""


@dataclass(frozen=True, slots=True)
class Page:
    """Hold one page: its rows, and how many rows the whole answer has."""

    rows: Sequence[Row]
    total: int


Fetch = Callable[[datetime | None, int], Awaitable[Page]]
"""Ask for the newest rows up to a moment, None for now, at most so many."""


async def sweep(fetch: Fetch, *, limit: int = LIMIT) -> list[Row]:
    """Read all rows, each id once. Raises Torn where the answers do not fit together."""
    found: dict[str, Row] = {}
    until: datetime | None = None
    for _ in range(_MOST_PAGES):
        page = await _page(fetch, until, limit)
        found |= {text(row, "workloadId"): row for row in page.rows if text(row, "workloadId") not in found}
        if len(page.rows) < limit:
            return list(found.values())
        before, until = until, min(_created(row) for row in page.rows) + _SLACK
        if before is not None and until >= before:
            limit *= 2
        if limit > _LARGEST:
            raise Torn(f"more than {_LARGEST // 2} rows were created within a second")
    raise Torn("there are too many pages")


async def _page(fetch: Fetch, until: datetime | None, limit: int) -> Page:
    """Ask for a page until its count agrees with its rows: the two are counted one after the other."""
    page = Page((), 0)
    for _ in range(_LOOKS):
        page = await fetch(until, limit)
        if until is not None and any(_created(row) > until for row in page.rows):
            raise Torn("rows came back from after the moment that was asked for")
        if len(page.rows) == min(page.total, limit):
            return page
    raise Torn(f"{len(page.rows)} rows came back where the count says {page.total}")


def _created(row: Row) -> datetime:
    created = moment(row.get("creationTime"))
    if created is None:
        raise Misshapen('a row holds no "creationTime"')
    return created
