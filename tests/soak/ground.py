"""The ground: one emulated platform, one repository, and our commands run on them, each kept as it went."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from reconciler.declare import Request
from reconciler.emulator.clock import ManualClock
from reconciler.emulator.ledger import Effect, Entry
from reconciler.emulator.runai import Emulator, Switches
from reconciler.emulator.runai.records import Workload
from reconciler.emulator.server import Stamp
from reconciler.errors import ExitCode, ReconcilerError, heaviest
from reconciler.outcome import Applied
from reconciler.plan import Action
from reconciler.reconcile import Planned, Session, Stop
from tests.scenarios.stage import FLEET_ID, Stage
from tests.soak.inside import RUN, Kill, Killed, Run, Strike, inside
from tests.soak.wishes import Wish

URL = "http://127.0.0.1:9"
"""Nothing is sent there: only log streams would be, and the soak follows none."""
OTHER_FLEET = "0123456789abcdef"
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: {name}, id: {id}}}
manifests: [manifests]
targets:
  prod:
    provider: runai
    url: {url}
    auth:
      clientId: "${{{{ vars.RUNAI_CLIENT_ID }}}}"
      clientSecret: "${{{{ secrets.RUNAI_CLIENT_SECRET }}}}"
    scope: {{projects: [team-a, team-b]}}
"""
World = Mapping[str, Workload]
Between = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Ran:
    """Keep what one command of ours was asked, said and did.

    `code` is None where it was killed. `before` and `after` are the live world around it.
    """

    verb: str
    request: Mapping[str, Any]
    code: ExitCode | None
    before: World
    after: World
    entries: tuple[Entry, ...]
    strikes: tuple[Strike, ...]
    requests: int = 0
    planned: Planned | None = None
    applied: Applied | None = None
    error: ReconcilerError | None = None

    @property
    def is_killed(self) -> bool:
        """Whether it was killed on its way."""
        return self.code is None

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Everything it changed, in order."""
        return tuple(effect for strike in self.strikes for effect in strike.entry.effects)


@dataclass
class _Act:
    """Collect what a command comes to on its way."""

    planned: Planned | None = None
    applied: Applied | None = None
    error: ReconcilerError | None = None
    code: ExitCode | None = None


@dataclass
class Ground:
    """Hold the platform and the repository; run commands on them."""

    stage: Stage
    runs: list[Ran] = field(default_factory=list)

    @property
    def emulator(self) -> Emulator:
        """The platform."""
        return self.stage.emulator

    def live(self) -> dict[str, Workload]:
        """Give all that is not gone, by id."""
        return {one.id: one for one in self.emulator.world.live()}

    def past(self) -> dict[str, Workload]:
        """Give every object that a request ever made or that is there, as it ended, by id."""
        world, live = self.emulator.world, self.live()
        made = {effect.id for effect in self.emulator.ledger.effects() if effect.verb == "create"}
        return {id_: world.workload(id_) for id_ in sorted(made | {*live})}

    def declare(self, wishes: Iterable[Wish]) -> None:
        """Make git want exactly this."""
        folder = self.stage.root / "manifests"
        for path in folder.iterdir():
            path.unlink()
        for wish in wishes:
            (folder / f"{wish.file}.yaml").write_text(wish.text())
        commit(self.stage)

    def apply(self, **how: Any) -> Ran:
        """Plan and apply, as the command does under --yes."""
        return self.run("apply", **how)

    def run(self, verb: str, **how: Any) -> Ran:
        """Run one command in a loop of its own; see `ran`."""
        with _uncollected():
            return asyncio.run(self.ran(verb, **how))

    def both(self, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Ran]:
        """Run two applies at the same time, request by request in turns."""

        async def main() -> list[Ran]:
            return list(await asyncio.gather(self.ran("apply", **first), self.ran("apply", **second)))

        with _uncollected():
            return asyncio.run(main())

    async def ran(
        self,
        verb: str,
        *,
        machine: str = "",
        kill: Kill | None = None,
        order: Random | None = None,
        between: Between = lambda: None,
        **request: Any,
    ) -> Ran:
        """Run one command and keep it.

        `machine` names another one than ours, with a journal of its own. `between` happens after the plan.
        """
        run, act, before = Run(kill, order), _Act(), self.live()
        RUN.set(run)
        try:
            async with Session.opened(Request(**request), self._on(machine).world()) as session:
                await _VERBS[verb](session, act, between, request)
        except (Killed, BaseExceptionGroup, asyncio.CancelledError, ReconcilerError) as raised:
            _end(act, raised, run)
        entries = {entry.seq: entry for entry in self.emulator.ledger.entries}
        kept = Ran(
            verb,
            {**request, "machine": machine},
            None if run.is_dead else act.code,
            before,
            self.live(),
            tuple(entries[seq] for seq in run.seqs),
            tuple(replace(strike, entry=entries[strike.entry.seq]) for strike in run.strikes),
            run.requests,
            act.planned,
            act.applied,
            act.error,
        )
        self.runs.append(kept)
        return kept

    def _on(self, machine: str) -> Stage:
        if not machine:
            return self.stage
        state = f"{self.stage.environ['XDG_STATE_HOME']}-{machine}"
        return replace(self.stage, environ={**self.stage.environ, "XDG_STATE_HOME": state})


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector out of a loop: what it closes there takes turns, and no two runs would be alike."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _end(act: _Act, raised: BaseException, run: Run) -> None:
    """Read how a command ended that did not come to its end; what is no end of ours goes on."""
    inner = raised
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    if run.is_dead:
        return
    if not isinstance(inner, ReconcilerError):
        raise raised
    act.error, act.code = inner, inner.exit_code


async def _apply(session: Session, act: _Act, between: Between, request: Mapping[str, Any]) -> None:
    act.planned = planned = await session.plan()
    between()
    if not planned.refusals and not planned.plan.writes and (request.get("partial") or not planned.failures):
        await session.note_unchanged(planned)
        refused = [ExitCode.REFUSED] if planned.plan.having(Action.REFUSED) else []
        act.code = heaviest([planned.exit_code(), *refused])
        return
    act.applied = await session.apply(planned, listen=lambda _: None, stop=Stop())
    act.code = act.applied.exit_code()


async def _plan(session: Session, act: _Act, _: Between, __: Mapping[str, Any]) -> None:
    act.planned = await session.plan()
    act.code = act.planned.exit_code(show_changes=True)


async def _drift(session: Session, act: _Act, _: Between, __: Mapping[str, Any]) -> None:
    act.code = (await session.drift()).exit_code()


async def _health(session: Session, act: _Act, _: Between, __: Mapping[str, Any]) -> None:
    await session.health(await session.plan(is_reading=True))
    act.code = ExitCode.IN_ORDER


_VERBS = {"apply": _apply, "plan": _plan, "drift": _drift, "health": _health}


@contextmanager
def grounded(
    root: Path,
    *,
    switches: Switches | None = None,
    is_git: bool = False,
    emulator: Emulator | None = None,
    fleet_id: str = FLEET_ID,
) -> Iterator[Ground]:
    """Prepare a ground with an empty platform, or that of an `emulator`, and a fleet without manifests."""
    platform = emulator or Emulator(seed="empty", clock=ManualClock(), switches=switches)
    (root / "manifests").mkdir(parents=True)
    environ = {
        "RUNAI_CLIENT_ID": "demo",
        "RUNAI_CLIENT_SECRET": "demo-secret",
        "XDG_STATE_HOME": str(root.parent / f"{root.name}-state"),
        "HOME": str(root.parent),
        "PATH": os.environ["PATH"],
    }
    stage = Stage(platform, URL, root, environ, is_git)
    (root / "reconciler.yaml").write_text(FLEET.format(name="ml-platform", id=fleet_id, url=URL))
    if is_git:
        stage.git("init", "-q", "-b", "main")
        commit(stage)
    if emulator:  # whoever brings it has opened the way in
        yield Ground(stage)
        return
    with inside(Stamp(platform.app, platform.clock), platform.world, platform.ledger):
        yield Ground(stage)


def commit(stage: Stage) -> None:
    """Commit what the checkout holds, at the time of the emulated clock."""
    if stage.is_git:
        now = stage.clock.now().isoformat(timespec="seconds")
        stage.git("add", "-A")
        stage.git("commit", "-qm", "change", "--allow-empty", GIT_AUTHOR_DATE=now, GIT_COMMITTER_DATE=now)
