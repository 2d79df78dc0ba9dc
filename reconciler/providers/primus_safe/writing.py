"""Write workloads: one request each, sent once. Raises ProviderError."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import ProviderError, Rejected, Unknown
from reconciler.mark import Mark
from reconciler.provider import Edit
from reconciler.providers.primus_safe import marks, wire
from reconciler.providers.primus_safe.api import Api
from reconciler.providers.primus_safe.body import create_body, patch_body, with_key
from reconciler.providers.primus_safe.generation import Generation
from reconciler.providers.primus_safe.history import is_of, standing
from reconciler.providers.primus_safe.kinds.support import later_fields
from reconciler.providers.primus_safe.phases import ENDED
from reconciler.providers.primus_safe.reading import LIMIT, Reader
from reconciler.resource import Json, Life, Observed, Resource, ResourceKey, Scope

_PIN = "say which with generation: 1 or 2 in the target; until then nothing is written"


class Writer:
    """Send the writes of one target."""

    def __init__(self, api: Api, reader: Reader) -> None:
        self._api, self._reader = api, reader
        self._target = api.transport.target

    async def create(self, scope: Scope, resource: Resource, mark: Mark) -> str:
        """Send one create and give the new id."""
        key, subject = resource.key, str(resource.key)
        generation = await self._generation("create", subject)
        self._check_known(resource, generation)
        full = with_key(mark, wire.identity_of(scope.id, key.kind, key.name))
        after = [id_ for key in resource.follows for id_ in await self._ids_of(key, scope, mark, subject)]
        sent = create_body(scope, resource, full, generation, after=after)
        self._check_room(sent, full, "create", subject)
        made = await self._api.create(sent, subject)
        id_ = made.get("workloadId") if isinstance(made, dict) else None
        if not isinstance(id_, str) or not id_:
            raise Unknown(self._target, "create", subject, said="it was accepted, but no id came back")
        return id_

    async def update(self, observed: Observed, resource: Resource, edit: Edit, mark: Mark) -> None:
        """Send one update, and with it the new mark."""
        subject = str(observed.key)
        generation = await self._generation("update", subject)
        self._check_alive(observed, "update")
        full = with_key(mark, observed.summary.identity)
        sent = patch_body(observed, resource, self._within_limit(edit, observed.key), full, generation)
        self._check_room(sent, full, "update", subject)
        await self._api.patch(observed.id, sent, subject)

    def _within_limit(self, edit: Edit, key: ResourceKey) -> Edit:
        """Take a time limit that git takes away back to the workspace's: to have none needs more rights."""
        limit = self._reader.limit_s(key)
        if not limit or LIMIT not in edit.removed:
            return edit
        return replace(edit, removed={**edit.removed, LIMIT: limit})

    async def delete(self, observed: Observed) -> None:
        """Send one delete. What the server does not know is answered like what it deleted."""
        await self._generation("delete", str(observed.key))
        await self._api.delete(observed.id, str(observed.key))

    async def stop(self, observed: Observed) -> None:
        """End a run for good; what has ended is left alone, for a stop would overwrite how."""
        await self._generation("stop", str(observed.key))
        self._check_alive(observed, "stop")
        await self._api.stop(observed.id, str(observed.key))

    async def stop_several(self, several: Sequence[Observed]) -> dict[str, ProviderError | None]:
        """End several runs by one request; what was answered tells nothing of any one of them."""
        subject = f"{len(several)} workloads"
        await self._generation("stop", subject)
        alive = [one for one in several if one.summary.phase not in ENDED]
        if alive:
            await self._api.stop_several([one.id for one in alive], subject)
        return {one.id: None for one in several}

    async def _ids_of(self, key: ResourceKey, scope: Scope, mark: Mark, subject: str) -> Sequence[str]:
        """Find the id of a job that is to succeed first; none where it has, for no server finds that.

        Raises Rejected where it failed, is not there, or cannot be told from another.
        """
        named = [row for row in await self._reader.all_named(scope, key.name) if row.key.kind == key.kind]
        ours = [row for row in named if is_of(row, mark.fleet_id)]
        told = standing(ours)
        alive = [row.id for row in told if row.phase not in ENDED]
        if len(alive) == 1 or (not alive and any(row.life is Life.FINISHED for row in told)):
            return alive
        why = (
            f"{len(alive)} of it are live"
            if alive
            else "it is not there"
            if not ours
            else "it has not succeeded"
        )
        raise Rejected(self._target, "create", subject, said=f"it waits for {key}, and {why}")

    def _check_known(self, resource: Resource, generation: Generation) -> None:
        """Refuse what the server would drop without a word."""
        dropped = later_fields(resource.key.kind, resource.spec)
        if dropped and not generation.is_plural:
            needs = "needs" if len(dropped) == 1 else "need"
            said = f"{', '.join(dropped)} {needs} a server of generation 2, and this one is of the first"
            hint = "leave it out; with generation: 1 in the target, validate finds it"
            raise Rejected(self._target, "create", str(resource.key), said=said, hint=hint)

    def _check_alive(self, observed: Observed, verb: str) -> None:
        if observed.summary.phase in ENDED:
            said = f"it is {observed.summary.phase}, and such a row never changes"
            raise Rejected(self._target, verb, str(observed.key), said=said)

    def _check_room(self, sent: Json, mark: Mark, verb: str, subject: str) -> None:
        """Refuse a description that the server would cut, or never show."""
        if len(sent["description"].encode()) > marks.ROOM:
            room = marks.room_for(mark)
            said = f"spec.description is too long: beside our mark there is room for {room} bytes"
            raise Rejected(self._target, verb, subject, said=said)

    async def _generation(self, verb: str, subject: str) -> Generation:
        """Give the form to write in. Raises Rejected where it is not known: reads alone are safe then."""
        generation, why = await self._reader.generation()
        if generation is None:
            raise Rejected(
                self._target, verb, subject, said=f"which server this is, is not known: {why}", hint=_PIN
            )
        return generation
