"""Holding the lease: taken before the first write, proven before each, renewed, and given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime

from reconciler.clock import Clock
from reconciler.errors import FleetError, NoStore, StalePlan
from reconciler.journal.lease import Lease
from reconciler.journal.records import Memory
from reconciler.journal.ref import Ref, Seen
from reconciler.journal.told import held_by, lost_to, unreadable

_TRIES = 5
_FRESH_S = 2.0
_LONGEST_TICK_S = 30.0


class Holding:
    """Hold a fleet's lease in a git remote. Its ref is at our own commit, or the lease is lost for good.

    `memory` is what the runs before left; where the last holder died, its run counts as unclean.
    """

    def __init__(self, ref: Ref, seen: Seen, lease: Lease, *, clock: Clock, timeout_s: float) -> None:
        self.memory = seen.memory
        self.lost: StalePlan | None = None
        self._ref, self._seen, self._lease = ref, seen, lease
        self._clock, self._timeout_s = clock, timeout_s
        self._turn = asyncio.Lock()
        self._renewed = self._asked = self._now()

    @classmethod
    def take(cls, ref: Ref, me: Lease, *, clock: Clock, timeout_s: float) -> Holding:
        """Take the lease: free, never taken, or left by a holder that is dead.

        Raises StalePlan where a living one holds it, and NoStore where the remote cannot be reached or
        holds what is no lease: without a lease nothing is sent.
        """
        for _ in range(_TRIES):
            seen = ref.read()
            if seen.commit and seen.lease is None:
                raise NoStore(problems=[unreadable(ref.remote, ref.name, seen.generation)])
            now, before = clock.now(), seen.lease or Lease()
            if before.is_held and not before.is_expired(now, timeout_s):
                raise StalePlan(problems=[held_by(before, now, timeout_s)])
            lease = before.taken(me, now)
            if taken := ref.swap(seen, lease, left_by(seen, now, timeout_s)):
                return cls(ref, taken, lease, clock=clock, timeout_s=timeout_s)
        raise StalePlan("others take and free the lease of this fleet all the time; try again")

    async def confirm(self) -> None:
        """Prove that the lease is still ours, by an answer at most 2 seconds old; renew it where due.

        Raises StalePlan once it is lost, and NoStore where the remote cannot tell.
        """
        async with self._turn:
            await self._renew_if_due()
            if self.lost is None and self._age_of(self._asked) > _FRESH_S:
                await self._ask()
            if self.lost is not None:
                raise self.lost

    async def keep(self, memory: Memory) -> None:
        """Renew the lease and leave a memory with it. Raises as `free` does."""
        await self._leave(lambda now: self._lease.renewed_at(now), memory)

    async def renew_if_due(self) -> None:
        """Renew after a third of the time that it is believed for. A remote that is away is tried again."""
        async with self._turn:
            await self._renew_if_due()

    @asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Keep it renewed while the block runs. The pace is this machine's own: others count by theirs."""
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            async with self._turn:  # not in the middle of a push
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def free(self, memory: Memory) -> None:
        """Give the lease back and leave what is to be remembered, in one push.

        Raises NoStore where the remote cannot be reached, and StalePlan where the lease was lost.
        """
        await self._leave(lambda now: self._lease.freed(now), memory)

    # -- how --

    async def _leave(self, moved: Callable[[datetime], Lease], memory: Memory) -> None:
        async with self._turn:
            if self.lost is None:
                await self._swap(moved(self._clock.now()), memory)
            if self.lost is not None:
                raise self.lost

    async def _beat(self) -> None:
        while self.lost is None:
            await asyncio.sleep(min(self._timeout_s / 12, _LONGEST_TICK_S))
            await self.renew_if_due()

    async def _renew_if_due(self) -> None:
        if self.lost is not None or self._age_of(self._renewed) < self._timeout_s / 3:
            return
        before = self._now()
        with suppress(NoStore, FleetError):
            await self._swap(self._lease.renewed_at(self._clock.now()), self._seen.memory)
            self._renewed = self._asked = before

    async def _ask(self) -> None:
        before = self._now()
        try:
            commit = await asyncio.to_thread(self._ref.where)
        except NoStore:
            commit = await asyncio.to_thread(self._ref.where)
        self._asked = before
        if commit != self._seen.commit:
            await self._moved()

    async def _swap(self, lease: Lease, memory: Memory) -> None:
        """Change the ref. Who is cancelled meanwhile still learns how it went, and then goes."""
        swapping = asyncio.create_task(self._swapped(lease, memory))
        try:
            await asyncio.shield(swapping)
        except asyncio.CancelledError:
            with suppress(NoStore, FleetError):
                await swapping
            raise

    async def _swapped(self, lease: Lease, memory: Memory) -> None:
        for _ in range(2):
            swapped = await asyncio.to_thread(self._ref.swap, self._seen, lease, memory)
            if swapped is not None:
                self._seen, self._lease = swapped, lease
                return
            await self._moved()
            if self.lost is not None:
                return

    async def _moved(self) -> None:
        """Find out who moved the ref: our own push whose answer was lost, or whoever has the lease now."""
        seen = Seen()
        with suppress(NoStore, FleetError):
            seen = await asyncio.to_thread(self._ref.read)
        now, mine = seen.lease, self._lease
        if now and now.is_held and (now.run, now.generation) == (mine.run, mine.generation):
            self._seen, self._lease = seen, now
        else:
            self.lost = StalePlan(problems=[lost_to(now, mine)])

    def _now(self) -> tuple[float, datetime]:
        return self._clock.monotonic(), self._clock.now()

    def _age_of(self, moment: tuple[float, datetime]) -> float:
        """Give the seconds since a moment: a machine that slept, or whose clock jumped, is old by either."""
        steady, wall = moment
        passed = (self._clock.now() - wall).total_seconds()
        return max(self._clock.monotonic() - steady, abs(passed))


def left_by(seen: Seen, now: datetime, timeout_s: float) -> Memory:
    """Give what a ref remembers; a holder that died has not ended clean."""
    if seen.lease and seen.lease.is_expired(now, timeout_s):
        return replace(seen.memory, ended_clean=False)
    return seen.memory
