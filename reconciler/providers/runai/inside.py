"""Inside: connections into the containers of live workloads, by the API of their cluster."""

from __future__ import annotations

from reconciler.errors import Unauthenticated
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.refusals import explaining
from reconciler.resource import Observed
from reconciler.stream import Channel, channel


class Inside:
    """Open channels, each with a token of now."""

    def __init__(self, api: Api, clusters: Clusters) -> None:
        self._api, self._clusters = api, clusters

    async def tunnel(self, observed: Observed, port: int, *, pod: str, container: str) -> Channel:
        """Open one connection to a port."""
        so = "its ports cannot be forwarded"
        url = await self._clusters.workload_url(observed, "forward a port of", so)
        query = {"port": str(port)} | ({"pod": pod} if pod else {})
        query |= {"container": container} if container else {}
        return await self._channel(f"{url}/port-forward", query, "forward", f"a port of {observed.key}")

    async def _channel(self, url: str, query: dict[str, str], verb: str, subject: str) -> Channel:
        tokens = self._api.transport.tokens
        token = await tokens.token() if tokens else ""
        try:
            return await self._opened(url, query, verb, subject, token)
        except Unauthenticated:  # a token may be refused before its time
            if tokens is None:
                raise
            return await self._opened(url, query, verb, subject, await tokens.renew(token))

    async def _opened(self, url: str, query: dict[str, str], verb: str, subject: str, token: str) -> Channel:
        transport = self._api.transport
        with explaining():
            return await channel(
                transport.url_of(url, query),
                speech=transport.speech,
                subject=subject,
                token=token,
                tls=lambda: transport.tls,
                verb=verb,
            )
