"""Recognise trouble in what the platform says about pods: no image, no memory, a program that dies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.health import Health, Level, PodHealth
from reconciler.providers.runai import wire
from reconciler.resource import Json

_REPEATED = 2
_MOST_NAMED = 3
_RESTARTING = re.compile(r"Back-off restarting failed container")


@dataclass(frozen=True, slots=True)
class _Sign:
    """Recognise one trouble in what the cluster says about pods."""

    reason: str
    pattern: re.Pattern[str]
    cause: re.Pattern[str]


_SIGNS = (
    _Sign(
        "ErrImagePull",
        re.compile(r"ErrImagePull|ImagePullBackOff|InvalidImageName|Failed to pull image|Back-off pulling"),
        re.compile(r"Failed to pull image|InvalidImageName|couldn't parse image"),
    ),
    _Sign("OOMKilled", re.compile(r"OOMKill|out of memory", re.IGNORECASE), re.compile(r"OOMKill|memory")),
    _Sign(
        "CrashLoopBackOff",
        re.compile(r"CrashLoopBackOff|Back-off restarting failed container"),
        re.compile(r"CrashLoopBackOff|Back-off restarting"),
    ),
)


def diagnosed(
    verdict: Health, events: Sequence[Mapping[str, Json]], message: str, *, names_pods: bool
) -> Health:
    """Find the first trouble with a name; told twice, waiting does not help."""
    for sign in _SIGNS:
        hits = [event for event in events if sign.pattern.search(_words(event))]
        if not hits and not sign.pattern.search(message):
            continue
        causes = [event for event in hits if sign.cause.search(_words(event))]
        cause = _cause(causes[0], names_pods=names_pods) if causes else message
        is_final = verdict.is_final or len({wire.words(event, "createdAt") for event in hits}) >= _REPEATED
        return replace(
            verdict,
            level=Level.DEGRADED,
            reason=sign.reason,
            message=cause or message,
            is_queued=False,
            is_final=is_final,
        )
    return verdict


def restarted(
    verdict: Health,
    pods: Sequence[Mapping[str, Json]],
    events: Sequence[Mapping[str, Json]],
    *,
    oldest: datetime,
    names_pods: bool,
) -> Health:
    """Judge what runs again after a pod of it failed: once since `oldest` is progress, more a crash loop."""
    fell = [event for event in events if is_restart(event) and _alive(event, pods)]
    moments = {at for event in fell if (at := wire.moment(event.get("createdAt")))}
    if not moments or max(moments) < oldest:
        return verdict
    level = Level.DEGRADED if len(moments) >= _REPEATED else Level.PROGRESSING
    message = f"runs again after it failed: {_cause(fell[0], names_pods=names_pods)}"
    return replace(verdict, level=level, reason="CrashLoopBackOff", message=message)


def is_restart(event: Mapping[str, Json]) -> bool:
    """Tell whether an event says that a container failed and is started again."""
    return bool(_RESTARTING.search(_words(event)))


def fallen_pods(pods: Sequence[Mapping[str, Json]], events: Sequence[Mapping[str, Json]]) -> Set[str]:
    """Name the pods a container of which failed and is started again, by events since each was made."""
    return {name for event in events if is_restart(event) and (name := _alive(event, pods))}


def pod_healths(
    pods: Sequence[Mapping[str, Json]], events: Sequence[Mapping[str, Json]]
) -> tuple[PodHealth, ...]:
    """Tell how each pod is. Rows count no restarts: they are the starts in events beyond the first.

    Events are cut and forgotten, so it is the least there were.
    """
    fallen = fallen_pods(pods, events)
    starts = Counter(
        (name, _words(event))
        for event in events
        if wire.words(event, "reason") == "Started" and (name := _alive(event, pods))
    )
    most: dict[str, int] = {}
    for (name, _), count in starts.items():
        most[name] = max(most.get(name, 0), count - 1)
    names = [(wire.words(pod, "name"), wire.words(pod, "k8sPhase")) for pod in pods]
    return tuple(
        PodHealth(name, phase, "CrashLoopBackOff" if name in fallen else "", most.get(name, 0))
        for name, phase in names
    )


def _alive(event: Mapping[str, Json], pods: Sequence[Mapping[str, Json]]) -> str:
    """Name the pod that an event is about; "" where it was another one, of the same name or not."""
    name, at = _pod_of(event), wire.moment(event.get("createdAt"))
    for pod in pods:
        if name and wire.words(pod, "name") == name:
            made = wire.moment(pod.get("createdAt"))
            return name if made is None or at is None or at >= made else ""
    return ""


def with_pods(verdict: Health, pods: Sequence[PodHealth], *, names_pods: bool) -> Health:
    """Add the pods to a verdict; of several, name those that failed where nothing names one yet."""
    failed = [pod.name for pod in pods if pod.phase == "Failed"]
    is_told = any(pod.name and pod.name in verdict.message for pod in pods)
    verdict = replace(verdict, pods=tuple(pods))
    if not names_pods or not failed or is_told:
        return verdict
    more = f" and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    said = f": {verdict.message}" if verdict.message else ""
    return replace(verdict, message=f"{', '.join(failed[:_MOST_NAMED])}{more} failed{said}")


def _cause(event: Mapping[str, Json], *, names_pods: bool) -> str:
    said = wire.words(event, "message")
    pod = _pod_of(event) if names_pods else ""
    return f"{pod}: {said}" if pod and said and pod not in said else said


def _pod_of(event: Mapping[str, Json]) -> str:
    involved = event.get("involvedObject")
    if not isinstance(involved, Mapping) or involved.get("kind") != "Pod":
        return ""
    return wire.words(involved, "name")


def _words(event: Mapping[str, Json]) -> str:
    return f"{wire.words(event, 'reason')}: {wire.words(event, 'message')}"
