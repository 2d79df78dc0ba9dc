"""Evidence: all that is known of a workload that may not be well."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.health import Health
from reconciler.resource import EMPTY

_EXIT = re.compile(r"\bexit(?:ed with)? ?code:? (\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Gather what is known of one workload.

    `logs` holds the lines of each pod, oldest first; `events` the platform's words, oldest first;
    `reasons` its words for the ends of containers; `exit_codes` those of the containers that ended.
    """

    logs: Mapping[str, Sequence[str]]
    reasons: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = ()


def evidence_of(
    health: Health, logs: Mapping[str, Sequence[str]] = EMPTY, events: Sequence[str] = ()
) -> Evidence:
    """Gather what an object's health tells, beside the logs of its pods and the platform's events.

    An exit code counts where the words name one; that of a container which ended well says nothing here.
    """
    said = [f"{health.reason}: {health.message}" if health.reason else health.message, *events]
    words = tuple(each for each in said if each)
    return Evidence(
        logs,
        reasons=tuple(word for word in (health.reason, *(pod.reason for pod in health.pods)) if word),
        events=words,
        exit_codes=tuple(int(code) for each in words for code in _EXIT.findall(each) if int(code)),
    )
