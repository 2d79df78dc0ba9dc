"""Tell whether an updated server took the update: its spec alone does not prove it.

The platform shows the new configuration at once and may drop it minutes later, while the old pods go on
serving. Of an Inference its revisions tell; of the others only how many pods are ready, and their age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.errors import NotFound, Rejected
from reconciler.health import DROPPED, Health, Level
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.resource import Json, Observed

_COARSE = timedelta(seconds=2)  # a Date header has no fractions
_NO_NEW_ONE = timedelta(seconds=30)  # a change of priority or category makes no revision
_DEADLINE = timedelta(minutes=10)
_COUNTS = frozenset({"autoscaling", "replicas"})
"""Fields that say how many pods there are, and nothing of what they are."""


@dataclass(frozen=True, slots=True)
class Update:
    """Say when an object was updated: `at` on the server's clock, `ago` by our own.

    `fields` are those that changed, as far as this run knows.
    """

    at: datetime
    ago: timedelta
    fields: frozenset[str] = frozenset()


async def judge_rollout(
    api: Api, observed: Observed, row: Mapping[str, Json], verdict: Health, update: Update | None
) -> Health:
    """Judge what serves and looks well, after an update if there was one."""
    if observed.key.kind == "Inference":
        return await _by_revisions(api, observed, verdict, update)
    if update is None:
        return verdict
    if 0 < wire.number(row, "runningPods") < asked(row):
        return _rolling(verdict, ready_words(row, "pod"))
    if observed.key.kind == "NimService" and not update.fields <= _COUNTS:
        return await _by_age(api, observed, verdict, update)
    return verdict


def asked(row: Mapping[str, Json]) -> float:
    """Give how many pods a row says that were asked for; 0 where it does not say."""
    return wire.number(row.get("requestedPods"), "number")


def ready_words(row: Mapping[str, Json], what: str) -> str:
    """Say how many pods are ready of how many; "" where a row says neither."""
    ready, wanted = wire.number(row, "runningPods"), asked(row)
    return f"{ready:g}/{wanted:g} {what}s ready" if wanted or ready else ""


async def _by_revisions(api: Api, observed: Observed, verdict: Health, update: Update | None) -> Health:
    """Judge an inference that looks well: its newest revision has to serve.

    Where we did not update it ourselves and no revision is shown, nothing speaks against it.
    """
    try:
        revisions = await api.revisions(observed.id, str(observed.key))
    except (NotFound, Rejected):
        return await _by_pods(api, observed, verdict, update) if update else verdict
    if not revisions:
        return _rolling(verdict, "no revision is shown yet") if update else verdict
    newest = max(revisions, key=_made)
    name = wire.words(newest, "name") or wire.text(newest, "id")
    if update and not _is_after(newest, update) and update.ago < _NO_NEW_ONE:
        return _rolling(verdict, f"no revision newer than {name} is shown yet")
    return _by_revision(verdict, name, wire.text(newest, "phase"), wire.words(newest, "phaseMessage"))


async def _by_age(api: Api, observed: Observed, verdict: Health, update: Update) -> Health:
    """Judge by pods alone: new ones take over from old ones, or the update changed nothing in them.

    Where no pod is new after a while, nothing tells a change that needs none from one that was dropped.
    """
    alive = await _alive(api, observed)
    new = [pod for pod in alive if _is_after(pod, update)]
    if alive and len(new) == len(alive):
        return verdict
    if new:
        return _rolling(verdict, "pods from before the update are still there")
    if update.ago < _NO_NEW_ONE:
        return _rolling(verdict, "no pod newer than the update is shown yet")
    note = (
        "no pod is newer than the update: it changed nothing in them, or it was dropped; Run:ai does not say"
    )
    return replace(verdict, notes=(*verdict.notes, note))


def _by_revision(verdict: Health, name: str, phase: str, said: str) -> Health:
    if phase == "Running":
        return verdict
    if phase in {"Failed", "Stopped", "Completed"}:
        return _dropped(verdict, f"revision {name} was dropped and an older one keeps serving", said)
    why = f": {said}" if said else ""
    return _rolling(verdict, f"revision {name} is {phase}, an older one serves{why}")


async def _by_pods(api: Api, observed: Observed, verdict: Health, update: Update) -> Health:
    """Judge where revisions are not shown: all pods must be of one revision, made after the update."""
    alive = await _alive(api, observed)
    if _is_one_new(alive, update):
        return verdict
    if update.ago >= _DEADLINE:
        return _dropped(verdict, "the update was dropped: pods from before it keep serving", "")
    return _rolling(verdict, "pods from before the update are still there")


async def _alive(api: Api, observed: Observed) -> list[dict[str, Json]]:
    pods = await api.parts(observed.id, "pods", str(observed.key), limit="500")
    return [
        pod
        for pod in pods
        if not wire.has_come(pod.get("completedAt")) and not wire.has_come(pod.get("deletedAt"))
    ]


def _is_one_new(pods: Sequence[Mapping[str, Json]], update: Update) -> bool:
    is_one = len({wire.words(pod, "revisionId") for pod in pods}) == 1
    return is_one and all(_is_after(pod, update) for pod in pods)


def _is_after(row: Mapping[str, Json], update: Update) -> bool:
    return _made(row) >= update.at - _COARSE


def _made(row: Mapping[str, Json]) -> datetime:
    found = wire.moment(row.get("createdAt"))
    if found is None:
        raise wire.Misshapen('a row holds no "createdAt"')
    return found


def _rolling(verdict: Health, message: str) -> Health:
    return replace(verdict, level=Level.PROGRESSING, message=message, is_final=False)


def _dropped(verdict: Health, message: str, said: str) -> Health:
    words = f"{message}: {said}" if said else message
    return replace(verdict, level=Level.DEGRADED, reason=DROPPED, message=words, is_final=True)
