"""A whole emulator with one workload that runs, for tests of its cluster API."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Faults
from reconciler.emulator.ledger import Ledger, Stream
from reconciler.emulator.runai import Emulator, Habits

PREFIX = "/cluster-api/api/v1/team-a/workloads"
LOGS = f"{PREFIX}/.*/logs"
USUAL = Habits()


@dataclass
class Cluster:
    """The emulator, and clients that are not ours."""

    url: str
    clock: ManualClock
    emulator: Emulator
    who: str = "demo"

    @property
    def ledger(self) -> Ledger:
        return self.emulator.ledger

    @property
    def faults(self) -> Faults:
        return self.emulator.faults

    def start(self, kind: str, name: str, **spec: Any) -> str:
        """Make a workload and let it run for a minute."""
        id_ = self.emulator.world.add_workload(
            kind=kind, project="team-a", name=name, spec=spec, created_by="demo"
        )
        self.clock.advance(10)
        self.emulator.world.settle()
        self.clock.advance(60)
        return id_

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.emulator.tokens.issue(self.who)}"}

    def path(self, path: str) -> str:
        return self.url + (path if path.startswith("/") else f"{PREFIX}/{path}")

    def client(self) -> httpx.Client:
        return httpx.Client(trust_env=False, headers=self.headers, timeout=60)

    def get(self, path: str, **query: Any) -> httpx.Response:
        with self.client() as client:
            return client.get(self.path(path), params=query)

    def dial(
        self, path: str, query: str = "", headers: dict[str, str] | None = None, **options: Any
    ) -> ClientConnection:
        """Open a WebSocket with the client of the `websockets` library."""
        url = f"{self.path(path).replace('http', 'ws', 1)}?{query}"
        sent = self.headers | (headers or {})
        connection: ClientConnection = connect(url, additional_headers=sent, proxy=None, **options)
        return connection

    def refused(self, path: str, query: str = "", headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Insist that the handshake is refused; give status and body."""
        with pytest.raises(InvalidStatus) as caught, self.dial(path, query, headers):
            pass
        response = caught.value.response
        body = bytes(response.body or b"")
        is_json = "json" in response.headers["content-type"]
        return response.status_code, json.loads(body) if is_json else body.decode()

    @contextlib.contextmanager
    def raw(self, path: str) -> Iterator[socket.socket]:
        """Open a WebSocket by hand and answer nothing."""
        parts = urlsplit(self.path(path))
        head = (
            f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.hostname}\r\n"
            f"Authorization: {self.headers['Authorization']}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5) as sock:
            sock.sendall(head.encode())
            yield sock

    def newest(self) -> Stream:
        """Give the newest stream, once there is one."""
        for _ in range(500):
            if streams := self.ledger.streams():
                return streams[-1]
            time.sleep(0.01)
        raise AssertionError("no stream was opened")

    def stalled(self) -> Stream:
        """Wait until the newest stream has carried something, and nothing more for a while."""
        carried, still = 0, 0
        for _ in range(600):
            stream = self.newest()
            still = still + 1 if carried == stream.sent + stream.received > 0 else 0
            carried = stream.sent + stream.received
            if still == 15:
                return stream
            time.sleep(0.02)
        raise AssertionError("the stream did not stand still")

    def ended(self) -> Stream:
        """Wait until the newest stream is over on the server's side, too."""
        for _ in range(500):
            stream = self.newest()
            if stream.ending is not None:
                return stream
            time.sleep(0.01)
        raise AssertionError("the stream did not end")


@contextlib.contextmanager
def cluster(habits: Habits = USUAL, ping_s: float = 30.0) -> Iterator[Cluster]:
    """Serve an emulator whose time stands still."""
    clock = ManualClock()
    emulator = Emulator(clock=clock, habits=habits)
    emulator.tokens.token_ttl_s = 100_000
    with emulator.serve(ping_s=ping_s) as url:
        yield Cluster(url, clock, emulator)


def said(client: ClientConnection, patience_s: float = 5.0) -> bytes:
    """Take the next message, which must be a binary one."""
    message = client.recv(timeout=patience_s)
    assert isinstance(message, bytes)
    return message


def heard(client: ClientConnection, *, patience_s: float = 5.0) -> bytes:
    """Collect every byte until the server has closed."""
    got = b""
    with contextlib.suppress(ConnectionClosed):
        while True:
            got += said(client, patience_s)
    return got
