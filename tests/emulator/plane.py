"""An emulated Run:ai control plane in this process, and a terse client for it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from reconciler.emulator.runai import Emulator, ManualClock, Switches
from reconciler.emulator.runai.seed import CLUSTER

Json = Any
ROOT = "/api/v1/workloads"
V2 = "/api/v2/workloads"
CLUSTER_API = "/cluster-api/api/v1/team-a/workloads"
NIMS = f"{V2}/nim-services"
IDS = {"team-a": "1", "team-b": "2", "platform": "3"}


class InProcess:
    """Ask an ASGI application without a server."""

    def __init__(self, app: Any) -> None:
        self.transport = httpx.ASGITransport(app)
        self.headers: dict[str, str] = {}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self.transport, base_url="http://127.0.0.1", headers=self.headers
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Json = None) -> httpx.Response:
        return self.request("POST", path, json=json)

    def patch(self, path: str, json: Json) -> httpx.Response:
        return self.request("PATCH", path, json=json)

    def put(self, path: str, json: Json) -> httpx.Response:
        return self.request("PUT", path, json=json)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


class Plane:
    def __init__(self, *, api_level: str = "2.25", seed: str = "empty", **switches: Any) -> None:
        self.clock = ManualClock()
        self.emu = Emulator(seed=seed, clock=self.clock, api_level=api_level, switches=Switches(**switches))
        self.http = InProcess(self.emu.app)
        self.emu.tokens.token_ttl_s = 10**9
        self.sign_in("demo")

    def sign_in(self, client_id: str) -> None:
        self.http.headers["authorization"] = f"Bearer {self.emu.tokens.issue(client_id)}"

    def wait(self, seconds: float) -> "Plane":
        self.clock.advance(seconds)
        return self

    def get(self, path: str, **query: Json) -> Json:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def status(self, method: str, path: str, **options: Any) -> int:
        return int(self.http.request(method, path, **options).status_code)

    def post(self, kind: str, name: str = "x", project: str = "team-a", **spec: Json) -> Any:
        return self.http.post(f"{ROOT}/{kind}", json=self.body(name, project, **spec))

    def body(self, name: str = "x", project: str = "team-a", **spec: Json) -> dict[str, Json]:
        spec = {"image": "busybox:1", **spec}
        return {"name": name, "projectId": IDS[project], "clusterId": CLUSTER, "spec": spec}

    def made(self, kind: str, name: str = "x", project: str = "team-a", **spec: Json) -> str:
        answer = self.post(kind, name, project, **spec)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["workloadId"])

    def send(self, manifest: Json, name: str = "x", project: str = "team-a", **meta: Json) -> Any:
        """Post a manifest to the v2 API."""
        body = {"metadata": {"name": name, "projectId": IDS[project], **meta}, "manifest": manifest}
        return self.http.post(V2, json=body)

    def sent(self, manifest: Json, name: str = "x", project: str = "team-a", **meta: Json) -> str:
        answer = self.send(manifest, name, project, **meta)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["metadata"]["id"])

    def nim(self, name: str = "x", project: str = "team-a", **spec: Json) -> Any:
        spec = {"image": "nvcr.io/nim/meta/llama3:1.8", **spec}
        body = {"metadata": {"name": name, "projectId": IDS[project]}, "spec": spec}
        return self.http.post(NIMS, json=body)

    def sync(self, id_: str) -> Json:
        return self.get(f"{V2}/{id_}")["syncInfo"]

    def group(self, name: str = "x", **spec: Json) -> str:
        """Create a distributed inference and give its id."""
        base = {"leader": {"image": "busybox:1"}, "worker": {"image": "busybox:1"}}
        body = {**self.body(name), "spec": {**base, **spec}}
        answer = self.http.post(f"{ROOT}/distributed-inferences", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["workloadId"])

    def pods(self, id_: str) -> list[Json]:
        return list(self.get(f"{ROOT}/{id_}/pods", limit=500)["pods"])

    def pod_names(self, id_: str) -> list[str]:
        return [pod["name"] for pod in self.pods(id_)]

    def log(self, path: str, **query: Json) -> list[str]:
        """Read the log of a workload of team-a off its cluster."""
        answer = self.http.get(f"{CLUSTER_API}/{path}/logs/download", params=query)
        assert answer.status_code == 200, answer.text
        return answer.text.splitlines()

    def patch(self, id_: str, **spec: Json) -> Any:
        return self.http.patch(f"{ROOT}/inferences/{id_}", json={"spec": spec})

    def row(self, id_: str) -> Json:
        return self.get(f"{ROOT}/{id_}")

    def phase(self, id_: str) -> str:
        return str(self.row(id_)["phase"])

    def names(self, **query: Json) -> list[str]:
        return [row["name"] for row in self.get(ROOT, **query)["workloads"]]

    def spec(self, kind: str, id_: str) -> Json:
        return self.get(f"{ROOT}/{kind}/{id_}")["spec"]

    def reasons(self, id_: str) -> list[str]:
        events = self.get(f"{ROOT}/{id_}/events", limit=500)["events"]
        return [event["reason"] for event in events]


def gpus(count: int) -> dict[str, Json]:
    return {"compute": {"gpuDevicesRequest": count}}


def env(**values: str) -> list[dict[str, Json]]:
    return [{"name": name, "value": value} for name, value in values.items()]
