"""Judge a workload: its cluster says how it is now, the control plane why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.errors import NotFound, ProviderError, Unavailable
from reconciler.health import DROPPED, Health, Level, PodHealth
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api, cluster_path
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.phases import FINAL, LEVELS, STUCK, level_of
from reconciler.providers.runai.rollout import Update, judge_rollout
from reconciler.resource import Json, Observed

CONTROL_PLANE = "control plane"
CLUSTER_API = "cluster-api and control plane"
_REPEATED = 2
_SETTLED = STUCK | {DROPPED}
_NEWEST = {"limit": "100"}
_NOT_YET = frozenset({404, 500})  # what a cluster answers about a workload it does not know


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


class Doctor:
    """Ask the cluster where it may be asked, always the control plane, and join the two."""

    def __init__(self, api: Api, clusters: Clusters) -> None:
        self._api, self._clusters = api, clusters
        self._updated: dict[str, datetime] = {}

    def note_update(self, id_: str) -> None:
        """Remember, on the server's clock, that an object is about to be updated."""
        transport = self._api.transport
        self._updated[id_] = transport.clock.now() + transport.ahead

    async def judge(self, observed: Observed, *, since: datetime | None) -> Health:
        """Judge one workload now. Raises ProviderError or Misshapen if the control plane does not answer."""
        subject = str(observed.key)
        try:
            row = await self._api.row(observed.id, subject)
        except NotFound:
            return await self._unlisted(observed)
        verdict = _from_row(row, observed.key.kind)
        verdict = await self._with_cluster(verdict, observed)
        update = self._update(observed, since)
        if observed.key.kind == "Inference" and verdict.level is Level.HEALTHY:
            verdict = await judge_rollout(self._api, observed, verdict, update)
        if verdict.level in {Level.PROGRESSING, Level.DEGRADED} and verdict.reason not in _SETTLED:
            verdict = await self._with_events(verdict, observed, row, update)
        if verdict.level is Level.DEGRADED:
            verdict = await self._with_pods(verdict, observed)
        return verdict

    async def _unlisted(self, observed: Observed) -> Health:
        """Tell what has not come up yet from what is gone: reads by type show new objects first."""
        try:
            detail = await self._api.detail(observed.key.kind, observed.id, str(observed.key))
        except NotFound:
            detail = {"deletedAt": "now"}
        if detail.get("deletedAt") or detail.get("desiredPhase") == "Deleted":
            return Health(Level.MISSING, message="it is not there any more", source=CONTROL_PLANE)
        phase = wire.words(detail, "actualPhase") or "Creating"
        message = "the list does not show it yet"
        return Health(Level.PROGRESSING, phase, message=message, source=CONTROL_PLANE)

    async def _with_cluster(self, verdict: Health, observed: Observed) -> Health:
        """Let the cluster's own word count where it is worse than the control plane's."""
        cluster_id, project = observed.summary.identity.split("/")[:2]
        door = await self._clusters.door(cluster_id)
        if not door.url:
            return _noted(verdict, door.note)
        path = cluster_path(project, observed.key.kind, observed.key.name)
        try:
            phase = await self._api.cluster_status(door.url, path, str(observed.key))
        except (ProviderError, wire.Misshapen) as err:
            if isinstance(err, Unavailable) and not err.status:
                self._clusters.rest(door.url)
            said = err.said if isinstance(err, ProviderError) else str(err)
            if verdict.level is Level.PROGRESSING and getattr(err, "status", 0) in _NOT_YET:
                return verdict
            return _noted(verdict, f"the cluster gave no status: {said}")
        joined = replace(verdict, source=CLUSTER_API)
        return _joined(joined, phase) if phase in LEVELS else _noted(joined, f'cluster phase "{phase}"')

    async def _with_events(
        self, verdict: Health, observed: Observed, row: Mapping[str, Json], update: Update | None
    ) -> Health:
        """Look for what keeps a workload from running: no image, no memory, a program that dies."""
        events = await self._api.parts(observed.id, "events", str(observed.key), **_NEWEST)
        fresh = [event for event in events if _is_since(event, update)]
        said = [(wire.words(event, "createdAt"), _words(event)) for event in fresh]
        return _diagnosed(verdict, said, wire.words(row, "phaseMessage"))

    async def _with_pods(self, verdict: Health, observed: Observed) -> Health:
        pods = await self._api.parts(observed.id, "pods", str(observed.key), **_NEWEST)
        found = [PodHealth(wire.words(pod, "name"), wire.words(pod, "k8sPhase")) for pod in pods]
        return replace(verdict, pods=tuple(found))

    def _update(self, observed: Observed, since: datetime | None) -> Update | None:
        transport = self._api.transport
        if since is None:
            return None
        at = self._updated.get(observed.id, since + transport.ahead)
        return Update(at, transport.clock.now() - since)


def _from_row(row: Mapping[str, Json], kind: str) -> Health:
    """Judge by the control plane alone."""
    phase, message = wire.text(row, "phase"), wire.words(row, "phaseMessage")
    verdict = Health(
        level_of(phase),
        phase,
        wire.words(row, "phaseReason"),
        message or (_replicas(row) if kind == "Inference" else ""),
        is_final=phase in FINAL and not (kind == "Inference" and phase == "Completed"),
        source=CONTROL_PLANE,
    )
    return _queued(verdict, row) if phase == "Pending" else verdict


def _replicas(row: Mapping[str, Json]) -> str:
    ready, asked = wire.number(row, "runningPods"), wire.number(row.get("requestedPods"), "number")
    return f"{ready:g}/{asked:g} replicas ready" if asked or ready else ""


def _queued(verdict: Health, row: Mapping[str, Json]) -> Health:
    """Tell a queue that moves from one that cannot."""
    waits = row.get("pendingSchedulingMessages")
    told = [wait for wait in waits if isinstance(wait, Mapping)] if isinstance(waits, list) else []
    reasons = [wire.words(wait, "phaseReason") for wait in told]
    message = next((wire.words(wait, "userMessage") for wait in told), "") or verdict.message
    stuck = verdict.reason if verdict.reason in STUCK else ""
    if not stuck and reasons and all(reason in STUCK for reason in reasons):
        stuck = reasons[0]
    if stuck:
        return replace(verdict, level=Level.DEGRADED, reason=stuck, message=message, is_stuck=True)
    reason = verdict.reason or next(iter(reasons), "")
    return replace(verdict, reason=reason, message=message or "it waits for capacity", is_queued=True)


def _joined(verdict: Health, phase: str) -> Health:
    """Take the worse of two words; a phase further on than the other is no contradiction."""
    scale = tuple(Level)
    level = level_of(phase)
    if phase == verdict.phase or scale.index(level) <= scale.index(verdict.level):
        return verdict
    return replace(verdict, level=level, phase=phase, is_final=phase in FINAL, is_queued=phase == "Pending")


def _diagnosed(verdict: Health, said: Sequence[tuple[str, str]], message: str) -> Health:
    """Find the first trouble with a name; told twice, waiting does not help."""
    for sign in _SIGNS:
        hits = [(at, words) for at, words in said if sign.pattern.search(words)]
        if not hits and not sign.pattern.search(message):
            continue
        causes = [words for _, words in hits if sign.cause.search(words)]
        cause = (causes or [message])[0].partition(": ")[2] if causes else message
        is_final = verdict.is_final or len({at for at, _ in hits}) >= _REPEATED
        return replace(
            verdict,
            level=Level.DEGRADED,
            reason=sign.reason,
            message=cause or message,
            is_queued=False,
            is_final=is_final,
        )
    return verdict


def _words(event: Mapping[str, Json]) -> str:
    return f"{wire.words(event, 'reason')}: {wire.words(event, 'message')}"


def _is_since(event: Mapping[str, Json], update: Update | None) -> bool:
    at = wire.moment(event.get("createdAt"))
    return update is None or at is None or at >= update.at


def _noted(verdict: Health, note: str) -> Health:
    return replace(verdict, notes=(*verdict.notes, note)) if note else verdict
