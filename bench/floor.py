"""The floors: the least that the same job costs, with nothing thought and nothing of ours imported.

python floor.py yaml DIR          parse every manifest below DIR
python floor.py plan URL COUNT    sign in, fetch every list page and every detail, decode them
python floor.py follow URL NAME   sign in, follow the log of a workspace of team-a, print each message
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PAGE, AT_ONCE = 500, 32
PATHS = {"Workspace": "workspaces", "Training": "trainings", "Inference": "inferences"}


def parse_all(folder: str) -> int:
    """Parse each file with the quickest loader that ruamel has here, and count the documents."""
    from ruamel.yaml import YAML

    pure = importlib.util.find_spec("_ruamel_yaml") is None
    loader = YAML(typ="safe", pure=pure)
    return sum(1 for file in sorted(Path(folder).rglob("*.yaml")) for _ in loader.load_all(file.read_bytes()))


class Wire:
    """One kept-alive HTTP connection."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port, self.token = host, port, ""

    async def open(self) -> Wire:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> Any:
        """Send one request and decode the JSON of its answer."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Length: {len(body)}\r\n"
        sign = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        self.writer.write(f"{head}{sign}Content-Type: {kind}\r\n\r\n".encode() + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        if not answer.startswith(b"http/1.1 200"):
            raise SystemExit(f"{method} {path}: {answer.splitlines()[0].decode()}")
        length = int(answer.partition(b"content-length:")[2].split(b"\r\n")[0])
        return json.loads(await self.reader.readexactly(length))


async def fetch_all(url: str, count: int) -> int:
    """Fetch what a plan of `count` workloads must fetch, and count the details."""
    place = urlsplit(url)
    wires = [await Wire(place.hostname or "", place.port or 80).open() for _ in range(AT_ONCE)]
    await _sign_in(wires)
    rows = [row async for page in _pages(wires[0], count) for row in page]
    if len(rows) < count:
        raise SystemExit(f"{len(rows)} of {count} workloads are there")
    details = await _details(wires, iter(rows))
    for wire in wires:
        wire.writer.close()
    return details


async def _sign_in(wires: list[Wire]) -> None:
    form = b"grant_type=client_credentials&client_id=demo&client_secret=demo-secret"
    answer = await wires[0].ask("POST", "/api/v2/token", form, "application/x-www-form-urlencoded")
    for wire in wires:
        wire.token = answer["access_token"]


async def _pages(wire: Wire, count: int) -> Any:
    for offset in range(0, count, PAGE):
        answer = await wire.ask("GET", f"/api/v1/workloads?limit={PAGE}&offset={offset}&sortBy=name")
        yield answer["workloads"]


async def _details(wires: list[Wire], rows: Iterator[dict[str, Any]]) -> int:
    async def drain(wire: Wire) -> int:
        done = 0
        for row in rows:
            await wire.ask("GET", f"/api/v1/workloads/{PATHS[row['type']]}/{row['id']}")
            done += 1
        return done

    return sum(await asyncio.gather(*(drain(wire) for wire in wires)))


async def follow(url: str, name: str) -> None:
    """Print the messages of a followed log until the server ends it."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosedOK

    place = urlsplit(url)
    wire = await Wire(place.hostname or "", place.port or 80).open()
    await _sign_in([wire])
    path = f"/cluster-api/api/v1/team-a/workloads/workspace/runai/{name}/logs?follow=true"
    headers = {"Authorization": f"Bearer {wire.token}"}
    options: dict[str, Any] = {"additional_headers": headers, "compression": None, "proxy": None}
    async with connect(url.replace("http", "ws", 1) + path, **options) as stream:
        with suppress(ConnectionClosedOK):
            while True:
                sys.stdout.buffer.write(await stream.recv(decode=False))


if __name__ == "__main__":
    job, *words = sys.argv[1:]
    if job == "yaml":
        print(parse_all(words[0]))
    elif job == "plan":
        print(asyncio.run(fetch_all(words[0], int(words[1]))))
    else:
        asyncio.run(follow(words[0], words[1]))
