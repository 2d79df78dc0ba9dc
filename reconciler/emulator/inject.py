"""Play the faults that are due, over the real connection where it takes one.

Three moves make up every fault: run the handler or do not, change its answer, and put bytes on
the wire that HTTP would not.
"""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.emulator import streamfaults
from reconciler.emulator.clock import Clock, ScaledClock
from reconciler.emulator.faults import Fault, Faults
from reconciler.emulator.ledger import page_of
from reconciler.emulator.stage import Answer, Stage, head
from reconciler.emulator.wire import wire_of

_LOGIN_PAGE = (
    "<!doctype html><html><head><title>Sign in</title></head><body>"
    '<form method="post" action="/login"><input name="username"><input name="password"'
    ' type="password"><button>Sign in</button></form></body></html>'
)
_JSON = "application/json"
_HTML = "text/html; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_CHUNK = 64 * 1024
_ENDLESS = 256 * 1024 * 1024


class Injector:
    """ASGI middleware: spoil the requests the script names, pass on the others.

    `envelope` spells a status and a message as the errors of the platform are spelt.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        clock: Clock | None = None,
        *,
        envelope: Callable[[int, str], Any] | None = None,
    ) -> None:
        self.app = app
        self.faults = faults
        self.clock = clock or ScaledClock()
        self.envelope = envelope or _plain_envelope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, unless a fault is due."""
        fault = self._due(scope) if scope["type"] in {"http", "websocket"} else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.delay_s and not fault.runs_handler:
            await asyncio.sleep(fault.delay_s)
        stage = Stage(fault, self.app, scope, receive, send, self.envelope)
        if fault.kind in streamfaults.KINDS:
            await streamfaults.play(stage, self.clock)
        else:
            await _PLAYS[fault.kind](stage)

    def _due(self, scope: Scope) -> Fault | None:
        page = page_of(scope)
        fault = self.faults.due(
            scope.get("method", "WS"),
            scope["path"],
            scope["query_string"].decode("latin-1"),
            page.seq if page else None,
        )
        if fault is not None and page is not None:
            page.fault(fault.title)
        return fault


def _plain_envelope(status: int, message: str) -> Any:
    return {"code": status, "message": message}


# -- an answer that is not the handler's -------------------------------------------------------


def _said(answer: Answer) -> Callable[[Stage], Awaitable[None]]:
    async def play(stage: Stage) -> None:
        await stage.run_if_due()
        await stage.reply(_dressed(stage.fault, answer))

    return play


def _dressed(fault: Fault, answer: Answer) -> Answer:
    """Give the fault's own answer: what it states, over the kind's default."""
    body, content_type = _stated_body(fault)
    if body is not None:
        answer = replace(answer, body=body).with_header("content-type", content_type)
    if fault.status is not None:
        answer = replace(answer, status=fault.status)
    if fault.content_type is not None:
        answer = answer.with_header("content-type", fault.content_type)
    if fault.location is not None:
        answer = answer.with_header("location", fault.location)
    for name, value in fault.headers.items():
        answer = answer.with_header(name, value)
    return answer


def _stated_body(fault: Fault) -> tuple[bytes | None, str]:
    if fault.has_json:
        return json.dumps(fault.json).encode(), _JSON
    if fault.html is not None:
        return fault.html.encode(), _HTML
    if fault.text is not None:
        return fault.text.encode(), _TEXT
    return None, ""


async def _status(stage: Stage) -> None:
    status = stage.fault.status or 500
    body = stage.envelope(status, f"scripted fault {stage.fault.title}")
    answer = Answer(status, (("content-type", _JSON),), json.dumps(body).encode())
    await _said(answer)(stage)


async def _echo(stage: Stage) -> None:
    body = (await stage.receive()).get("body", b"") if stage.scope["type"] == "http" else b""
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in stage.scope["headers"]}
    said = f"cannot serve {stage.scope['path']}; headers {headers}; body {body.decode('latin-1')}"
    echo = stage.envelope(500, said)
    if stage.fault.runs_handler:
        stage = replace(stage, receive=_again(body))
    await _said(Answer(500, (("content-type", _JSON),), json.dumps(echo).encode()))(stage)


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _raw(stage: Stage) -> None:
    await stage.run_if_due()
    stated = stage.fault.raw if stage.fault.raw is not None else "not HTTP\r\n\r\n"
    wire = wire_of(stage.scope)
    stage.note_status(stage.fault.status or 200)
    wire.write(stated if isinstance(stated, bytes) else stated.encode("latin-1"))
    await (wire.close() if stage.fault.ending == "close" else wire.reset())


async def _endless(stage: Stage) -> None:
    """Send chunks for as long as the client reads, up to `size` bytes."""
    await stage.run_if_due()
    headers = [(b"content-type", _JSON.encode())]
    status = stage.fault.status or 200
    await stage.send({"type": "http.response.start", "status": status, "headers": headers})
    chunk, left = b'{"items": [' + b" " * _CHUNK, stage.fault.size or _ENDLESS
    while left > 0 and not wire_of(stage.scope).is_gone:
        await stage.send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(0)
        chunk, left = b" " * _CHUNK, left - len(chunk)
    await stage.send({"type": "http.response.body", "body": b"", "more_body": False})


# -- the handler's answer, spoilt --------------------------------------------------------------


def _spoilt(change: Callable[[Fault, Answer], Answer]) -> Callable[[Stage], Awaitable[None]]:
    async def play(stage: Stage) -> None:
        answer = await stage.handler_answer()
        await asyncio.sleep(stage.fault.delay_s)
        await stage.reply(change(stage.fault, answer))

    return play


def _wrong_type(fault: Fault, answer: Answer) -> Answer:
    return answer.with_header("content-type", fault.content_type or "text/plain")


def _gzip(fault: Fault, answer: Answer) -> Answer:
    body = answer.body if fault.size is None else b" " * fault.size
    return replace(answer, body=gzip.compress(body)).with_header("content-encoding", "gzip")


def _mutate(fault: Fault, answer: Answer) -> Answer:
    body = json.loads(answer.body)
    body = _rows(body, lambda rows: _picked(rows, fault))
    if isinstance(body, dict):
        body = {k: v for k, v in {**body, **fault.put}.items() if k not in fault.remove}
    if fault.mutate is not None:
        body = fault.mutate(body)
    changed = replace(answer, body=json.dumps(body).encode())
    return replace(changed, status=fault.status or answer.status)


def _picked(rows: list[Any], fault: Fault) -> list[Any]:
    dropped = {index % len(rows) for index in fault.drop_rows} if rows else set()
    return [row for i, row in enumerate(rows) if i not in dropped] + list(fault.extra_rows)


def _no_rows(_: Fault, answer: Answer) -> Answer:
    body = _rows(json.loads(answer.body), lambda _: [])
    return replace(answer, body=json.dumps(body).encode())


def _rows(body: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """Change the lists of a list answer: the body itself, or its top-level lists."""
    if isinstance(body, list):
        return change(body)
    if isinstance(body, dict):
        return {k: change(v) if isinstance(v, list) else v for k, v in body.items()}
    return body


async def _length_lies(stage: Stage) -> None:
    answer = await stage.handler_answer()
    length = max(0, len(answer.body) + stage.fault.length_by)
    await stage.reply_raw(answer.with_header("content-length", str(length)), ending="close")


async def _drip(stage: Stage) -> None:
    """Send the body `size` bytes at a time, `interval_s` apart."""
    answer = await stage.handler_answer()
    wire = wire_of(stage.scope)
    stage.note_status(answer.status)
    wire.write(head(answer.with_header("content-length", str(len(answer.body)))))
    step = stage.fault.size or 1
    for start in range(0, len(answer.body), step):
        if wire.is_gone:
            return
        wire.write(answer.body[start : start + step])
        await asyncio.sleep(stage.fault.interval_s)
    await wire.close()


# -- the answer late, cut or lost --------------------------------------------------------------


async def _delay(stage: Stage) -> None:
    if not stage.fault.runs_handler:  # the wait is over
        await stage.app(stage.scope, stage.receive, stage.send)
        return
    answer = await stage.handler_answer()
    await asyncio.sleep(stage.fault.delay_s)
    await stage.reply(answer)


async def _hang(stage: Stage) -> None:
    """Send nothing until the client gives up."""
    await stage.run_if_due()
    await wire_of(stage.scope).wait_gone()


async def _reset(stage: Stage) -> None:
    await stage.run_if_due()
    wire = wire_of(stage.scope)
    await (wire.close() if stage.fault.ending == "close" else wire.reset())


async def _truncate(stage: Stage) -> None:
    """Send half the body, framed as the fault says, then end the connection."""
    answer = await stage.handler_answer()
    await asyncio.sleep(stage.fault.delay_s)
    half = answer.body[: len(answer.body) // 2]
    kept = tuple(h for h in answer.headers if h[0].lower() != "content-length")
    cut = replace(answer, headers=kept, body=half)
    if stage.fault.framing == "length":
        cut = cut.with_header("content-length", str(len(answer.body)))
    elif stage.fault.framing == "chunked":
        cut = cut.with_header("transfer-encoding", "chunked")
        cut = replace(cut, body=b"%x\r\n%s\r\n" % (len(half), half))
    await stage.reply_raw(cut, ending=stage.fault.ending)


def _fixed(status: int, body: bytes, content_type: str) -> Callable[[Stage], Awaitable[None]]:
    return _said(Answer(status, (("content-type", content_type),) if body else (), body))


_PLAYS: Mapping[str, Callable[[Stage], Awaitable[None]]] = MappingProxyType(
    {
        "status": _status,
        "body": _fixed(200, b"", ""),
        "login_page": _fixed(200, _LOGIN_PAGE.encode(), _HTML),
        "empty_object": _fixed(200, b"{}", _JSON),
        "null": _fixed(200, b"null", _JSON),
        "empty_list": _fixed(200, b"[]", _JSON),
        "no_content": _fixed(204, b"", ""),
        "redirect": _fixed(302, b"", ""),
        "echo": _echo,
        "raw": _raw,
        "endless": _endless,
        "wrong_type": _spoilt(_wrong_type),
        "mutate": _spoilt(_mutate),
        "no_rows": _spoilt(_no_rows),
        "gzip": _spoilt(_gzip),
        "length_lies": _length_lies,
        "drip": _drip,
        "delay": _delay,
        "hang": _hang,
        "reset": _reset,
        "lost": _reset,
        "truncate": _truncate,
    }
)
