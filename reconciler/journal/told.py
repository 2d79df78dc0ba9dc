"""What is said about a lease: who has it, since when, and what to do. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.journal.lease import Lease
from reconciler.problem import Problem

SHOW = "reconciler lock show"


def held_by(lease: Lease, now: datetime, timeout_s: float) -> Problem:
    """Say that a living holder keeps this run from writing."""
    left = max(0.0, timeout_s - lease.age(now).total_seconds())
    return Problem(
        "RC320",
        f"another apply of this fleet is running: {who(lease)}",
        why=f"since {lease.started}; it renewed its lease {ago(lease.age(now))}, and without another word "
        f"from it the lease ends in {span(timedelta(seconds=left))}",
        hint=f"wait for it, or look with {SHOW}",
        subject=lease.url,
    )


def lost_to(winner: Lease | None, mine: Lease) -> Problem:
    """Say that this run may no longer write."""
    what = "the lease of this run was taken from it"
    if winner and winner.run != mine.run:
        what += f" by {who(winner)}"
    elif winner and not winner.is_held:
        what += ": somebody released it"
    return Problem(
        "RC322",
        what,
        why=f"this run held generation {mine.generation} since {mine.started}; nothing is sent any more",
        hint=f"look with {SHOW}, then run apply again",
    )


def unreadable(remote: str, ref: str, generation: str) -> Problem:
    """Say that the ref holds something else than a lease."""
    return Problem(
        "RC321",
        "the ref of the journal holds no lease that this version can read",
        why="it was written by something else, or by a newer version; it is left alone",
        hint=f"where nothing applies this fleet, free it: reconciler lock release --generation {generation}",
        subject=f"{remote} {ref}",
    )


def who(lease: Lease) -> str:
    """Name a holder: the person and the machine."""
    at = f" on {lease.host}" if lease.host else ""
    return f"{lease.holder or 'somebody'}{at}{f' (pid {lease.pid})' if lease.pid else ''}"


def ago(age: timedelta) -> str:
    """Write an age as people say it: `40s ago`."""
    return f"{span(age)} ago"


def span(time: timedelta) -> str:
    """Write a time in its largest unit of which there are two: `40s`, `12m`, `3h`, `2d`."""
    seconds = int(time.total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
