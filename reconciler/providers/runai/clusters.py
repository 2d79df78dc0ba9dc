"""The clusters below a control plane: their names, and where their own API may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.errors import Forbidden, Lacking, NotFound, Rejected, Unavailable
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.refusals import telling
from reconciler.providers.runai.routes import cluster_path, unshown
from reconciler.providers.runai.sweep import sweep
from reconciler.providers.runai.target import RunaiTarget
from reconciler.resource import Observed
from reconciler.transport import is_loopback

_REST_S = 60.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Name one cluster and the host it says it answers at."""

    id: str
    name: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """Give the URL of a cluster's API, or the note that says why it is not asked.

    `line` is what to add below the target so that it is.
    """

    url: str = ""
    note: str = ""
    line: str = ""


class Clusters:
    """Remember the clusters, and which of them do not answer now."""

    def __init__(self, api: Api, settings: RunaiTarget) -> None:
        self._api, self._settings = api, settings
        self._lock = asyncio.Lock()
        self._known: Mapping[str, Cluster] | None = None
        self._resting: dict[str, float] = {}

    async def known(self, *, again: bool = False) -> Mapping[str, Cluster]:
        """Give the clusters by id in lower case, asked for once."""
        async with self._lock:
            if self._known is None or again:
                self._known = {cluster.id: cluster for cluster in await self._read()}
            return self._known

    async def door(self, cluster_id: str) -> Door:
        """Find where a cluster's API may be asked."""
        cluster = (await self.known()).get(cluster_id.lower())
        if cluster is None:
            cluster = (await self.known(again=True)).get(cluster_id.lower())
        if cluster is None:
            return Door(note=f"cluster {cluster_id} is not listed, so only the control plane was asked")
        url = self._settings.clusterApi.get(cluster.name) or self._by_domain(cluster)
        if not url:
            return Door(note=f'cluster "{cluster.name}" names no domain, so only the control plane was asked')
        if why := self._api.transport.hosts.refusal(url):
            line = f"clusterApi: {{{cluster.name}: {url}}}"
            note = f'cluster "{cluster.name}" was not asked ({why}); to allow it, add {line}'
            return Door(note=note, line=line)
        if self._resting.get(url, 0.0) > self._api.transport.clock.monotonic():
            return Door(note=f'cluster "{cluster.name}" does not answer, so only the control plane was asked')
        return Door(url)

    async def workload_url(self, observed: Observed, verb: str, so: str) -> str:
        """Give a workload's URL in the API of its cluster.

        Raises Lacking where it has none, saying why, and `so` what follows; Unavailable where the cluster is
        not asked.
        """
        cluster_id, project = observed.summary.identity.split("/")[:2]
        target, subject = self._api.transport.target, str(observed.key)
        path = cluster_path(project, observed.key.kind, observed.key.name, observed.spec)
        if not path:
            said = f"{unshown(observed.key.kind, observed.spec)}, so {so}"
            hint = f"it is {observed.summary.phase}; {telling(observed, 'tells how far it is')}"
            raise Lacking(target, verb, subject, said=said, hint=hint)
        door = await self.door(cluster_id)
        if not door.url:
            raise Unavailable(target, verb, subject, said=door.note)
        return door.url + path

    def rest(self, url: str) -> None:
        """Leave a cluster that cannot be reached alone for a minute."""
        self._resting[url] = self._api.transport.clock.monotonic() + _REST_S

    async def _read(self) -> list[Cluster]:
        """List the clusters as far as we may: fully, else in short, else not at all."""
        try:
            rows = await self._api.clusters()
        except Forbidden:
            try:
                rows = [dict(row) for row in await sweep(self._api.minimal_clusters)]
            except (Forbidden, NotFound, Rejected):
                rows = []
        return [
            Cluster(row["uuid"].lower(), row["name"], row.get("domain") or "")
            for row in rows
            if isinstance(row.get("domain") or "", str)
        ]

    def _by_domain(self, cluster: Cluster) -> str:
        """Make a URL of the cluster's domain; on loopback it shares the target's scheme and port."""
        if not cluster.domain:
            return ""
        if "://" in cluster.domain:
            return cluster.domain.rstrip("/")
        host = cluster.domain.rstrip("/")
        target, name = urlsplit(self._settings.url), _host_in(host)
        if is_loopback(name) and is_loopback(target.hostname or ""):
            port = f":{target.port}" if target.port else ""
            return f"{target.scheme}://{f'[{name}]' if ':' in name else name}{port}"
        return f"https://{host}"


def _host_in(authority: str) -> str:
    """Give the host of HOST or HOST:PORT; "" where it is neither."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""
