"""What of a workspace's rows stands for something now: what lives, and how each of our runs ended. Pure.

Rows of what has ended stay for ever. Of those only the newest of a key counts, and only where nothing of
that key lives and it carries a mark: all else is history and nobody's matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reconciler.providers.primus_safe.phases import ENDED
from reconciler.resource import Summary

_NEVER = datetime.min.replace(tzinfo=UTC)


def standing(rows: Iterable[Summary]) -> list[Summary]:
    """Leave out what is history; the order stays."""
    rows = list(rows)
    alive = {_whose(row) for row in rows if row.phase not in ENDED}
    newest: dict[tuple[str, ...], Summary] = {}
    for row in rows:
        if not _is_over(row) or _whose(row) in alive:
            continue
        known = newest.get(_whose(row))
        if known is None or _age(row) > _age(known):
            newest[_whose(row)] = row
    kept = {row.id for row in newest.values()}
    return [row for row in rows if row.phase not in ENDED or row.id in kept]


def recent(rows: Iterable[Summary]) -> list[Summary]:
    """Keep what lives, and the run of each key that ended last, whether or not another lives."""
    rows = list(rows)
    ended = [row for row in rows if row.phase in ENDED and row.mark]
    last = {_whose(row): row for row in sorted(ended, key=_age)}
    kept = {row.id for row in last.values()}
    return [row for row in rows if row.phase not in ENDED or row.id in kept]


def is_of(row: Summary, fleet_id: str) -> bool:
    """Tell whether a row carries the mark of a fleet as its own."""
    return row.mark is not None and row.mark.fleet_id == fleet_id and row.mark.key == row.identity


def _is_over(row: Summary) -> bool:
    """Tell whether a row shows how a marked run of its own key ended."""
    return row.phase in ENDED and row.mark is not None and row.mark.key == row.identity


def _whose(row: Summary) -> tuple[str, ...]:
    """Give the key with the fleet whose mark it carries: fleets may use the same names."""
    fleet = row.mark.fleet_id if row.mark and row.mark.key == row.identity else ""
    return row.identity, fleet


def _age(row: Summary) -> tuple[datetime, datetime, str]:
    """Order runs by when they were made, within a second by when they ended."""
    return row.created_at or _NEVER, row.since or _NEVER, row.id
