"""Settle the changes of one apply: what others need as soon as it is done, the rest at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.apply.write import Stop
from reconciler.clock import Clock
from reconciler.health import Level
from reconciler.outcome import Outcome, Result, Step, Verdict
from reconciler.plan.change import Action, Change
from reconciler.provider import Provider
from reconciler.resource import ResourceKey
from reconciler.settle.logs import Streams
from reconciler.settle.wait import AT_ONCE, Settling, until_settled

_LEAVES = {Action.STOP: Level.HEALTHY, Action.RESUME: Level.SUSPENDED}


@dataclass
class Settler:
    """Hold the verdicts of one apply. `begun` is when its first write could have been sent."""

    providers: Mapping[str, Provider]
    clock: Clock
    listen: Callable[[Step], None]
    stop: Stop
    begun: datetime
    verdicts: dict[ResourceKey, Verdict] = field(default_factory=dict)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    streams: Streams = field(default_factory=Streams)

    async def ready(self, change: Change, outcome: Outcome) -> Outcome | None:
        """Wait until a change is well; give what holds back those that need it where it is not."""
        await self.rest([change], [outcome])
        verdict = self.verdicts.get(change.key)
        if verdict is None or (verdict.is_good and not verdict.is_queued):
            return None
        result, why = Result.FAILED, f"it is {verdict.health.level.lower()}"
        if verdict.is_queued:
            result = Result.DEFERRED
            why = "it waits for capacity" if verdict.health.is_queued else verdict.health.why
        return replace(outcome, result=result, why=why, is_waited_for=True)

    async def rest(self, changes: Sequence[Change], outcomes: Sequence[Outcome]) -> tuple[Verdict, ...]:
        """Wait for whatever was created or changed and has no verdict yet; give all verdicts by key."""
        done = {outcome.key: outcome for outcome in outcomes if outcome.result is Result.DONE}
        work = [
            Settling(
                change.resource,
                scope=change.scope,
                id=done[change.key].id,
                since=self.begun if change.action in (Action.UPDATE, Action.ADOPT) else None,
                leaves=_LEAVES.get(change.action),
            )
            for change in changes
            if change.key in done.keys() - self.verdicts.keys()
            and change.action is not Action.DELETE
            and change.resource
            and change.scope
        ]
        found = await until_settled(
            work,
            self.providers,
            clock=self.clock,
            listen=self.listen,
            stop=self.stop,
            slots=self.slots,
            streams=self.streams,
        )
        self.verdicts |= {verdict.key: verdict for verdict in found}
        return tuple(self.verdicts[key] for key in sorted(self.verdicts))
