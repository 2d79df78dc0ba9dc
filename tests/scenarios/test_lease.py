"""A journal in a git ref: one apply at a time anywhere, and memory that survives a fresh machine."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply import apply_plan
from reconciler.declare import Request
from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode, NoStore, ReconcilerError, StalePlan
from reconciler.journal.hold import Holding
from reconciler.journal.lease import Lease, myself
from reconciler.journal.ref import Ref, Seen
from reconciler.outcome import Result
from reconciler.plan.saved import Asked, Issued, read_saved
from reconciler.reconcile import Session, Stop
from reconciler.report.jsonform import json_text, plan_document
from reconciler.report.savedform import saved_document
from tests.remote import NAME, git
from tests.scenarios.oracle import WRITES
from tests.scenarios.stage import FLEET_ID, Stage, a_manifest, staged

TIMEOUT_S = 900.0
JOB = a_manifest("job", spec="{image: 'busybox:1', command: sleep, args: '60'}")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path / "repo") as made:
        git(tmp_path, "init", "-q", "--bare", str(tmp_path / "state.git"))
        with (made.root / "reconciler.yaml").open("a") as file:
            file.write(f"journal: {{store: git, remote: {tmp_path / 'state.git'}}}\n")
        yield made.commit()


def ref_of(stage: Stage) -> Ref:
    return Ref(stage.root, str(stage.root.parent / "state.git"), FLEET_ID)


def taken(stage: Stage, name: str = "bob") -> Holding:
    """Take the lease as somebody else."""
    me = myself({"USER": name}, host="elsewhere", pid=1, run=name)
    return Holding.take(ref_of(stage), me, clock=stage.world().clock, timeout_s=TIMEOUT_S)


def stolen(stage: Stage) -> None:
    """Release whatever holds the lease by hand, and take it as somebody else."""
    seen = ref_of(stage).read()
    assert seen.lease is not None
    assert ref_of(stage).swap(seen, seen.lease.freed(stage.clock.now()), seen.memory)
    taken(stage)


def fresh_machine(stage: Stage) -> None:
    shutil.rmtree(stage.environ["XDG_STATE_HOME"])


def seen(stage: Stage) -> Seen:
    return ref_of(stage).read()


def held(stage: Stage) -> Lease:
    lease = seen(stage).lease
    assert lease is not None
    return lease


def test_an_apply_takes_the_lease_and_gives_it_back_with_what_it_left(stage: Stage) -> None:
    stage.write(job=JOB).apply()

    assert (held(stage).generation, held(stage).is_held) == (1, False)
    assert held(stage).commit == stage.git("rev-parse", "HEAD")
    assert (seen(stage).memory.ended_clean, seen(stage).memory.owned) == (True, {"prod": 1})


def test_what_was_seen_finished_survives_a_fresh_machine(stage: Stage) -> None:
    stage.write(job=JOB).apply()
    stage.clock.advance(120)
    stage.apply_as_typed()
    fresh_machine(stage)

    async def known(session: Session) -> Any:
        await session.plan()
        return session._memory

    memory = stage.run(known)

    assert [key.rpartition("/")[2] for key in memory.finished] == ["job"]
    assert memory.ended_clean


def test_a_saved_plan_that_one_machine_began_and_died_with_is_refused_by_another(stage: Stage) -> None:
    plan = stage.write(job=JOB).plan().plan
    now = stage.clock.now()
    issued = Issued(now, now + timedelta(hours=1), "ab" * 16, Asked(), {"prod": stage.url})
    document = saved_document(plan_document(plan, exit_code=ExitCode.IN_ORDER), plan, issued)
    saved = read_saved(json.loads(json_text(document)))
    stage.emulator.faults.add(Fault(WRITES, status=400, json={"code": 400, "message": "no"}))

    async def die(session: Session) -> None:
        planned = await session.plan()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reconciler.journal.shared._given_back", _nothing)
            await session.apply(planned, listen=lambda _: None, stop=Stop())

    stage.run(die, saved=saved)
    fresh_machine(stage)
    stage.clock.advance(TIMEOUT_S + 1)

    with pytest.raises(StalePlan) as refused:
        stage.apply(saved=saved)

    assert [problem.code for problem in refused.value.problems] == ["RC312"]
    assert not [entry for entry in stage.mutations() if entry.status < 400]


async def _nothing(*_: Any) -> None:
    """Give no lease back, as who is killed does not."""


def test_a_machine_that_starts_empty_still_refuses_what_shrank(stage: Stage) -> None:
    names = [f"job-{n}" for n in range(5)]
    stage.write(**{name: a_manifest(name, "Workspace") for name in names}).apply()
    fresh_machine(stage)

    planned = stage.remove(*names[1:]).plan()

    assert "RC308" in [problem.code for problem in planned.refusals]


def test_while_another_apply_runs_nothing_is_sent(stage: Stage) -> None:
    taken(stage)
    stage.write(job=JOB)

    with pytest.raises(StalePlan, match="another apply of this fleet is running: bob on elsewhere"):
        stage.apply()

    assert not stage.mutations()


def test_a_plan_takes_no_lease_and_needs_none(stage: Stage) -> None:
    taken(stage)
    before = seen(stage).commit
    stage.write(job=JOB)

    planned = stage.plan()
    drift = stage.drift()

    assert planned.plan.writes
    assert drift.items
    assert seen(stage).commit == before


def test_a_dead_holder_is_followed_and_its_run_counts_as_unclean(stage: Stage) -> None:
    stage.write(job=JOB).apply()
    taken(stage)
    stage.clock.advance(TIMEOUT_S + 1)

    async def clean(session: Session) -> bool:
        await session.plan()
        return session._memory.ended_clean if session._memory else True

    assert not stage.run(clean)
    stage.write(more=a_manifest("more", "Workspace")).apply()
    assert (held(stage).generation, seen(stage).memory.ended_clean) == (3, True)


def test_a_lease_stolen_before_the_first_write_ends_stale_with_nothing_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.write(job=JOB)
    share = Holding.confirm

    async def robbed(self: Holding) -> None:
        stolen(stage)
        stage.clock.advance(3)
        await share(self)

    monkeypatch.setattr(Holding, "confirm", robbed)

    with pytest.raises(StalePlan) as raised:
        stage.apply()

    assert raised.value.problems[0].code == "RC322"
    assert not stage.mutations()
    assert (held(stage).holder, held(stage).is_held) == ("bob", True)


def test_a_lease_stolen_in_the_middle_lets_at_most_the_write_in_flight_through(stage: Stage) -> None:
    names = [f"job-{n}" for n in range(6)]
    stage.write(**{name: a_manifest(name, "Workspace") for name in names})
    sent_before: list[int] = []

    class Thief(list[Any]):
        def append(self, step: Any) -> None:
            super().append(step)
            if step.state == "done" and not sent_before:
                stolen(stage)
                sent_before.append(len(stage.mutations()))
                stage.clock.advance(3)

    stage.steps = Thief()
    applied = applied_one_at_a_time(stage)

    results = [outcome.result for outcome in applied.outcomes]
    assert len(stage.mutations()) - sent_before[0] <= 1
    assert Result.DONE in results
    assert Result.NOT_ATTEMPTED in results
    assert applied.exit_code() is ExitCode.PARTIAL
    assert (held(stage).holder, held(stage).is_held) == ("bob", True)


def applied_one_at_a_time(stage: Stage) -> Any:
    async def slowly(*args: Any, **more: Any) -> Any:
        return await apply_plan(*args, **more, concurrency=1)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("reconciler.reconcile.apply_plan", slowly)
        return stage.apply()


@pytest.mark.parametrize("is_done", [False, True], ids=["to do", "nothing to do"])
def test_without_the_remote_nothing_is_applied_and_a_plan_says_what_it_lacks(
    stage: Stage, is_done: bool
) -> None:
    stage.write(job=JOB)
    if is_done:
        stage.apply()
    before = len(stage.mutations())
    (stage.root.parent / "state.git").rename(stage.root.parent / "gone")

    planned = stage.plan()
    with pytest.raises(NoStore) as raised:
        stage.apply_as_typed()

    assert [problem.code for problem in planned.warnings] == ["RC321"]
    assert raised.value.exit_code is ExitCode.UNOBSERVED
    assert len(stage.mutations()) == before


def test_a_remote_that_goes_away_at_the_end_is_one_warning(stage: Stage) -> None:
    stage.write(job=JOB)
    state = stage.root.parent / "state.git"

    class Cut(list[Any]):
        def append(self, step: Any) -> None:
            super().append(step)
            if step.state == "done":
                state.rename(state.with_name("gone"))

    stage.steps = Cut()
    applied = stage.apply()

    warned = [step.text for step in stage.steps if step.state == "note" and step.text.startswith("warning")]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert len(warned) == 1
    assert "could not be given back" in warned[0]
    state.with_name("gone").rename(state)
    assert held(stage).is_held


def test_an_apply_that_breaks_gives_the_lease_back_as_unclean(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.write(job=JOB).apply()
    stage.write(more=a_manifest("more", "Workspace"))

    async def broken(*_: Any, **__: Any) -> Any:
        raise ReconcilerError("a fault")

    monkeypatch.setattr("reconciler.reconcile.apply_plan", broken)
    with pytest.raises(ReconcilerError, match="a fault"):
        stage.apply()

    assert not held(stage).is_held
    assert (seen(stage).memory.ended_clean, seen(stage).memory.owned) == (False, {"prod": 1})


def test_a_stop_while_the_lease_is_being_taken_does_not_leave_it_held(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.write(job=JOB)
    take = Holding.take

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def taking(*args: Any, **more: Any) -> Holding:
            loop.call_soon_threadsafe(task.cancel)
            return take(*args, **more)

        monkeypatch.setattr(Holding, "take", taking)
        async with Session.opened(Request(), stage.world()) as session:
            await session.apply(await session.plan(), listen=stage.steps.append, stop=Stop())

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert not stage.mutations()
    assert not held(stage).is_held


def test_no_secret_stands_in_the_ref(stage: Stage) -> None:
    stage.write(
        job=a_manifest(
            "job",
            spec="{image: busybox:1, environmentVariables: "
            "[{name: HF_TOKEN, value: '${{ secrets.HF_TOKEN }}'}]}",
        )
    ).apply()

    state = stage.root.parent / "state.git"
    text = "".join(git(state, "show", f"{NAME}:{name}") for name in ("lease.json", "memory.json"))
    assert json.loads(git(state, "show", f"{NAME}:memory.json"))["owned"] == {"prod": 1}
    assert not [word for word in ("canary", "demo-secret") if word in text]
