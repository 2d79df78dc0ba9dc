"""The stage of a scenario on Primus-SaFE: an emulated server of either generation, git, and a session."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault
from reconciler.emulator.ledger import Entry
from reconciler.emulator.primus_safe import Emulator, Switches
from reconciler.emulator.primus_safe.records import Workload
from reconciler.emulator.primus_safe.seed import DEMO_KEY, TRAIN
from reconciler.emulator.primus_safe.users import user_id
from tests.scenarios.stage import FLEET_ID, Stage

_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: ml-platform, id: {id}}}
manifests: [manifests]
vars: [IMAGE_TAG]
secrets: [HF_TOKEN]
targets:
  safe:
    provider: primus-safe
    url: {url}
    auth: {{{auth}}}
    scope: {{workspaces: [{workspaces}]}}
guard:
  maxCreate: {{count: 5000}}
"""
AUTH = {1: 'userId: "${{ vars.SAFE_USER }}"', 2: 'apiKey: "${{ secrets.SAFE_KEY }}"'}
RESOURCE = "resource: {replica: 1, cpu: '8', memory: 64Gi}"


@dataclass
class SafeStage(Stage):
    """Hold one scenario on Primus-SaFE."""

    @property
    def safe(self) -> Emulator:
        return cast(Emulator, self.emulator)

    @property
    def generation(self) -> int:
        return self.safe.generation.number

    def all(self, name: str) -> list[Workload]:
        """Give every workload of a name that there ever was, hidden rows left out, oldest first."""
        rows = [row.workload for row in self.safe.world.rows.values() if not row.is_deleted]
        live = [one for one in self.safe.world.resources.values() if one.deleting_at is None]
        found = {one.id: one for one in [*rows, *live]}
        return sorted((one for one in found.values() if one.display_name == name), key=lambda one: one.number)

    def one(self, name: str = "train") -> Workload:
        """Give the only workload of a name that has not ended."""
        (found,) = [one for one in self.all(name) if not one.is_ended]
        return found

    def creates(self, since: int = 0) -> list[Entry]:
        return [entry for entry in self.mutations(since) if entry.effect and entry.effect.verb == "create"]

    def wait(self, seconds: float) -> SafeStage:
        self.clock.advance(seconds)
        return self

    def called(self, method: str, path: str, body: Any = None) -> None:
        """Let a person with the same account send one request."""
        token, _ = self.safe.tokens.issue(self.safe.world.users.named("demo"))
        headers = {"cookie": f"Token={quote(token, safe='')}"}
        answer = httpx.request(method, f"{self.url}{path}", headers=headers, json=body, trust_env=False)
        assert answer.status_code == 200, answer.text

    def spoil(self, match: str, **rules: Any) -> None:
        self.safe.faults.add(Fault(match, **rules))


@contextmanager
def staged(
    root: Path, generation: int = 1, *, is_git: bool = True, seed: str = "empty", **switches: Any
) -> Iterator[SafeStage]:
    """Set a stage with an empty world, a fleet file and no manifests."""
    clock = ManualClock()
    emulator = Emulator(seed=seed, clock=clock, generation=generation, switches=Switches(**switches))
    (root / "manifests").mkdir(parents=True)
    environ = {
        "SAFE_USER": user_id("demo"),
        "SAFE_KEY": DEMO_KEY,
        "HF_TOKEN": "hf-canary-0123456789",
        "IMAGE_TAG": "24.07",
        "XDG_STATE_HOME": str(root.parent / "state"),
        "HOME": str(root.parent),
        "PATH": os.environ["PATH"],
    }
    with emulator.serve() as url:
        stage = SafeStage(cast(Any, emulator), url, root, environ, is_git)
        text = _FLEET.format(id=FLEET_ID, url=url, workspaces=f"{TRAIN}, serve-mi300", auth=AUTH[generation])
        (root / "reconciler.yaml").write_text(text)
        if is_git:
            stage.git("init", "-q", "-b", "main")
            stage.commit()
        yield stage


def a_manifest(
    name: str = "train", kind: str = "PyTorchJob", workspace: str = TRAIN, spec: str = "", **blocks: str
) -> str:
    """Write a small valid manifest; `spec` is more of it in flow YAML, other words are blocks."""
    stated = f"image: rocm/pytorch:1, {RESOURCE}" if "resource:" not in spec else ""
    point = "" if kind == "Authoring" or "entryPoint" in spec else "entryPoint: python train.py"
    if "image:" in spec:
        stated = stated.replace("image: rocm/pytorch:1, ", "")
    whole = ", ".join(part for part in (stated, point, spec) if part)
    lines = [
        "apiVersion: primus-safe/v1",
        f"kind: {kind}",
        f"metadata: {{name: {name}, workspace: {workspace}}}",
        f"spec: {{{whole}}}",
        *(f"{block}: {text}" for block, text in blocks.items()),
    ]
    return "\n".join(lines) + "\n"


SERVE: Mapping[str, str] = {"kind": "Deployment", "workspace": "serve-mi300"}

__all__ = ["SERVE", "SafeStage", "a_manifest", "staged"]
