"""Hold one struck request: run its handler, answer in its place, write past HTTP."""

import asyncio
import http
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.emulator.faults import Fault
from reconciler.emulator.ledger import page_of
from reconciler.emulator.server import MARK
from reconciler.emulator.wire import wire_of

_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, as the handler or a fault would have it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def with_header(self, name: str, value: str) -> "Answer":
        """Give the same answer with one header set."""
        kept = tuple(h for h in self.headers if h[0].lower() != name.lower())
        return replace(self, headers=(*kept, (name, value)))


@dataclass(frozen=True, slots=True)
class Stage:
    """One struck request: the fault, the application, the three ASGI parts, and how errors are spelt."""

    fault: Fault
    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    envelope: Callable[[int, str], Any]

    async def handler_answer(self) -> Answer:
        """Run the handler, so that it takes effect, and keep its answer back."""
        if self.scope["type"] == "websocket":
            return Answer(500, (), b"")  # a handshake has no answer to keep
        parts: list[Message] = []

        async def keep(message: Message) -> None:
            parts.append(message)

        await self.app(self.scope, self.receive, keep)
        headers = parts[0].get("headers", [])
        return Answer(
            parts[0]["status"],
            tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in headers),
            b"".join(part.get("body", b"") for part in parts[1:]),
        )

    async def run_if_due(self) -> None:
        """Let the handler take effect where the phase says so, then wait out the delay."""
        if self.fault.runs_handler:
            await self.handler_answer()
            await asyncio.sleep(self.fault.delay_s)

    async def reply(self, answer: Answer) -> None:
        """Send an answer; one that HTTP libraries refuse goes raw."""
        if not 200 <= answer.status <= 599:
            await self.reply_raw(answer, ending="close")
            return
        kind = "websocket.http.response" if self.scope["type"] == "websocket" else "http.response"
        body = b"" if answer.status in _NO_BODY else answer.body
        if answer.status not in _NO_BODY:
            answer = answer.with_header("content-length", str(len(body)))
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers]
        await self.send({"type": f"{kind}.start", "status": answer.status, "headers": headers})
        await self.send({"type": f"{kind}.body", "body": body, "more_body": False})

    async def reply_raw(self, answer: Answer, *, ending: str) -> None:
        """Write an answer past the HTTP layer, lies and all, then end the connection."""
        wire = wire_of(self.scope)
        self.note_status(answer.status)
        wire.write(head(answer) + answer.body)
        await (wire.reset() if ending == "reset" else wire.close())

    def note_status(self, status: int) -> None:
        """Tell the ledger which status leaves, where no ASGI message says so."""
        page = page_of(self.scope)
        if page is not None:
            page.status(status)


def head(answer: Answer) -> bytes:
    """Write the status line and headers of an answer, as they go over the wire."""
    try:
        reason = http.HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    headers = [*answer.headers, (MARK[0].decode(), MARK[1].decode()), ("connection", "close")]
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{k}: {v}" for k, v in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
