"""Read a WebSocket line by line, or carry bytes over it both ways: the only door to websockets.

The handshake carries the token and is redirected nowhere; messages are at most 1 MiB and not compressed.
Nothing is retried or reconnected here: a stream that breaks raises, since no server replays what was lost.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from reconciler.errors import Malformed, ProviderError, Unauthenticated, Unavailable
from reconciler.transport import Answer, Call, Lines, is_loopback
from reconciler.transport.trouble import trouble_of
from reconciler.transport.words import Speech

MAX_MESSAGE = 1024 * 1024
OPEN_S = 10.0
PING_S = 20.0
"""After so long a silence the other side is asked whether it is there, and gets as long to say anything."""
_LOOKS = 10
_CLOSE_S = 1.0
_WELL = 1000
_AGAIN = "run again; if it stays, tell the operators of the cluster"
_TEXT = "a text message came where bytes are due"
_NONE: Mapping[str, str] = MappingProxyType({})

_CLOSES: dict[int, tuple[type[ProviderError], str]] = {
    1001: (Unavailable, "the server went away, or the pod ended"),
    1002: (Malformed, "the server broke the WebSocket protocol"),
    1006: (Unavailable, "the connection broke off"),
    1008: (Unauthenticated, "the token ran out"),
    1009: (Malformed, "a message is larger than 1 MiB"),
    1011: (Unavailable, "the server failed"),
}


class _Direct(connect):
    """Connect and follow no redirect: a token goes where it was meant to go."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Take a redirect for the failure it is."""
        return exc


class _Connection(ClientConnection):
    """Know when the other side was heard last, and cut the line once it seems gone.

    What the library does by itself takes whoever reads slowly for gone, and waits for ever where what was
    sent before is not taken. Servers ask every 30 s on their own, so that more than that is silence.
    """

    is_silent = False
    _heard_at = 0.0

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._heard_at = self.loop.time()
        super().data_received(data)

    async def keepalive(self) -> None:
        """Look now and then until the line is lost; the library starts and cancels this."""
        asked_at = 0.0
        while not self.is_silent:
            await asyncio.sleep(PING_S / _LOOKS)
            now = self.loop.time()
            if not self.transport.is_reading():  # we have more than is taken from us
                self._heard_at = now
            if now - self._heard_at < PING_S:
                continue
            if asked_at <= self._heard_at:
                asked_at = now
                await self._ask()
            self.is_silent = now - asked_at >= PING_S
        self.transport.abort()

    async def _ask(self) -> None:
        """Send a ping, unless it would have to wait behind what is not taken."""
        if not self.transport.get_write_buffer_size():
            await self.ping()

    async def leave(self) -> None:
        """Say goodbye, to nobody who does not take it."""
        try:
            async with asyncio.timeout(_CLOSE_S * 2):
                await self.close()
        except TimeoutError:
            self.transport.abort()


async def follow(
    url: str,
    *,
    speech: Speech,
    subject: str,
    token: str,
    tls: Callable[[], ssl.SSLContext],
    verb: str = "follow the log of",
    opened: Callable[[], None] = lambda: None,
) -> AsyncGenerator[str, None]:
    """Yield lines until the server ends the stream well. Raises ProviderError for any other end.

    `url` is the http(s) URL of the endpoint; `tls` gives the CAs to trust and is asked only for wss;
    `opened` is called when hands were shaken.
    A message is a line of its own unless it stops within a character.
    """
    call = Call("GET", url, verb, subject)
    connection = await _opened(call, speech, token, tls)
    opened()
    lines = Lines()
    try:
        while True:
            message = await connection.recv()
            if isinstance(message, str):
                raise speech.error(Malformed, call, _TEXT)
            for line in lines.feed(message, ends_line=True):
                yield line
    except ConnectionClosed as err:
        if not (err.rcvd and err.rcvd.code == _WELL):
            raise _closed(connection, call, speech, err) from err
    finally:
        await connection.leave()
    for line in lines.finish():
        yield line


class Channel:
    """Carry bytes both ways over one WebSocket, as they are; close it when done.

    `protocol` is the one of those offered that the server chose, "" for none; `goodbye` the words of its
    good end, once there was one. Raises ProviderError where it does not end well.
    """

    def __init__(self, connection: _Connection, call: Call, speech: Speech) -> None:
        self._connection, self._call, self._speech = connection, call, speech
        self.protocol: str = connection.subprotocol or ""
        self.goodbye = ""

    async def send(self, data: bytes | str) -> None:
        """Send bytes, or a text message; waits while the other side takes none."""
        try:
            await self._connection.send(data)
        except ConnectionClosed as err:
            raise _closed(self._connection, self._call, self._speech, err) from err

    async def receive(self) -> bytes | None:
        """Give the next bytes; None at a good end."""
        try:
            message = await self._connection.recv()
        except ConnectionClosed as err:
            if err.rcvd and err.rcvd.code == _WELL:
                self.goodbye = err.rcvd.reason
                return None
            raise _closed(self._connection, self._call, self._speech, err) from err
        if isinstance(message, str):
            raise self._speech.error(Malformed, self._call, _TEXT)
        return message

    def error(self, kind: type[ProviderError], said: str, *, hint: str = "") -> ProviderError:
        """Make an error about this channel, in the server's words."""
        return self._speech.error(kind, self._call, said, hint=hint)

    async def close(self) -> None:
        """Say goodbye; safe to call again."""
        await self._connection.leave()


async def channel(
    url: str,
    *,
    speech: Speech,
    subject: str,
    token: str,
    tls: Callable[[], ssl.SSLContext],
    verb: str,
    headers: Mapping[str, str] = _NONE,
    protocols: Sequence[str] = (),
) -> Channel:
    """Open a channel to an http(s) URL, offering `protocols`, the best first.

    Raises ProviderError for what comes instead of it.
    """
    call = Call("GET", url, verb, subject)
    return Channel(await _opened(call, speech, token, tls, headers, protocols), call, speech)


async def _opened(
    call: Call,
    speech: Speech,
    token: str,
    tls: Callable[[], ssl.SSLContext],
    headers: Mapping[str, str] = _NONE,
    protocols: Sequence[str] = (),
) -> _Connection:
    """Shake hands. Raises what the answer stands for."""
    parts = urlsplit(call.url)
    is_secure = parts.scheme == "https"
    uri = urlunsplit(("wss" if is_secure else "ws", *parts[1:]))
    try:
        connection = await _Direct(
            uri,
            create_connection=_Connection,
            additional_headers={**headers, **({"Authorization": f"Bearer {token}"} if token else {})},
            subprotocols=[Subprotocol(name) for name in protocols] or None,
            compression=None,
            max_size=MAX_MESSAGE,
            open_timeout=OPEN_S,
            ping_interval=PING_S,
            ping_timeout=None,
            close_timeout=_CLOSE_S,
            proxy=None if is_loopback(parts.hostname or "") else True,
            ssl=tls() if is_secure else None,
        )
        assert isinstance(connection, _Connection)  # noqa: S101 - it was made so
        return connection
    except InvalidStatus as err:
        raise _refused(call, speech, err) from err
    except TimeoutError as err:
        raise speech.error(Unavailable, call, f'host "{call.host}" does not answer in time') from err
    except (OSError, ssl.SSLError) as err:
        trouble = trouble_of(err, call.host)
        raise speech.error(Unavailable, call, trouble.said, hint=trouble.hint) from err
    except InvalidHandshake as err:
        raise speech.error(Malformed, call, f"the handshake failed: {type(err).__name__}") from err


def _refused(call: Call, speech: Speech, err: InvalidStatus) -> ProviderError:
    """Read the answer that came instead of an upgrade."""
    response = err.response
    headers = response.headers
    answer = Answer(
        response.status_code,
        bytes(response.body or b""),
        headers.get("Content-Type", ""),
        headers.get("Location", ""),
    )
    try:
        speech.refuse(call, answer)
    except ProviderError as refused:
        return refused


def _closed(connection: _Connection, call: Call, speech: Speech, err: ConnectionClosed) -> ProviderError:
    """Tell what a close code stands for; a close of our own is told by its own code."""
    if connection.is_silent:
        said = f"nothing came for {2 * PING_S:g} seconds, not even an answer to a ping"
        return speech.error(Unavailable, call, said, hint=_AGAIN)
    frame = err.rcvd or err.sent
    code = frame.code if frame else 1006
    kind, said = _CLOSES.get(code, (Unavailable, f"the stream was closed with code {code}"))
    reason = f": {frame.reason}" if frame and frame.reason else ""
    hint = _AGAIN if kind is Unavailable else ""
    return speech.error(kind, call, said + reason, hint=hint)
