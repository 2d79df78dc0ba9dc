"""Late reads, lost answers, clones, and nights: one object each, and nobody else's."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ExitCode, UnsafePlan
from reconciler.look import Wanted
from reconciler.mark import Mark
from reconciler.plan import Action
from reconciler.providers.primus_safe import marks
from tests.scenarios.primus_safe.stage import SafeStage, a_manifest, staged

LONG = "env: {EMULATOR_SECONDS: '864000'}"


@pytest.fixture(params=[1, 2], ids=["first", "second"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SafeStage]:
    with staged(tmp_path / "repo", request.param, lag_s=5.0, jitter_s=15.0, cache_s=2.0) as made:
        yield made


def test_ten_nights_over_a_finished_job_submit_it_once(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec="env: {EMULATOR_SECONDS: '60'}"))

    for _ in range(10):
        stage.apply_as_typed()
        stage.wait(86_400)

    assert len(stage.creates()) == 1
    assert [one.phase for one in stage.all("train")] == ["Succeeded"]
    (change,) = stage.plan().plan.changes
    assert (change.action, change.reason) == (Action.KEEP, "finished")


def test_ten_nights_over_a_failed_job_submit_it_once(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec="entryPoint: python crash.py"))

    for _ in range(10):
        stage.apply_as_typed()
        stage.wait(86_400)

    assert len(stage.creates()) == 1


def test_a_job_that_runs_each_night_is_made_anew_and_its_history_stays(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec="env: {EMULATOR_SECONDS: '60'}", lifecycle="{run: Always}"))

    for _ in range(5):
        stage.apply_as_typed()
        stage.wait(3600)

    stage.drift()
    assert [one.phase for one in stage.all("train")] == ["Succeeded"] * 5
    assert len(stage.mutations()) == 5


def test_a_protected_job_that_failed_runs_mended_beside_its_history(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec="entryPoint: python crash.py", lifecycle="{protect: true}"))
    stage.apply_as_typed()
    stage.wait(3600)

    stage.write(train=a_manifest(spec=LONG, lifecycle="{protect: true}"))
    (change,) = stage.plan().plan.changes
    stage.apply()

    assert (change.action, change.is_destructive) == (Action.CREATE, False)
    assert [one.phase for one in stage.all("train")] == ["Failed", "Running"]


def test_what_a_run_of_another_fleet_came_to_holds_no_name(stage: SafeStage) -> None:
    stage.write(other=a_manifest("other", spec="env: {EMULATOR_SECONDS: '60'}")).apply()
    (done,), world = stage.all("other"), stage.safe.world
    mark = Mark("0123456789abcdef", "", "train-mi300/PyTorchJob/train", "1:0123456789ab")
    theirs = marks.described("theirs", mark)
    id_ = world.new_id("train")
    world.submit(id_, done.spec, world.users.named("demo"), display_name="train", description=theirs)
    stage.wait(3600)

    stage.write(train=a_manifest(spec=LONG)).apply()

    assert [(one.id == id_, one.phase) for one in stage.all("train")] == [
        (True, "Succeeded"),
        (False, "Running"),
    ]
    assert stage.plan().plan.is_empty


def test_strangers_of_one_name_are_told_in_one_order(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    world, mina = stage.safe.world, stage.safe.world.users.named("mina")
    for _ in range(2):  # one runs, one does not yet
        world.submit(world.new_id("theirs"), stage.one().spec, mina, display_name="theirs")
        stage.wait(22)

    told = stage.plan().plan.strangers
    stage.spoil(r"GET /api/v1/workloads\?.*", kind="mutate", mutate=_reversed, forever=True)

    assert {one.phase for one in told} == {"Running", "Pending"}
    assert stage.plan().plan.strangers == told


def _reversed(body: Any) -> Any:
    return {**body, "items": body["items"][::-1]}


def test_a_clone_by_somebody_else_is_never_touched(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    mine = stage.one()
    world = stage.safe.world
    clone = world.submit(
        world.new_id("train"),
        mine.spec,
        world.users.named("mina"),
        display_name="train",
        description=mine.description,
    )
    before = len(stage.mutations())

    again = stage.wait(60).plan().plan
    shown = stage.run(lambda session: session.looking().find(Wanted()))
    stage.remove("train").apply(allow=("empty", "shrunk", "destroy=1"))

    assert again.is_empty
    assert [(one.summary.key.name, one.whose) for one in shown] == [
        ("train", "ours"),
        (f"train ({clone.id})", "unclaimed (copied mark)"),
    ]
    assert [entry.effect.name for entry in stage.mutations()[before:] if entry.effect] == ["train"]
    assert [one.id for one in stage.all("train") if not one.is_ended] == [clone.id]
    assert [one.owner for one in stage.plan().plan.strangers] == ["unclaimed (copied mark)"]


def test_what_a_protected_job_waits_for_stays_when_both_lose_their_manifests(stage: SafeStage) -> None:
    waits = a_manifest("second", spec="dependencies: [first]", lifecycle="{protect: true}")
    stage.write(first=a_manifest("first", spec=LONG), second=waits, other=a_manifest("other")).apply()
    stage.remove("first", "second")
    stage.wait(60)

    changes = {change.key.name: change for change in stage.plan().plan.changes}

    assert (changes["first"].action, changes["second"].action) == (Action.KEEP, Action.KEEP)
    assert "PyTorchJob/second needs it" in changes["first"].reason
    assert str(changes["first"].source) == "manifests/first.yaml"


def test_another_users_credentials_make_nothing_twice(stage: SafeStage, tmp_path: Path) -> None:
    names = ("train", "other")
    stage.write(**{name: a_manifest(name, spec=LONG) for name in names}).apply()
    before = len(stage.mutations())
    shutil.rmtree(tmp_path / "state")  # a new machine remembers nothing
    token, _ = stage.safe.tokens.issue(stage.safe.world.users.named("mina"))
    fleet = stage.root / "reconciler.yaml"
    fleet.write_text(re.sub(r"auth: .*", 'auth: {cookie: "${{ secrets.COOKIE }}"}', fleet.read_text()))
    stage.environ["COOKIE"] = token
    stage.commit()
    stage.wait(60)

    planned = stage.plan()
    with pytest.raises(UnsafePlan):
        stage.apply()

    assert [refusal.code for refusal in planned.refusals] == ["RC308"]
    assert "2 with this fleet's mark" in planned.refusals[0].what
    assert len(stage.mutations()) == before


def test_a_clone_of_ours_by_ourselves_is_a_problem_and_neither_is_touched(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    mine, world = stage.one(), stage.safe.world
    world.submit(
        world.new_id("train"),
        mine.spec,
        world.users.named("demo"),
        display_name="train",
        description=mine.description,
    )
    stage.wait(60)

    (change,) = stage.plan().plan.changes

    assert change.action is Action.REFUSED
    assert "2 live objects hold this name" in change.reason


def test_what_somebody_stopped_is_created_anew_beside_its_history(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    first = stage.one()
    stage.called("POST", f"/api/v1/workloads/{first.id}/stop")
    stage.wait(60)

    (change,) = stage.plan().plan.changes
    applied = stage.apply()

    assert (change.action, change.reason) == (Action.CREATE, "stopped by a person; git says Running")
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert [one.phase for one in stage.all("train")] == ["Stopped", "Running"]


def test_many_creates_with_late_reads_and_lost_answers_make_one_object_each(tmp_path: Path) -> None:
    many = 60
    with staged(tmp_path / "repo", 2, lag_s=5.0, jitter_s=15.0) as stage:
        stage.write(**{f"job{n}": a_manifest(f"job{n}", spec=LONG) for n in range(many)})
        for nth in range(3, many, 10):
            stage.spoil("POST /api/v1/workloads", kind="lost", nth=nth)

        applied = stage.apply(allow=(f"create={many}",))

    made = Counter(entry.effect.name for entry in stage.creates() if entry.effect)
    assert made == Counter(f"job{n}" for n in range(many))
    assert {outcome.result.value for outcome in applied.outcomes} == {"done"}


@pytest.mark.parametrize("image", ["rocm/pytorch:1", "rocm/pytorch:2"], ids=["the same", "another spec"])
def test_a_run_that_broke_off_unseen_is_not_repeated(stage: SafeStage, tmp_path: Path, image: str) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    mine, world = stage.one(), stage.safe.world
    description, spec = mine.description, mine.spec
    stage.called("DELETE", f"/api/v1/workloads/{mine.id}")
    stage.wait(60)
    shutil.rmtree(tmp_path / "state")  # the journal of the run that broke off is lost as well
    stage.write(train=a_manifest(spec=f"image: '{image}', {LONG}"))  # git may have moved on since

    def create_unseen() -> None:
        world.submit(
            world.new_id("train"),
            spec,
            world.users.named("demo"),
            display_name="train",
            description=description,
        )

    create_unseen()
    applied = stage.apply()

    assert [outcome.why for outcome in applied.outcomes] == [
        f"changed since the plan: it exists already ({stage.one().id})"
    ]
    assert not stage.creates(since=stage.mutations()[-1].seq)
    assert [one.phase for one in stage.all("train")] == ["Running"]
    assert not stage.plan().plan.having(Action.CREATE)


def test_what_comes_back_with_a_kind_that_nobody_knows_is_not_made_again(stage: SafeStage) -> None:
    stage.write(train=a_manifest(spec=LONG)).apply()
    stage.wait(60)
    before = len(stage.mutations())
    stage.spoil("GET /api/v1/workloads.*", kind="mutate", mutate=_of_another_kind, forever=True)

    (change,) = stage.plan().plan.changes

    assert change.action is Action.UNKNOWN
    assert "type that is not known here: NewJob" in change.reason
    assert len(stage.mutations()) == before


def test_other_kinds_by_others_say_nothing_of_their_namesakes(stage: SafeStage) -> None:
    world = stage.safe.world
    stage.write(train=a_manifest(spec=LONG)).apply()
    spec = stage.one().spec
    world.submit(world.new_id("train"), spec, world.users.named("mina"), display_name="train")
    stage.wait(60)
    stage.spoil("GET /api/v1/workloads.*", kind="mutate", mutate=_minas_of_another_kind, forever=True)

    assert stage.plan().plan.is_empty


def _of_another_kind(body: dict[str, Any], by: str = "") -> dict[str, Any]:
    for row in body.get("items", [body]) or []:
        if not by or row["userName"] == by:
            row["groupVersionKind"] = {"version": "v1", "kind": "NewJob"}
    return body


def _minas_of_another_kind(body: dict[str, Any]) -> dict[str, Any]:
    return _of_another_kind(body, by="mina")
