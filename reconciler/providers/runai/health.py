"""Judge a workload: its cluster says how it is now, the control plane why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.capacity import STUCK
from reconciler.errors import NotFound, ProviderError, Unavailable
from reconciler.health import DROPPED, STEADY, Health, Level
from reconciler.kind import Kind
from reconciler.provider import Edit
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.details import Detail
from reconciler.providers.runai.phases import FINAL, LEVELS, level_of
from reconciler.providers.runai.rollout import Update, asked, judge_rollout, ready_words
from reconciler.providers.runai.routes import cluster_path, unshown
from reconciler.providers.runai.signs import diagnosed, is_restart, pod_healths, restarted, with_pods
from reconciler.providers.runai.sync import REFUSED, synced
from reconciler.resource import Json, Observed

CONTROL_PLANE = "control plane"
CLUSTER_API = "cluster-api and control plane"
_SETTLED = STUCK | {DROPPED, REFUSED}
_NEWEST = {"limit": "100"}
_NOT_YET = frozenset({404, 500})  # what a cluster answers about a workload it does not know


class Doctor:
    """Ask the cluster where it may be asked, always the control plane, and join the two."""

    def __init__(self, api: Api, clusters: Clusters, kinds: Mapping[str, Kind]) -> None:
        self._api, self._clusters, self._kinds = api, clusters, kinds
        self._updated: dict[str, tuple[datetime, frozenset[str]]] = {}

    def note_update(self, id_: str, edit: Edit) -> None:
        """Remember, on the server's clock, that fields of an object are about to be updated."""
        transport = self._api.transport
        fields = frozenset(pointer.split("/")[2] for pointer in (*edit.changed, *edit.removed))
        self._updated[id_] = transport.clock.now() + transport.ahead, fields

    async def judge(self, observed: Observed, *, since: datetime | None) -> Health:
        """Judge one workload now. Raises ProviderError or Misshapen if the control plane does not answer."""
        kind, subject = self._kinds[observed.key.kind], str(observed.key)
        try:
            row = await self._api.row(observed.id, subject)
        except NotFound:
            return await self._unlisted(observed)
        verdict = _from_row(row, kind, ends=kind.ends(observed.spec))
        verdict = await self._with_cluster(verdict, observed)
        update = self._update(observed, since)
        if verdict.level is Level.HEALTHY and kind.support.updatable:
            verdict = await judge_rollout(self._api, observed, row, verdict, update)
        if kind.name == "ExternalWorkload":
            verdict = await self._with_sync(verdict, observed)
        if verdict.level is Level.HEALTHY and verdict.phase == "Running" and self._is_new(row):
            return await self._restarted(verdict, observed, row, update)
        events: Sequence[Mapping[str, Json]] = ()
        if verdict.level in {Level.PROGRESSING, Level.DEGRADED} and verdict.reason not in _SETTLED:
            events = await self._events(observed, update)
            message = wire.words(row, "phaseMessage")
            verdict = diagnosed(verdict, events, message, names_pods=_has_many(row))
        if verdict.level is Level.DEGRADED:
            verdict = _with_pods(verdict, await self._pods(observed), events, row)
        return verdict

    async def _unlisted(self, observed: Observed) -> Health:
        """Tell what has not come up yet from what is gone: reads by kind show new objects first."""
        detail = await self._detail(observed)
        if detail is None:
            return Health(Level.MISSING, message="it is not there any more", source=CONTROL_PLANE)
        message = "the list does not show it yet"
        verdict = Health(Level.PROGRESSING, detail.phase or "Creating", message=message, source=CONTROL_PLANE)
        return synced(verdict, detail.sync)

    async def _with_sync(self, verdict: Health, observed: Observed) -> Health:
        """Let count how far the newest manifest has got: what runs may still be the one before."""
        detail = await self._detail(observed)
        return synced(verdict, detail.sync) if detail else verdict

    async def _detail(self, observed: Observed) -> Detail | None:
        try:
            detail = await self._api.detail(observed.key.kind, observed.id, str(observed.key))
        except NotFound:
            return None
        return None if detail.is_deleted or detail.wanted_phase == "Deleted" else detail

    async def _with_cluster(self, verdict: Health, observed: Observed) -> Health:
        """Let the cluster's own word count where it is worse than the control plane's."""
        cluster_id, project = observed.summary.identity.split("/")[:2]
        path = cluster_path(project, observed.key.kind, observed.key.name, observed.spec)
        if not path:
            what = unshown(observed.key.kind, observed.spec)
            return _noted(verdict, f"{what}, so only the control plane was asked")
        door = await self._clusters.door(cluster_id)
        if not door.url:
            return _noted(verdict, door.note)
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

    def _is_new(self, row: Mapping[str, Json]) -> bool:
        """Tell whether a workload has come to its phase lately, so that it may have failed before that."""
        at, transport = wire.moment(row.get("phaseUpdatedAt")), self._api.transport
        return at is not None and transport.clock.now() + transport.ahead - at < STEADY

    async def _restarted(
        self, verdict: Health, observed: Observed, row: Mapping[str, Json], update: Update | None
    ) -> Health:
        """Let count that a pod failed shortly before: what was started again may fail again."""
        transport = self._api.transport
        oldest = transport.clock.now() + transport.ahead - STEADY
        events = await self._events(observed, update)
        if not any(is_restart(event) for event in events):
            return verdict
        pods = await self._pods(observed)
        judged = restarted(verdict, pods, events, oldest=oldest, names_pods=_has_many(row))
        return judged if judged.level is Level.HEALTHY else _with_pods(judged, pods, events, row)

    async def _events(self, observed: Observed, update: Update | None) -> Sequence[Mapping[str, Json]]:
        """Read what may keep a workload from running: no image, no memory, a program that dies."""
        events = await self._api.parts(observed.id, "events", str(observed.key), **_NEWEST)
        return [event for event in events if _is_since(event, update)]

    async def _pods(self, observed: Observed) -> Sequence[Mapping[str, Json]]:
        return await self._api.parts(observed.id, "pods", str(observed.key), **_NEWEST)

    def _update(self, observed: Observed, since: datetime | None) -> Update | None:
        transport = self._api.transport
        if since is None:
            return None
        at, fields = self._updated.get(observed.id, (since + transport.ahead, frozenset()))
        return Update(at, transport.clock.now() - since, fields)


def _from_row(row: Mapping[str, Json], kind: Kind, *, ends: bool) -> Health:
    """Judge by the control plane alone."""
    phase, message = wire.text(row, "phase"), wire.words(row, "phaseMessage")
    serves = kind.support.updatable and not ends
    verdict = Health(
        level_of(phase),
        phase,
        wire.words(row, "phaseReason"),
        message or (ready_words(row, "replica" if kind.name == "Inference" else "pod") if serves else ""),
        is_final=phase in FINAL and not (serves and phase == "Completed"),
        source=CONTROL_PLANE,
    )
    return _queued(verdict, row) if phase == "Pending" else verdict


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


def _has_many(row: Mapping[str, Json]) -> bool:
    """Tell whether a workload has several pods, so that one of them is worth naming."""
    return asked(row) > 1


def _is_since(event: Mapping[str, Json], update: Update | None) -> bool:
    at = wire.moment(event.get("createdAt"))
    return update is None or at is None or at >= update.at


def _with_pods(
    verdict: Health,
    pods: Sequence[Mapping[str, Json]],
    events: Sequence[Mapping[str, Json]],
    row: Mapping[str, Json],
) -> Health:
    return with_pods(verdict, pod_healths(pods, events), names_pods=_has_many(row))


def _noted(verdict: Health, note: str) -> Health:
    return replace(verdict, notes=(*verdict.notes, note)) if note else verdict
