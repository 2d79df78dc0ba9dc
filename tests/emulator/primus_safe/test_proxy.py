"""A client that knows nothing of us drives the server over a real connection: facts J."""

import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.emulator.primus_safe import Emulator, ManualClock, Switches
from reconciler.emulator.primus_safe.seed import DEMO_KEY, TRAIN
from tests.emulator.primus_safe.proxy import Proxy

both = pytest.mark.parametrize("generation", [1, 2])
Drive = tuple[Emulator, Proxy]


@contextmanager
def driven(generation: int, **switches: float) -> Iterator[Drive]:
    """Serve a generation and give it with the version of the client that was made for it."""
    clock = ManualClock()
    emulator = Emulator(generation=generation, clock=clock, switches=Switches(**switches))  # type: ignore[arg-type]  # of seconds
    sign_in = {"user_id": emulator.world.users.named("demo").id} if generation == 1 else {"token": DEMO_KEY}
    with emulator.serve() as url:
        yield emulator, Proxy(url, sleep=clock.advance, now=lambda: clock.now().timestamp(), **sign_in)


@both
def test_it_creates_polls_and_ends(generation: int) -> None:
    with driven(generation) as (emulator, proxy):
        id_ = proxy.create(
            "bench", TRAIN, "rocm/primus:v26.5", "bash pretrain.sh", nodes=2, env={"EMULATOR_SECONDS": "90"}
        )

        assert proxy.wait(id_) == "Succeeded"

    assert proxy.seen == ["Pending", "Running", "Succeeded"]
    assert [effect.verb for effect in emulator.ledger.effects()] == ["create"]


@both
def test_it_bears_that_rows_come_late(generation: int) -> None:
    with driven(generation, lag_s=2, jitter_s=7) as (emulator, proxy):
        id_ = proxy.create("bench", TRAIN, "rocm/primus:v26.5", "sleep 30")

        assert proxy.wait(id_) == "Succeeded"

    statuses = [entry.status for entry in emulator.ledger.entries]
    assert statuses[:2] == [200, 404]
    assert statuses[-1] == 200


@both
def test_it_gives_up_on_what_never_shows(generation: int) -> None:
    with driven(generation, lag_s=1000) as (_, proxy):
        id_ = proxy.create("bench", TRAIN, "rocm/primus:v26.5", "sleep 30")

        with pytest.raises(urllib.error.HTTPError, match="404"):
            proxy.wait(id_)


@both
def test_it_stops_what_it_made(generation: int) -> None:
    with driven(generation) as (emulator, proxy):
        id_ = proxy.create("bench", TRAIN, "rocm/primus:v26.5", "sleep infinity", timeout=0)
        proxy.sleep(60)
        proxy.stop(id_)

        assert proxy.wait(id_) == "Stopped"

    assert [effect.verb for effect in emulator.ledger.effects()] == ["create", "stop"]


@both
def test_it_reads_why_a_job_failed(generation: int) -> None:
    with driven(generation) as (_, proxy):
        id_ = proxy.create("bench", TRAIN, "rocm/primus:v26.5", "python pretrain.py rccl-timeout", nodes=4)
        assert proxy.wait(id_) == "Failed"
        pods = proxy.request("GET", f"/workloads/{id_}")["pods"]
        first = min(pods, key=lambda pod: str(pod["endTime"]))

        assert any(
            "Watchdog caught collective operation timeout" in line for line in proxy.log(id_, first["podId"])
        )


@both
def test_a_timeout_is_the_servers(generation: int) -> None:
    with driven(generation) as (_, proxy):
        id_ = proxy.create("bench", TRAIN, "rocm/primus:v26.5", "sleep infinity", timeout=60)

        assert proxy.wait(id_) == "Stopped"


@pytest.mark.parametrize(("generation", "other"), [(1, 2), (2, 1)])
def test_the_client_of_one_generation_is_not_let_in_by_the_other(generation: int, other: int) -> None:
    with driven(generation) as (_, proxy), driven(other) as (_, stranger):
        stranger.url = proxy.url

        with pytest.raises(urllib.error.HTTPError, match="401"):
            stranger.create("bench", TRAIN, "rocm/primus:v26.5", "sleep 30")
