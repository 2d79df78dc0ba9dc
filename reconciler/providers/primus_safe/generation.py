"""Which of the two forms of the API a server speaks: what it says of itself, confirmed by what it lists.

The first is that of the API page (`resource`, `image`, `entryPoint`), the second that of today's servers
(`resources`, `images`, `entryPoints`). Each ignores the other's keys without a word, so nothing is written
before it is known which one answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from reconciler.resource import Json

_FIRST_SAYS = frozenset({"authoringImage"})
_SECOND_SAYS = frozenset({"ssoEnable", "ssoAuthUrl", "cdRequireApproval"})


class Generation(StrEnum):
    """Name a form of the API."""

    FIRST = "1"
    SECOND = "2"

    @property
    def is_plural(self) -> bool:
        """Tell whether resources, images and entry points are lists."""
        return self is Generation.SECOND


def of_row(row: Mapping[str, Json]) -> Generation | None:
    """Tell from a workload in which form it is shown; None where it shows neither or both."""
    found = {Generation.FIRST: "resource" in row, Generation.SECOND: "resources" in row}
    shown = [generation for generation, is_there in found.items() if is_there]
    return shown[0] if len(shown) == 1 else None


def of_flags(flags: Mapping[str, Json]) -> Generation | None:
    """Tell from the keys of `GET /envs` who answers; None where they are of neither or of both."""
    says_first, says_second = not _FIRST_SAYS.isdisjoint(flags), not _SECOND_SAYS.isdisjoint(flags)
    if says_first is says_second:
        return None
    return Generation.FIRST if says_first else Generation.SECOND


def decided(flags: Mapping[str, Json], rows: Iterable[Mapping[str, Json]]) -> tuple[Generation | None, str]:
    """Decide by the server's flags and by the rows there are; None with the reason where they disagree."""
    said = of_flags(flags)
    shown = {found for row in rows if (found := of_row(row))}
    if len(shown) > 1:
        return None, "some of its rows are in one form and some in the other"
    row = next(iter(shown), None)
    if row and said and row is not said:
        return None, f"GET /envs looks like generation {said}, and its rows like generation {row}"
    found = row or said
    return found, "" if found else "neither GET /envs nor a row tells which form of the API it speaks"
