"""Tell whether an updated inference took the update: its spec alone does not prove it.

The platform shows the new configuration at once and may drop it minutes later, while the old revision
goes on serving.
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


@dataclass(frozen=True, slots=True)
class Update:
    """Say when an object was updated: `at` on the server's clock, `ago` by our own."""

    at: datetime
    ago: timedelta


async def judge_rollout(api: Api, observed: Observed, verdict: Health, update: Update | None) -> Health:
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


def _by_revision(verdict: Health, name: str, phase: str, said: str) -> Health:
    if phase == "Running":
        return verdict
    if phase in {"Failed", "Stopped", "Completed"}:
        return _dropped(verdict, f"revision {name} was dropped and an older one keeps serving", said)
    why = f": {said}" if said else ""
    return _rolling(verdict, f"revision {name} is {phase}, an older one serves{why}")


async def _by_pods(api: Api, observed: Observed, verdict: Health, update: Update) -> Health:
    """Judge where revisions are not shown: all pods must be of one revision, made after the update."""
    pods = await api.parts(observed.id, "pods", str(observed.key), limit="500")
    alive = [pod for pod in pods if not pod.get("completedAt") and not pod.get("deletedAt")]
    if _is_one_new(alive, update):
        return verdict
    if update.ago >= _DEADLINE:
        return _dropped(verdict, "the update was dropped: pods from before it keep serving", "")
    return _rolling(verdict, "pods from before the update are still there")


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
