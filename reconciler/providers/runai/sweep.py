"""List whole, while others write: pages overlap and each must show where the last one ended.

Rows move between pages when some are created or deleted meanwhile, and counting does not show it. So
pages are asked in order of creation, 20 rows early, and a page without the last row of the page before
starts the sweep anew with twice the overlap. Pure paging: it knows no endpoint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.resource import Json

LIMIT = 500
OVERLAP = 20
RESTARTS = 3
_MOST_PAGES = 4000

Row = Mapping[str, Json]


class Torn(Exception):
    """Report a list that cannot be read whole."""


@dataclass(frozen=True, slots=True)
class Page:
    """Hold one page: its rows and the offset the platform gives for the next, None at the end."""

    rows: Sequence[Row]
    next: int | None = None


Fetch = Callable[[int, int], Awaitable[Page]]
"""Ask for a page by offset and limit."""


class _Slipped(Exception):
    """Say that rows moved further than the overlap."""


async def sweep(fetch: Fetch, *, limit: int = LIMIT, overlap: int = OVERLAP) -> list[Row]:
    """Read all rows, each id once, the newest version of each. Raises Torn."""
    for restart in range(RESTARTS + 1):
        try:
            return await _pass(fetch, limit, overlap * 2**restart)
        except _Slipped:
            continue
    raise Torn("rows moved between pages each time it was read")


async def _pass(fetch: Fetch, limit: int, overlap: int) -> list[Row]:
    found: dict[str, Row] = {}
    offset, before = 0, Page(())
    for _ in range(_MOST_PAGES):
        page = await fetch(offset, limit)
        _check(page, before, offset)
        is_new = _keep(found, page.rows)
        if page.next is None and len(page.rows) < limit:
            return list(found.values())
        if not is_new:
            if page.next is None or len(page.rows) < len(before.rows):
                return list(found.values())
            raise Torn("pages repeat without end")
        step = len(page.rows) - min(overlap, len(page.rows) // 2)
        if step < 1:
            raise Torn("pages are too short to be joined")
        offset, before = offset + step, page
    raise Torn("there are too many pages")


def _check(page: Page, before: Page, offset: int) -> None:
    """Refuse a page that does not join on to the one before."""
    if page.next is not None and page.next <= offset:
        raise Torn(f"the next page ({page.next}) does not come after this one ({offset})")
    if not before.rows:
        return
    known = {row["id"]: place for place, row in enumerate(before.rows)}
    places = [known[row["id"]] for row in page.rows if row["id"] in known]
    if len(before.rows) - 1 not in places or places != sorted(places):
        raise _Slipped


def _keep(found: dict[str, Row], rows: Sequence[Row]) -> bool:
    """Keep the newest version of each row; tell whether any row is new."""
    size = len(found)
    for row in rows:
        known = found.get(row["id"])
        if known is None or str(row.get("updatedAt") or "") >= str(known.get("updatedAt") or ""):
            found[row["id"]] = row
    return len(found) > size
