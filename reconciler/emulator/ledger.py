"""Record every request and its effect: the oracle of the tests.

An entry is written when the request arrives and completed before the first byte of the answer
leaves, so a client that has its answer finds the entry complete. An answer that never left has
status 0. What goes over a WebSocket afterwards is counted while it runs.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.emulator.clock import Clock
from reconciler.emulator.wire import Ending, find_wire

_PAGE = "emulator.page"
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_TOKEN_ENDINGS = ("/token", "/apptoken", "/login")
_SECRET_KEYS = frozenset(
    {
        "clientsecret",
        "appsecret",
        "secret",
        "password",
        "refreshtoken",
        "code",
        "externaltoken",
        "clientassertion",
    }
)
MASK = "***"


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of the emulated world: `verb` a `kind`, named by id and by name."""

    verb: str
    kind: str
    id: str
    name: str


@dataclass(slots=True)
class Stream:
    """What went over one WebSocket: payload bytes to the client and from it, and how it ended.

    Counts up while the stream is open; `ending` and `ended_at` are None until it is over. A
    connection that was lost without a close frame ended with 1006.
    """

    opened_at: datetime
    sent: int = 0
    received: int = 0
    ending: Ending | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One request as it arrived, what it changed, and the status that left (0: none did)."""

    seq: int
    at: datetime
    method: str
    path: str
    query: str
    body: Any
    principal: str | None = None
    effects: tuple[Effect, ...] = ()
    status: int = 0
    fault: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Stream | None = None  # of a WebSocket that was accepted

    @property
    def effect(self) -> Effect | None:
        """The first effect, or None for a request that changed nothing."""
        return self.effects[0] if self.effects else None

    @property
    def is_login(self) -> bool:
        """Whether the request asked for a token."""
        return is_login_path(self.path)


def is_login_path(path: str) -> bool:
    """Whether a path hands out tokens, so that its body holds secrets."""
    return path.rstrip("/").endswith(_TOKEN_ENDINGS)


class Ledger:
    """Keep the entries in order of arrival; any thread may read while the server writes."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    @property
    def entries(self) -> list[Entry]:
        """All requests so far, as a copy."""
        with self._lock:
            return list(self._entries)

    def mutations(self) -> list[Entry]:
        """Give the requests that ask for a change; logins are none."""
        return [e for e in self.entries if e.method in _WRITES and not e.is_login]

    def effects(self) -> list[Effect]:
        """Give every change that really happened, in order, answered or not."""
        return [effect for entry in self.entries for effect in entry.effects]

    def streams(self) -> list[Stream]:
        """Give every WebSocket that was accepted, in order, over or not."""
        return [entry.stream for entry in self.entries if entry.stream is not None]

    def since(self, seq: int) -> list[Entry]:
        """Give the entries that came after the mark `seq`."""
        with self._lock:
            return self._entries[seq:]

    def mark(self) -> int:
        """Give the sequence number of the newest entry, to hand to `since`; 0 when empty."""
        with self._lock:
            return len(self._entries)

    def open(self, **facts: Any) -> "Page":
        """Write a new entry and give the handle that completes it."""
        with self._lock:
            seq = len(self._entries) + 1
            self._entries.append(Entry(seq=seq, **facts))
        return Page(self, seq)

    def amend(self, seq: int, change: Callable[[Entry], Entry]) -> None:
        """Replace one entry by what `change` makes of it."""
        with self._lock:
            self._entries[seq - 1] = change(self._entries[seq - 1])


class Page:
    """The handle on one open entry."""

    def __init__(self, ledger: Ledger, seq: int) -> None:
        self.seq = seq
        self._ledger = ledger

    def effect(self, effect: Effect) -> None:
        """Add a change that has just happened."""
        self._ledger.amend(self.seq, lambda e: replace(e, effects=(*e.effects, effect)))

    def status(self, status: int) -> None:
        """Say which status is about to leave."""
        self._ledger.amend(self.seq, lambda e: replace(e, status=status))

    def fault(self, name: str) -> None:
        """Say which scripted fault this request met."""
        self._ledger.amend(self.seq, lambda e: replace(e, fault=name))

    def stream(self, stream: Stream) -> None:
        """Say that a WebSocket was accepted."""
        self._ledger.amend(self.seq, lambda e: replace(e, stream=stream))

    def principal(self, name: str) -> None:
        """Say who asks."""
        self._ledger.amend(self.seq, lambda e: replace(e, principal=name))


def page_of(scope: Scope) -> Page | None:
    """Find the open entry of a request; None where no recorder is in front."""
    page = scope.get(_PAGE)
    return page if isinstance(page, Page) else None


def note_effect(scope: Scope, verb: str, kind: str, id: str, name: str) -> None:  # noqa: A002 - the field's word
    """Write down that this request has just changed the world."""
    page = page_of(scope)
    if page is not None:
        page.effect(Effect(verb, kind, id, name))


class Recorder:
    """ASGI middleware: write every request and WebSocket handshake into the ledger.

    Belongs outside the fault injector, so that lost answers are recorded too. `name_of` reads
    the principal's name off a request.
    """

    def __init__(
        self,
        app: ASGIApp,
        ledger: Ledger,
        clock: Clock,
        name_of: Callable[[Scope], str | None] = lambda _: None,
    ) -> None:
        self.app = app
        self.ledger = ledger
        self.clock = clock
        self.name_of = name_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the request, then let the application answer it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        body = b""
        if scope["type"] == "http":
            body, receive = await _read_whole(receive)
        page = self._open(scope, body)
        scope[_PAGE] = page
        if scope["type"] == "websocket":
            meter = _Meter(scope, page, self.clock)
            receive, send = meter.receiving(receive), meter.sending(send)
        await self.app(scope, receive, _noting_status(send, page))

    def _open(self, scope: Scope, body: bytes) -> Page:
        headers = _headers(scope)
        return self.ledger.open(
            at=self.clock.now(),
            method=scope.get("method", "WS"),
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            body=_parse(body, headers, is_login=is_login_path(scope["path"])),
            principal=self.name_of(scope),
            headers=headers,
        )


async def _read_whole(receive: Receive) -> tuple[bytes, Receive]:
    chunks: list[bytes] = []
    is_complete = False
    while not is_complete:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        is_complete = not message.get("more_body", False)
    body = b"".join(chunks)
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return body, replay


def _noting_status(send: Send, page: Page) -> Send:
    async def noting(message: Message) -> None:
        match message["type"]:
            case "http.response.start" | "websocket.http.response.start":
                page.status(message["status"])
            case "websocket.accept":
                page.status(101)
            case _:
                pass
        await send(message)

    return noting


class _Meter:
    """Count what goes over a WebSocket, and take note of its end."""

    def __init__(self, scope: Scope, page: Page, clock: Clock) -> None:
        self.page = page
        self.clock = clock
        self.wire = find_wire(scope)
        self.stream: Stream | None = None

    def receiving(self, receive: Receive) -> Receive:
        async def metered() -> Message:
            message = await receive()
            if self.stream is not None and message["type"] == "websocket.receive":
                self.stream.received += _size(message)
            elif self.wire is None and message["type"] == "websocket.disconnect":
                self._end(Ending(message.get("code", 1005), "client"))
            return message

        return metered

    def sending(self, send: Send) -> Send:
        async def metered(message: Message) -> None:
            if message["type"] == "websocket.accept":
                self._open()
            elif self.stream is not None and message["type"] == "websocket.send":
                self.stream.sent += _size(message)
            elif self.wire is None and message["type"] == "websocket.close":
                self._end(Ending(message.get("code", 1000), "server"))
            await send(message)

        return metered

    def _open(self) -> None:
        self.stream = Stream(self.clock.now())
        self.page.stream(self.stream)
        if self.wire is not None:
            self.wire.when_lost(self._end)

    def _end(self, ending: Ending) -> None:
        if self.stream is not None and self.stream.ending is None:
            self.stream.ended_at, self.stream.ending = self.clock.now(), ending


def _size(message: Message) -> int:
    data, text = message.get("bytes"), message.get("text")
    return len(data) if data is not None else len((text or "").encode())


def _headers(scope: Scope) -> dict[str, str]:
    """Read the headers in lower case; of the authorization only the scheme is kept, of cookies the names."""
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    if "authorization" in headers:
        headers["authorization"] = headers["authorization"].partition(" ")[0] + " " + MASK
    if "cookie" in headers:
        names = (pair.partition("=")[0].strip() for pair in headers["cookie"].split(";"))
        headers["cookie"] = "; ".join(f"{name}={MASK}" for name in names)
    return headers


def _parse(body: bytes, headers: Mapping[str, str], *, is_login: bool) -> Any:
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs: Iterable[tuple[str, str]] = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
        return _masked(dict(pairs)) if is_login else dict(pairs)
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return _masked(parsed) if is_login else parsed


def _masked(body: Any) -> Any:
    if not isinstance(body, dict):
        return None
    return {k: MASK if _is_secret(k) else v for k, v in body.items()}


def _is_secret(key: str) -> bool:
    return key.lower().replace("_", "") in _SECRET_KEYS
