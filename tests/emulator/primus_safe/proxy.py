"""A client as people write them: create a job, poll it, stop it when told; of the standard library only.

It knows what the platform's own proxies know, and nothing of the emulator or of us: a first
version sends one resource and a `userId` header, a later one lists and a bearer token. A read
that fails within the first seconds is tried again, for rows come late.
"""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

Json = Any
TERMINAL = ("Succeeded", "Failed", "Stopped")
GRACE_S, POLL_S = 10, 20


class Proxy:
    """Run one job after the other; `sleep` and `now` are the caller's clock."""

    def __init__(
        self, url: str, *, sleep: Callable[[float], object], now: Callable[[], float], user_id: str = "",
        token: str = "",
    ) -> None:  # fmt: skip
        self.url = url.rstrip("/") + "/api/v1"
        self.sleep, self.now = sleep, now
        self.headers = {"Content-Type": "application/json"}
        if user_id:
            self.headers["userId"] = user_id
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.seen: list[str] = []

    @property
    def is_plural(self) -> bool:
        """Whether it speaks the later form."""
        return "Authorization" in self.headers

    def request(self, method: str, path: str, body: Json = None) -> Json:
        """Send one request and give what came back; an error has a code."""
        payload = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, payload, self.headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def create(self, name: str, workspace: str, image: str, command: str, **more: Json) -> str:
        """Create a job and give its id."""
        point = base64.b64encode(command.encode()).decode()
        asked = {"replica": more.pop("nodes", 1), "cpu": "16", "gpu": "8", "memory": "128Gi"}
        body: dict[str, Json] = {
            "displayName": name, "workspace": workspace, "priority": 1, "timeout": more.pop("timeout", 3600),
            "groupVersionKind": {"kind": "PyTorchJob", "version": "v1"}, **more,
        }  # fmt: skip
        if self.is_plural:
            body |= {"resources": [asked], "images": [image], "entryPoints": [point]}
        else:
            body |= {"resource": asked, "image": image, "entryPoint": point}
        return str(self.request("POST", "/workloads", body)["workloadId"])

    def wait(self, id_: str) -> str:
        """Poll until the job has ended, and give its phase; `seen` keeps the phases on the way."""
        began = self.now()
        while True:
            try:
                phase = self.request("GET", f"/workloads/{id_}")["phase"]
            except urllib.error.HTTPError:
                if self.now() - began > GRACE_S:
                    raise
                self.sleep(1)
                continue
            if self.seen[-1:] != [phase]:
                self.seen.append(phase)
            if phase in TERMINAL:
                return str(phase)
            self.sleep(POLL_S)

    def stop(self, id_: str) -> None:
        """Stop a job."""
        self.request("POST", f"/workloads/{id_}/stop")

    def log(self, id_: str, pod: str) -> list[str]:
        """Read the log of a pod."""
        return list(self.request("GET", f"/workloads/{id_}/pods/{pod}/logs?tailLines=50")["logs"])
