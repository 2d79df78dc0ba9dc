"""How a fleet's lock stands, for people, and freeing it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.errors import StalePlan
from reconciler.journal.hold import left_by
from reconciler.journal.lease import Lease, stamp
from reconciler.journal.lock import Lock
from reconciler.journal.ref import Ref, Seen
from reconciler.journal.store import journal_folder
from reconciler.journal.told import SHOW, who

__all__ = ["holder_here", "left_by", "release", "who"]


def holder_here(fleet_id: str, environ: Mapping[str, str]) -> str:
    """Name the process that applies a fleet on this machine: its pid, "unknown", or "" for none."""
    return Lock.holder(journal_folder(fleet_id, environ) / "lock")


def release(ref: Ref, seen: Seen, now: datetime) -> None:
    """Free a lease that was seen, whoever holds it; its run counts as unclean.

    Raises StalePlan where the ref moved on meanwhile, and NoStore where it cannot be reached.
    """
    nobody = Lease(started=stamp(now), renewed=stamp(now))
    freed = seen.lease.freed(now) if seen.lease else nobody
    if ref.swap(seen, freed, replace(seen.memory, ended_clean=False)) is None:
        raise StalePlan(f"the lease changed hands meanwhile; look again with {SHOW}")
