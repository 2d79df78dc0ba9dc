"""Ask for the cause of what is not well, with all that is known of it; where none is found, pick a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.cause import Diagnosis, Evidence, diagnose, evidence_of, names_no_failure, read
from reconciler.health import Health
from reconciler.outcome import Verdict
from reconciler.settle.logs import EVENTS

_LONGEST = 300
_WEAK = re.compile(r"\b(?:[Ee]rror|ERROR|FATAL|[Ff]atal|CRITICAL|[Ff]ailed|cannot|Killed)\b")


def diagnosed(health: Health, log: Mapping[str, Sequence[str]]) -> Diagnosis | None:
    """Find the cause in an object's health and what is left of its log, by pod; None where neither tells."""
    logs = {pod: lines for pod, lines in log.items() if pod != EVENTS}
    return diagnose(evidence_of(health, logs, log.get(EVENTS, ())))


def explained(verdict: Verdict, log: Mapping[str, Sequence[str]], note: str, *, keep: int) -> Verdict:
    """Add why an object is not well, and of its log the last `keep` lines per pod.

    The number of the causal line counts from the first line kept: below 1 it stood before that.
    """
    found = diagnosed(verdict.health, log)
    kept = {pod: tuple(lines[-keep:]) for pod, lines in log.items()} if keep > 0 else {}
    if found and found.pod:
        dropped = len(log[found.pod]) - len(kept.get(found.pod, ()))
        found = replace(found, number=found.number - dropped)
    cause = found.line if found and found.pod else ""
    return replace(verdict, cause=cause, diagnosis=found, log=kept, log_note=note)


def causal_line(lines: Iterable[str]) -> str:
    """Pick the first line that names a cause, else the first that says "error"; "" where none does."""
    kept = tuple(lines)
    found = diagnose(Evidence({"": kept}))
    return found.line if found else _weak_line(kept)


def _weak_line(lines: Iterable[str]) -> str:
    """Find the first line that tells of a failure and neither warns nor tells of somebody else's."""
    for number, raw in enumerate(lines):
        for line in read(number, raw):
            if _WEAK.search(line.text) and not names_no_failure(line):
                return line.text.strip()[:_LONGEST]
    return ""
