"""Who stopped a workload: proven by its events, or not known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.providers.runai.stops import stoppage_of
from reconciler.resource import Json, StoppedBy

STOPPED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def event(minutes: float, reason: str, source: str = "kubelet") -> dict[str, Json]:
    """Make an event so many minutes after the stop."""
    at = (STOPPED + timedelta(minutes=minutes)).isoformat()
    return {"createdAt": at, "reason": reason, "message": f"{reason} it", "source": source}


def by_platform(minutes: float) -> dict[str, Json]:
    return event(minutes, "Suspended", "runai-operator")


@pytest.mark.parametrize(
    ("events", "by"),
    [
        ([], StoppedBy.UNKNOWN),
        ([event(-60, "Started")], StoppedBy.PERSON),
        ([event(1, "Killing")], StoppedBy.UNKNOWN),
        ([event(1, "Killing"), event(-60, "Started")], StoppedBy.PERSON),
        ([by_platform(0)], StoppedBy.PLATFORM),
        ([by_platform(1), event(-60, "Started")], StoppedBy.PLATFORM),
        ([by_platform(-1), event(-60, "Started")], StoppedBy.PLATFORM),
        ([event(0, "Suspended"), event(-60, "Started")], StoppedBy.PERSON),
        ([event(0, "Preempted", "runai-operator"), event(-60, "Started")], StoppedBy.PERSON),
        ([event(-60, "Started"), by_platform(-90)], StoppedBy.PERSON),
        ([event(-60, "Pulling"), by_platform(-90)], StoppedBy.UNKNOWN),
        ([by_platform(-90), event(-120, "Started")], StoppedBy.UNKNOWN),
        ([{"reason": "Suspended", "source": "runai-operator"}], StoppedBy.UNKNOWN),
    ],
    ids=lambda value: value if isinstance(value, StoppedBy) else None,
)
def test_the_events_tell_who_stopped_it(events: list[dict[str, Json]], by: StoppedBy) -> None:
    assert stoppage_of(events, STOPPED).by is by
    assert stoppage_of(events[::-1], STOPPED).by is by


def test_the_platform_is_quoted() -> None:
    assert stoppage_of([by_platform(0)], STOPPED).why == "Suspended it"


def test_without_a_time_of_the_stop_nothing_is_proven() -> None:
    assert stoppage_of([by_platform(0), event(-60, "Started")], None).by is StoppedBy.UNKNOWN
