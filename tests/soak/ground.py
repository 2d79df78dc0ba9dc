"""The ground: one emulated platform, one repository, and our commands run on them, each kept as it went.

What a platform has of its own is left to it: `runai` has one, `primus_safe.ground` the other.
"""

from __future__ import annotations

import asyncio
import gc
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeVar

from starlette.types import ASGIApp

from reconciler.declare import Request
from reconciler.emulator.clock import Clock
from reconciler.emulator.faults import Faults
from reconciler.emulator.ledger import Effect, Entry, Ledger
from reconciler.emulator.server import Stamp
from reconciler.errors import ExitCode, ReconcilerError, heaviest
from reconciler.outcome import Applied
from reconciler.plan import Action
from reconciler.reconcile import Planned, Session, Stop
from tests.scenarios.stage import Stage
from tests.soak.inside import RUN, Kill, Killed, Run, Strike, World, inside

URL = "http://127.0.0.1:9"
"""Nothing is sent there: only log streams would be, and the soak follows none."""
OTHER_FLEET = "0123456789abcdef"
Place = tuple[str, str, str]
"""The scope, kind and name of an object, in our words."""
Between = Callable[[], object]


@dataclass(frozen=True, slots=True, repr=False)  # asyncio spells a task's result at its end
class Ran:
    """Keep what one command of ours was asked, said and did.

    `code` is None where it was killed. `before` and `after` are the live world around it; `place_of` tells
    where in it an object stands.
    """

    verb: str
    request: Mapping[str, Any]
    code: ExitCode | None
    before: World
    after: World
    entries: tuple[Entry, ...]
    strikes: tuple[Strike, ...]
    place_of: Callable[[Any], Place]
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


class Emulated(Protocol):
    """Be an emulator of either platform."""

    world: Any
    ledger: Ledger
    faults: Faults
    clock: Clock
    app: ASGIApp


class Wanted(Protocol):
    """Be something that git wants, one manifest each."""

    @property
    def file(self) -> str:
        """Name the manifest's file, without its ending."""

    def text(self) -> str:
        """Write the manifest."""


@dataclass
class Ground(ABC):
    """Hold the platform and the repository; run commands on them."""

    stage: Stage
    runs: list[Ran] = field(default_factory=list)

    @property
    def emulator(self) -> Emulated:
        """The platform."""
        return self.stage.emulator

    @abstractmethod
    def live(self) -> dict[str, Any]:
        """Give all that is not gone, by id."""

    @abstractmethod
    def past(self) -> dict[str, Any]:
        """Give every object that a request ever made or that is there, as it ended, by id."""

    @staticmethod
    @abstractmethod
    def place_of(one: Any) -> Place:
        """Tell the scope, kind and name of an object."""

    def declare(self, wishes: Iterable[Wanted]) -> None:
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
            self.place_of,
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


Grounded = TypeVar("Grounded", bound=Ground)


@contextmanager
def opened(ground: Grounded, fleet: str, *, has_way_in: bool = False) -> Iterator[Grounded]:
    """Make the folder of a ground into a fleet without manifests, and lead its commands into its platform.

    `has_way_in`: whoever brought the platform has opened the way into it.
    """
    stage, emulator = ground.stage, ground.emulator
    (stage.root / "manifests").mkdir(parents=True)
    (stage.root / "reconciler.yaml").write_text(fleet)
    if stage.is_git:
        stage.git("init", "-q", "-b", "main")
        commit(stage)
    if has_way_in:
        yield ground
        return
    with inside(Stamp(emulator.app, emulator.clock), emulator.ledger, ground.live):
        yield ground


def environ_at(root: Path, **more: str) -> dict[str, str]:
    """Give the environment of the commands that run in a folder; their state is beside it."""
    state = {"XDG_STATE_HOME": str(root.parent / f"{root.name}-state"), "HOME": str(root.parent)}
    return {**state, "PATH": os.environ["PATH"], **more}


def commit(stage: Stage) -> None:
    """Commit what the checkout holds, at the time of the emulated clock."""
    if stage.is_git:
        now = stage.clock.now().isoformat(timespec="seconds")
        stage.git("add", "-A")
        stage.git("commit", "-qm", "change", "--allow-empty", GIT_AUTHOR_DATE=now, GIT_COMMITTER_DATE=now)
