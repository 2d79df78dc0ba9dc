"""Write workloads: one request each, sent once. Raises ProviderError."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Conflict, Malformed, NotFound, ProviderError, Rejected, Unknown
from reconciler.kind import Kind
from reconciler.mark import Mark
from reconciler.provider import Edit
from reconciler.providers.runai import body, wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.batch import answers_of
from reconciler.providers.runai.routes import ROUTES
from reconciler.resource import Json, Observed, Resource, Scope

_NO_ENDPOINT = frozenset({404, 405})


class Writer:
    """Send the writes of one target."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def create(self, scope: Scope, resource: Resource, mark: Mark, kind: Kind) -> str:
        """Send one create and give the new id. Raises Conflict where the name is taken."""
        key, subject = resource.key, str(resource.key)
        identity = wire.identity_of(scope.cluster_id, wire.project_of(scope.name), key.kind, key.name)
        sent = body.create_body(scope, resource, body.with_key(mark, identity), kind)
        try:
            made = await self._api.create(kind.name, sent, subject)
        except Rejected as err:
            if wire.TAKEN not in err.said.casefold():
                raise
            raise Conflict(
                err.target, "create", subject, said=err.said, status=err.status, url=err.url
            ) from err
        if id_ := _new_id(made, kind):
            return id_
        target = self._api.transport.target
        raise Unknown(target, "create", subject, said="it was accepted, but no id came back")

    async def update(
        self, observed: Observed, resource: Resource, edit: Edit, mark: Mark, kind: Kind
    ) -> None:
        """Send one update."""
        subject = str(observed.key)
        if not kind.support.updatable:
            said, target = f"a {kind.name} does not change in place", self._api.transport.target
            raise Rejected(target, "update", subject, said=said)
        marked = body.with_key(mark, observed.summary.identity)
        sent = body.update_body(observed, resource, edit, marked, kind)
        await self._api.update(kind.name, observed.id, sent, subject)

    async def delete(self, observed: Observed, kind: Kind) -> None:
        """Send one delete. Not there is no error: reading tells whether it is gone."""
        try:
            await self._api.delete(kind.name, observed.id, str(observed.key))
        except NotFound:
            return

    async def stop(self, observed: Observed, kind: Kind) -> None:
        """Send one suspend."""
        self._check_stops(observed, kind, "stop")
        await self._api.suspend(kind.name, observed.id, str(observed.key))

    async def resume(self, observed: Observed, kind: Kind) -> None:
        """Send one resume."""
        self._check_stops(observed, kind, "resume")
        await self._api.resume(kind.name, observed.id, str(observed.key))

    async def halt_several(
        self, several: Sequence[tuple[Observed, Kind]], *, resumes: bool
    ) -> dict[str, ProviderError | None]:
        """Send one batch and give what each id was answered; what no answer names is left out."""
        action, subject = "resume" if resumes else "suspend", f"{len(several)} workloads"
        subjects = {one.id: str(one.key) for one, _ in several}
        try:
            answer = await self._api.batch([*subjects], action, subject)
        except (NotFound, Rejected, Malformed) as err:
            if err.status not in _NO_ENDPOINT:
                raise
            return {one.id: await self._halted(one, kind, resumes=resumes) for one, kind in several}
        return answers_of(answer, subjects, self._api.transport.target, action)

    async def _halted(self, observed: Observed, kind: Kind, *, resumes: bool) -> ProviderError | None:
        """Send one for itself where the platform knows no batch."""
        try:
            await (self.resume if resumes else self.stop)(observed, kind)
        except ProviderError as error:
            return error
        return None

    def _check_stops(self, observed: Observed, kind: Kind, verb: str) -> None:
        if not kind.support.stops:
            said, target = f"a {kind.name} cannot be stopped", self._api.transport.target
            raise Rejected(target, verb, str(observed.key), said=said)


def _new_id(made: Json, kind: Kind) -> str:
    """Take the id out of what a create answers; "" where it holds none."""
    holder = made.get("metadata") if ROUTES[kind.name].is_v2 and isinstance(made, dict) else made
    id_ = holder.get("id" if ROUTES[kind.name].is_v2 else "workloadId") if isinstance(holder, dict) else None
    return id_ if isinstance(id_, str) else ""
