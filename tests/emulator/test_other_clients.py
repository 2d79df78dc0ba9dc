"""Clients that know nothing of us reach into the emulated cluster: wscat and `python -m websockets`."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

import pytest

from reconciler.emulator.wire import Ending
from tests.emulator.sites import PREFIX, Cluster, cluster
from tests.readers.node import LIBRARIES, node


@pytest.fixture
def at() -> Iterator[Cluster]:
    with cluster() as made:
        made.start("Workspace", "box", image="busybox", command="sleep infinity")
        yield made


def command(*argv: str) -> str:
    return "command=" + quote(base64.b64encode(json.dumps(argv).encode()).decode(), safe="")


def shown(words: Sequence[str], typed: str = "", until: str = "") -> str:
    """Run a client with an open keyboard until it ends, or has shown what is waited for."""
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(typed)
        running.stdin.flush()
        got = ""
        while line := running.stdout.readline():
            got += line
            if until and until in line:
                running.stdin.close()
                break
        running.stdin.close()
        rest = running.stdout.read()
        running.wait(30)
        return got + rest


def wscat(at: Cluster, path: str, *options: str) -> list[str]:
    """Run wscat until the server closes or it has waited for a second; give its lines."""
    url = at.path(f"workspace/runai/box/{path}").replace("http", "ws", 1)
    words = [node(), str(LIBRARIES / "wscat/bin/wscat"), "--no-color", "-c", url]
    return shown([*words, "-H", f"Authorization: {at.headers['Authorization']}", *options]).splitlines()


def test_wscat_reads_a_log(at: Cluster) -> None:
    lines = wscat(at, "logs?tailLines=2", "-w", "1", "-x", "")

    log = at.get("workspace/runai/box/logs/download").text.splitlines()
    assert [line for line in lines if "[entrypoint]" in line] == log[-2:]


def test_wscat_talks_to_a_program(at: Cluster) -> None:
    lines = wscat(at, f"exec?stdin=true&{command('cat')}", "-w", "1", "-x", "grüße")

    assert lines == ["grüße"]
    assert at.ended().ending == Ending(1005, "client")


def test_wscat_talks_through_a_port(at: Cluster) -> None:
    assert wscat(at, "port-forward?port=7", "-w", "1", "-x", "hello") == ["hello"]


def test_wscat_is_told_what_is_wrong(at: Cluster) -> None:
    assert "error: Unexpected server response: 400" in wscat(at, "exec")
    at.emulator.tokens.issue = lambda client_id: "nonsense"  # type: ignore[method-assign]  # stands in
    assert "error: Unexpected server response: 401" in wscat(at, f"exec?{command('ls')}")


@contextlib.contextmanager
def with_token(at: Cluster) -> Iterator[str]:
    """Relay one connection to the emulator, with the header that a client cannot set itself."""
    target = urlsplit(at.url)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def relay() -> None:
            near, _ = server.accept()
            with near, socket.create_connection((str(target.hostname), int(target.port or 0))) as far:
                first, _, rest = near.recv(65536).partition(b"\r\n")
                token = at.headers["Authorization"].encode()
                far.sendall(first + b"\r\nAuthorization: " + token + b"\r\n" + rest)
                back = threading.Thread(target=pipe, args=(far, near))
                back.start()
                pipe(near, far)
                back.join()

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def pipe(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_the_client_of_the_library_talks_to_a_program(at: Cluster) -> None:
    with with_token(at) as relay:
        url = f"{relay}{PREFIX}/workspace/runai/box/exec?stdin=true&{command('cat')}"
        said = shown([sys.executable, "-m", "websockets", url], "hello\n", until=b"hello".hex())

    assert f"< (binary) {b'hello'.hex()}" in said
    assert "Connection closed: 1000 (OK)." in said


def test_the_client_of_the_library_is_refused_without_a_token(at: Cluster) -> None:
    url = at.path("workspace/runai/box/exec").replace("http", "ws", 1)

    assert "HTTP 401" in shown([sys.executable, "-m", "websockets", url])
