"""README.md and docs/tour.md show what the tool prints today, and their recorder would notice if not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference.pages import DOCS
from reference.tour import recorded, settled

PAGES = (DOCS.parent / "README.md", DOCS / "tour.md")


@pytest.mark.no_cover
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_a_page_shows_what_is_printed_today(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert settled(recorded(text)).splitlines() == settled(text).splitlines(), "`make docs` records it anew"


def test_a_page_that_says_something_else_is_noticed() -> None:
    page = "```console\n$ echo two\none\n\n$ echo three && cd .\n```\n\n<!-- at: 5 -->\n"

    assert (
        recorded(page)
        == "```console\n$ echo two\ntwo\n\n$ echo three && cd .\nthree\n```\n\n<!-- at: 5 -->\n"
    )


def test_times_and_the_order_of_what_happens_at_once_are_another_each_time() -> None:
    once = "09:00:01  a  creating\n09:00:01  b  creating\nin 9.9s, abcdef1\n"
    again = "10:17:59  b  creating\n10:17:59  b  Pending\n10:18:00  a  creating\nin 2m 01s, 0123456789\n"

    assert settled(once) == settled(again)
    assert settled(once) != settled(once.replace("creating", "deleting"))
