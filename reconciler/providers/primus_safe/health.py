"""Judge a workload by its phase, its conditions and its pods: all there is, and all of it in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.health import Health, Level
from reconciler.provider import Edit
from reconciler.providers.primus_safe.phases import ENDED, PENDING, is_queued, level_of, phase_of
from reconciler.providers.primus_safe.pods import Pod, as_health, first_fallen, pods_of
from reconciler.providers.primus_safe.wire import listed, moment, whole, words
from reconciler.resource import Json

SOURCE = "API server"
_ROLLS = frozenset({"image", "entryPoint", "env", "resource"})
_ROLLED = ("K8sRunning", "K8sUpdating")
_TROUBLE = ("AdminFailed", "K8sFailed")
_STOPPED = "AdminStopped"
_BEGINS = timedelta(seconds=60)
"""So long after an update its rollout may not show yet; a new number of pods alone may never show."""
_SLACK = timedelta(seconds=2)
_FINAL_REASONS = frozenset({"InvalidImageName", "CreateContainerConfigError"})


@dataclass(frozen=True, slots=True)
class Update:
    """Remember when, on the server's clock, which fields of an object were about to be updated."""

    at: datetime
    fields: frozenset[str]


@dataclass(slots=True)
class Updates:
    """Remember the updates that were sent, by id."""

    _sent: dict[str, Update] = field(default_factory=dict)

    def note(self, id_: str, edit: Edit, now: datetime) -> None:
        """Remember that an object is about to be updated, at the server's time."""
        fields = frozenset(pointer.split("/")[2] for pointer in (*edit.changed, *edit.removed))
        self._sent[id_] = Update(now, fields)

    def of(self, id_: str) -> Update | None:
        """Give the last update of an object in this run."""
        return self._sent.get(id_)


def judge(row: Mapping[str, Json], now: datetime, *, serves: bool, update: Update | None = None) -> Health:
    """Judge a workload by its detail. `serves`: it is meant to run until it is stopped; `now` is its time.

    A condition that tells of a failure is none by itself: a Deployment of the first generation that starts
    carries one.
    """
    phase, pods = phase_of(words(row, "phase")), pods_of(row)
    verdict = Health(
        level_of(phase),
        phase,
        message=words(row, "message"),
        is_final=phase in ENDED,
        pods=as_health(pods),
        source=SOURCE,
    )
    if phase in ENDED:
        return _ended(verdict, row, pods)
    if phase == PENDING and is_queued(row):
        return _waiting(verdict, row)
    if serves and update and phase == "Running" and not _has_rolled(row, update, now):
        return replace(verdict, level=Level.PROGRESSING, message="the rollout does not show yet")
    return verdict if phase == "Running" else _starting(verdict, row, pods)


def _ended(verdict: Health, row: Mapping[str, Json], pods: Sequence[Pod]) -> Health:
    if verdict.phase == "Stopped":
        return replace(verdict, message=_said(row, (_STOPPED,)) or verdict.message)
    if verdict.phase != "Failed":
        return verdict
    fallen, said = first_fallen(pods), _said(row, _TROUBLE)
    if fallen is None:
        return replace(verdict, message=said)
    told = f"{fallen.name}: {fallen.end or 'failed'}" if len(pods) > 1 else fallen.end
    others = sum(pod.has_failed for pod in pods) - 1
    more = f"; {others} more failed after it" if others > 0 else ""
    words_ = "; ".join(part for part in (said, f"{told}{more}") if part)
    return replace(verdict, reason=fallen.reason, message=words_)


def _waiting(verdict: Health, row: Mapping[str, Json]) -> Health:
    """Tell of a place in the queue, and why it waits in the platform's own words."""
    place = whole(row, "schedulerOrder") or whole(row, "queuePosition")
    where = f"number {place} in the queue" if place else ""
    said = "; ".join(part for part in (verdict.message, where) if part)
    return replace(verdict, message=said or "it waits in the queue", is_queued=True)


def _starting(verdict: Health, row: Mapping[str, Json], pods: Sequence[Pod]) -> Health:
    """Tell what keeps a workload that was let through from running."""
    fallen = first_fallen(pods)
    if fallen is None:
        return verdict
    told = f"{fallen.name}: {fallen.end}" if len(pods) > 1 else fallen.end
    is_bad = fallen.reason not in ("", "Error") or verdict.phase == "NotReady"
    return replace(
        verdict,
        level=Level.DEGRADED if is_bad else verdict.level,
        reason=fallen.reason,
        message=told or verdict.message,
        is_final=fallen.reason in _FINAL_REASONS,
    )


def _has_rolled(row: Mapping[str, Json], update: Update, now: datetime) -> bool:
    """Tell whether what was updated runs: a newer condition says so, or enough time has gone by without."""
    if update.fields.isdisjoint(_ROLLS) or now - update.at >= _BEGINS:
        return True
    newest = [at for one in listed(row, "conditions") if words(one, "type") in _ROLLED and (at := _at(one))]
    return bool(newest) and max(newest) >= update.at - _SLACK


def _at(condition: Mapping[str, Json]) -> datetime | None:
    return moment(condition.get("lastTransitionTime"))


def _said(row: Mapping[str, Json], types: Sequence[str]) -> str:
    """Give the message of the newest condition of some types that has one."""
    told = [words(one, "message") for one in listed(row, "conditions") if words(one, "type") in types]
    return next((message for message in reversed(told) if message), "")
