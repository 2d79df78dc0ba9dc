"""A fleet's journal, wherever its fleet file says that it lives: opened to write, or only recalled."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from reconciler.clock import Clock
from reconciler.errors import FleetError, NoStore, ReconcilerError, StalePlan
from reconciler.fleet import Fleet
from reconciler.journal.hold import Holding, left_by
from reconciler.journal.lease import Lease, myself
from reconciler.journal.memory import joined
from reconciler.journal.records import Memory
from reconciler.journal.ref import Ref
from reconciler.journal.store import Journal, remembered
from reconciler.problem import Problem, Severity


@asynccontextmanager
async def opened(
    fleet: Fleet,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    warn: Callable[[str], None],
    commit: str = "",
) -> AsyncIterator[Journal]:
    """Open a fleet's journal for one apply, with the lock of this machine and, where shared, the lease.

    What the run leaves is shared as the lease is given back; where that fails, `warn` hears one line.
    Raises StalePlan while another apply of this fleet runs, FleetError where no journal can be kept, and
    NoStore where the lease cannot be had. Then nothing may be sent.
    """
    with Journal.open(fleet.id, clock=clock, environ=environ) as journal:
        if not fleet.journal.is_shared:
            yield journal
            return
        holding = await _taken(fleet, this_run(environ, commit), clock)
        try:
            journal.share(holding)
            async with holding.renewing():
                yield journal
        finally:
            await _given_back(holding, journal, warn)


async def _taken(fleet: Fleet, me: Lease, clock: Clock) -> Holding:
    """Take the lease. Who stops us meanwhile does not leave it held."""
    timeout_s = fleet.journal.lease_timeout_s
    taking = asyncio.create_task(
        asyncio.to_thread(Holding.take, ref_of(fleet), me, clock=clock, timeout_s=timeout_s)
    )
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        with suppress(ReconcilerError):
            taken = await taking
            await taken.free(taken.memory)
        raise


async def _given_back(holding: Holding, journal: Journal, warn: Callable[[str], None]) -> None:
    try:
        await holding.free(journal.left)
    except StalePlan as lost:
        if journal.has_sent:
            warn(f"what this run did is not remembered in the ref: {lost}")
    except (NoStore, FleetError) as failure:
        why = failure.problems[0].why if failure.problems else str(failure)
        warn(f"the lease could not be given back, and what this run did is remembered here only ({why}); "
             "it ends by itself, and the next run counts this one as unclean")  # fmt: skip


async def recalled(
    fleet: Fleet, *, clock: Clock, environ: Mapping[str, str]
) -> tuple[Memory, tuple[Problem, ...]]:
    """Recall what earlier runs left, taking no lease; a note where the ref could not be read."""
    local = remembered(fleet.id, environ)
    if not fleet.journal.is_shared:
        return local, ()
    try:
        seen = await asyncio.to_thread(ref_of(fleet).read)
    except (NoStore, FleetError) as failure:
        return local, tuple(_noted(problem) for problem in failure.problems)
    return joined(local, left_by(seen, clock.now(), fleet.journal.lease_timeout_s)), ()


def ref_of(fleet: Fleet) -> Ref:
    """Give the ref of a fleet whose journal is shared."""
    return Ref(Path(fleet.root), fleet.journal.remote, fleet.id)


def this_run(environ: Mapping[str, str], commit: str = "") -> Lease:
    """Name this process as a holder."""
    return myself(environ, host=socket.gethostname(), pid=os.getpid(), run=uuid.uuid4().hex, commit=commit)


def _noted(problem: Problem) -> Problem:
    why = f"{problem.why}\nwhat other machines remember is not known to this run"
    return Problem(
        problem.code,
        problem.what,
        why=why,
        hint=problem.hint,
        severity=Severity.NOTE,
        subject=problem.subject,
    )
