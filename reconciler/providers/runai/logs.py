"""Logs of live workloads, from the cluster they run on: they are gone when the workload ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from reconciler.errors import Unauthenticated, Unavailable
from reconciler.provider import LogLine
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.routes import cluster_path, unshown
from reconciler.resource import Json, Observed
from reconciler.stream import follow as stream

_URGENCY = ("Failed", "Unknown", "Pending", "Running", "Succeeded")


class LogReader:
    """Read logs by the cluster API, and events by the control plane."""

    def __init__(self, api: Api, clusters: Clusters) -> None:
        self._api, self._clusters = api, clusters

    async def pods(self, observed: Observed) -> Sequence[str]:
        """Name the pods that have logs now, failing ones first."""
        rows = await self._api.parts(observed.id, "pods", str(observed.key), limit="500")
        alive = [row for row in rows if not row.get("deletedAt") and _has_started(row)]
        return [wire.text(row, "name") for row in sorted(alive, key=_urgency)]

    async def last_words(self, observed: Observed) -> Sequence[str]:
        """Give event messages, newest last."""
        rows = await self._api.parts(observed.id, "events", str(observed.key), limit="100")
        rows.reverse()  # they come newest first; within one second that order is all there is
        rows.sort(key=lambda row: wire.words(row, "createdAt"))
        return [words for row in rows if (words := wire.words(row, "message"))]

    async def follow(
        self, observed: Observed, *, pod: str, tail: int, previous: bool
    ) -> AsyncGenerator[LogLine, None]:
        """Stream a pod's log until it ends; of a workload with one pod, that one's."""
        url = await self._url(observed)
        query = {**_query(pod, tail, previous=previous), "follow": "true"}
        tokens, transport = self._api.transport.tokens, self._api.transport
        token = await tokens.token() if tokens else ""
        for is_last in (False, True):
            has_begun = False
            try:
                lines = stream(
                    transport.url_of(f"{url}/logs", query),
                    speech=transport.speech,
                    subject=str(observed.key),
                    token=token,
                    tls=lambda: transport.tls,
                )
                async with aclosing(lines):
                    async for line in lines:
                        has_begun = True
                        yield LogLine(pod, line)
                return
            except Unauthenticated:
                # A token may run out; what was shown cannot be shown again, so only a start is repeated.
                token = await tokens.renew(token) if tokens else ""
                if is_last or has_begun:
                    raise

    async def download(
        self, observed: Observed, *, pod: str, tail: int, previous: bool
    ) -> AsyncGenerator[LogLine, None]:
        """Fetch the lines there are now."""
        url = await self._url(observed)
        lines = self._api.transport.lines(
            f"{url}/logs/download",
            verb="read the log of",
            subject=str(observed.key),
            query=_query(pod, tail, previous=previous),
        )
        async with aclosing(lines):
            async for line in lines:
                yield LogLine(pod, line)

    async def _url(self, observed: Observed) -> str:
        cluster_id, project = observed.summary.identity.split("/")[:2]
        target, subject = self._api.transport.target, str(observed.key)
        path = cluster_path(project, observed.key.kind, observed.key.name, observed.spec)
        if not path:
            said = f"{unshown(observed.key.kind, observed.spec)}, so its logs cannot be read"
            raise Unavailable(target, "read the log of", subject, said=said)
        door = await self._clusters.door(cluster_id)
        if not door.url:
            raise Unavailable(target, "read the log of", subject, said=door.note)
        return door.url + path


def _query(pod: str, tail: int, *, previous: bool) -> dict[str, str]:
    query = {"pod": pod} if pod else {}
    query |= {"tailLines": str(tail)} if tail >= 0 else {}
    return query | ({"previous": "true"} if previous else {})


def _has_started(row: Mapping[str, Json]) -> bool:
    containers = row.get("containers")
    started = isinstance(containers, list) and any(
        isinstance(one, Mapping) and one.get("startedAt") for one in containers
    )
    return started or wire.words(row, "k8sPhase") in {"Running", "Succeeded", "Failed"}


def _urgency(row: Mapping[str, Json]) -> tuple[int, str]:
    phase = wire.words(row, "k8sPhase")
    return (_URGENCY.index(phase) if phase in _URGENCY else 1), wire.words(row, "name")
