"""`demo`: the main job from begin to end, on an emulated control plane and in a repository of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, ReconcilerError

if TYPE_CHECKING:
    from reconciler.emulator.runai import Emulator

SPEED = 6.0
_FORGOTTEN = ("RECONCILER_", "RUNAI_", "PRIMUS_SAFE_", "GIT_")
_AUTHOR = ("-c", "user.name=demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false")
_JOINING = tuple(
    Path("primus-safe") / name for name in ("train/tokenize.yaml", "train/sft.yaml", "serve/chat.yaml")
)
_HURRY = "health: {hold: 3s, queueTimeout: 5s}  # a demo is in a hurry\n"


@click.command()
@click.option("--keep", is_flag=True, help="Keep the repository and say where it is.")
@speaking
def command(voice: Voice, *, keep: bool) -> ExitCode:
    r"""Show the main job from begin to end; no account and no network needed.

    \b
    Examples:
      reconciler demo
      reconciler demo --keep      and look around in the repository afterwards

    It starts an emulated control plane on this machine, makes a git repository of its own, and runs
    the commands you would type. Exit 0 when every one of them ended as it should.
    """
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="reconciler-demo-"))
    try:
        with ExitStack() as stack:
            show = _Show(voice, folder, _emulator(stack))
            show.prepare(stack)
            _play(show)
            _both(show, stack)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    voice.result(f"\nThe demo took {time.monotonic() - began:.0f} s.")
    voice.result(f" Its repository: {folder}\n" if keep else " Now yours: reconciler init demo\n")
    return ExitCode.IN_ORDER


def _emulator(stack: ExitStack) -> Emulator:
    from reconciler.emulator.clock import ScaledClock
    from reconciler.emulator.runai import Emulator

    return Emulator(seed="demo", clock=ScaledClock(speed=SPEED))


def _examples_folder() -> Path:
    """Find the example manifests: beside the package in a checkout, inside it when installed."""
    import reconciler

    package = Path(reconciler.__file__).parent
    for folder in (package / "examples", package.parent / "examples"):
        if (folder / "manifests").is_dir():
            return folder
    raise ReconcilerError("the example manifests are not installed")


@dataclass
class _Show:
    """Hold the stage: a repository, an emulator, and the words to say."""

    voice: Voice
    folder: Path
    emulator: Emulator
    environ: dict[str, str] = field(default_factory=dict)
    ledger: int = 0

    def prepare(self, stack: ExitStack) -> None:
        """Copy the examples into a fresh git repository and start the control plane."""
        source = _examples_folder()
        shutil.copytree(source / "manifests", self.folder / "manifests")
        fleet = (source / "reconciler.yaml").read_text(encoding="utf-8")
        (self.folder / "reconciler.yaml").write_text(fleet + _HURRY, encoding="utf-8")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(_FORGOTTEN)}
        self.environ = {
            **clean,
            "RUNAI_BASE_URL": stack.enter_context(self.emulator.serve()),
            "RUNAI_CLIENT_ID": "demo",
            "RUNAI_CLIENT_SECRET": "demo-secret",
            "XDG_STATE_HOME": str(self.folder / ".state"),
        }
        (self.folder / ".gitignore").write_text(".state/\n", encoding="utf-8")
        self.git("init", "-q", "-b", "main")
        self.commit("Declare the fleet")

    def say(self, text: str) -> None:
        """Tell what comes next."""
        self.voice.result(f"\n# {text}\n")

    def run(self, words: str, *, ends: ExitCode) -> None:
        """Run one command as a person would; it must end with this exit code."""
        self.voice.result(f"$ reconciler {words}\n")
        done = subprocess.run(  # noqa: S603 - our own words, no shell
            [sys.executable, "-m", "reconciler", *words.split()],
            cwd=self.folder,
            env=self.environ,
            check=False,
        )
        if done.returncode != ends:
            raise ReconcilerError(
                f"the demo broke: `reconciler {words}` ended with {done.returncode}, not {int(ends)}"
            )

    def git(self, *words: str) -> None:
        """Run git in the repository."""
        command = ["git", *_AUTHOR, *words]
        subprocess.run(  # noqa: S603 - our own words, no shell
            command, cwd=self.folder, env=self.environ, check=True, capture_output=True
        )

    def commit(self, subject: str) -> None:
        """Commit whatever changed."""
        self.git("add", "-A")
        self.git("commit", "-qm", subject)

    def edit(self, file: str, change: Callable[[str], str], subject: str) -> None:
        """Change a manifest and commit it."""
        path = self.folder / "manifests" / file
        before = path.read_text(encoding="utf-8")
        after = change(before)
        if after == before:
            raise ReconcilerError(f"the demo broke: {file} has nothing to change")
        path.write_text(after, encoding="utf-8")
        self.commit(subject)

    def sent(self) -> int:
        """Count what was sent to change something since the last look, by the emulator's ledger."""
        every = len(self.emulator.ledger.mutations())
        new, self.ledger = every - self.ledger, every
        return new


def _play(show: _Show) -> None:
    """Tell the story, act by act."""
    show.say("A fleet in git, every kind of Run:ai in it; nothing of it is live yet.")
    show.run("validate", ends=ExitCode.IN_ORDER)
    show.run("plan", ends=ExitCode.IN_ORDER)
    show.say(
        "Apply it. Three are meant to fail: an image that does not exist, a job out of memory, "
        "and a model larger than the quota."
    )
    show.run("apply --yes", ends=ExitCode.UNHEALTHY)
    show.sent()
    show.say("The second run finds nothing to do.")
    show.run("plan --exit-code", ends=ExitCode.IN_ORDER)
    _expect(show.sent(), 0, "a plan sends nothing that changes anything")
    _drift(show)
    _replace(show)
    _prune(show)
    _cluster(show)


def _drift(show: _Show) -> None:
    show.say("Somebody changes the chat inference in the UI, behind git's back.")
    record = _named(show.emulator, "chat")
    scaling = {**record.spec["autoscaling"], "maxReplicas": 5}
    show.emulator.world.edit_spec(record.id, {"autoscaling": scaling}, by="lee")
    show.run("drift", ends=ExitCode.CHANGES)
    show.say("An inference changes in place: apply puts it back with one request.")
    show.run("apply --yes Inference/chat", ends=ExitCode.IN_ORDER)
    _expect(show.sent(), 1, "putting it back takes one request")


def _replace(show: _Show) -> None:
    show.say("Another image for a running training. Run:ai cannot change that in place: refused.")
    show.edit("forecast/lora.yaml", lambda text: re.sub(r":26\.\d\d-py3", ":26.04-py3", text), "Move lora on")
    show.run("plan", ends=ExitCode.IN_ORDER)
    show.say("With consent for this one object it is replaced.")
    show.run("apply --yes --allow replace=Training/lora Training/lora", ends=ExitCode.IN_ORDER)
    _expect(show.sent(), 2, "replacing is one delete and one create")


def _prune(show: _Show) -> None:
    show.say("A manifest leaves git; what it declared is deleted, and nothing else.")
    (show.folder / "manifests/forecast/notebook-mina.yaml").unlink()
    show.commit("Let the notebook go")
    show.run("plan", ends=ExitCode.IN_ORDER)
    show.run("apply --yes", ends=ExitCode.IN_ORDER)
    _expect(show.sent(), 1, "pruning one object is one delete")
    show.run("drift", ends=ExitCode.CHANGES)
    show.say("Three stay degraded, as they were meant to. Everything else is as git says.")


def _cluster(show: _Show) -> None:
    from reconciler.emulator.runai import clusterlife

    edge = "platform/edge.yaml"
    show.say("The new cluster waits to connect. Whoever installs it needs this; the secret only if asked.")
    show.run("cluster install-info edge --version 2.25", ends=ExitCode.IN_ORDER)
    clusterlife.connect(show.emulator.world, "edge")
    show.say("Somebody has installed it.")
    show.run("health Cluster/edge", ends=ExitCode.IN_ORDER)
    show.say("A cluster is renamed in place.")
    show.edit(
        edge, lambda text: text.replace("name: edge", "name: edge-west\n  renamedFrom: edge"), "Go west"
    )
    show.run("apply --yes Cluster/edge-west", ends=ExitCode.IN_ORDER)
    _expect(show.sent(), 1, "a rename is one request")
    show.say(
        "Its domain cannot change, and a cluster is never replaced: refused, whatever anybody consents to."
    )
    show.edit(edge, lambda text: text.replace("edge.wattfield", "west.wattfield"), "Move the domain")
    show.run("plan Cluster/edge-west", ends=ExitCode.IN_ORDER)
    show.git("revert", "--no-edit", "HEAD")
    show.say("It goes only where git says Absent and the run consents; either alone deletes nothing.")
    show.edit(edge, lambda text: f"{text}lifecycle: {{state: Absent}}\n", "Let the edge go")
    show.run("plan Cluster/edge-west", ends=ExitCode.IN_ORDER)
    show.run("apply --yes --allow delete=Cluster/edge-west Cluster/edge-west", ends=ExitCode.IN_ORDER)
    _expect(show.sent(), 1, "deleting a cluster is one delete")


def _both(show: _Show, stack: ExitStack) -> None:
    """Let a second platform join the fleet: one plan for both."""
    from reconciler.emulator.clock import ScaledClock
    from reconciler.emulator.primus_safe import Emulator
    from reconciler.emulator.primus_safe.seed import DEMO_KEY

    source, emulator = _examples_folder(), Emulator(seed="demo", clock=ScaledClock(SPEED), generation=2)
    show.environ |= {"PRIMUS_SAFE_URL": stack.enter_context(emulator.serve()), "PRIMUS_SAFE_KEY": DEMO_KEY}
    show.environ |= {"HF_TOKEN": "hf_made_up_for_the_demo"}
    for file in _JOINING:
        (show.folder / "manifests" / file.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(source / file, show.folder / "manifests" / file.parent / file.name)
    whole = (source / "both.yaml").read_text(encoding="utf-8").partition("\nkind: Fleet")[2]
    fleet = show.folder / "reconciler.yaml"
    head, mine = fleet.read_text(encoding="utf-8").partition("\nkind: Fleet")[::2]
    settings = re.sub(r"^metadata: .*$", mine.strip().partition("\n")[0], whole, count=1, flags=re.M)
    settings = settings.replace("[manifests, primus-safe]", "[manifests]")
    fleet.write_text(f"{head}\nkind: Fleet{settings}{_HURRY}", encoding="utf-8")
    show.commit("Train on Primus-SaFE as well")
    show.say("Another platform joins the fleet, AMD Primus-SaFE. One plan is about both.")
    show.run("plan", ends=ExitCode.IN_ORDER)
    show.run("apply --yes", ends=ExitCode.IN_ORDER)
    made = [entry for entry in emulator.ledger.mutations() if entry.effect]
    _expect(len(made), len(_JOINING), "each of its workloads is made once")
    show.run("health PyTorchJob/sft-support Deployment/chat", ends=ExitCode.IN_ORDER)
    show.say("The second run finds nothing to do on either.")
    show.run("plan --exit-code", ends=ExitCode.IN_ORDER)


def _expect(found: int, wanted: int, why: str) -> None:
    if found != wanted:
        raise ReconcilerError(f"the demo broke: {why}, and the ledger counts {found}")


def _named(emulator: Emulator, name: str) -> _Record:
    records: Mapping[str, _Record] = {record.name: record for record in emulator.world.live()}
    return records[name]


if TYPE_CHECKING:
    from reconciler.emulator.runai.records import Workload as _Record
