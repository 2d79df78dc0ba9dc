"""An emulated Primus-SaFE server in this process, and a terse client for it."""

import base64
from typing import Any

import httpx

from reconciler.emulator.primus_safe import Emulator, ManualClock, Switches
from reconciler.emulator.primus_safe.seed import DEMO_KEY, TRAIN
from tests.emulator.plane import InProcess

Json = Any
ROOT = "/api/v1/workloads"
RESOURCE: dict[str, Json] = {"replica": 1, "cpu": "8", "memory": "64Gi"}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def body(generation: int = 1, **changes: Json) -> dict[str, Json]:
    """Give a create request that the generation takes; None removes a key."""
    made: dict[str, Json] = {"displayName": "job", "workspaceId": TRAIN}
    if generation == 1:
        made |= {"resource": RESOURCE, "image": "rocm/pytorch:1", "entryPoint": b64("python train.py")}
    else:
        made |= {
            "resources": [RESOURCE],
            "images": ["rocm/pytorch:1"],
            "entryPoints": [b64("python train.py")],
        }
    return {key: value for key, value in {**made, **changes}.items() if value is not None}


def resource(generation: int = 1, **changes: Json) -> dict[str, Json]:
    """Give what is asked for per pod, under the key of the generation."""
    asked = {**RESOURCE, **changes}
    return {"resource": asked} if generation == 1 else {"resources": [asked]}


def program(generation: int = 1, command: str = "python train.py", image: str = "rocm/pytorch:1") -> Json:
    """Give image and command, under the keys of the generation."""
    if generation == 1:
        return {"image": image, "entryPoint": b64(command)}
    return {"images": [image], "entryPoints": [b64(command)]}


def kind(name: str) -> dict[str, Json]:
    return {"groupVersionKind": {"kind": name, "version": "v1"}}


class Bench:
    """One server; calls are made as `who`, by cookie."""

    def __init__(
        self, generation: int = 1, *, seed: str = "empty", who: str = "demo", **switches: Any
    ) -> None:
        self.clock = ManualClock()
        self.generation = generation
        self.emu = Emulator(
            seed=seed,
            clock=self.clock,
            generation=generation,
            switches=Switches(**{"token_ttl_s": -1, **switches}),
        )
        self.http = InProcess(self.emu.app)
        self.sign_in(who)

    def sign_in(self, name: str) -> "Bench":
        token, _ = self.emu.tokens.issue(self.emu.world.users.named(name))
        self.http.headers = {"cookie": f"Token={token.replace('=', '%3D').replace('+', '%2B')}"}
        return self

    def wait(self, seconds: float) -> "Bench":
        self.clock.advance(seconds)
        return self

    # -- calls ---------------------------------------------------------------------------------

    def post(self, **changes: Json) -> httpx.Response:
        return self.http.post(ROOT, json=body(self.generation, **changes))

    def made(self, **changes: Json) -> str:
        answer = self.post(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["workloadId"])

    def refused(self, **changes: Json) -> tuple[int, str, str]:
        return no(self.post(**changes))

    def get(self, id_: str) -> Json:
        answer = self.http.get(f"{ROOT}/{id_}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, path: str, **query: Json) -> Json:
        answer = self.http.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, **query: Json) -> Json:
        return self.read("/workloads", **{"workspaceId": TRAIN, **query})

    def names(self, **query: Json) -> list[str]:
        return [row["displayName"] for row in self.listed(**query)["items"] or []]

    def patch(self, id_: str, **changes: Json) -> httpx.Response:
        return self.http.patch(f"{ROOT}/{id_}", json=changes)

    def stop(self, id_: str) -> httpx.Response:
        return self.http.post(f"{ROOT}/{id_}/stop")

    def delete(self, id_: str) -> httpx.Response:
        return self.http.delete(f"{ROOT}/{id_}")

    def phase(self, id_: str) -> str:
        return str(self.get(id_)["phase"])

    def phases(self, id_: str, *waits: float) -> list[str]:
        return [self.wait(seconds).phase(id_) for seconds in waits]

    def running(self, **changes: Json) -> str:
        id_ = self.made(**changes)
        assert self.wait(10).phase(id_) == "Running", self.get(id_)
        return id_

    def log(self, id_: str, pod: str, **query: Json) -> list[str]:
        return list(self.read(f"/workloads/{id_}/pods/{pod}/logs", **query)["logs"])

    def conditions(self, id_: str) -> list[tuple[str, str]]:
        return [(one["type"], one["reason"]) for one in self.get(id_)["conditions"] or []]


def no(answer: httpx.Response) -> tuple[int, str, str]:
    """Give status, code and message of a refusal."""
    told = answer.json()
    assert set(told) == {"errorCode", "errorMessage"}, told
    return answer.status_code, told["errorCode"], told["errorMessage"]


def key_headers() -> dict[str, str]:
    return {"authorization": f"Bearer {DEMO_KEY}"}
