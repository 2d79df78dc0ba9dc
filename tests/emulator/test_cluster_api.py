import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.runai.claims import pool_id
from reconciler.emulator.runai.cluster_api import routes
from reconciler.emulator.runai.containers import WorldView
from reconciler.emulator.runai.habits import Habits
from reconciler.emulator.runai.records import Cluster, Department, Pool
from reconciler.emulator.runai.world import World
from reconciler.emulator.server import serve
from reconciler.emulator.tokens import Tokens

STEPS: dict[str, Any] = {"image": "nvcr.io/nvidia/pytorch:25.08-py3", "command": "python train.py"}
CRASHES: dict[str, Any] = {"image": "python:3.12", "command": "python -c 'crash'", "backoffLimit": 3}

USUAL = Habits()


@dataclass
class Site:
    url: str
    clock: ManualClock
    world: World
    tokens: Tokens
    who: str = "demo"

    def add(self, kind: str = "Training", name: str = "train", **spec: Any) -> str:
        return self.world.add_workload(
            kind=kind, project="team-a", name=name, spec=spec or dict(STEPS), created_by="demo"
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.issue(self.who)}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        url = self.url + (path if path.startswith("/") else f"{PREFIX}/{path}")
        with httpx.Client(trust_env=False) as client:
            return client.get(url, params=query, headers=self.headers)

    def log(self, path: str = "training/runai/train", query: str = "") -> ClientConnection:
        url = f"{self.url.replace('http', 'ws')}{PREFIX}/{path}/logs?{query}"
        return connect(url, additional_headers=self.headers, proxy=None)

    def read(self, path: str = "training/runai/train", query: str = "") -> list[str]:
        """Read a log to its end and insist on a normal close."""
        with self.log(path, query) as client:
            lines = [message.decode() for message in client if isinstance(message, bytes)]
            assert client.close_code == 1000
            return lines

    def refusal(self, path: str = "training/runai/train", query: str = "") -> tuple[int, Any]:
        with pytest.raises(InvalidStatus) as caught, self.log(path, query):
            pass
        response = caught.value.response
        is_json = "json" in response.headers["content-type"]
        body = bytes(response.body or b"")
        return response.status_code, json.loads(body) if is_json else body.decode()


PREFIX = "/cluster-api/api/v1/team-a/workloads"


@contextmanager
def site(habits: Habits = USUAL) -> Iterator[Site]:
    clock = ManualClock()
    world, tokens = World(clock), Tokens(clock, token_ttl_s=100_000)
    world.clusters["c"] = Cluster("c", "one", None, "2.25", clock.now())
    world.departments["d"] = Department("d", "default", "c")
    home = pool_id("c", "default")
    world.pools[home] = Pool(home, "default", "c", 16, 8, 80.0, ("pool", "default"))
    for name in ("team-a", "team-b"):
        world.add_project(name, quotas={"default": 8})
    tokens.add("b", "s", "b-bot", projects=["team-b"])
    app = Starlette(routes=routes(tokens, WorldView(world), clock, habits))
    with serve(app, clock=clock) as url:
        yield Site(url, clock, world, tokens)


@pytest.fixture
def at() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.fixture
def running(at: Site) -> Site:
    at.add()
    at.clock.advance(10)
    at.world.settle()
    at.clock.advance(60)
    return at


def closed(client: ClientConnection) -> int | None:
    """Read until the server closes and give its code."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            client.recv(timeout=5)
    return client.close_code


def test_the_cluster_tells_its_version_and_features(at: Site) -> None:
    assert at.get("/cluster-api/status").json() == {
        "version": "1.0",
        "features": {"message_enabled": True, "message_resize_enabled": True},
    }


def test_what_the_features_say_is_a_switch() -> None:
    with site(Habits(message_enabled=False, message_resize_enabled=False)) as at:
        features = at.get("/cluster-api/status").json()["features"]

    assert features == {"message_enabled": False, "message_resize_enabled": False}


def test_a_phase_is_told(running: Site) -> None:
    assert running.get("training/runai/train/status").json() == {"status": "Running"}


@pytest.mark.parametrize("path", ["training/runai/other", "workspace/runai/train", "training/pytorch/train"])
def test_an_unknown_workload_is_a_plain_500(running: Site, path: str) -> None:
    answer = running.get(f"{path}/status")

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert running.refusal(path)[0] == 500


def test_a_workload_without_pods_is_404(at: Site) -> None:
    at.add()

    answer = at.get("training/runai/train/status")

    assert answer.status_code == 404
    assert answer.json()["reason"] == "Not Found"
    assert set(answer.json()) == {"code", "reason", "message"}
    assert at.refusal()[0] == 404


def test_an_unknown_project_is_404(at: Site) -> None:
    answer = at.get("/cluster-api/api/v1/nowhere/workloads/training/runai/train/status")

    assert answer.status_code == answer.json()["code"] == 404


def test_a_project_out_of_reach_is_403(running: Site) -> None:
    running.who = "b"

    assert running.get("training/runai/train/status").json()["reason"] == "Forbidden"
    assert running.refusal()[0] == 403


def test_a_path_that_names_no_type_is_400(at: Site) -> None:
    assert at.get("job/runai/train/status").status_code == 400


def test_without_a_token_all_is_401(running: Site) -> None:
    running.tokens.issue = lambda client_id: "no.token.atall"  # type: ignore[method-assign]

    assert running.get("/cluster-api/status").status_code == 401
    assert running.get("training/runai/train/logs/download").json()["code"] == 401
    assert running.refusal()[0] == 401


def test_logs_need_a_websocket(running: Site) -> None:
    answer = running.get("training/runai/train/logs")

    assert answer.status_code == 426
    assert answer.json()["code"] == 426


def test_a_log_comes_line_by_line_and_closes_normally(running: Site) -> None:
    lines = running.read()

    assert len(lines) > 20
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    assert "loss" in lines[-1]


def test_a_download_holds_the_same_lines(running: Site) -> None:
    answer = running.get("training/runai/train/logs/download", timestamps="true")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.text == "".join(running.read(query="timestamps=true"))


def test_a_tail_is_the_newest_lines(running: Site) -> None:
    assert running.read(query="tailLines=3") == running.read()[-3:]
    assert running.read(query="tailLines=-1") == running.read()
    assert running.read(query="tailLines=0") == []


@pytest.mark.parametrize("since", ["10", "10s", "0h0.1m4s", "10000ms"])
def test_since_seconds_takes_numbers_and_durations(running: Site, since: str) -> None:
    lines = running.read(query=f"sinceSeconds={since}&timestamps=true")

    begin = running.clock.now() - timedelta(seconds=10)
    assert 0 < len(lines) < len(running.read())
    assert all(line >= f"{begin:%Y-%m-%dT%H:%M:%S}" for line in lines)


def test_since_time_takes_an_rfc3339_time(running: Site) -> None:
    begin = running.clock.now() - timedelta(seconds=10)

    assert running.read(query=f"sinceTime={begin:%Y-%m-%dT%H:%M:%SZ}") == running.read(
        query="sinceSeconds=10"
    )


def test_a_byte_limit_cuts_the_log(running: Site) -> None:
    whole = "".join(running.read())

    assert "".join(running.read(query="limitBytes=150")) == whole[:150]
    assert running.get("training/runai/train/logs/download", limitBytes=7).text == whole[:7]


@pytest.mark.parametrize(
    "query",
    [
        "sinceSeconds=-1",
        "sinceSeconds=soon",
        "sinceTime=yesterday",
        "sinceTime=2026-01-01T00:00:00",
        "sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z",
        "tailLines=-2",
        "tailLines=few",
        "limitBytes=0",
        "follow=maybe",
    ],
)
def test_a_bad_query_is_400(running: Site, query: str) -> None:
    status, body = running.refusal(query=query)

    assert status == 400
    assert body["reason"] == "Bad Request"


@pytest.mark.parametrize("query", ["pod=other", "container=other", "previous=true"])
def test_what_is_not_there_is_404(running: Site, query: str) -> None:
    assert running.refusal(query=query)[0] == 404


def test_a_pod_and_its_container_can_be_named(running: Site) -> None:
    assert running.read(query="pod=train-0-0&container=train") == running.read()


def test_a_followed_log_goes_on_with_the_clock(running: Site) -> None:
    with running.log(query="follow=true&tailLines=1") as client:
        first = client.recv(timeout=5)
        running.clock.advance(2)
        second = client.recv(timeout=5)

    assert first != second
    assert [first, second] == [line.encode() for line in running.read(query="tailLines=2")]


def test_a_followed_log_ends_with_its_container(at: Site) -> None:
    at.add(**STEPS, environmentVariables=[{"name": "EMULATOR_SECONDS", "value": "30"}])
    at.clock.advance(10)
    with at.log(query="follow=true") as client:
        at.clock.advance(3600)
        lines = [message for message in client if isinstance(message, bytes)]
        assert client.close_code == 1000

    assert lines[-1] == b"train: finished after 30 s\n"


def test_a_followed_log_goes_away_with_its_pod(running: Site) -> None:
    workload = running.world.live()[0].id
    with running.log(query="follow=true") as client:
        running.world.stop(workload)
        running.clock.advance(60)

        assert closed(client) == 1001


def test_a_followed_log_goes_away_with_its_workload(running: Site) -> None:
    with running.log(query="follow=true") as client:
        running.world.remove(running.world.live()[0].id)

        assert closed(client) == 1001


def test_a_token_that_expires_ends_the_stream(running: Site) -> None:
    running.tokens.token_ttl_s = 5
    with running.log(query="follow=true&tailLines=0") as client:
        running.clock.advance(5)

        assert closed(client) == 1008


def test_a_revoked_token_ends_the_stream(running: Site) -> None:
    with running.log(query="follow=true") as client:
        running.tokens.revoke_all()

        assert closed(client) == 1008


def test_a_client_may_leave(running: Site) -> None:
    with running.log(query="follow=true&tailLines=1") as client:
        client.recv(timeout=5)

    assert running.read(query="tailLines=1")


def test_logs_are_gone_after_the_end(at: Site) -> None:
    at.add(image="busybox", command="sleep 5")
    at.clock.advance(10)
    at.world.settle()
    at.clock.advance(30)

    assert at.get("training/runai/train/status").json() == {"status": "Completed"}
    status, body = at.refusal()
    assert (status, body["message"]) == (404, "logs are gone: the workload is Completed")


def test_a_stopped_workload_has_a_phase_but_no_logs(running: Site) -> None:
    running.world.stop(running.world.live()[0].id)
    running.clock.advance(60)

    assert running.get("training/runai/train/status").json() == {"status": "Stopped"}
    assert running.refusal()[0] == 404


def test_an_image_that_cannot_be_pulled_has_no_logs(at: Site) -> None:
    at.add(image="registry.example/does-not-exist:1")
    at.clock.advance(30)

    status, body = at.refusal()

    assert status == 404
    assert "waiting to start" in body["message"]


def test_the_previous_start_shows_why_it_died(at: Site) -> None:
    at.add(**CRASHES)
    for _ in range(22):
        at.clock.advance(1)
        at.world.settle()

    previous = at.read(query="previous=true")

    assert "Traceback (most recent call last):\n" in previous
    assert previous[-1].startswith("FileNotFoundError")


@pytest.mark.parametrize(
    ("framework", "path"),
    [("PyTorch", "pytorch"), ("TF", "tf"), ("MPI", "mpi"), ("XGBoost", "xgboost")],
)
def test_a_distributed_training_is_found_by_its_framework(at: Site, framework: str, path: str) -> None:
    at.add("Distributed", "dist", **STEPS, distributedFramework=framework, numWorkers=1)
    at.clock.advance(20)

    assert at.get(f"distributed/{path}/dist/status").status_code == 200
    assert at.get("distributed/runai/dist/status").status_code == 500


def test_each_rank_prints_its_own_log(at: Site) -> None:
    at.add("Distributed", "dist", **STEPS, distributedFramework="PyTorch", numWorkers=1)
    at.clock.advance(20)

    assert at.read("distributed/pytorch/dist", "pod=dist-worker-0")[-1].startswith("[rank1]")


@pytest.mark.parametrize(
    ("habits", "query"),
    [
        (Habits(follow_replays=False), "follow=true"),
        (Habits(since_replays=False), "follow=true&sinceTime=2026-03-02T09:00:00Z"),
        (Habits(since_replays=False), "follow=true&tailLines=5"),
    ],
)
def test_a_follow_may_begin_at_the_present(habits: Habits, query: str) -> None:
    with site(habits) as at:
        at.add()
        at.clock.advance(30)
        at.world.settle()
        with at.log(query=query) as client:
            at.clock.advance(2)
            assert client.recv(timeout=5) == at.read()[-1].encode()


def test_a_silent_stream_may_be_closed() -> None:
    with site(Habits(idle_s=15)) as at:
        at.add("Workspace", "quiet", image="busybox", command="sleep infinity")
        at.clock.advance(10)
        at.world.settle()
        with at.log("workspace/runai/quiet", "follow=true") as client:
            client.recv(timeout=5)
            at.clock.advance(15)

            assert closed(client) == 1001
