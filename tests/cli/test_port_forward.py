"""`port-forward` on the real command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.scene import Scene

BOX = "image: busybox:1\ncommand: sleep\nargs: infinity"


@pytest.fixture
def scene(plain: Scene) -> Scene:
    plain.declare("box", kind="Workspace", more=BOX).types("apply", "--yes")
    plain.later(60)
    return plain


@pytest.mark.parametrize("ports", ["http", "0", "70000", "1:0", ":80", "8000:"])
def test_what_is_no_port_is_a_usage_error(scene: Scene, ports: str) -> None:
    said = scene.types("port-forward", "box", ports)

    assert said.code == 2
    assert "is no port; write 8000, or 9000:8000 for LOCAL:REMOTE" in said.err


TWICE = "port 9000 of this machine is asked for twice; write 0:81 for any that is free"


@pytest.mark.parametrize(
    ("ports", "told"), [(("9000:80", "9000:81"), TWICE), (("9000", "9000"), TWICE.replace("81", "9000"))]
)
def test_a_local_port_that_is_asked_for_twice_is_a_usage_error(
    scene: Scene, ports: tuple[str, ...], told: str
) -> None:
    said = scene.types("port-forward", "box", *ports)

    assert (said.code, told in said.err) == (2, True)


def test_a_port_that_is_in_use_is_told_with_a_way_out(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = scene.types("port-forward", "box", f"{port}:80")

    assert said.code == 2
    assert (
        f"error: port {port} of this machine cannot be listened at: Address already in use;"
        " write 0:80 for any that is free\n" in said.err
    )


def test_a_pod_that_does_not_run_is_told_before_anybody_connects(scene: Scene) -> None:
    said = scene.types("port-forward", "box", "0:80", "--pod", "box-7")

    assert said.code == 6
    assert 'error[RC403]: pod "box-7" of team-a/Workspace/box not found in prod\n' in said.err
    assert "  these pods of it run: box-0\n" in said.err


def test_what_is_not_declared_is_a_usage_error(scene: Scene) -> None:
    assert scene.types("port-forward", "nobody", "80").code == 2


def test_it_forwards_until_ctrl_c(scene: Scene) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "port-forward", "box", "0:7"],
        cwd=scene.root,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as program:
        assert program.stderr
        told = program.stderr.readline()
        found = re.match(r"Forwarding http://127\.0\.0\.1:(\d+) -> box:7   \(Ctrl-C stops\)", told)
        assert found, told
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as connection:
            connection.sendall(b"hello")
            assert connection.recv(5) == b"hello"
            program.send_signal(signal.SIGINT)  # while the connection is open
            assert program.wait(10) == 130
        assert program.stderr.read().split("\n") == ["", "reconciler: interrupted (exit 130)", ""]
