"""What wscat and `python -m websockets` see of the emulated cluster our client sees, too."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ProviderError
from reconciler.forward import HOST, End, Way, forwarding
from reconciler.provider import LogQuery
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Scope
from tests.emulator.sites import LOGS, PREFIX, Cluster, cluster
from tests.emulator.test_other_clients import shown, with_token, wscat
from tests.providers.runai.stage import Stage, only

SAID = "echo grüße ✓ 日本語"


@pytest.fixture
def at() -> Iterator[Cluster]:
    with cluster() as made:
        made.start("Workspace", "box", image="busybox", command=SAID)
        made.clock.advance(300)
        yield made


def by_library(at: Cluster, path: str, typed: str = "", until: str = "") -> tuple[bytes, str]:
    """Ask with `python -m websockets`; give the bytes of all messages, and how it ended."""
    with with_token(at) as relay:
        url = f"{relay}{PREFIX}/workspace/runai/box/{path}"
        said = shown([sys.executable, "-m", "websockets", url], typed, until)
    ending = re.search(r"Connection closed: (\d+)", said)
    return bytes.fromhex("".join(re.findall(r"< \(binary\) (\w+)", said))), ending[1] if ending else ""


def by_wscat(at: Cluster, path: str) -> list[str]:
    """Ask with wscat; give the lines, of which it prints one more for each line feed."""
    return [line for line in wscat(at, path, "-w", "1", "-x", "") if line]


def by_us(at: Cluster, count: int, **query: Any) -> tuple[list[str], ProviderError | None]:
    """Follow the log with our client for so many lines, or to its end; give them and the error."""

    async def act(provider: RunaiProvider, scope: Scope) -> tuple[list[str], ProviderError | None]:
        observed = await only(provider, scope, "Workspace", "box")
        got: list[str] = []
        try:
            async with aclosing(provider.follow(observed, LogQuery(**query))) as lines:  # type: ignore[type-var]  # a generator
                async for line in lines:
                    got.append(line.text)
                    if len(got) == count:
                        break
        except ProviderError as failed:
            return got, failed
        return got, None

    return Stage(at.emulator, at.clock, at.url).play(act)


@pytest.mark.parametrize("kind", ["", "ws_split", "ws_fragments"])
@pytest.mark.parametrize(
    ("words", "query"),
    [("", {}), ("&timestamps=true", {"stamped": True}), ("&tailLines=3", {"tail": 3})],
    ids=["whole", "with times", "the tail"],
)
def test_all_clients_see_the_same_log(at: Cluster, kind: str, words: str, query: dict[str, Any]) -> None:
    if kind:
        at.faults.add(Fault(f"WS {LOGS}", kind=kind, after=1, forever=True))

    theirs, ending = by_library(at, f"logs?{words}")
    ours, _ = by_us(at, theirs.count(b"\n"), **query)

    assert SAID in theirs.decode() or "tail" in query
    assert ending == "1000"
    assert "".join(f"{line}\n" for line in ours).encode() == theirs
    if kind != "ws_split":  # a client that prints text per message cannot put half a character together
        assert by_wscat(at, f"logs?{words}") == ours


def test_a_download_is_what_a_bare_client_of_http_gets(at: Cluster) -> None:
    async def act(provider: RunaiProvider, scope: Scope) -> list[str]:
        observed = await only(provider, scope, "Workspace", "box")
        return [line.text async for line in provider.download(observed, LogQuery(stamped=True))]

    ours = Stage(at.emulator, at.clock, at.url).play(act)

    assert "".join(f"{line}\n" for line in ours).encode() == (
        at.get("workspace/runai/box/logs/download", timestamps="true").content
    )


@pytest.mark.parametrize("code", [1001, 1002, 1008, 1011])
def test_all_clients_see_the_same_close(at: Cluster, code: int) -> None:
    at.faults.add(Fault(f"WS {LOGS}", kind="ws_close", code=code, after=2, forever=True))

    theirs, ending = by_library(at, "logs?follow=true")
    ours, error = by_us(at, 0)

    assert ending == str(code)
    assert "".join(f"{line}\n" for line in ours).encode() == theirs
    assert error is not None


def test_all_clients_get_the_same_bytes_through_a_port(at: Cluster) -> None:
    said = "grüße ✓"

    async def act(provider: RunaiProvider, scope: Scope) -> bytes:
        end = End(provider, await only(provider, scope, "Workspace", "box"))
        async with forwarding(end, (Way(0, 7),), print) as (way,):
            reader, writer = await asyncio.open_connection(HOST, way.local)
            writer.write(said.encode())
            back = await reader.readexactly(len(said.encode()))
            writer.close()
        return back

    ours = Stage(at.emulator, at.clock, at.url).play(act)

    assert ours == said.encode()
    assert by_library(at, "port-forward?port=7", f"{said}\n", said.encode().hex())[0] == ours
    assert wscat(at, "port-forward?port=7", "-w", "1", "-x", said) == [said]
