"""Logs of live workloads, from the cluster they run on: they are gone when the workload ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence, Set
from contextlib import aclosing, contextmanager
from datetime import UTC

from reconciler.errors import Lapsed, Unauthenticated, Unavailable
from reconciler.provider import LogLine, LogQuery
from reconciler.providers.runai import wire
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.refusals import explaining, outlived
from reconciler.providers.runai.signs import fallen_pods
from reconciler.resource import Json, Observed
from reconciler.stream import follow as stream
from reconciler.transport import Lines

_WELL_S = 30.0
_NEVER = "what was started only once has no log before: leave --previous out; else check --pod and -c"
_URGENCY = ("Failed", "Unknown", "Pending", "Running", "Succeeded")


class LogReader:
    """Read logs by the cluster API, and events by the control plane."""

    def __init__(self, api: Api, clusters: Clusters) -> None:
        self._api, self._clusters = api, clusters

    async def pods(self, observed: Observed) -> Sequence[str]:
        """Name the pods that have logs now, failing ones first.

        A container that waits to be started again has no start in its row; events tell that it had one.
        """
        rows = await self._api.parts(observed.id, "pods", str(observed.key), limit="500")
        alive = [row for row in rows if not wire.has_come(row.get("deletedAt"))]
        started = [row for row in alive if _has_started(row)]
        fallen: Set[str] = frozenset()
        if any(row.get("nodeName") and not _has_started(row) for row in alive):
            events = await self._api.parts(observed.id, "events", str(observed.key), limit="100")
            fallen = fallen_pods(alive, events)
        if fallen:  # the others were started with it, or they say why not
            started = [row for row in alive if row.get("nodeName") or _has_started(row)]
        started.sort(key=lambda row: (wire.words(row, "name") not in fallen, *_urgency(row)))
        return [wire.text(row, "name") for row in started]

    async def last_words(self, observed: Observed) -> Sequence[str]:
        """Give event messages, newest last."""
        rows = await self._api.parts(observed.id, "events", str(observed.key), limit="100")
        rows.reverse()  # they come newest first; within one second that order is all there is
        rows.sort(key=lambda row: wire.words(row, "createdAt"))
        return [words for row in rows if (words := wire.words(row, "message"))]

    async def follow(
        self, observed: Observed, query: LogQuery, opened: Callable[[], None]
    ) -> AsyncGenerator[LogLine, None]:
        """Stream a pod's log until it ends; of a workload with one pod, that one's.

        Where the token runs out on the way a new one is fetched, and the stream breaks all the same.
        Raises NotFound for a workload that is gone, which the cluster itself tells as a failure (500).
        """
        url = await self._url(observed)
        address = self._api.transport.url_of(f"{url}/logs", {**_query(query), "follow": "true"})
        try:
            with _told(observed, query):
                async with aclosing(self._stream(address, f"the log of {observed.key}", opened)) as lines:
                    async for line in lines:
                        yield LogLine(query.pod, line)
        except Unavailable as failed:
            if failed.status == 500:
                await self._api.detail(observed.key.kind, observed.id, str(observed.key))
            raise

    async def _stream(
        self, address: str, subject: str, opened: Callable[[], None]
    ) -> AsyncGenerator[str, None]:
        tokens, transport = self._api.transport.tokens, self._api.transport
        token = await tokens.token() if tokens else ""
        for is_last in (False, True):
            has_begun, opened_at = False, transport.clock.monotonic()
            try:
                lines = stream(
                    address,
                    speech=transport.speech,
                    subject=subject,
                    token=token,
                    tls=lambda: transport.tls,
                    verb="follow",
                    opened=opened,
                )
                async with aclosing(lines):
                    async for line in lines:
                        has_begun = True
                        yield line
                return
            except Unauthenticated as refused:
                # A token may run out; what was shown cannot be shown again, so only a start is repeated.
                token = await tokens.renew(token) if tokens else ""
                # Where nothing came for a while, the token was good until then.
                has_begun |= transport.clock.monotonic() - opened_at >= _WELL_S
                if has_begun and tokens:
                    raise Lapsed(
                        refused.target, refused.verb, refused.subject, said="the token ran out"
                    ) from refused
                if is_last or has_begun:
                    raise

    async def download(self, observed: Observed, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        """Fetch the lines there are now."""
        lines = Lines()
        async with aclosing(self.pieces(observed, query)) as pieces:
            async for piece in pieces:
                for line in lines.feed(piece):
                    yield LogLine(query.pod, line)
        for line in lines.finish():
            yield LogLine(query.pod, line)

    async def pieces(self, observed: Observed, query: LogQuery) -> AsyncGenerator[bytes, None]:
        """Fetch what there is now as it is sent."""
        url = await self._url(observed)
        pieces = self._api.transport.pieces(
            f"{url}/logs/download", verb="read", subject=f"the log of {observed.key}", query=_query(query)
        )
        with _told(observed, query):
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece

    async def _url(self, observed: Observed) -> str:
        return await self._clusters.workload_url(observed, "read the log of", "its logs cannot be read")


@contextmanager
def _told(observed: Observed, query: LogQuery) -> Iterator[None]:
    """Add the way out to a refusal; the logs of what has ended are gone, whichever pod is asked for."""
    with outlived(observed), explaining(_NEVER if query.previous else ""):
        yield


def _query(query: LogQuery) -> dict[str, str]:
    """Write a query; what is left out is the platform's default."""
    since = query.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if query.since else ""
    asked = {
        "pod": query.pod,
        "container": query.container,
        "tailLines": str(query.tail) if query.tail >= 0 else "",
        "sinceTime": since,
        "previous": "true" if query.previous else "",
        "timestamps": "true" if query.stamped else "",
        "limitBytes": str(query.limit_bytes) if query.limit_bytes else "",
    }
    return {name: value for name, value in asked.items() if value}


def _has_started(row: Mapping[str, Json]) -> bool:
    containers = row.get("containers")
    started = isinstance(containers, list) and any(
        isinstance(one, Mapping) and one.get("startedAt") for one in containers
    )
    return started or wire.words(row, "k8sPhase") in {"Running", "Succeeded", "Failed"}


def _urgency(row: Mapping[str, Json]) -> tuple[int, str]:
    phase = wire.words(row, "k8sPhase")
    return (_URGENCY.index(phase) if phase in _URGENCY else 1), wire.words(row, "name")
