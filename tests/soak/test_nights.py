"""The eventful ones of sixty nights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.soak.actor import EVERY_NIGHT, Actor
from tests.soak.actors import ACTORS, job
from tests.soak.calendar import TABLE
from tests.soak.nights import chosen, pass_nights

pytestmark = pytest.mark.no_cover  # nights over code that other tests cover
EVENTFUL = sorted({day for actor in ACTORS for day in actor.eventful})


def test_every_night_sends_exactly_what_is_due() -> None:
    report = pass_nights(TABLE, len(EVENTFUL))

    assert [str(fault) for fault in report.broken] == []
    assert report.nights == EVENTFUL
    assert report.submitted == report.designed > 2 * len(ACTORS)


def test_a_new_machine_each_night_sends_the_same() -> None:
    gone = [actor for actor in ACTORS if not actor.lives and not actor.needs_journal]
    some = [ACTORS[0], *gone]  # one that runs, to know the fleet by
    nights = {day for actor in some for day in actor.eventful}

    report = pass_nights(TABLE, len(nights), some, remembers=False)

    assert [str(fault) for fault in report.broken] == []
    assert report.submitted == report.designed >= len(some)


def test_a_submission_that_is_not_due_is_told() -> None:
    honest = Actor("always", "each night", {0: job(lifecycle="{run: Always}")}, EVERY_NIGHT, lives=True)
    once = replace(honest, submitted=(0,))

    report = pass_nights(TABLE, 2, [once])

    assert [str(fault) for fault in report.broken] == [
        "nights: night 1: always had {'delete': 1, 'create': 1} where nothing was due"
    ]


def test_the_sample_takes_every_night_on_which_something_happens() -> None:
    assert chosen(60, ACTORS) == [*EVERY_NIGHT]
    assert {0, 59} <= {*EVENTFUL}


def test_every_actor_says_why() -> None:
    assert all(actor.why for actor in ACTORS)
    assert len({actor.name for actor in ACTORS}) == len(ACTORS)
