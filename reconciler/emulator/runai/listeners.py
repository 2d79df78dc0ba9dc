"""What listens in an emulated container: an echo, and a web server that speaks HTTP/1.1.

Both are plain machines: bytes in, bytes out. No socket is opened anywhere.
"""

import json
from collections.abc import Iterator
from typing import Protocol

import h11

from reconciler.emulator.runai.podview import PodView
from reconciler.emulator.runai.stories import story_of

ECHO = 7
_WEB = (80, 8080, 8090)
# Where the programs of stories serve without being told.
_OWN = {"jupyter": 8888, "vllm": 8000, "nim": 8000, "streamlit": 8501}
_PAGE = 16 * 1024
_TEXT = "text/plain; charset=utf-8"


class Listener(Protocol):
    """One connection as the listening side sees it."""

    @property
    def is_over(self) -> bool:
        """Whether it has hung up."""
        ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes, and give those of the answer, which are made as they are taken."""
        ...


def listener(pod: PodView, port: int) -> Listener | None:
    """Connect to a port of a container; None if nobody listens there."""
    if port == ECHO:
        return _Echo()
    is_web = port in _WEB or port in pod.ports or port == _OWN.get(story_of(pod))
    return _Web(pod, port) if is_web else None


class _Echo:
    is_over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Web:
    """A small web server; every answer names its pod and port."""

    def __init__(self, pod: PodView, port: int) -> None:
        self.pod = pod
        self.port = port
        self.is_over = False
        self._connection = h11.Connection(h11.SERVER)

    def feed(self, data: bytes) -> Iterator[bytes]:
        try:
            self._connection.receive_data(data)
            yield from self._turns()
        except h11.RemoteProtocolError as wrong:
            yield from self._refuse(wrong)

    def _turns(self) -> Iterator[bytes]:
        connection = self._connection
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                yield from self._begin(event)
            elif isinstance(event, h11.Data) and connection.our_state is h11.SEND_BODY:
                yield self._sent(h11.Data(data=bytes(event.data)))
            elif isinstance(event, h11.EndOfMessage) and connection.our_state is h11.SEND_BODY:
                yield self._sent(h11.EndOfMessage())
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    self.is_over = connection.our_state in (h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)
                    return
                connection.start_next_cycle()

    def _begin(self, request: h11.Request) -> Iterator[bytes]:
        path, method = request.target.decode("latin-1").partition("?")[0], request.method
        if self._connection.they_are_waiting_for_100_continue:
            yield self._sent(h11.InformationalResponse(status_code=100, headers=[]))
        if method in (b"POST", b"PUT"):
            yield self._head(200, None, "application/octet-stream")  # the body goes back as it comes
        elif path.startswith("/bytes/") and path[7:].isdigit():
            yield from self._answer(200, int(path[7:]), method)
        elif path == "/headers":
            headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in request.headers}
            yield from self._answer(200, json.dumps(headers).encode(), method, "application/json")
        elif path.startswith("/status/") and path[8:].isdigit() and 200 <= int(path[8:]) <= 599:
            yield from self._answer(int(path[8:]), b"", method)
        elif path == "/":
            said = f"hello from {self.pod.name} at port {self.port}\n"
            yield from self._answer(200, said.encode(), method)
        else:
            yield from self._answer(404, b"not found\n", method)

    def _answer(
        self, code: int, body: bytes | int, method: bytes, content_type: str = _TEXT
    ) -> Iterator[bytes]:
        """Answer with a body, or with so many bytes of a pattern."""
        length = body if isinstance(body, int) else len(body)
        yield self._head(code, length, content_type)
        if method != b"HEAD" and code not in (204, 304):
            pages = _pattern(body) if isinstance(body, int) else iter((body,))
            for page in pages:
                yield self._sent(h11.Data(data=page))
        yield self._sent(h11.EndOfMessage())

    def _head(self, code: int, length: int | None, content_type: str) -> bytes:
        framing = ("transfer-encoding", "chunked") if length is None else ("content-length", str(length))
        headers = [("server", "emulated"), ("x-pod", self.pod.name), ("content-type", content_type)]
        if code not in (204, 304):
            headers.append(framing)
        return self._sent(h11.Response(status_code=code, headers=headers))

    def _refuse(self, wrong: h11.RemoteProtocolError) -> Iterator[bytes]:
        if self._connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            said = f"{wrong}\n".encode()
            headers = [("content-length", str(len(said))), ("connection", "close")]
            yield self._sent(h11.Response(status_code=wrong.error_status_hint, headers=headers))
            yield self._sent(h11.Data(data=said)) + self._sent(h11.EndOfMessage())
        self.is_over = True

    def _sent(self, event: h11.Event) -> bytes:
        return self._connection.send(event) or b""


def _pattern(size: int) -> Iterator[bytes]:
    """Give so many bytes, each the last digit of its own place."""
    page = b"0123456789" * (_PAGE // 10)
    for start in range(0, size, len(page)):
        yield page[: size - start]
