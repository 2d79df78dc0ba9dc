import gc
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings
from pathlib import Path

import httpx
import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault, Faults
from reconciler.emulator.inject import Injector
from reconciler.emulator.server import Tls, serve
from tests.emulator.stand import stand


async def hello(_: Request) -> Response:
    return JSONResponse({"hello": "world"})


APP = Starlette(routes=[Route("/", hello)])


def get(url: str) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=5) as client:
        return client.get(url)


def test_a_server_is_ready_and_gone_quickly() -> None:
    start = time.monotonic()
    with serve(APP) as url:
        ready = time.monotonic() - start
        assert get(url).json() == {"hello": "world"}
        leaving = time.monotonic()
    left = time.monotonic() - leaving

    assert ready < 0.5  # 0.01 s on an idle machine
    assert left < 1.0
    with pytest.raises(httpx.ConnectError):
        get(url)


def test_whoever_just_came_is_left_no_open_socket_when_the_server_goes() -> None:
    clients: list[socket.socket] = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(8):
            with serve(APP) as url:
                for _ in range(3):
                    client = socket.socket()
                    client.setblocking(False)
                    client.connect_ex(("127.0.0.1", int(url.rpartition(":")[2])))
                    clients.append(client)
        for client in clients:
            client.close()
        gc.collect()

    assert not [str(each.message) for each in told if each.category is ResourceWarning]


def test_a_server_binds_to_loopback_only() -> None:
    with serve(APP) as url:
        assert url.startswith("http://127.0.0.1:")


def test_a_taken_port_is_an_error() -> None:
    with serve(APP) as url, pytest.raises(OSError, match="in use"), serve(APP, int(url[-5:])):
        pass


def test_every_answer_says_emulator_and_the_emulated_date() -> None:
    clock = ManualClock()
    with serve(APP, clock=clock) as url:
        for path in ("/", "/nowhere"):
            answer = get(url + path)
            assert answer.headers["x-emulator"] == "EMULATOR"
            assert answer.headers["date"] == "Mon, 02 Mar 2026 09:00:00 GMT"


def test_websockets_say_emulator_whether_accepted_or_not() -> None:
    with stand() as stood:
        base = stood.url.replace("http", "ws")
        with connect(base + "/wait") as client:
            assert client.response is not None
            assert client.response.headers["x-emulator"] == "EMULATOR"
        stood.spoil("WS /wait", status=401)
        with pytest.raises(InvalidStatus) as caught, connect(base + "/wait"):
            pass
        assert caught.value.response.headers["x-emulator"] == "EMULATOR"


def test_open_connections_do_not_hold_the_server_up() -> None:
    with stand() as stood:
        client = connect(stood.url.replace("http", "ws") + "/wait", legacy=True)
        stood.spoil("GET /rows", kind="hang")
        hanging = socket.create_connection(("127.0.0.1", int(stood.url.rsplit(":")[-1])))
        hanging.sendall(b"GET /rows HTTP/1.1\r\nhost: x\r\n\r\n")
        while not stood.ledger.entries[1:]:
            time.sleep(0.001)
        start = time.monotonic()

    with client, pytest.raises(ConnectionClosed):
        client.recv()
    hanging.close()
    assert time.monotonic() - start < 1.0


def test_a_server_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    cert = authority.issue_cert("127.0.0.1")
    tls: Tls = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    cert.cert_chain_pems[0].write_to_path(tls[0])
    cert.private_key_pem.write_to_path(tls[1])
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    faults = Faults([Fault("GET /", nth=2, kind="reset")])

    with (
        serve(Injector(APP, faults), tls=tls) as url,
        httpx.Client(verify=trust, trust_env=False) as client,
    ):
        assert client.get(url).json() == {"hello": "world"}
        with pytest.raises(httpx.TransportError):
            client.get(url)


def test_a_server_in_the_foreground_says_when_it_is_ready_and_ends_on_a_signal() -> None:
    script = (
        "from reconciler.emulator.server import run_forever\n"
        "from starlette.applications import Starlette\n"
        "run_forever(Starlette(), 0, lambda url: print(url, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        assert get(url).status_code == 404

        run.send_signal(signal.SIGINT)

        assert run.wait(5) == 0
