"""Only what carries our mark as its own is ever touched; what others made stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from reconciler.mark import Mark
from reconciler.outcome import Result
from reconciler.plan import Action
from reconciler.providers.runai.marks import MARK, MARK_NOTE, OURS
from tests.scenarios.oracle import (
    WRITES,
    a_sleeper,
    an_inference,
    apply_hearing,
    codes,
    effects,
    mark,
    names,
    outcome_of,
    record,
    refusal,
    remarked,
    touched,
)
from tests.scenarios.stage import FLEET_ID, Stage, staged

Spec = dict[str, Any]
PLAIN: Spec = {"image": "busybox:1", "command": "sleep infinity"}


def unmarked(spec: Spec) -> Spec:
    """Give a spec without anything of ours."""
    return {
        **spec,
        **{
            field: [item for item in spec[field] if item["name"] not in OURS]
            for field in ("annotations", "environmentVariables")
        },
    }


def renamed(name: str, *, kind: str = "Training", fleet_id: str = FLEET_ID) -> Callable[[Mark], Mark]:
    def change(known: Mark) -> Mark:
        cluster, project, *_ = known.key.split("/")
        return replace(known, key=f"{cluster}/{project}/{kind}/{name}", fleet_id=fleet_id)

    return change


@dataclass
class Crowd:
    """Remember the objects of others as they were first seen, and when that was."""

    stage: Stage
    before: dict[str, bytes]
    since: dict[str, int]

    def add(self, name: str, spec: Spec, kind: str = "Training", project: str = "team-a") -> str:
        """Put an object of somebody else there."""
        world = self.stage.emulator.world
        id_ = world.add_workload(
            kind=kind, project=project, name=name, spec=spec, created_by="mina", phase="Running"
        )
        return self.watch(id_)

    def watch(self, id_: str) -> str:
        self.before[id_] = record(self.stage.emulator.world.workload(id_))
        self.since[id_] = mark(self.stage)
        return id_

    def check(self) -> None:
        assert [e for id_, seq in self.since.items() for e in touched(self.stage.mutations(seq), [id_])] == []
        assert {id_: record(self.stage.emulator.world.workload(id_)) for id_ in self.before} == self.before


@pytest.fixture
def crowd(stage: Stage) -> Iterator[Crowd]:
    """Give a fleet of three kinds among objects of others, which must stay as they are."""
    stage.write(train=a_sleeper(), note=a_sleeper("note", "Workspace"), chat=an_inference()).apply()
    ours = {name: dict(one.spec) for name, one in stage.live().items()}
    others = Crowd(stage, {}, {})
    others.add("foreign", remarked(ours["train"], renamed("foreign", fleet_id="0123456789abcdef")))
    others.add("foreign-held", remarked(ours["train"], renamed("foreign-held", fleet_id="0123456789abcdef")))
    others.add("unclaimed", PLAIN)
    others.add("unclaimed-held", PLAIN)
    others.add("copied", ours["train"])
    others.add("copied-held", ours["train"])
    others.add("copied-kind", remarked(ours["note"], renamed("copied-kind", kind="Workspace")))
    others.add("copied-inference", ours["chat"], "Inference")
    others.add("other-version", {**PLAIN, "annotations": [{"name": MARK_NOTE, "value": '{"v": 9}'}]})
    for name in ("train-2", "trai", "tra-in", "xtrain"):
        others.add(name, PLAIN)
    others.add("train", ours["train"], project="team-b")
    others.add("train", PLAIN, project="platform")
    yield others
    others.check()


HELD = ("foreign-held", "unclaimed-held", "copied-held", "copied-kind")


def test_a_plan_shows_the_objects_of_others_and_offers_nothing_for_them(crowd: Crowd) -> None:
    plan = crowd.stage.plan().plan

    assert plan.is_empty
    assert {(s.key.name, s.owner) for s in plan.strangers} >= {
        ("foreign", "foreign"),
        ("unclaimed", "unclaimed"),
        ("copied", "unclaimed (copied mark)"),
        ("copied-kind", "unclaimed (copied mark)"),
        ("other-version", "unclaimed"),
        ("train", "unclaimed (copied mark)"),
    }


def test_an_apply_of_every_kind_of_change_leaves_the_objects_of_others(crowd: Crowd) -> None:
    stage = crowd.stage
    stage.write(
        train=a_sleeper(image="busybox:2"), chat=an_inference(image="busybox:2"), more=a_sleeper("more")
    ).remove("note")
    before = mark(stage)

    applied = stage.apply(allow=("replace=Training/train",))

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {
        ("delete", "train"): 1,
        ("create", "train"): 1,
        ("update", "chat"): 1,
        ("create", "more"): 1,
        ("delete", "note"): 1,
    }


def test_manifests_that_name_the_objects_of_others_are_refused_and_the_rest_is_applied(crowd: Crowd) -> None:
    stage = crowd.stage
    stage.write(**{name: a_sleeper(name, image="busybox:9") for name in HELD}, more=a_sleeper("more"))
    before = mark(stage)

    applied = stage.apply(allow=tuple(f"replace=Training/{name}" for name in HELD))

    assert applied.exit_code() is ExitCode.PARTIAL
    assert {outcome_of(applied, name).result for name in HELD} == {Result.REFUSED}
    assert effects(stage, before) == {("create", "more"): 1}


def test_a_name_held_by_a_stranger_of_another_kind_is_refused(crowd: Crowd) -> None:
    crowd.stage.write(clash=a_sleeper("unclaimed-held", "Workspace"))

    applied = crowd.stage.apply()

    assert applied.exit_code() is ExitCode.REFUSED


def test_pruning_all_that_is_ours_leaves_the_objects_of_others(crowd: Crowd) -> None:
    stage = crowd.stage
    stage.remove("train", "note", "chat")
    before = mark(stage)
    allow = ("empty", "destroy=99", *(f"delete=Training/{name}" for name in (*HELD, "foreign", "copied")))

    applied = stage.apply(allow=allow)

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(stage, before) == {("delete", "train"): 1, ("delete", "note"): 1, ("delete", "chat"): 1}


@pytest.mark.parametrize("fault", [{"status": 403}, {"kind": "lost"}], ids=["refused", "lost"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_apply_that_fails_half_way_leaves_the_objects_of_others(
    crowd: Crowd, fault: Mapping[str, Any], nth: int
) -> None:
    stage = crowd.stage
    stage.write(train=a_sleeper(image="busybox:2"), more=a_sleeper("more")).remove("note")
    stage.emulator.faults.add(Fault(WRITES, nth=nth, **fault))

    stage.apply(allow=("replace=Training/train",))
    stage.emulator.faults.clear()
    again = stage.apply(allow=("replace=Training/train",))

    assert again.exit_code() is ExitCode.IN_ORDER
    assert names(stage) >= {"train", "more", "chat"}
    assert "note" not in names(stage)


def test_a_fleet_with_the_same_name_and_another_id_touches_nothing_of_ours(crowd: Crowd) -> None:
    stage = crowd.stage
    for one in stage.live().values():
        crowd.watch(one.id)
    file = stage.root / "reconciler.yaml"
    file.write_text(file.read_text().replace(FLEET_ID, "aaaaaaaaaaaaaaaa"))
    stage.remove("note").write(train=a_sleeper(image="busybox:2"))

    applied = stage.apply(allow=("replace=Training/train", "delete=Workspace/note"))

    assert applied.exit_code() is ExitCode.REFUSED


EDITS: Mapping[str, Callable[[Spec], Spec]] = {
    "removed": unmarked,
    "no longer readable": lambda spec: remarked_text(spec, "hands off, mina"),
    "given to another fleet": lambda spec: remarked(spec, lambda m: replace(m, fleet_id="0123456789abcdef")),
    "given to another name": lambda spec: remarked(spec, renamed("elsewhere")),
}


def remarked_text(spec: Spec, text: str) -> Spec:
    return {
        **spec,
        **{
            field: [{**i, "value": text} if i["name"] in (MARK, MARK_NOTE) else i for i in spec[field]]
            for field in ("annotations", "environmentVariables")
        },
    }


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_objects_whose_mark_a_person_changed_are_no_longer_touched(
    crowd: Crowd, edit: Callable[[Spec], Spec]
) -> None:
    stage = crowd.stage
    keys = {
        f"{one.kind}/{one.name}" for one in stage.live().values() if one.name in ("train", "note", "chat")
    }
    for one in [one for one in stage.live().values() if f"{one.kind}/{one.name}" in keys]:
        stage.emulator.world.edit_spec(one.id, edit(dict(one.spec)), by="mina")
    stage.clock.advance(60)
    for name in ("train", "note", "chat"):
        crowd.watch(stage.live()[name].id)
    stage.write(
        train=a_sleeper(image="busybox:2"),
        note=a_sleeper("note", "Workspace", image="busybox:2"),
        chat=an_inference(image="busybox:2"),
    )

    refused = stage.apply(allow=tuple(f"replace={key}" for key in keys))
    removed = stage.remove("train", "note", "chat").apply(
        allow=("empty", "shrunk", *(f"delete={key}" for key in keys))
    )

    assert refused.exit_code() is ExitCode.REFUSED
    assert removed.exit_code() is ExitCode.IN_ORDER


# -- between the plan and the write ------------------------------------------------------------------


@pytest.fixture(params=[404, 200], ids=["gone is 404", "gone is a row with deletedAt"])
def moving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path / "repo", switches=Switches(gone_status=request.param)) as stage:
        stage.write(train=a_sleeper(), note=a_sleeper("note", "Workspace"), chat=an_inference()).apply()
        yield stage


def swapped(stage: Stage, name: str) -> Callable[[], None]:
    """Give the move of a person who deletes an object and makes it anew, its spec and mark included."""

    def swap() -> None:
        old = stage.live()[name]
        stage.emulator.world.remove(old.id)
        stage.emulator.world.add_workload(
            kind=old.kind,
            project="team-a",
            name=name,
            spec=dict(old.spec),
            created_by="mina",
            phase="Running",
        )

    return swap


@pytest.mark.parametrize("name", ["train", "chat"], ids=["replace", "update"])
def test_an_object_made_anew_between_plan_and_write_is_not_touched(moving: Stage, name: str) -> None:
    moving.write(train=a_sleeper(image="busybox:2"), chat=an_inference(image="busybox:2"))
    word = {"train": "Training/train", "chat": "Inference/chat"}[name]
    before = mark(moving)

    applied = apply_hearing(
        moving, between=swapped(moving, name), inputs=(word,), allow=("replace=Training/train",)
    )

    outcome = outcome_of(applied, name)
    assert outcome.result is Result.FAILED
    assert outcome.why.startswith("changed since the plan")
    assert applied.exit_code() is ExitCode.PARTIAL
    assert moving.mutations(before) == []
    assert moving.live()[name].created_by == "mina"


def test_an_object_made_anew_between_plan_and_prune_is_not_touched(moving: Stage) -> None:
    before = mark(moving.remove("note"))

    apply_hearing(moving, between=swapped(moving, "note"))

    assert moving.mutations(before) == []
    assert moving.live()["note"].created_by == "mina"


@pytest.mark.parametrize(
    ("name", "allow"),
    [("train", ("replace=Training/train",)), ("chat", ()), ("note", ())],
    ids=["replace", "update", "delete"],
)
def test_a_mark_taken_off_between_plan_and_write_stops_the_write(
    stage: Stage, name: str, allow: tuple[str, ...]
) -> None:
    stage.write(train=a_sleeper(), note=a_sleeper("note", "Workspace"), chat=an_inference()).apply()
    if name == "note":
        stage.remove("note")
    else:
        stage.write(
            **{"train": {"train": a_sleeper(image="x:2")}, "chat": {"chat": an_inference(image="x:2")}}[name]
        )
    one = stage.live()[name]
    before = mark(stage)

    applied = apply_hearing(
        stage,
        between=lambda: stage.emulator.world.edit_spec(one.id, unmarked(dict(one.spec)), by="mina"),
        allow=allow,
    )

    assert outcome_of(applied, name).result is Result.FAILED
    assert outcome_of(applied, name).why == "changed since the plan: its mark says unclaimed"
    assert stage.mutations(before) == []


def test_a_name_taken_by_a_stranger_between_plan_and_create_is_left_to_them(stage: Stage) -> None:
    stage.write(train=a_sleeper(), more=a_sleeper("more"))
    crowd = Crowd(stage, {}, {})

    applied = apply_hearing(stage, between=lambda: crowd.add("train", PLAIN))

    crowd.check()
    problem = outcome_of(applied, "train").problem
    assert problem is not None
    assert problem.code == "RC430"
    assert applied.exit_code() is ExitCode.PARTIAL
    assert effects(stage) == {("create", "more"): 1}


def test_two_fleets_in_one_project_apply_side_by_side(crowd: Crowd) -> None:
    stage = crowd.stage
    for one in stage.live().values():
        crowd.watch(one.id)
    file = stage.root / "reconciler.yaml"
    file.write_text(file.read_text().replace(FLEET_ID, "bbbbbbbbbbbbbbbb"))
    stage.remove("train", "note", "chat").write(theirs=a_sleeper("theirs"))
    before = mark(stage)

    applied = stage.apply()
    replaced = stage.write(theirs=a_sleeper("theirs", image="busybox:2"))
    again = replaced.apply(allow=("replace=Training/theirs",))

    assert (applied.exit_code(), again.exit_code()) == (ExitCode.IN_ORDER, ExitCode.IN_ORDER)
    assert effects(stage, before) == {("create", "theirs"): 2, ("delete", "theirs"): 1}


def test_a_fleet_that_lost_its_manifests_refuses_before_it_looks_at_anybody(crowd: Crowd) -> None:
    error = refusal(crowd.stage.remove("train", "note", "chat"))

    assert error.exit_code is ExitCode.REFUSED
    assert "RC304" in codes(error)


def test_the_strangers_of_a_plan_are_never_among_its_changes(crowd: Crowd) -> None:
    plan = crowd.stage.remove("note").plan().plan

    assert {c.key.name: c.action for c in plan.changes if c.action is not Action.KEEP} == {
        "note": Action.DELETE
    }
