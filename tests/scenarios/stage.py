"""The stage of a scenario: an emulated control plane, a git repository, and our own session on both.

Time belongs to the emulator: whenever the product waits, the emulator's clock moves on.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from reconciler.declare import Request, World
from reconciler.drift import Drift
from reconciler.emulator.clock import ManualClock
from reconciler.emulator.ledger import Entry
from reconciler.emulator.runai import Emulator, Switches
from reconciler.outcome import Applied, Step, Verdict
from reconciler.reconcile import Planned, Session, Stop
from reconciler.secret import Scrubber

T = TypeVar("T")

FLEET_ID = "7f3a9c04d2b81e66"
_FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: ml-platform, id: {id}}}
manifests: [manifests]
vars: [IMAGE_TAG]
secrets: [HF_TOKEN]
targets:
  prod:
    provider: runai
    url: {url}
    auth:
      clientId: "${{{{ vars.RUNAI_CLIENT_ID }}}}"
      clientSecret: "${{{{ secrets.RUNAI_CLIENT_SECRET }}}}"
    scope: {{projects: [{projects}]}}
"""
_GIT = {
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@example.com",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@example.com",
}


class DrivenClock:
    """Be the product's clock: waiting moves the emulator's time and takes none of ours."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._start = clock.now()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return (self._clock.now() - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._clock.advance(max(1e-6, seconds))  # a clock of whole microseconds never stands still
        await asyncio.sleep(0)


@dataclass
class Stage:
    """Hold one scenario. Manifests are written as text; commits are real."""

    emulator: Emulator
    url: str
    root: Path
    environ: dict[str, str]
    is_git: bool = True
    steps: list[Step] = field(default_factory=list)
    commits: int = 0

    @property
    def clock(self) -> ManualClock:
        clock = self.emulator.clock
        assert isinstance(clock, ManualClock)
        return clock

    def write(self, **manifests: str) -> Stage:
        """Write `manifests/NAME.yaml` for each word, and commit."""
        for name, text in manifests.items():
            (self.root / "manifests" / f"{name}.yaml").write_text(textwrap.dedent(text))
        return self.commit()

    def remove(self, *names: str) -> Stage:
        for name in names:
            (self.root / "manifests" / f"{name}.yaml").unlink()
        return self.commit()

    def commit(self) -> Stage:
        if self.is_git:
            self.commits += 1
            self.git("add", "-A")
            stamp = (
                f"2026-03-0{1 + self.commits // 1440}T{self.commits // 60 % 24:02}:{self.commits % 60:02}:00Z"
            )
            self.git(
                "commit", "-qm", "change", "--allow-empty", GIT_AUTHOR_DATE=stamp, GIT_COMMITTER_DATE=stamp
            )
        return self

    def git(self, *words: str, **more: str) -> str:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root), **_GIT, **more}
        done = subprocess.run(
            ["git", "-c", "maintenance.auto=false", *words],
            cwd=self.root,
            env=environ,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def world(self) -> World:
        return World(
            environ=self.environ,
            cwd=self.root,
            clock=DrivenClock(self.clock),
            read_stdin=lambda: b"",
            scrubber=Scrubber(),
        )

    def run(self, act: Callable[[Session], Awaitable[T]], **request: Any) -> T:
        """Open a session and do one thing in it."""

        async def main() -> T:
            async with Session.opened(Request(**request), self.world()) as session:
                return await act(session)

        return asyncio.run(main())

    def plan(self, **request: Any) -> Planned:
        return self.run(lambda session: session.plan(), **request)

    def drift(self, **request: Any) -> Drift:
        return self.run(lambda session: session.drift(), **request)

    def health(self, **request: Any) -> tuple[Verdict, ...]:
        async def act(session: Session) -> tuple[Verdict, ...]:
            return await session.health(await session.plan(is_reading=True))

        return self.run(act, **request)

    def apply(self, *, stop: Stop | None = None, **request: Any) -> Applied:
        """Plan and apply in one session. What refuses raises."""
        self.steps.clear()

        async def act(session: Session) -> Applied:
            planned = await session.plan()
            return await session.apply(planned, listen=self.steps.append, stop=stop or Stop())

        return self.run(act, **request)

    def apply_as_typed(self) -> Applied | None:
        """Plan, and apply where there is anything to do; else only remember, as the command does."""

        async def act(session: Session) -> Applied | None:
            planned = await session.plan()
            if planned.plan.writes:
                return await session.apply(planned, listen=self.steps.append, stop=Stop())
            await session.note_unchanged(planned)
            return None

        return self.run(act)

    def mutations(self, since: int = 0) -> list[Entry]:
        """List what was sent to change something, from the emulator's ledger."""
        return [entry for entry in self.emulator.ledger.mutations() if entry.seq > since]

    def live(self, project: str = "team-a") -> dict[str, Any]:
        """Give the live records of a project by name."""
        return {record.name: record for record in self.emulator.world.live(project)}


@contextmanager
def staged(
    root: Path,
    *,
    switches: Switches | None = None,
    api_level: str = "2.25",
    is_git: bool = True,
    projects: str = "team-a, team-b",
) -> Iterator[Stage]:
    """Set a stage with an empty world, a fleet file and no manifests."""
    clock = ManualClock()
    emulator = Emulator(seed="empty", clock=clock, api_level=api_level, switches=switches or Switches())
    (root / "manifests").mkdir(parents=True)
    environ = {
        "RUNAI_CLIENT_ID": "demo",
        "RUNAI_CLIENT_SECRET": "demo-secret",
        "HF_TOKEN": "hf-canary-0123456789",
        "IMAGE_TAG": "24.07",
        "XDG_STATE_HOME": str(root.parent / "state"),
        "HOME": str(root.parent),
        "PATH": os.environ["PATH"],
    }
    with emulator.serve() as url:
        stage = Stage(emulator, url, root, environ, is_git)
        (root / "reconciler.yaml").write_text(_FLEET.format(id=FLEET_ID, url=url, projects=projects))
        if is_git:
            stage.git("init", "-q", "-b", "main")
            stage.commit()
        yield stage


def a_manifest(name: str = "train", kind: str = "Training", project: str = "team-a", **blocks: str) -> str:
    """Write a small valid manifest; `spec`, `lifecycle`, `health`, `dependsOn` are flow YAML."""
    spec = blocks.pop("spec", "{image: busybox:1, command: sleep, args: infinity}")
    lines = [
        "apiVersion: runai/v1",
        f"kind: {kind}",
        f"metadata: {{name: {name}, project: {project}}}",
        f"spec: {spec}",
        *(f"{block}: {text}" for block, text in blocks.items()),
    ]
    return "\n".join(lines) + "\n"


__all__ = ["DrivenClock", "Stage", "a_manifest", "staged"]
