"""Stops: who stopped a workload, as far as its events prove it. Pure.

The platform says so itself, with an event of its operator; a stop that somebody asked for leaves none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.providers.runai import wire
from reconciler.resource import Json, Stoppage, StoppedBy

_SLACK = timedelta(minutes=2)
"""The event comes when a stop begins, the phase is reported once it is done."""
_STARTS = frozenset({"Scheduled", "Started"})

Event = Mapping[str, Json]


def stoppage_of(events: Sequence[Event], since: datetime | None) -> Stoppage:
    """Judge who stopped a workload that stands still since a moment.

    A person did where the events reach back beyond the stop, and none of it is the platform's own.
    """
    told = [(at, event) for event in events if (at := wire.moment(event.get("createdAt")))]
    if not told or since is None:
        return _unknown("it has no events" if since else "the platform does not say since when")
    ours = [(at, event) for at, event in told if _is_of_platform(event)]
    at, event = max(ours, key=lambda pair: pair[0], default=(None, {}))
    if at is not None and at >= since - _SLACK:
        return Stoppage(StoppedBy.PLATFORM, wire.words(event, "message"))
    if min(moment for moment, _ in told) > since:
        return _unknown("its events do not reach back to the stop")
    ran_since = [moment for moment, other in told if other.get("reason") in _STARTS and at and at < moment]
    if at is not None and not any(moment <= since for moment in ran_since):
        return _unknown("its events do not say that it ran since the platform stopped it before")
    return Stoppage(StoppedBy.PERSON)


def _is_of_platform(event: Event) -> bool:
    return event.get("reason") == "Suspended" and event.get("source") == "runai-operator"


def _unknown(why: str) -> Stoppage:
    return Stoppage(StoppedBy.UNKNOWN, why)
