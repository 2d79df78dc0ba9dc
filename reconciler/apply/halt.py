"""Stop and resume: send once what still is as planned, and read whether it took."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from reconciler.apply import check, words
from reconciler.apply.poll import until
from reconciler.apply.send import Lost, Refused, Sent, send
from reconciler.apply.write import Tools
from reconciler.errors import ProviderError, ReconcilerError
from reconciler.outcome import Outcome
from reconciler.plan.change import Action, Change
from reconciler.plan.stopped import STATE, has_stopped
from reconciler.provider import Provider
from reconciler.resource import Life, Observed

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
        if isinstance(now, Outcome):
            return now
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
