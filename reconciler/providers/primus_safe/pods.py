"""The pods of a workload as its detail shows them: how each is, and which of them fell first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.health import PodHealth
from reconciler.providers.primus_safe.wire import listed, moment, whole, words
from reconciler.resource import Json

_LAST = datetime.max.replace(tzinfo=UTC)
_URGENCY = ("Failed", "Unknown", "Running", "Succeeded", "Pending")
_LOGGED = frozenset({"Failed", "Running", "Succeeded"})
_WORDS = (
    ("ImagePullBackOff", ("Back-off pulling image", "ImagePullBackOff", "ErrImagePull", "InvalidImageName")),
    ("OOMKilled", ("OOMKilled",)),
)


@dataclass(frozen=True, slots=True)
class Pod:
    """Hold one pod. `reason` is Kubernetes' word, such as OOMKilled; `exit_code` 0 while none is known."""

    name: str
    phase: str = ""
    rank: int | None = None
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    ended_at: datetime | None = None

    @property
    def has_log(self) -> bool:
        """Tell whether there is anything to read of it."""
        return self.phase in _LOGGED

    @property
    def has_failed(self) -> bool:
        """Tell whether it ended badly, or cannot begin."""
        return self.phase == "Failed" or bool(self.reason) or self.exit_code != 0

    @property
    def end(self) -> str:
        """Say in a line how it ended, or what keeps it from beginning."""
        told = (self.reason, f"exit code {self.exit_code}" if self.exit_code else "")
        return ", ".join(
            [*(part for part in told if part and part not in self.message), self.message]
        ).rstrip(", ")


def pods_of(row: Mapping[str, Json]) -> tuple[Pod, ...]:
    """Read the pods of a workload, those that failed first at the front.

    Of a thousand ranks that end within seconds, the first one to fall had a reason of its own, and the
    others only lost it.
    """
    return tuple(sorted((_pod(one) for one in listed(row, "pods")), key=_urgency))


def first_fallen(pods: Sequence[Pod]) -> Pod | None:
    """Give the pod that failed first; None where none has."""
    return next((pod for pod in pods if pod.has_failed), None)


def as_health(pods: Sequence[Pod]) -> tuple[PodHealth, ...]:
    """Give the pods as a verdict shows them."""
    return tuple(PodHealth(pod.name, pod.phase, pod.reason) for pod in pods)


def _pod(row: Mapping[str, Json]) -> Pod:
    containers = listed(row, "containers")
    worst = max(containers, key=lambda one: whole(one, "exitCode") != 0, default={})
    said = words(worst, "message") or words(row, "failedMessage")
    code, rank = whole(worst, "exitCode"), words(row, "rank")
    return Pod(
        words(row, "podId"),
        words(row, "phase"),
        int(rank) if rank.isdecimal() else None,
        _reason(words(worst, "reason"), f"{said} {words(row, 'failedMessage')}", code),
        said,
        code,
        moment(row.get("endTime")),
    )


def _reason(told: str, said: str, code: int) -> str:
    """Give Kubernetes' word for the end of a container; newer servers tell it in the message alone."""
    if told and told not in ("Completed", "Error"):
        return told
    found = next((word for word, signs in _WORDS if any(sign in said for sign in signs)), "")
    return found or ("Error" if code else "")


def _urgency(pod: Pod) -> tuple[int, datetime, int, str]:
    order = _URGENCY.index(pod.phase) if pod.phase in _URGENCY else len(_URGENCY)
    is_first = 0 if pod.has_failed else 1 + order
    return is_first, pod.ended_at or _LAST, pod.rank or 0, pod.name
