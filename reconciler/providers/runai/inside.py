"""Inside: connections into the containers of live workloads, by the API of their cluster."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence

from reconciler.console import Entry
from reconciler.errors import ProviderError, Unauthenticated
from reconciler.providers.runai.api import Api
from reconciler.providers.runai.clusters import Clusters
from reconciler.providers.runai.console import RunaiConsole
from reconciler.providers.runai.doorstep import refused, too_long
from reconciler.providers.runai.framing import PROTOCOLS
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
        query = {"port": str(port)} | _place(pod, container)
        with explaining():
            return await self._channel(f"{url}/port-forward", query, "forward", f"a port of {observed.key}")

    async def enter(self, observed: Observed, entry: Entry) -> RunaiConsole:
        """Start a command, or join the main process.

        Raises ProviderError: NoEntry where the container cannot be entered as it is now.
        """
        verb = "run a command in" if entry.argv else "attach to"
        url = await self._clusters.workload_url(observed, verb, "it cannot be entered")
        url, query, headers = f"{url}/{'exec' if entry.argv else 'attach'}", _query(entry), _headers(entry)

        async def opened() -> Channel:
            return await self._channel(url, query, verb, str(observed.key), headers, PROTOCOLS)

        async def again() -> Channel:
            if tokens := self._api.transport.tokens:
                await tokens.renew(await tokens.token())
            return await opened()

        try:
            return RunaiConsole(await opened(), entry, again if self._api.transport.tokens else None)
        except ProviderError as err:
            raise too_long(refused(err, entry), len(_command(entry.argv))) from err

    async def _channel(
        self,
        url: str,
        query: Mapping[str, str],
        verb: str,
        subject: str,
        headers: Mapping[str, str] | None = None,
        protocols: Sequence[str] = (),
    ) -> Channel:
        transport, tokens = self._api.transport, self._api.transport.tokens

        async def opened(token: str) -> Channel:
            return await channel(
                transport.url_of(url, query),
                speech=transport.speech,
                subject=subject,
                token=token,
                tls=lambda: transport.tls,
                verb=verb,
                headers=headers or {},
                protocols=protocols,
            )

        token = await tokens.token() if tokens else ""
        try:
            return await opened(token)
        except Unauthenticated:  # a token may be refused before its time
            if tokens is None:
                raise
            return await opened(await tokens.renew(token))


def _place(pod: str, container: str) -> dict[str, str]:
    return {name: value for name, value in (("pod", pod), ("container", container)) if value}


def _query(entry: Entry) -> dict[str, str]:
    """Write what is asked for; what is left out is the platform's default."""
    flags = {"stdin": entry.stdin, "tty": entry.tty}
    query = _place(entry.pod, entry.container) | {name: "true" for name, holds in flags.items() if holds}
    return query | ({"command": _command(entry.argv)} if entry.argv and entry.in_url else {})


def _headers(entry: Entry) -> dict[str, str]:
    return {"Command": _command(entry.argv)} if entry.argv and not entry.in_url else {}


def _command(argv: Sequence[str]) -> str:
    """Encode a command as base64 of a JSON array of its words. Source: the cluster API, 2.23, Exec."""
    return base64.b64encode(json.dumps(argv).encode()).decode()
