"""Forward: let programs on this machine reach ports of containers, a tunnel for each connection.

It listens on 127.0.0.1 alone. A tunnel that breaks ends its own connection and no other; the next one gets a
tunnel, and a token, of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from reconciler.errors import NotFound, ProviderError, UsageError
from reconciler.provider import Forwards, Logs, Provider, Tunnel
from reconciler.resource import Observed

HOST = "127.0.0.1"
_PIECE = 64 * 1024
_LAST_WORDS_S = 2.0


@dataclass(frozen=True, slots=True)
class Way:
    """Lead a port of this machine, 0 for any that is free, to one of a container."""

    local: int
    remote: int


@dataclass(frozen=True, slots=True)
class End:
    """Name where the ways lead: an object, its pod and container, "" where there is one alone."""

    provider: Forwards
    observed: Observed
    pod: str = ""
    container: str = ""


async def end_of(provider: Provider, observed: Observed, *, pod: str = "", container: str = "") -> End:
    """Name where connections into a live object lead.

    Raises UsageError where its platform leads none, NotFound for a pod that does not run.
    """
    if not isinstance(provider, Forwards):
        raise UsageError(f"{provider.name} forwards no ports")
    if pod and isinstance(provider, Logs) and pod not in (running := await provider.pods(observed)):
        hint = f"these pods of it run: {', '.join(running)}" if running else "no pod of it runs now"
        raise NotFound(provider.target, "forward a port of", f'pod "{pod}" of {observed.key}', hint=hint)
    return End(provider, observed, pod, container)


@asynccontextmanager
async def forwarding(
    end: End, ways: tuple[Way, ...], tell: Callable[[str], None]
) -> AsyncIterator[tuple[Way, ...]]:
    """Listen at every way and give them with the ports they got; leaving ends all connections.

    `tell` hears of each connection that could not be made or broke. Raises UsageError for a port that
    is taken.
    """
    live: set[asyncio.Task[None]] = set()
    servers: list[asyncio.Server] = []
    try:
        for way in ways:
            servers.append(await _listen(end, way, live, tell))
        yield tuple(
            Way(server.sockets[0].getsockname()[1], way.remote)
            for server, way in zip(servers, ways, strict=True)
        )
    finally:
        for server in servers:
            server.close()
        for task in live:
            task.cancel()
        await asyncio.gather(*live, return_exceptions=True)


async def _listen(
    end: End, way: Way, live: set[asyncio.Task[None]], tell: Callable[[str], None]
) -> asyncio.Server:
    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(carry(reader, writer))  # asyncio logs the cancelling of a task of its own
        live.add(task)
        task.add_done_callback(live.discard)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _carry(end, way, reader, writer)
        except ProviderError as failure:
            tell(f"a connection to {end.observed.key.name}:{way.remote} ended: {failure}")
        except OSError:
            pass  # the program on this machine went away
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    try:
        return await asyncio.start_server(serve, HOST, way.local, limit=_PIECE)
    except OSError as taken:
        why = os.strerror(taken.errno or 0)  # asyncio puts more into its own words
        raise UsageError(
            f"port {way.local} of this machine cannot be listened at: {why};"
            f" write 0:{way.remote} for any that is free"
        ) from taken


async def _carry(end: End, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one connection over a tunnel of its own, until either side ends it."""
    tunnel = await end.provider.tunnel(end.observed, way.remote, pod=end.pod, container=end.container)
    up = asyncio.create_task(_upwards(reader, tunnel))
    down = asyncio.create_task(_downwards(tunnel, writer))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if not down.done():  # the program has said all it had to; what is still on its way comes down
            await asyncio.wait({down}, timeout=_LAST_WORDS_S)
        for task in (up, down):
            if task.done() and (failure := task.exception()):
                raise failure
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        with suppress(ProviderError, OSError):
            await tunnel.close()


async def _upwards(reader: asyncio.StreamReader, tunnel: Tunnel) -> None:
    while data := await reader.read(_PIECE):
        await tunnel.send(data)


async def _downwards(tunnel: Tunnel, writer: asyncio.StreamWriter) -> None:
    while (data := await tunnel.receive()) is not None:
        writer.write(data)
        await writer.drain()
