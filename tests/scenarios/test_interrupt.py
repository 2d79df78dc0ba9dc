"""An apply that is stopped or killed at any moment leaves what a clean apply completes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from reconciler.declare import Request
from reconciler.emulator.faults import Fault
from reconciler.emulator.runai.phases import Pace
from reconciler.errors import ExitCode
from reconciler.outcome import Result, Step
from reconciler.plan import Action
from reconciler.reconcile import Session, Stop
from tests.scenarios.oracle import WRITES, a_sleeper, an_inference, apply_hearing, effects, mark, names
from tests.scenarios.stage import Stage

ROOT = Path(__file__).parents[2]
FIVE = Counter(
    {
        ("create", "fresh"): 1,
        ("update", "chat"): 1,
        ("delete", "train"): 1,
        ("create", "train"): 1,
        ("delete", "note"): 1,
    }
)
"""What the apply of `changed` does: a create, an update, both halves of a replace, a prune."""


@pytest.fixture
def changed(stage: Stage) -> Stage:
    """Give a fleet whose next apply makes every kind of change."""
    stage.write(train=a_sleeper(), note=a_sleeper("note", "Workspace"), chat=an_inference()).apply()
    stage.remove("note").write(
        train=a_sleeper(image="busybox:2", lifecycle="{onImmutableChange: Replace}"),
        chat=an_inference(image="busybox:2"),
        fresh=a_sleeper("fresh"),
    )
    return stage


def assert_converged(stage: Stage, since: int) -> None:
    """Hold what every one of these ends with: each effect once, one object per key, nothing left to do."""
    assert effects(stage, since) == FIVE
    assert names(stage) == {"train", "chat", "fresh"}
    assert {stage.live()[name].spec["image"] for name in ("train", "chat")} == {"busybox:2"}
    assert not stage.plan().plan.writes


# -- a stop that was asked for -----------------------------------------------------------------------


def stopping_at(stop: Stop, state: str, nth: int = 1) -> Callable[[Step], None]:
    seen: list[Step] = []

    def listen(step: Step) -> None:
        seen.extend([step] if step.state == state else [])
        stop.requested = stop.requested or len(seen) >= nth

    return listen


def test_a_stop_finishes_what_is_in_flight_and_the_next_apply_does_the_rest(stage: Stage) -> None:
    chain = [a_sleeper("job-0", "Workspace")] + [
        a_sleeper(f"job-{n}", "Workspace", dependsOn=f"[{{kind: Workspace, name: job-{n - 1}}}]")
        for n in range(1, 4)
    ]
    stage.write(**{f"job-{n}": text for n, text in enumerate(chain)})
    stop = Stop()

    stopped = apply_hearing(stage, stopping_at(stop, "sent"), stop=stop)
    after_stop = effects(stage)
    completed = stage.apply()

    assert stopped.exit_code() is ExitCode.INTERRUPTED
    assert [outcome.result for outcome in stopped.outcomes] == [Result.DONE, *[Result.NOT_ATTEMPTED] * 3]
    assert after_stop == {("create", "job-0"): 1}
    assert completed.exit_code() is ExitCode.IN_ORDER
    assert effects(stage) == {("create", f"job-{n}"): 1 for n in range(4)}


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_stop_after_any_write_leaves_nothing_in_doubt(changed: Stage, nth: int) -> None:
    before, stop = mark(changed), Stop()

    stopped = apply_hearing(changed, stopping_at(stop, "sent", nth), stop=stop)
    results = {outcome.result for outcome in stopped.outcomes}
    completed = changed.apply()

    assert stopped.exit_code() is ExitCode.INTERRUPTED
    assert Result.UNRESOLVED not in results
    assert completed.exit_code() is ExitCode.IN_ORDER
    assert_converged(changed, before)


def test_a_stop_while_the_old_one_is_leaving_says_that_the_new_one_was_not_made(stage: Stage) -> None:
    stage.write(train=a_sleeper()).apply()
    stage.write(train=a_sleeper(image="busybox:2", lifecycle="{onImmutableChange: Replace}"))
    before, stop = mark(stage), Stop()

    stopped = apply_hearing(stage, stopping_at(stop, "state"), stop=stop)
    (outcome,) = stopped.outcomes
    sent = effects(stage, before)
    completed = stage.apply()

    assert stopped.exit_code() is ExitCode.INTERRUPTED
    assert (outcome.action, outcome.result) == (Action.REPLACE, Result.FAILED)
    assert outcome.why.startswith("deleted, but not created again; the next apply creates it")
    assert sent == {("delete", "train"): 1}
    assert completed.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {("delete", "train"): 1, ("create", "train"): 1}


def test_a_stop_while_settling_ends_the_wait_and_loses_no_object(stage: Stage) -> None:
    stage.write(train=a_sleeper(health="{hold: 10m}"))
    stop = Stop()

    stopped = apply_hearing(stage, stopping_at(stop, "state"), stop=stop)

    assert stopped.exit_code() is ExitCode.INTERRUPTED
    assert effects(stage) == {("create", "train"): 1}
    assert stage.apply().exit_code() is ExitCode.IN_ORDER
    assert effects(stage) == {("create", "train"): 1}


# -- a crash -----------------------------------------------------------------------------------------


class Crash(Exception):
    """Go down without a word."""


@pytest.mark.parametrize("nth", range(1, 9))
def test_a_crash_between_any_two_steps_is_completed_by_a_clean_apply(changed: Stage, nth: int) -> None:
    before, seen = mark(changed), [0]

    def crash(_: Step) -> None:
        seen[0] += 1
        if seen[0] == nth:
            raise Crash

    with pytest.raises(ExceptionGroup) as raised:
        apply_hearing(changed, crash)
    changed.clock.advance(10)
    completed = changed.apply()

    assert raised.group_contains(Crash)
    assert completed.exit_code() is ExitCode.IN_ORDER
    assert_converged(changed, before)


def deadly(match: str, nth: int, phase: str, kill: Callable[[], object]) -> Fault:
    """Make a fault that kills the client when its request arrives, and never answers."""

    class Deadly(Fault):
        def strikes(self, number: int) -> bool:
            is_hit = Fault.strikes(self, number)
            if is_hit:
                kill()
            return is_hit

    return Deadly(match, nth=nth, kind="hang", phase="before" if phase == "before" else "after_effect")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what is torn leaves sockets
@pytest.mark.parametrize("phase", ["before", "after_effect"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_a_run_torn_off_at_any_write_is_completed_by_a_clean_apply(
    changed: Stage, nth: int, phase: str
) -> None:
    before = mark(changed)

    async def torn() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        kill = partial(loop.call_soon_threadsafe, task.cancel)
        changed.emulator.faults.add(deadly(WRITES, nth, phase, kill))
        await apply_in_this_loop(changed)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(torn())
    changed.emulator.faults.clear()
    changed.clock.advance(10)
    completed = changed.apply()

    assert completed.exit_code() is ExitCode.IN_ORDER
    assert_converged(changed, before)


async def apply_in_this_loop(stage: Stage) -> None:
    async with Session.opened(Request(), stage.world()) as session:
        await session.apply(await session.plan(), listen=lambda _: None, stop=Stop())


# -- kill -9 -----------------------------------------------------------------------------------------


def run_until_killed(stage: Stage, phase: str) -> int:
    """Run the command itself, as a runner would, kill it at its first write, and give its exit code."""
    command = [sys.executable, "-m", "reconciler", "apply", "--yes"]
    environ = {**stage.environ, "PYTHONPATH": str(ROOT), "CI": "1"}
    born = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        born.wait(60)
        processes[0].kill()

    stage.emulator.faults.add(deadly(WRITES, 1, phase, kill))
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=stage.root, env=environ, stdout=silent, stderr=silent) as process:
        processes.append(process)
        born.set()
        code = process.wait(timeout=60)
    stage.emulator.faults.clear()
    return code


def test_kill_9_at_one_write_after_the_other_gets_there_in_the_end(changed: Stage) -> None:
    changed.emulator.world.pace = replace(Pace(), deleting_s=0.0)
    before = mark(changed)

    killed = list(iter(lambda: run_until_killed(changed, "after_effect"), 0))

    assert 2 <= len(killed) <= 5
    assert set(killed) == {-signal.SIGKILL}
    assert changed.apply().exit_code() is ExitCode.IN_ORDER
    assert_converged(changed, before)


def test_kill_9_before_a_write_took_effect_is_completed_by_a_clean_apply(stage: Stage) -> None:
    stage.write(train=a_sleeper())

    killed = run_until_killed(stage, "before")
    sent = effects(stage)
    completed = stage.apply()

    assert killed == -signal.SIGKILL
    assert sent == {}
    assert completed.exit_code() is ExitCode.IN_ORDER
    assert effects(stage) == {("create", "train"): 1}
