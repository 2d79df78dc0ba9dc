"""Stop and resume: send once what still is as planned, and read whether it took."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from reconciler.apply import check, words
from reconciler.apply.poll import until
from reconciler.apply.send import Lost, Refused, Sent, send, send_together
from reconciler.apply.write import Tools
from reconciler.errors import ProviderError, ReconcilerError
from reconciler.outcome import Outcome, Result
from reconciler.plan.change import Action, Change
from reconciler.plan.stopped import STATE, has_stopped
from reconciler.provider import HaltsSeveral, Provider
from reconciler.resource import Life, Observed

T = TypeVar("T")

_SAID = {Action.STOP: "stopping", Action.RESUME: "resuming"}
_REQUESTS: Mapping[Action, Callable[[Provider, Observed], Awaitable[None]]] = {
    Action.STOP: lambda provider, observed: provider.stop(observed),
    Action.RESUME: lambda provider, observed: provider.resume(observed),
}
_ENDED = (Life.FINISHED, Life.FAILED)


@dataclass(frozen=True)
class Halt:
    """Stop or resume one object."""

    change: Change
    provider: Provider
    tools: Tools

    async def run(self) -> Outcome:
        """Send one request for one object. Raises OSError, with nothing sent, where the journal fails."""
        now = await self.ready()
        return now if isinstance(now, Outcome) else await self.sent_alone(now)

    async def sent_alone(self, now: Observed) -> Outcome:
        """Send the request for this object alone."""
        request = _REQUESTS[self.change.action]
        sent = await send(
            self.tools.journal,
            self.change,
            self.change.action.value,
            lambda: request(self.provider, now),
            object_id=now.id,
        )
        return await self.ended(sent, now)

    async def ready(self) -> Observed | Outcome:
        """Read the object right before the write; the outcome where nothing is to be sent."""
        planned = self.change.observed
        if planned is None:
            raise ReconcilerError(f"{self.change.key}: {self.change.action} without an object")
        try:
            now = await self.provider.read(planned.summary)
        except ProviderError as error:
            return words.refused(self.change, f"reading before the {self.change.action}", error)
        if now is None:
            return words.stale(self.change, "it is gone")
        if now.summary.life is not planned.summary.life and self._is_so(now, planned):
            return words.done(self.change, now.id, f"it is {now.summary.life} already")
        if what := check.moved(self.change, now, self.tools.fleet_id):
            return words.stale(self.change, what)
        self.tools.tell(self.change, _SAID[self.change.action], "sent")
        return now

    async def ended(self, sent: Sent[None] | Lost | Refused, was: Observed) -> Outcome:
        """Find out by reading what the request did, whatever was answered. Nothing is sent again."""
        if isinstance(sent, Refused):
            is_so = sent.op and await self._until_so(was, window_s=0.0)
            return words.done(self.change, was.id) if is_so else self._refused(sent)
        if await self._until_so(was, window_s=self.tools.patience.settle_s):
            self.tools.journal.result(sent.op, "ok", object_id=was.id)
            return words.done(self.change, was.id)
        if isinstance(sent, Lost):
            self.tools.journal.result(sent.op, "unknown", object_id=was.id)
            why = f"the answer was lost ({sent.error}), and no read shows the {self.change.action}"
            return words.unresolved(self.change, why, object_id=was.id)
        return words.not_taken(self.change, [STATE], was.id)

    def _refused(self, sent: Refused) -> Outcome:
        return words.refused(self.change, self.change.action.value, sent.error)

    async def _until_so(self, was: Observed, *, window_s: float) -> bool | None:
        async def look() -> bool | None:
            now = await self.provider.read(was.summary)
            return True if self._is_so(now, was) else None

        patience = self.tools.patience
        return await until(look, clock=self.tools.clock, window_s=window_s, poll_s=patience.poll_s)

    def _is_so(self, now: Observed | None, was: Observed) -> bool:
        """Tell whether an object shows what was asked for; what has ended meanwhile runs no more."""
        if now is None or now.summary.life is Life.LEAVING:
            return self.change.action is Action.STOP
        if self.change.action is Action.STOP:
            return has_stopped(now) or now.summary.life in _ENDED
        is_news = now.wanted_phase == "Running" and was.wanted_phase != "Running"
        return is_news or now.summary.life in (Life.ACTIVE, *_ENDED)


async def halt_together(halts: Sequence[Halt], slots: asyncio.Semaphore) -> list[Outcome]:
    """Stop, or resume, several objects of one target by as few requests as the platform allows.

    Outcomes come in the order of `halts`, each from a read of its own object; at most as many reads as there
    are `slots` run at once. Raises OSError, with nothing sent, where the journal fails.
    """
    provider = halts[0].provider
    if not isinstance(provider, HaltsSeveral):
        return list(await asyncio.gather(*(_within(slots, halt.run()) for halt in halts)))
    size = provider.most_at_once
    chunks = [halts[start : start + size] for start in range(0, len(halts), size)]
    return [outcome for chunk in chunks for outcome in await _at_once(chunk, provider, slots)]


async def _at_once(
    halts: Sequence[Halt], provider: HaltsSeveral, slots: asyncio.Semaphore
) -> Sequence[Outcome]:
    change, tools = halts[0].change, halts[0].tools
    if tools.stop.requested:
        why = "stopped before it began"
        return [Outcome(h.change.key, h.change.action, Result.NOT_ATTEMPTED, why=why) for h in halts]
    found = await asyncio.gather(*(_within(slots, halt.ready()) for halt in halts))
    due = {i: now for i, now in enumerate(found) if isinstance(now, Observed)}
    outcomes = {i: outcome for i, outcome in enumerate(found) if isinstance(outcome, Outcome)}
    if len(due) == 1:
        index, now = due.popitem()
        outcomes[index] = await halts[index].sent_alone(now)
    elif due:
        resumes, live = change.action is Action.RESUME, list(due.values())
        batch = [(halts[i].change, now.id) for i, now in due.items()]
        async with slots:
            sent = await send_together(
                tools.journal,
                batch,
                change.action.value,
                lambda: provider.halt_several(live, resumes=resumes),
            )
        read = [halts[i].ended(said, due[i]) for i, said in zip(due, sent, strict=True)]
        outcomes |= dict(zip(due, await asyncio.gather(*(_within(slots, one) for one in read)), strict=True))
    return [outcomes[index] for index in range(len(halts))]


async def _within(slots: asyncio.Semaphore, work: Awaitable[T]) -> T:
    async with slots:
        return await work
