"""The guard around the tests keeps what it promises."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
def test_a_socket_that_leaves_the_machine_fails_the_test(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    with socket.socket(family) as sock, pytest.raises(AssertionError, match="reached for the network"):
        sock.connect(address)


def test_a_socket_on_this_machine_connects() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        assert sock.getpeername() == server.getsockname()


def test_a_name_elsewhere_does_not_resolve() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.com", 443)


def test_home_and_state_are_the_tests_own(tmp_path: Path) -> None:
    assert Path(os.environ["HOME"]).parent == tmp_path
    assert Path(os.environ["XDG_STATE_HOME"]).parent == tmp_path
    assert not [name for name in os.environ if name.startswith(("RUNAI_", "RECONCILER_"))]


def test_a_golden_file_that_is_missing_is_not_a_pass(
    golden: Callable[[str, str], None], pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--update-golden"):
        pytest.skip("would write the file")

    with pytest.raises(AssertionError, match="make golden"):
        golden("there/is/no/such.txt", "anything")
