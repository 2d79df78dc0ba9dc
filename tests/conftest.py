"""What every test gets: a clean environment, a machine with no network, and golden files."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "here", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # the same examples in each run, however busy the machine
settings.load_profile("here")
GOLDEN = Path(__file__).parent / "golden"
_PREFIXES = ("RUNAI_", "SAFE_", "PRIMUS_", "RECONCILER_", "GITHUB_", "GIT_", "XDG_", "CLICOLOR", "SSL_CERT_")
_NAMES = frozenset(
    (
        "ALL_PROXY",
        "CI",
        "COLUMNS",
        "FORCE_COLOR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "LINES",
        "NETRC",
        "NO_COLOR",
        "NO_PROXY",
    )
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden files instead of comparing"
    )


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away whatever this machine would whisper to the product, and give it a home of its own."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name.upper() in _NAMES:
            monkeypatch.delenv(name)
    for name, folder in {"HOME": "home", "XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config"}.items():
        monkeypatch.setenv(name, str(tmp_path / f".{folder}"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets reach this machine only; every other name does not resolve."""
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    monkeypatch.setattr(socket, "getaddrinfo", _local_names(socket.getaddrinfo))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file below tests/golden, or rewrite the file under --update-golden."""

    def check(path: str, text: str) -> None:
        file = GOLDEN / path
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            return
        assert file.exists(), f"no golden file {path}; `make golden` writes it"
        assert text == file.read_text(encoding="utf-8"), f"{path} differs; `make golden` renews it"

    return check


def _guarded(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise AssertionError(f"a test reached for the network: {address}")
        return real(self, address)

    return connect


def _local_names(real: Callable[..., Any]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or _is_here(name) or _is_literal(name):
            return real(host, *args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    return getaddrinfo


def _is_here(host: str) -> bool:
    return (
        host == "localhost"
        or host.endswith(".localhost")
        or (_is_literal(host) and ipaddress.ip_address(host).is_loopback)
    )


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
