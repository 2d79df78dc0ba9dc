"""Talk HTTP: the only door to httpx, and the only place where anything is retried.

Reads are repeated with patience; a write is sent once, on a connection of its own, and ends in one of
three ways: done, refused, or Unknown. Knows no platform. Tokens go to allowed hosts only, redirects
are followed nowhere, certificates are always checked, `.netrc` is never read.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import httpx

from reconciler.clock import Clock
from reconciler.errors import Forbidden, Malformed, ProviderError, Unavailable, Unknown
from reconciler.hosts import Hosts, is_loopback, origin_of
from reconciler.mark import canonical_json
from reconciler.resource import Json
from reconciler.secret import Scrubber
from reconciler.transport.body import Body, TooLarge, Unreadable
from reconciler.transport.pace import ATTEMPTS, REPEATABLE, Pace, asked_wait, server_time
from reconciler.transport.strict import read_json
from reconciler.transport.text import Lines
from reconciler.transport.trouble import Trouble, trouble_of
from reconciler.transport.words import Answer, Call, Speech

__all__ = [
    "Answer",
    "Call",
    "Hosts",
    "Lines",
    "Sign",
    "TokenSource",
    "Transport",
    "is_loopback",
    "origin_of",
]

CONNECTIONS = 32
DEADLINE_S = 60.0
CONNECT_S = 5.0
_TROUBLES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError)
_REFUSED = frozenset({401})


class TokenSource(Protocol):
    """Give the bearer token of a target."""

    async def token(self) -> str:
        """Give a token that should count now."""
        ...

    async def renew(self, stale: str) -> str:
        """Give another token, after the platform refused this one."""
        ...


Sign = Callable[[str], Mapping[str, str]]
"""Turn a token into the headers that sign a request with it."""


def bearer(token: str) -> Mapping[str, str]:
    """Sign as most platforms want it."""
    return {"authorization": f"Bearer {token}"}


class _Failed(Exception):
    """Report an exchange without a whole answer. `tries`: how often a read may be tried in all."""

    def __init__(self, error: ProviderError, tries: int) -> None:
        super().__init__(str(error))
        self.error, self.tries = error, tries


@dataclass(slots=True)
class _Exchange:
    """Follow one request on the wire: whether any of it was sent."""

    was_sent: bool = False

    async def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note when the request itself, not a proxy's CONNECT, goes out."""
        if event.endswith("send_request_headers.started"):
            method = getattr(info.get("request"), "method", b"")
            self.was_sent = self.was_sent or method != b"CONNECT"


class Transport:
    """Carry calls to the hosts of one target.

    All waiting goes through `clock`; `jitter` gives random numbers from 0 to 1. Set `tokens` before the
    first signed call, and `sign` where they do not go into a bearer header. `scrubber` takes what it has
    learnt out of every error's words. `ahead` is how far the server's clock is ahead of ours, by the Date of
    its last answer.
    """

    def __init__(
        self,
        target: str,
        base_url: str,
        *,
        hosts: Hosts,
        clock: Clock,
        deadline_s: float = DEADLINE_S,
        connect_s: float = CONNECT_S,
        jitter: Callable[[], float] = random.random,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.target, self.base_url, self.hosts, self.clock = target, base_url.rstrip("/"), hosts, clock
        self.tokens: TokenSource | None = None
        self.sign: Sign = bearer
        self.ahead = timedelta(0)
        self.scrubber = Scrubber()
        self.speech = Speech(target, self.scrubber.scrub)
        self._deadline_s, self._connect_s = deadline_s, connect_s
        self._pace, self._tell = Pace(clock, jitter=jitter), tell
        self._idle: dict[tuple[str, str, int], list[httpx.AsyncClient]] = {}
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._checked: set[str] = set()
        self._is_closed = False

    async def get(
        self,
        path: str,
        *,
        verb: str,
        subject: str,
        query: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Json:
        """Read JSON from a path of the target or an allowed URL, with patience. Raises ProviderError."""
        call = Call("GET", self.url_of(path, query), verb, subject, attempts=attempts)
        answer = await self._patiently(call)
        if not 200 <= answer.status < 300:
            self.speech.refuse(call, answer)
        return self.speech.value(call, answer)

    async def send(
        self, method: str, path: str, *, verb: str, subject: str, body: Json = None, reads: bool = True
    ) -> Json:
        """Send one write, once. Gives the answer's JSON, or None where `reads` is False.

        Raises Unavailable where nothing was sent, Rejected, Forbidden, NotFound or Conflict where the
        platform refused, and Unknown for all else: the write may have happened.
        """
        data = None if body is None else canonical_json(body).encode()
        call = Call(method, self.url_of(path), verb, subject, data, is_write=True)
        await self._pace.turn(call.host)
        try:
            answer = await self._signed(call)
        except _Failed as failed:
            raise failed.error from failed.__cause__
        if not 200 <= answer.status < 300:
            self.speech.refuse(call, answer)
        if reads or answer.is_html or answer.body.strip():
            return self.speech.value(call, answer)
        return None

    async def ask(self, call: Call) -> Answer:
        """Make a call that changes nothing, with patience, and give whatever answer there is."""
        return await self._patiently(call)

    async def pieces(
        self, path: str, *, verb: str, subject: str, query: Mapping[str, str] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Stream an answer as the bytes it is of; each wait for more has the deadline of a call."""
        call = Call("GET", self.url_of(path, query), verb, subject)
        try:
            async with aclosing(self._opened(call)) as pieces:
                async for piece in pieces:
                    yield piece
        except TimeoutError as err:
            said = f"nothing came for {self._deadline_s:g} seconds"
            raise self.speech.error(Unavailable, call, said) from err
        except (*_TROUBLES, Unreadable, TooLarge) as err:
            trouble = trouble_of(err, call.host)
            raise self.speech.error(Unavailable, call, trouble.said, hint=trouble.hint) from err

    def url_of(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Make the whole URL of a path of this target; a whole URL stays what it is."""
        url = path if "://" in path else f"{self.base_url}{path}"
        return f"{url}?{urlencode(query, quote_via=quote)}" if query else url

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Trust the CAs of SSL_CERT_FILE or SSL_CERT_DIR, else the usual ones; always check names."""
        return httpx.create_ssl_context(verify=True, trust_env=True)

    async def aclose(self) -> None:
        """Close all connections; those still in use close when their calls end."""
        self._is_closed = True
        for idle in [*self._idle.values()]:
            while idle:
                await idle.pop().aclose()

    async def _patiently(self, call: Call) -> Answer:
        """Climb the ladder of attempts; gives the last answer, or raises the last failure."""
        for attempt in count(1):
            await self._pace.turn(call.host)
            try:
                answer = await self._signed(call)
            except _Failed as failed:
                if attempt >= min(call.attempts, failed.tries) or not self._pace.may_retry():
                    raise failed.error from failed.__cause__
                await self._pace.back_off(attempt)
                continue
            if answer.status not in REPEATABLE or attempt >= call.attempts:
                return answer
            if not await self._may_repeat(call, answer, attempt):
                return answer
        raise AssertionError  # count() has no end

    async def _may_repeat(self, call: Call, answer: Answer, attempt: int) -> bool:
        """Wait as an answer asks, or else as the ladder says; False where the budget is spent."""
        wait = asked_wait(answer.retry_after, date=answer.date, now=self.clock.now())
        if wait is None and not self._pace.may_retry():
            return False
        if wait is None:
            await self._pace.back_off(attempt)
        elif self._pace.pause(call.host, wait):
            self._tell(f"{self.target} asks to slow down: waiting {wait:.0f}s ({answer.status})")
        return True

    async def _signed(self, call: Call) -> Answer:
        """Exchange once; once more with a new token where the platform refused the old one."""
        token = await self._token(call)
        answer = await self._exchange(call, token)
        if answer.status not in _REFUSED or not token:
            return answer
        renewed = await self._renewed(token)
        return answer if renewed == token else await self._exchange(call, renewed)

    async def _token(self, call: Call) -> str:
        self._check(call)
        return await self.tokens.token() if call.is_signed and self.tokens else ""

    async def _renewed(self, stale: str) -> str:
        return await self.tokens.renew(stale) if self.tokens else stale

    def _check(self, call: Call) -> None:
        """Refuse a host before anything is sent to it."""
        if call.host in self._checked:
            return
        if why := self.hosts.refusal(call.url):
            hint = "add the host to allowedHosts in the fleet file if the token may go there"
            raise self.speech.error(Forbidden, call, why, hint=hint)
        self._checked.add(call.host)

    async def _exchange(self, call: Call, token: str) -> Answer:
        """Send a request and take in the whole answer, within the deadline."""
        wire = _Exchange()
        try:
            async with (
                self._slots,
                asyncio.timeout(self._deadline_s),
                self._stream(call, token, wire if call.is_write else None) as response,
            ):
                return await self._answer(call, response)
        except TimeoutError as err:
            said = f"no whole answer within {self._deadline_s:g} seconds"
            raise self._failed(call, Trouble(said), was_sent=wire.was_sent) from err
        except _TROUBLES as err:
            raise self._failed(call, trouble_of(err, call.host), was_sent=wire.was_sent) from err
        except TooLarge as err:
            raise self.speech.error(Unknown if call.is_write else Malformed, call, str(err)) from None
        except Unreadable as err:
            raise self._failed(call, Trouble(str(err)), was_sent=True) from None

    @asynccontextmanager
    async def _stream(
        self, call: Call, token: str, wire: _Exchange | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and give the answer as soon as its headers are there."""
        headers = {"accept": "application/json, */*;q=0.5", "accept-encoding": "gzip"}
        headers |= self.sign(token) if token else {}
        headers |= {"content-type": call.content_type} if call.body is not None else {}
        async with self._lent(call) as client:
            request = client.build_request(call.method, call.url, headers=headers, content=call.body)
            request.extensions = {**request.extensions, "trace": wire.watch} if wire else request.extensions
            response = await client.send(request, stream=True)
            try:
                yield response
            finally:
                await response.aclose()

    @asynccontextmanager
    async def _lent(self, call: Call) -> AsyncIterator[httpx.AsyncClient]:
        """Lend a client of one connection: to a write a new one, to a read the one used last.

        One client with many connections looks through all of them for each request: at 32 at once that
        takes four times as long.
        """
        idle = self._idle.setdefault(origin_of(call.url), [])
        client = idle.pop() if idle and not call.is_write else self._new_client(call)
        is_whole = False
        try:
            yield client
            is_whole = True
        finally:
            if call.is_write or self._is_closed or not is_whole:  # one that broke off may never answer again
                await client.aclose()
            else:
                idle.append(client)

    async def _answer(self, call: Call, response: httpx.Response) -> Answer:
        body, headers = Body(response.headers.get("content-encoding", "")), response.headers
        async for piece in response.aiter_raw():
            body.feed(piece)
        is_whole = "content-length" in headers or "transfer-encoding" in headers
        answer = Answer(
            response.status_code,
            body.finish(),
            headers.get("content-type", ""),
            headers.get("location", ""),
            headers.get("retry-after"),
            headers.get("date"),
            is_whole or response.status_code == 204,
        )
        if now := server_time(answer.date):
            self.ahead = now - self.clock.now()
        if not answer.is_whole and not call.is_write and "json" in answer.content_type:
            _demand_json(answer.body)
        return answer

    async def _opened(self, call: Call) -> AsyncGenerator[bytes, None]:
        """Open an answer and give its pieces; tried again only before the first of them."""
        token, is_renewed = await self._token(call), False
        for attempt in count(1):
            await self._pace.turn(call.host)
            async with asyncio.timeout(self._deadline_s) as patience, self._stream(call, token) as response:
                if response.status_code == 200:
                    patience.reschedule(None)  # from here on each wait has a deadline of its own
                    async with aclosing(self._pieces(response)) as pieces:
                        async for piece in pieces:
                            yield piece
                    return
                answer = await self._answer(call, response)
            if answer.status == 401 and not is_renewed:
                token, is_renewed = await self._renewed(token), True
                continue
            can_repeat = answer.status in REPEATABLE and attempt < call.attempts
            if not (can_repeat and await self._may_repeat(call, answer, attempt)):
                self.speech.refuse(call, answer)

    async def _pieces(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        body = Body(response.headers.get("content-encoding", ""), cap=None)
        source = response.aiter_raw()
        while True:
            async with asyncio.timeout(self._deadline_s):
                piece = await anext(source, None)
            if piece is None:
                yield body.finish()
                return
            body.feed(piece)
            yield body.take()

    def _failed(self, call: Call, trouble: Trouble, *, was_sent: bool) -> _Failed:
        kind = Unknown if call.is_write and was_sent else Unavailable
        error = self.speech.error(kind, call, trouble.said, hint=trouble.hint)
        return _Failed(error, trouble.tries)

    def _new_client(self, call: Call) -> httpx.AsyncClient:
        scheme, host, _ = origin_of(call.url)
        is_local = is_loopback(host)
        # Loading CAs takes a while and plain http needs none: an empty context trusts nobody.
        is_plain = is_local and scheme == "http"
        return httpx.AsyncClient(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else self.tls,
            trust_env=not is_local,  # no proxy stands between us and this machine
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=self._connect_s),
            limits=httpx.Limits(max_connections=1),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )


def _demand_json(body: bytes) -> None:
    """Tell a body cut short: no length said how long it should be."""
    try:
        read_json(body)
    except ValueError:
        raise Unreadable("the answer broke off") from None
