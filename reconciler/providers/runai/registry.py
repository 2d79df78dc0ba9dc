"""Clusters as objects: registered, renamed, deleted, judged. Where their API is asked is in `clusters`.

A cluster carries no mark and its name may repeat, so its uuid is what counts. Whoever may not read
clusters in full is shown a short form; that is enough to find one by name, and to judge its state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.errors import Conflict, Forbidden, NotFound, ProviderError, Rejected, Unknown, UsageError
from reconciler.health import Health, Level
from reconciler.provider import InstallInfo
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.sweep import sweep
from reconciler.providers.runai.typewords import sure_kind
from reconciler.resource import Json, Life, Observed, Resource, ResourceKey, Summary

KIND = "Cluster"
LEVELS: Mapping[str, Level] = {
    "Connected": Level.HEALTHY,
    "WaitingToConnect": Level.PROGRESSING,
    "Disconnected": Level.DEGRADED,
    "MissingPrerequisites": Level.DEGRADED,
    "ServiceIssues": Level.DEGRADED,
    "Unknown": Level.UNKNOWN,
}
_MISSING = (NotFound, Rejected)
"""How a server answers that has no short form yet: it takes `minimal` for an id."""


class Registry:
    """Keep the clusters of one control plane. Methods may raise ProviderError or Misshapen."""

    def __init__(self, api: Api, clusters: Clusters, target: str) -> None:
        self._api, self._clusters, self._target = api, clusters, target

    async def list(self) -> Sequence[Summary]:
        """List all clusters, those that are being deleted included."""
        return [self._summary(row) for row in await self._rows("full")]

    async def count(self) -> int:
        """Count all clusters, by an answer of its own."""
        return len(await self._rows("metadata"))

    async def named(self, names: Sequence[str]) -> Sequence[Summary]:
        """Look clusters up by exact name."""
        found = [row for name in sorted(frozenset(names)) for row in await self._of_name(name)]
        return [self._summary(row) for row in found]

    async def find(self, name: str) -> Sequence[Observed]:
        """Find clusters by name and read them, those that are being deleted included."""
        rows = [self._summary(row) for row in await self._rows("metadata") if row["name"] == name]
        found = [await self.read(row) for row in rows]
        return [observed for observed in found if observed is not None]

    async def read(self, summary: Summary) -> Observed | None:
        """Read one cluster; None when two answers agree that it is gone."""
        subject = str(summary.key)
        try:
            row = await self._detail(summary.id, subject)
        except NotFound:
            if any(row["uuid"].lower() == summary.id for row in await self._rows("metadata")):
                raise wire.Misshapen("one endpoint says it is there and another that it is not") from None
            return None
        if wire.has_come(row.get("deletedAt")):
            return None
        spec = {field: row[field] for field in ("domain", "version") if row.get(field)}
        return Observed(self._summary(row), spec)

    async def create(self, resource: Resource) -> str:
        """Register a cluster, once, and give its uuid. Raises Conflict where the name is taken."""
        subject = str(resource.key)
        stated = {name: value for name, value in resource.spec.items() if value is not None}
        try:
            made = await self._api.create_cluster({"name": resource.key.name, **stated}, subject)
        except Rejected as err:
            if wire.TAKEN in err.said.casefold():
                raise Conflict(
                    self._target, "create", subject, said=err.said, status=err.status, url=err.url
                ) from err
            raise
        uuid = made.get("uuid") if isinstance(made, dict) else None
        if not isinstance(uuid, str) or not uuid:
            raise Unknown(self._target, "create", subject, said="it was accepted, but no uuid came back")
        return uuid.lower()

    async def rename(self, observed: Observed, name: str) -> None:
        """Give a cluster another name, once."""
        await self._api.rename_cluster(observed.id, name, str(observed.key))

    async def delete(self, observed: Observed, *, force: bool) -> None:
        """Ask for a cluster to be deleted, once. Not there is no error: reading tells whether it is gone."""
        try:
            await self._api.delete_cluster(observed.id, str(observed.key), force=force)
        except NotFound:
            return

    async def carried(self, observed: Observed) -> Sequence[Summary]:
        """List the live workloads of all projects on a cluster."""
        rows = await sweep(lambda offset, limit: self._api.on_cluster(observed.id, offset, limit))
        return [
            wire.from_wire(
                row, target=self._target, scope=wire.words(row, "projectName"), known_as=sure_kind(row)
            )
            for row in rows
        ]

    async def judge(self, observed: Observed) -> Health:
        """Judge one cluster now: by its state, and by whether its own API answers."""
        try:
            row = await self._detail(observed.id, str(observed.key))
        except NotFound:
            return Health(Level.MISSING, message="it is not there any more", source="control plane")
        if wire.has_come(row.get("deletedAt")) or wire.has_come(row.get("deleteRequestedAt")):
            return Health(Level.MISSING, "Deleting", message="it is being deleted", source="control plane")
        state = _state(row)
        health = Health(
            LEVELS.get(state, Level.UNKNOWN), state, message=_complaint(row), source="control plane"
        )
        if state == "WaitingToConnect":
            command = f"reconciler cluster install-info {row['name']} --version VERSION"
            return replace(health, message=f"it waits to connect: {command} prints how", is_final=True)
        return await self._asked(health, observed) if state == "Connected" else health

    async def install_info(self, name: str, version: str, url: str) -> InstallInfo:
        """Give the instructions for the one cluster of a name."""
        subject = f"{KIND}/{name}"
        rows = [row for row in await self._rows("metadata") if row["name"] == name]
        if len(rows) != 1:
            said = f"{len(rows)} clusters have this name" if rows else "no cluster has this name"
            raise NotFound(self._target, "find", subject, said=said)
        wanted = version or wire.words(rows[0], "version")
        if not wanted:
            raise UsageError(f"{subject} has no version yet; say which to install: --version 2.25")
        told = await self._api.install_info(rows[0]["uuid"], subject, wanted, url)
        return InstallInfo(
            steps=wire.text(told, "installationStr"),
            repository=wire.text(told, "repositoryName"),
            chart_url=wire.text(told, "chartRepoURL"),
            secret=wire.text(told, "clientSecret"),
        )

    async def _rows(self, verbosity: str) -> Sequence[Mapping[str, Json]]:
        """List clusters in full, else in short where the credentials may read no more."""
        try:
            return await self._api.clusters(verbosity=verbosity, leaving=True)
        except Forbidden as refused:
            return await self._short(refused)

    async def _short(self, refused: ProviderError, name: str = "") -> Sequence[Mapping[str, Json]]:
        """List clusters in short; on a server without that list, say what was refused at first."""
        try:
            return await sweep(lambda offset, limit: self._api.minimal_clusters(offset, limit, name))
        except _MISSING:
            raise refused from None

    async def _of_name(self, name: str) -> Sequence[Mapping[str, Json]]:
        """Find the rows of one name: by the short list, else by the whole one."""
        try:
            rows = await sweep(lambda offset, limit: self._api.minimal_clusters(offset, limit, name))
        except (Forbidden, *_MISSING):
            rows = list(await self._api.clusters(leaving=True))
        return [row for row in rows if row["name"] == name]

    async def _detail(self, uuid: str, subject: str) -> dict[str, Json]:
        try:
            return await self._api.cluster(uuid, subject)
        except Forbidden as refused:
            try:
                return await self._api.cluster(uuid, subject, minimal=True)
            except Rejected:
                raise refused from None

    async def _asked(self, health: Health, observed: Observed) -> Health:
        """Ask the cluster's own API, where it may be asked."""
        door = await self._clusters.door(observed.id)
        if not door.url:
            return replace(health, notes=(door.note,))
        try:
            await self._api.cluster_answers(door.url, str(observed.key))
        except ProviderError as err:
            words = f"connected, but its cluster-api does not answer: {err.said}"
            return replace(health, level=Level.DEGRADED, message=words)
        return replace(health, source="cluster-api and control plane")

    def _summary(self, row: Mapping[str, Json]) -> Summary:
        """Read one cluster as a row. Raises Misshapen."""
        uuid, name = wire.text(row, "uuid").lower(), wire.text(row, "name")
        is_leaving = any(wire.has_come(row.get(name)) for name in ("deleteRequestedAt", "deletedAt"))
        state = "Deleting" if is_leaving else _state(row)
        life = Life.LEAVING if is_leaving else Life.ACTIVE if state in LEVELS else Life.UNKNOWN
        return Summary(
            key=ResourceKey(self._target, "", KIND, name),
            id=uuid,
            identity=wire.identity_of(uuid, "", KIND, name),
            phase=state,
            life=life,
            level=Level.MISSING if is_leaving else LEVELS.get(state, Level.UNKNOWN),
            fingerprint=wire.fingerprint({key: row[key] for key in row if key != "lastLiveness"}),
            created_at=wire.moment(row.get("createdAt")),
        )


def _state(row: Mapping[str, Json]) -> str:
    """Give a cluster's state; the metadata of a list leaves it out, which says nothing."""
    status = row.get("status")
    told = wire.words(status if isinstance(status, Mapping) else row, "state")
    return told or "Unknown"


def _complaint(row: Mapping[str, Json]) -> str:
    """Join what the conditions say that do not hold."""
    status = row.get("status")
    listed = status.get("conditions") if isinstance(status, Mapping) else None
    conditions = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    bad = [each for each in conditions if each.get("status") == "False"]
    said = [wire.words(each, "message") or wire.words(each, "reason") for each in bad]
    return "; ".join(dict.fromkeys(words for words in said if words))
