"""The crash matrix: a run is killed around each of its requests in turn, and clean applies take over."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.soak.faults import Script, played
from tests.soak.ground import Ground, Ran, Wanted
from tests.soak.inside import POINTS, Kill, World
from tests.soak.laws import Violation

_CLEAN = 2
_ROOM = ("destroy=99", "shrunk")


@dataclass(frozen=True, slots=True)
class Scenario:
    """Go from one state of git to another, by the apply that is killed, so long after the first.

    `named` are the jobs that its --run names; the clean applies after it name none. The `script` of faults is
    played in the one that is killed.
    """

    name: str
    before: tuple[Wanted, ...]
    after: tuple[Wanted, ...]
    is_git: bool = False
    wait_s: int = 0
    named: tuple[str, ...] = ()
    script: Script = ()


class Law(Protocol):
    """Say what breaks I12 in a killed run and the clean ones after it."""

    def __call__(self, rans: Sequence[Ran], wishes: Any, *, past: World) -> Violation | None:
        """Hold them to it; `wishes` is what git says, `past` every object there ever was."""


@dataclass(frozen=True, slots=True)
class Where:
    """Name the ground on which scenarios are played, opened in a folder, and the law of its platform.

    `peopled` puts there what others have, for what git is about to want.
    """

    grounded: Callable[..., AbstractContextManager[Any]]
    law: Law
    peopled: Callable[[Any, Sequence[Any]], object] = lambda *_: None


@dataclass
class Tally:
    """Count what was tried; `effects` are kills after which something had changed.

    `broken` holds each kill that was not recovered from.
    """

    tried: int = 0
    converged: int = 0
    effects: int = 0
    applies: int = 0
    all_requests: int = 0
    broken: list[tuple[str, Kill, Violation]] = field(default_factory=list)


Choose = Callable[[Sequence[Kill]], Iterable[Kill]]


def crash(scenario: Scenario, tally: Tally, where: Where, choose: Choose = lambda points: points) -> None:
    """Kill the apply of a scenario at its points, or those that are chosen; hold what follows to I12."""
    with _staged(scenario, where) as ground:
        start = Start.of(ground)
        whole = _applied(ground, scenario)
        tally.all_requests += whole.requests
        for kill in choose(_points(whole.requests)):
            start.restore(ground)
            killed = _applied(ground, scenario, kill=kill)
            if not killed.is_killed:  # nothing came after the last answer
                continue
            rans = [killed, *_clean(ground)]
            found = where.law(rans, scenario.after, past=ground.past())
            tally.effects += bool(killed.effects)
            tally.tried += 1
            tally.applies += len(rans) - 1
            tally.converged += found is None
            tally.broken += [(scenario.name, kill, found)] if found else []
        start.restore(ground)


def _applied(ground: Ground, scenario: Scenario, **how: Any) -> Ran:
    with played(ground.emulator.faults, scenario.script):
        return ground.apply(allow=_ROOM, run=scenario.named, **how)


def _points(requests: int) -> list[Kill]:
    return [Kill(number, point) for number in range(1, requests + 1) for point in POINTS]


def _clean(ground: Ground) -> Iterator[Ran]:
    """Apply until one finds nothing left to do, twice at most."""
    for _ in range(_CLEAN):
        ran = ground.apply(allow=_ROOM)
        yield ran
        if ran.code == 0 and (ran.applied is None or ran.applied.is_replan_empty):
            return


@contextmanager
def _staged(scenario: Scenario, where: Where) -> Iterator[Ground]:
    """Bring a fleet into its first state, and git into its second."""
    with (
        tempfile.TemporaryDirectory() as folder,
        where.grounded(Path(folder) / "repo", is_git=scenario.is_git) as ground,
    ):
        ground.declare(scenario.before)
        assert not scenario.before or ground.apply().code == 0
        ground.stage.clock.advance(scenario.wait_s)
        where.peopled(ground, scenario.after)
        ground.declare(scenario.after)
        yield ground


@dataclass(frozen=True)
class Start:
    """Remember a moment of a ground, and bring it back: the world, the ledger, the clock, the journal."""

    world: dict[str, Any]
    entries: list[Any]
    now: Any
    journal: dict[Path, bytes]

    @classmethod
    def of(cls, ground: Ground) -> Start:
        """Remember this moment."""
        world, state = ground.emulator.world, Path(ground.stage.environ["XDG_STATE_HOME"])
        return cls(
            {name: _copied(value) for name, value in vars(world).items()},
            ground.emulator.ledger.entries,
            ground.stage.clock.now(),
            {path: path.read_bytes() for path in state.rglob("*") if path.is_file()},
        )

    def restore(self, ground: Ground) -> None:
        """Bring it back."""
        vars(ground.emulator.world).update({name: _copied(value) for name, value in self.world.items()})
        ground.emulator.ledger._entries[:] = self.entries
        ground.stage.clock._now = self.now
        state = Path(ground.stage.environ["XDG_STATE_HOME"])
        for path in state.rglob("*"):
            if path.is_file() and path not in self.journal:
                path.unlink()
        for path, data in self.journal.items():
            path.write_bytes(data)


def _copied(value: Any) -> Any:
    """Copy what the world changes in place, as deep as it goes; what that holds is frozen."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value.copy() if isinstance(value, list | set) else value
