"""docs/endpoints.md against the ledger: every row with a command was called by it, and no other was."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.clock import ManualClock
from reconciler.emulator.primus_safe import Emulator as PrimusSafe
from reconciler.emulator.primus_safe.seed import DEMO_KEY
from reconciler.emulator.primus_safe.users import user_id
from reconciler.emulator.runai import Emulator, Habits, Switches, clusterlife
from tests.cli.conftest import Run
from tests.scenarios.stage import DrivenClock

DOCUMENT = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text(encoding="utf-8")
WORKLOAD = "/cluster-api/api/v1/{project}/workloads/{type}/{framework}/{name}"
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: whole, id: 7f3a9c04d2b81e66}
guard: {maxDestroy: {count: 50, percent: 100}}
health: {hold: 1s, timeout: 60s, queueTimeout: 2s}
targets:
  prod:
    provider: runai
    url: URL
    auth: {clientId: "${{ vars.ID }}", clientSecret: "${{ secrets.SECRET }}"}
"""
POD = "{image: 'busybox:1', command: sleep, args: infinity"
PODS = "{metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: 'busybox:1'}]}}"
SERVER = f"replicas: 1, selector: {{matchLabels: {{app: a}}}}, template: {PODS}"
DEPLOYMENT = f"{{apiVersion: apps/v1, kind: Deployment, spec: {{{SERVER}}}}}"
WORKERS = "distributedFramework: PyTorch, numWorkers: 1, masterSpecSameAsWorker: true"
SPECS = {
    "Workspace": f"{POD}, compute: {{gpuDevicesRequest: 1}}}}",
    "Training": f"{POD}, environmentVariables: [{{name: EMULATOR_SECONDS, value: '600'}}]}}",
    "DistributedTraining": f"{POD}, {WORKERS}}}",
    "Inference": "{image: 'vllm/vllm-openai:v1', args: --model a, servingPort: {container: 8000}}",
    "DistributedInference": f"{{leader: {POD}}}, servingPort: {{port: 8000}}, replicas: 1}}",
    "NimService": "{image: 'nvcr.io/nim/a:1', ngcAuthSecret: ngc, servingPort: {port: 8000}, replicas: 1}",
    "ExternalWorkload": f"{{manifest: {DEPLOYMENT}}}",
}
CHANGES = {
    "Inference": ("--model a", "--model b"),
    "DistributedInference": ("replicas: 1", "replicas: 2"),
    "NimService": ("replicas: 1", "replicas: 2"),
    "ExternalWorkload": ("replicas: 1", "replicas: 2"),
}
STOPPABLE = ("Workspace", "Training", "DistributedTraining")


@dataclass(frozen=True)
class Row:
    """One line of a table: what is called, and by which command ("" for later, or for nothing)."""

    method: str
    path: str
    command: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """Match a path; a literal never stands for an id."""
        path = self.path.replace("{workload}", WORKLOAD)
        return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$")

    @property
    def literals(self) -> int:
        """Count what of the path is spelt out."""
        return len(re.sub(r"\{\w+\}", "", self.path.replace("{workload}", WORKLOAD)))


RUNAI, _, PRIMUS_SAFE = DOCUMENT.partition("## AMD")


def rows(text: str = RUNAI) -> list[Row]:
    """Read the tables of one platform. What runs until Ctrl-C is called by a test of its own."""
    found = re.findall(r"^\| (GET|POST|PUT|PATCH|DELETE) \| `([^`]+)` \| [^|]+ \| ([^|]+) \|$", text, re.M)
    return [
        Row(
            m,
            path,
            "" if by.startswith(("later", "nothing", "`port-forward`")) else re.findall("`([^`]+)`", by)[0],
        )
        for m, path, by in found
    ]


def row_of(method: str, path: str, text: str = RUNAI) -> Row:
    """Find the row of a request, the one that spells out the most."""
    fitting = [row for row in rows(text) if row.method == method and row.pattern.match(path)]
    assert fitting, f"{method} {path} has no row in docs/endpoints.md"
    return max(fitting, key=lambda row: row.literals)


Called = set[tuple[str, Row]]


class Story:
    """Run commands one after another, and remember what each of them called."""

    def __init__(
        self,
        run: Run,
        folder: Path,
        emulator: Any,
        clock: ManualClock,
        text: str = RUNAI,
    ) -> None:
        self.run, self.folder, self.emulator, self.clock = run, folder, emulator, clock
        self.text = text
        self.called: Called = set()

    def type(self, words: str, *, ends: int = 0) -> None:
        """Run a command line; it must end with this code."""
        before = self.emulator.ledger.mark()
        ended = self.run(*words.split())
        assert ended.code == ends, f"{words}: {ended.out}{ended.err}"
        command = "cluster install-info" if words.startswith("cluster") else words.split()[0]
        command = "logs --follow" if "--follow" in words else command
        entries = self.emulator.ledger.since(before)
        self.called |= {(command, row_of(e.method.replace("WS", "GET"), e.path, self.text)) for e in entries}

    def declare(self, kind: str, spec: str, meta: str = "", more: str = "") -> None:
        """Write and commit a manifest of one kind, named after it."""
        scope = "" if kind == "Cluster" else ", project: team-a"
        head = f"apiVersion: runai/v1\nkind: {kind}\nmetadata: {{name: {meta or kind.lower()}{scope}}}\n"
        (self.folder / "manifests" / f"{kind}.yaml").write_text(f"{head}spec: {spec}\n{more}")
        self.commit()

    def commit(self) -> None:
        """Commit all files, at the time of the platform."""
        now = self.clock.now().isoformat(timespec="seconds")
        environ = {**os.environ, "GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
        author = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        for words in (("add", "-A"), (*author, "commit", "-qm", "change", "--allow-empty")):
            subprocess.run(["git", *words], cwd=self.folder, env=environ, check=True, capture_output=True)


@pytest.fixture
def story(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setenv("ID", "demo")
    monkeypatch.setenv("SECRET", "demo-secret")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=here, check=True)
    (here / "manifests").mkdir()
    clock = ManualClock()
    monkeypatch.setattr("reconciler.cli.request.SystemClock", lambda: DrivenClock(clock))
    habits = Habits(stdio_taken="always")  # so that an attach ends by itself
    emulator = Emulator(seed="empty", clock=clock, switches=Switches(), habits=habits)
    with emulator.serve() as url:
        (here / "reconciler.yaml").write_text(FLEET.replace("URL", url))
        yield Story(run, here, emulator, clock)


def test_every_row_is_called_by_its_command_and_no_other_is(story: Story, run: Run, here: Path) -> None:
    for kind, spec in SPECS.items():
        story.declare(kind, spec)
    story.declare("Cluster", "{version: '2.24'}")
    story.type("plan")
    story.type("apply --yes")
    story.type("plan")
    story.type("doctor")
    story.type("health")
    story.type("describe Inference/inference")
    story.type("top")
    story.type("top Inference/inference")
    story.type("logs Inference/inference --tail 1")
    story.type("exec Inference/inference -- true")
    story.type("attach Training/training", ends=9)
    with _passing(story.clock):
        story.type("logs Training/training --follow")
    story.declare("Training", POD.replace("busybox", "ghcr.io/no-such-image") + "}", meta="unwell")
    story.type("apply --yes Training/unwell", ends=11)
    story.type("health", ends=11)
    _change(story)
    _clusters(story)
    _stop(story)
    _remove(story)
    _old(story, run, here)

    planned = {row.command: set[Row]() for row in rows()}
    for row in rows():
        planned[row.command].add(row)
    missing = [row for row in rows() if row.command and (row.command, row) not in story.called]
    assert missing == []
    assert {row for _, row in story.called} & planned.get("", set()) == set(), "called, and marked later"


@contextmanager
def _passing(clock: ManualClock) -> Iterator[None]:
    """Let time pass while a command follows: it waits for the platform, and moves no clock."""
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.01):
            clock.advance(5)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _change(story: Story) -> None:
    for kind, (old, new) in CHANGES.items():
        story.declare(kind, SPECS[kind].replace(old, new))
    story.type("apply --yes --no-prune")


def _stop(story: Story) -> None:
    for kind in STOPPABLE:
        name = f"idle-{kind.lower()}"
        for state in ("Running", "Stopped", "Running"):
            story.declare(kind, SPECS[kind], meta=name, more=f"lifecycle: {{state: {state}}}\n")
            story.type(f"apply --yes {kind}/{name}")
    for kind in STOPPABLE:
        story.declare(kind, SPECS[kind], meta=f"idle-{kind.lower()}", more="lifecycle: {state: Stopped}\n")
    story.type(f"apply --yes {' '.join(f'{kind}/idle-{kind.lower()}' for kind in STOPPABLE)}")


def _clusters(story: Story) -> None:
    story.type("cluster install-info cluster")
    clusterlife.connect(story.emulator.world, "cluster")
    story.type("health", ends=11)
    story.declare("Cluster", "{}", meta="west, renamedFrom: cluster")
    story.type("apply --yes Cluster/west")
    story.emulator.tokens.add("demo", "demo-secret", "demo", reads_clusters=False)
    story.type("plan Cluster/west")
    story.emulator.tokens.add("demo", "demo-secret", "demo")
    story.declare("Cluster", "{}", meta="west", more="lifecycle: {state: Absent}\n")
    story.type("apply --yes --allow delete=Cluster/west Cluster/west")


def _remove(story: Story) -> None:
    for kind in SPECS:
        (story.folder / "manifests" / f"{kind}.yaml").unlink()
    story.commit()
    story.type("apply --yes --allow shrunk")


def _old(story: Story, run: Run, here: Path) -> None:
    """Plan against a server that knows only the old way to sign in."""
    emulator = Emulator(seed="empty", clock=story.clock, api_level="2.23")
    old = Story(run, here, emulator, story.clock)
    with old.emulator.serve() as url:
        (here / "reconciler.yaml").write_text(FLEET.replace("URL", url).replace("81e66", "81e67"))
        old.type("plan")
    story.called |= old.called


SAFE_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: safe, id: 7f3a9c04d2b81e66}
guard: {maxDestroy: {count: 50, percent: 100}}
health: {hold: 1s, timeout: 60s, queueTimeout: 2s}
targets:
  safe:
    provider: primus-safe
    url: URL
    auth: {AUTH}
"""
SAFE_AUTH = {1: 'userId: "${{ vars.SAFE_USER }}"', 2: 'apiKey: "${{ secrets.SAFE_KEY }}"'}
_POD = "image: a, resource: {replica: 1, cpu: '1', memory: 1Gi}"
_ON_GPU = _POD.replace("cpu:", "gpu: '1', cpu:")
_SERVICE = "service: {port: 80, targetPort: 80, serviceType: ClusterIP}"
SAFE_SPECS = {
    "train": ("PyTorchJob", "train-mi300", f"{{{_POD}, entryPoint: python a.py}}"),
    "other": ("PyTorchJob", "train-mi300", f"{{{_ON_GPU}, entryPoint: python a.py}}"),
    "crash": ("PyTorchJob", "train-mi300", f"{{{_POD}, entryPoint: rccl-timeout}}"),
    "serve": ("Deployment", "serve-mi300", f"{{{_POD}, entryPoint: python a.py, {_SERVICE}}}"),
}


@pytest.mark.parametrize("generation", [1, 2])
def test_every_row_of_primus_safe_is_called_by_its_command_and_no_other_is(
    generation: int, run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=here, check=True)
    (here / "manifests").mkdir()
    monkeypatch.setenv("SAFE_USER", user_id("demo"))
    monkeypatch.setenv("SAFE_KEY", DEMO_KEY)
    clock = ManualClock()
    monkeypatch.setattr("reconciler.cli.request.SystemClock", lambda: DrivenClock(clock))
    emulator = PrimusSafe(seed="empty", clock=clock, generation=generation)
    with emulator.serve() as url:
        fleet = SAFE_FLEET.replace("URL", url).replace("AUTH", SAFE_AUTH[generation])
        (here / "reconciler.yaml").write_text(fleet)
        story = Story(run, here, emulator, clock, PRIMUS_SAFE)
        _safe(story)

    ages = {"second"} if generation == 1 else {"first only"}
    absent = {
        (method, path)
        for method, path, age in re.findall(r"^\| (\w+) \| `([^`]+)` \| ([^|]+) \|", PRIMUS_SAFE, re.M)
        if age in ages
    }
    owed = [row for row in rows(PRIMUS_SAFE) if (row.method, row.path) not in absent]
    assert [row for row in owed if row.command and (row.command, row) not in story.called] == []
    assert [row for _, row in story.called if not row.command] == [], "called, and marked later"


def _safe(story: Story) -> None:
    """Make, look at, change, stop and delete workloads of Primus-SaFE."""

    def declare(name: str, change: str = "", more: str = "") -> None:
        kind, space, spec = SAFE_SPECS[name]
        spec = spec.replace("image: a", f"image: {change}") if change else spec
        head = f"apiVersion: primus-safe/v1\nkind: {kind}\nmetadata: {{name: {name}, workspace: {space}}}\n"
        (story.folder / "manifests" / f"{name}.yaml").write_text(f"{head}spec: {spec}\n{more}")
        story.commit()

    for name in SAFE_SPECS:
        declare(name)
    story.type("plan")
    story.type("apply --yes")
    story.clock.advance(60)
    story.type("plan")
    story.type("doctor")
    story.type("health", ends=11)
    story.type("describe Deployment/serve")
    story.type("logs Deployment/serve --tail 1")
    if story.emulator.generation.is_first:
        story.type("clone --yes PyTorchJob/other")
    story.clock.advance(600)
    story.type("logs PyTorchJob/crash --tail 1")
    declare("serve", "b")
    story.type("apply --yes Deployment/serve")
    declare("serve", "b", "lifecycle: {state: Stopped}\n")
    story.type("apply --yes Deployment/serve")
    for name in ("train", "other"):
        declare(name, more="lifecycle: {state: Stopped}\n")
    story.type("apply --yes PyTorchJob/train PyTorchJob/other")
    declare("train")
    story.type("apply --yes PyTorchJob/train")
    (story.folder / "manifests/train.yaml").unlink()
    story.commit()
    story.type("apply --yes --allow shrunk")


def test_every_route_of_the_emulator_has_a_row() -> None:
    emulator = Emulator()
    known = {
        (row.method, re.sub(r"\{\w+\}", "{}", row.path.replace("{workload}", WORKLOAD))) for row in rows()
    }

    served = set()
    for route in emulator._routes():
        path = re.sub(r"\{\w+(:\w+)?\}", "{}", str(getattr(route, "path", "")))
        served |= {
            (method, path) for method in getattr(route, "methods", None) or {"GET"} if method != "HEAD"
        }

    assert served - known == set()


@pytest.mark.parametrize(("generation", "since"), [(1, {"first", "first only"}), (2, {"first", "second"})])
def test_every_route_of_primus_safe_has_a_row(generation: int, since: set[str]) -> None:
    text = PRIMUS_SAFE
    told = re.findall(r"^\| (GET|POST|PATCH|DELETE) \| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", text, re.M)

    served = {
        (method, str(getattr(route, "path", "")))
        for route in PrimusSafe(generation=generation)._routes()
        for method in getattr(route, "methods", set()) - {"HEAD"}
    }

    assert served == {(method, path) for method, path, age in told if age in since}
