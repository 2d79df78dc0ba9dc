"""The eventful ones of sixty nights, on servers of either generation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.soak.actor import EVERY_NIGHT, Actor
from tests.soak.nights import pass_nights
from tests.soak.primus_safe.actors import ACTORS, job
from tests.soak.primus_safe.calendar import TABLES

pytestmark = pytest.mark.no_cover  # nights over code that other tests cover
PARTS = 4
"""Each part of the actors on a server of one generation; the whole soak has all of them on both."""
OFTEN = 8
"""Who is submitted oftener takes part in the whole soak alone."""
NEEDED = frozenset({"finished", "failed", "ends-in-a-week"})
"""Those that others wait for."""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_night_sends_exactly_what_is_due(part: int) -> None:
    generation = 1 + part % 2
    actors = [
        actor
        for nth, actor in enumerate(ACTORS)
        if actor.name in NEEDED or (nth % PARTS == part and len(actor.submitted) < OFTEN)
    ]
    nights = {day for actor in actors for day in actor.eventful}

    report = pass_nights(TABLES[generation], len(nights), actors)

    assert [str(fault) for fault in report.broken] == []
    assert report.submitted == report.designed >= len(actors) - 5


@pytest.mark.parametrize("generation", TABLES)
def test_a_new_machine_each_night_sends_the_same(generation: int) -> None:
    told = {"finished", "hidden", "stopped-by-git", "failed", "unmarked"}
    some = [actor for actor in ACTORS if actor.name in told]
    nights = {day for actor in some for day in actor.eventful}

    report = pass_nights(TABLES[generation], len(nights), some, remembers=False)

    assert [str(fault) for fault in report.broken] == []
    assert report.submitted == report.designed == len(some) + 1


def test_a_submission_that_is_not_due_is_told() -> None:
    honest = Actor("always", "each night", {0: job(lifecycle="{run: Always}")}, EVERY_NIGHT)
    runs, once = ACTORS[0], replace(honest, submitted=(0,))

    report = pass_nights(TABLES[1], 2, [runs, once])

    assert [str(fault) for fault in report.broken] == [
        "nights: night 1: always had {'create': 1} where nothing was due"
    ]


def test_every_actor_says_why() -> None:
    assert all(actor.why for actor in ACTORS)
    assert len({actor.name for actor in ACTORS}) == len(ACTORS)
