"""A scene for the real command line: an emulated control plane, a git repository, words typed in it."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli import main
from reconciler.emulator.clock import ManualClock
from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Emulator, Habits
from reconciler.emulator.server import Tls
from tests.scenarios.stage import DrivenClock

USUAL = Habits()
FLEET_ID = "7f3a9c04d2b81e66"
NO_SUCH_IMAGE = "ghcr.io/wattfield/no-such-forecaster:v1"
_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: ml-platform, id: {id}}}
secrets: [HF_TOKEN]
targets:
  prod:
    provider: runai
    url: {url}
    auth:
      clientId: ${{{{ vars.RUNAI_CLIENT_ID }}}}
      clientSecret: ${{{{ secrets.RUNAI_CLIENT_SECRET }}}}
    scope: {{projects: [team-a, team-b]}}
health: {{hold: 1s, queueTimeout: 1s}}
"""
_GIT = (
    *("-c", "user.name=t", "-c", "user.email=t@example.com"),
    *("-c", "commit.gpgsign=false", "-c", "maintenance.auto=false"),
)
_CHANGING = (
    (r"127\.0\.0\.1:\d+", "HOST:PORT"),
    (r"\bin [0-9.]+m?s?( \d\ds)?(?=\.|$)", "in TIME"),
    (r"\brunning (?:\d+[dhm] )?[0-9.]+[smh]", "running TIME"),
    (r"(?<=GPU, )[0-9.,]+ GPU-hours", "N GPU-hours"),
    (r"\bdigest [0-9a-f]{8}", "digest DIGEST"),
    (r"\b(main@|commit |plan  |HEAD is |gone since )[0-9a-f]{7,40}\b", r"\1COMMIT"),
    (r"\bin git since [0-9a-f]{7} (?=t, \d{4}-)", "in git since COMMIT "),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "WHEN"),
)


@dataclass
class Scene:
    """Hold one scene. What is typed runs in this process, quietly, 100 columns wide."""

    emulator: Emulator
    root: Path
    capsys: pytest.CaptureFixture[str]
    hidden: str
    emulator_url: str
    sent: int = 0

    def write(self, file: str, text: str) -> Scene:
        """Write a file of the repository and commit it."""
        place = self.root / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text))
        return self.commit()

    def declare(self, *names: str, kind: str = "Training", project: str = "team-a", more: str = "") -> Scene:
        """Write one manifest for each name; `more` are lines below `spec:`."""
        for name in names:
            head = f"apiVersion: runai/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
            text = f"{head}  project: {project}\nspec:\n"
            lines = more or "image: busybox:1\ncommand: sleep\nargs: infinity"
            self.write(f"manifests/{name}.yaml", text + textwrap.indent(textwrap.dedent(lines), "  "))
        return self

    def edit(self, file: str, old: str, new: str) -> Scene:
        text = (self.root / file).read_text()
        assert old in text
        return self.write(file, text.replace(old, new))

    def remove(self, *names: str) -> Scene:
        for name in names:
            (self.root / "manifests" / f"{name}.yaml").unlink()
        return self.commit()

    def later(self, seconds: float) -> None:
        """Let time pass, for the platform and for us."""
        assert isinstance(self.emulator.clock, ManualClock)
        self.emulator.clock.advance(seconds)

    def commit(self, when: str = "") -> Scene:
        self.git("add", "-A")
        now = self.emulator.clock.now().isoformat(timespec="seconds")  # git and the platform go by one clock
        self.git("commit", "-qm", "change", "--allow-empty", when=when or now)
        return self

    def git(self, *words: str, when: str = "") -> str:
        times = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when} if when else {}
        done = subprocess.run(
            ["git", *_GIT, *words],
            cwd=self.root,
            env={**os.environ, **times},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def spoil(self, match: str, **more: object) -> Scene:
        """Let something go wrong on the platform."""
        self.emulator.faults.add(Fault(match, **more))  # type: ignore[arg-type]  # options pass through
        return self

    def types(self, *words: str) -> Said:
        """Type a command line; what was sent before it no longer counts."""
        self.sent = self.emulator.ledger.mark()
        self.capsys.readouterr()
        code = main(words)
        said = self.capsys.readouterr()
        return Said(" ".join(["reconciler", *words]), code, self._settled(said.out), self._settled(said.err))

    @property
    def changes(self) -> list[str]:
        """List what the last command line sent to change something."""
        return [entry.path for entry in self.emulator.ledger.mutations() if entry.seq > self.sent]

    def _settled(self, text: str) -> str:
        """Take out of a text what is another one in each run."""
        for pattern, word in _CHANGING:
            text = re.sub(pattern, word, text, flags=re.MULTILINE)
        return text.replace(self.hidden, "")


@dataclass(frozen=True)
class Said:
    """What a command line printed, and how it ended."""

    words: str
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Give all of it: what was typed, stdout, stderr."""
        return f"$ {self.words}\n{self.out}--- stderr\n{self.err}--- exit {self.code}\n"

    @property
    def last(self) -> str:
        return self.err.rstrip("\n").rpartition("\n")[2]


@contextmanager
def played(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    tls: Tls | None = None,
    api_level: str = "2.25",
    habits: Habits = USUAL,
) -> Iterator[Scene]:
    """Set a scene in an empty folder and stand in it. Time is the emulator's: waiting takes none of ours."""
    root = folder / "repo"
    (root / "manifests").mkdir(parents=True)
    monkeypatch.chdir(root)
    for name, value in {
        "RUNAI_CLIENT_ID": "demo",
        "RUNAI_CLIENT_SECRET": "demo-secret",
        "HF_TOKEN": "a-value-for-tests",
        "COLUMNS": "100",
    }.items():
        monkeypatch.setenv(name, value)
    clock = ManualClock()
    monkeypatch.setattr("reconciler.cli.request.SystemClock", lambda: DrivenClock(clock))
    emulator = Emulator(seed="empty", clock=clock, api_level=api_level, habits=habits)
    with emulator.serve(tls=tls) as url:
        scene = Scene(emulator, root, capsys, f"{folder}/", url)
        scene.git("init", "-q", "-b", "main")
        scene.write("reconciler.yaml", _FLEET.format(id=FLEET_ID, url=url))
        yield scene
