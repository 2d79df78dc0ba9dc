"""One change: check that it is still what was planned, send it once, and see that it took."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from reconciler.apply import check, words
from reconciler.apply.poll import Patience, until
from reconciler.apply.send import Lost, Refused, Sent, send
from reconciler.clock import Clock
from reconciler.errors import Conflict, NotFound, ProviderError, ReconcilerError
from reconciler.journal import REPLACING, WriteAhead
from reconciler.mark import Mark, Owner, owner_of
from reconciler.outcome import Outcome, Result
from reconciler.plan.change import Action, Change
from reconciler.provider import Carries, Provider
from reconciler.resource import Life, Observed, Resource, Scope, Summary

T = TypeVar("T")
_End = Callable[[Change, str], Outcome]


class Stop(Protocol):
    """Tell whether somebody asked to stop: what is in flight is finished, nothing else begins."""

    @property
    def requested(self) -> bool:
        """Be True from the first Ctrl-C on."""
        ...


@dataclass(frozen=True)
class Tools:
    """Carry what every write needs. `tell` takes a change, words and a state word of `Step`."""

    fleet_id: str
    journal: WriteAhead
    clock: Clock
    stop: Stop
    patience: Patience
    tell: Callable[[Change, str, str], None]


@dataclass(frozen=True)
class Write:
    """Do one change on one platform. `deletes` is held while its scope loses an object."""

    change: Change
    provider: Provider
    tools: Tools
    deletes: asyncio.Lock

    async def run(self) -> Outcome:
        """Carry the change out. Raises OSError, with nothing sent, where the journal cannot be written."""
        match self.change.action:
            case Action.CREATE:
                return await self._create()
            case Action.UPDATE | Action.ADOPT:
                return await self._update()
            case Action.DELETE:
                return await self._delete()
            case Action.REPLACE | Action.RERUN:
                return await self._replace()
            case action:
                raise ReconcilerError(f"{self.change.key}: {action} is nothing to send")

    # create

    async def _create(self, *, may_wait: bool = True) -> Outcome:
        """Create an object whose absence the plan proved; where names may repeat, prove it once more."""
        holder = self.change.holder
        if holder and (why := await self._until_gone(holder)):
            return words.failed(self.change, why)
        older = frozenset[str]() if self._has_unique_name else await self._prove_absence()
        if isinstance(older, Outcome):
            return older
        match await self._send_create():
            case Sent(op, new_id):
                return await self._confirm_create(op, new_id)
            case Lost(op, error):
                return await self._resolve_create(op, error, older)
            case Refused(_, Conflict() as error):
                return await self._name_taken(error, may_wait=may_wait)
            case Refused(_, error):
                return words.refused(self.change, "create", error)

    async def _prove_absence(self) -> frozenset[str] | Outcome:
        """Look the name up once more; give the ids that have it, or why nothing may be created."""
        try:
            found = await self._find()
        except ProviderError as unread:
            return words.refused(self.change, "look-up before the create", unread)
        if others := [o for o in found if check.is_in_the_way(self.change, o, self.tools.fleet_id)]:
            return words.stale(self.change, f"it exists already ({', '.join(o.id for o in others)})")
        for leaving in (o for o in found if o.summary.life is Life.LEAVING):
            if why := await self._until_gone(leaving.summary):
                return words.failed(self.change, why)
        return frozenset(o.id for o in found)

    async def _send_create(self) -> Sent[str] | Lost | Refused:
        scope, resource, mark = self._whole()
        self._tell("creating", "sent")
        return await self._send("create", lambda: self.provider.create(scope, resource, mark))

    async def _confirm_create(self, op: str, new_id: str) -> Outcome:
        """Wait until reads show the new object, so that the next run cannot miss it; then read it back."""

        async def look() -> Observed | None:
            return next((o for o in await self._find() if o.id == new_id), None)

        seen = await self._until(look)
        if seen is None:
            self.tools.journal.result(op, "unknown", object_id=new_id)
            window = f"{self.tools.patience.settle_s:.0f}s"
            why = f"created as {new_id}, but no read shows it within {window}"
            return words.unresolved(self.change, why, object_id=new_id)
        return self._read_back(seen)

    async def _resolve_create(
        self, op: str, error: ProviderError, older: frozenset[str], *, may_resend: bool = True
    ) -> Outcome:
        """Find out by name and mark what a lost answer did. Only a unique name allows a second try."""
        self._tell("the answer was lost; looking whether it was created", "note")

        async def look() -> Observed | None:
            found = [o for o in await self._find() if o.id not in older]
            return next((o for o in found if check.is_twin(self.change, o, self.tools.fleet_id)), None)

        if twin := await self._until(look):
            self.tools.journal.result(op, "ok", object_id=twin.id)
            return self._read_back(twin)
        if may_resend and self._has_unique_name and not self.tools.stop.requested:
            return await self._resend(op, error)
        self.tools.journal.result(op, "unknown")
        return words.unresolved(self.change, f"the answer was lost ({error}), and no read shows the object")

    async def _resend(self, op: str, lost: ProviderError) -> Outcome:
        match await self._send_create():
            case Sent(again, new_id):
                self.tools.journal.result(op, "failed")
                return await self._confirm_create(again, new_id)
            case Lost(again, error):
                self.tools.journal.result(op, "failed")
                return await self._resolve_create(again, error, frozenset(), may_resend=False)
            case Refused(_, Conflict()):
                return await self._resolve_create(op, lost, frozenset(), may_resend=False)
            case Refused(_, error):
                self.tools.journal.result(op, "unknown")
                return words.unresolved(self.change, f"the answer was lost ({lost}), then: {error}")

    async def _name_taken(self, error: ProviderError, *, may_wait: bool) -> Outcome:
        """Look who holds the name: ourselves, somebody else, or an object on its way out."""
        holder = await self._until(self._holder)
        if holder is None:
            return words.refused(self.change, "create", error)
        if check.is_twin(self.change, holder, self.tools.fleet_id):
            return self._read_back(holder, "it was there already")
        if holder.summary.life is Life.LEAVING and may_wait:
            if why := await self._until_gone(holder.summary):
                return words.failed(self.change, why)
            return await self._create(may_wait=False)
        if (
            owner_of(holder.mark, fleet_id=self.tools.fleet_id, identity=holder.summary.identity)
            is Owner.OURS
        ):
            return words.stale(self.change, f"{holder.key} is there with another spec ({holder.id})")
        return words.taken(self.change, holder.summary)

    async def _holder(self) -> Observed | None:
        """Find who has the name: what we would make, else any of the kind, else of another kind."""
        found = await self._find()
        if twin := next((o for o in found if check.is_twin(self.change, o, self.tools.fleet_id)), None):
            return twin
        if found:
            return found[0]
        rows = await self.provider.named(self._scope(), [self.change.key.name])
        return await self.provider.read(rows[0]) if rows else None

    def _read_back(self, seen: Observed, why: str = "") -> Outcome:
        if paths := check.not_taken(self.change, seen):
            return words.not_taken(self.change, paths, seen.id)
        return words.done(self.change, seen.id, why)

    # update

    async def _update(self) -> Outcome:
        """Change an object in place, if it still is what the plan saw."""
        now = await self._as_planned()
        if not isinstance(now, Observed):
            return now or words.stale(self.change, "it is gone")
        _, resource, mark = self._whole()
        edit = check.edit_of(self.change)
        self._tell("updating", "sent")
        sent = await self._send("update", lambda: self.provider.update(now, resource, edit, mark), now.id)
        if isinstance(sent, Refused):
            return words.refused(self.change, "update", sent.error)
        seen = await self._until(lambda: self._shows_update(now))
        if seen is None and isinstance(sent, Lost):
            self.tools.journal.result(sent.op, "unknown", object_id=now.id)
            why = f"the answer was lost ({sent.error}), and no read shows the change"
            return words.unresolved(self.change, why, object_id=now.id)
        if isinstance(sent, Lost):
            self.tools.journal.result(sent.op, "ok", object_id=now.id)
        return words.done(self.change, now.id) if seen else await self._dropped(now)

    async def _shows_update(self, sent_to: Observed) -> Observed | None:
        seen = await self.provider.read(sent_to.summary)
        return None if seen is None or check.not_taken(self.change, seen) else seen

    async def _dropped(self, sent_to: Observed) -> Outcome:
        """Name what an accepted update did not change."""
        try:
            seen = await self.provider.read(sent_to.summary)
        except ProviderError as error:
            return words.refused(self.change, "reading the update back", error)
        if seen is None:
            return words.failed(self.change, "updated, and gone since", object_id=sent_to.id)
        paths = check.not_taken(self.change, seen)
        return words.not_taken(self.change, paths, seen.id) if paths else words.done(self.change, seen.id)

    # delete

    async def _delete(self) -> Outcome:
        """Delete an object if it still is what the plan saw; done when reads say gone or leaving."""
        async with self.deletes:
            now = await self._as_planned()
            if isinstance(now, Outcome):
                return now
            if now is None or now.summary.life is Life.LEAVING:
                return self._already_gone(now)
            self._tell("deleting", "sent")
            verb = REPLACING if self.change.action.recreates else "delete"
            sent = await self._send(verb, lambda: self.provider.delete(now, force=self._is_forced), now.id)
            if isinstance(sent, Refused) and not isinstance(sent.error, NotFound):
                return words.refused(self.change, "delete", sent.error)
            end = await self._until(lambda: self._parting(now.summary))
        return self._deleted(sent, now, end)

    def _already_gone(self, now: Observed | None) -> Outcome:
        if self.change.action.recreates:
            return words.stale(self.change, "it is leaving" if now else "it is gone")
        if now:
            return words.leaving(self.change, now.id, "it was going away already")
        return words.done(self.change, "", "it was gone already")

    def _deleted(self, sent: Sent[None] | Lost | Refused, now: Observed, end: _End | None) -> Outcome:
        if end:
            self.tools.journal.result(sent.op, "ok", object_id=now.id)
            return end(self.change, now.id)
        if isinstance(sent, Lost):
            self.tools.journal.result(sent.op, "unknown", object_id=now.id)
            why = f"the answer was lost ({sent.error}), and it is still there"
            return words.unresolved(self.change, why, object_id=now.id)
        return words.not_taken(self.change, ["it is still there"], now.id)

    async def _parting(self, summary: Summary) -> _End | None:
        """Give the words for a deleted object that reads show gone, or leaving; None while it stands."""
        seen = await self.provider.read(summary)
        if seen is None:
            return words.done
        return words.leaving if seen.summary.life is Life.LEAVING else None

    # replace

    async def _replace(self) -> Outcome:
        """Delete, wait until the name is free, create. Says so if it ends between the two."""
        deleted = await self._delete()
        if deleted.result is not Result.DONE or self.change.observed is None:
            return deleted
        if why := await self._until_gone(self.change.observed.summary):
            return words.half_done(words.failed(self.change, why, object_id=deleted.id))
        created = await self._create()
        return created if created.result is Result.DONE else words.half_done(created)

    async def _until_gone(self, summary: Summary) -> str:
        """Wait until an object is gone; say why not, "" when it is and we may go on."""
        resource = self.change.resource
        window = resource.health.timeout_s if resource else self.tools.patience.settle_s

        async def look() -> bool | None:
            return True if await self.provider.read(summary) is None else None

        self._tell("waiting until the old one is gone", "state")
        gone = await self._until(look, window_s=window, give_up=lambda: self.tools.stop.requested)
        if self.tools.stop.requested:
            return "stopped while the old one was leaving"
        return "" if gone else f"the old one is still leaving after {window:.0f}s"

    # what all of them need

    async def _as_planned(self) -> Observed | Outcome | None:
        """Read the object immediately before the write; an Outcome if the plan no longer fits it."""
        planned = self.change.observed
        if planned is None:
            raise ReconcilerError(f"{self.change.key}: {self.change.action} without an object")
        try:
            now = await self.provider.read(planned.summary)
            if now and self._ends_others and isinstance(self.provider, Carries):
                now = replace(now, carries=tuple(await self.provider.carried(now)))
        except ProviderError as error:
            return words.refused(self.change, f"reading before the {self.change.action}", error)
        if now is None or (self.change.action is Action.DELETE and now.summary.life is Life.LEAVING):
            return now
        what = check.moved(self.change, now, self.tools.fleet_id)
        return words.stale(self.change, what) if what else now

    def _whole(self) -> tuple[Scope, Resource, Mark]:
        change = self.change
        if change.resource is None or change.mark is None:
            raise ReconcilerError(f"{change.key}: {change.action} without a manifest")
        return self._scope(), change.resource, change.mark

    def _scope(self) -> Scope:
        if self.change.scope is None:
            raise ReconcilerError(f"{self.change.key}: {self.change.action} without a scope")
        return self.change.scope

    @property
    def _ends_others(self) -> bool:
        return self.change.resource is not None and self.change.resource.is_absent

    @property
    def _is_forced(self) -> bool:
        return self.change.resource is not None and self.change.resource.lifecycle.force

    @property
    def _has_unique_name(self) -> bool:
        """Tell whether the platform itself refuses a second object of this name."""
        return self.change.kind is not None and bool(self.change.kind.name_space)

    async def _find(self) -> tuple[Observed, ...]:
        found = await self.provider.find(self._scope(), self.change.key.kind, self.change.key.name)
        return tuple(found)

    async def _send(
        self, action: str, request: Callable[[], Awaitable[T]], object_id: str = ""
    ) -> Sent[T] | Lost | Refused:
        return await send(self.tools.journal, self.change, action, request, object_id=object_id)

    async def _until(
        self,
        look: Callable[[], Awaitable[T | None]],
        *,
        window_s: float | None = None,
        give_up: Callable[[], bool] = lambda: False,
    ) -> T | None:
        patience = self.tools.patience
        window = patience.settle_s if window_s is None else window_s
        return await until(
            look, clock=self.tools.clock, window_s=window, poll_s=patience.poll_s, give_up=give_up
        )

    def _tell(self, text: str, state: str) -> None:
        self.tools.tell(self.change, text, state)
