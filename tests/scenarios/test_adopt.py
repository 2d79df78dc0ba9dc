"""What others made is taken over only as git names it, and what is written then is our mark and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.emulator.runai.records import Workload
from reconciler.errors import ExitCode, UsageError
from reconciler.mark import Mark, mark_from_text
from reconciler.outcome import Result
from reconciler.plan import Action
from tests.scenarios.oracle import (
    EVERY_KIND,
    IN_PLACE,
    WRITES,
    a_sleeper,
    apply_hearing,
    effects,
    image_of,
    made_by_mina,
    mark,
    outcome_of,
    record,
    remarked,
)
from tests.scenarios.stage import FLEET_ID, Stage
from tests.scenarios.test_ownership_of_kinds import unmarked

FIXED = sorted(set(EVERY_KIND) - set(IN_PLACE))


@dataclass(frozen=True)
class Made:
    """Make workloads like ours as mina would, without a mark or with one copied from ours."""

    stage: Stage
    is_copied: bool

    def __call__(self, name: str) -> Stage:
        self.stage.write(**{name: a_sleeper(name, EVERY_KIND[name])}).apply()
        ours = self.stage.live()[name]
        spec = dict(ours.spec) if self.is_copied else unmarked(ours.spec)
        made_by_mina(self.stage, ours, f"{name}-2", spec)
        self.stage.clock.advance(60)
        return self.stage


@pytest.fixture(params=["unclaimed", "copied mark"])
def by_mina(request: pytest.FixtureRequest, stage: Stage) -> Made:
    return Made(stage, request.param == "copied mark")


def claimed(stage: Stage, name: str, *, image: str = "busybox:1", **lifecycle: str) -> Stage:
    """Declare what mina made, and claim it by its id."""
    block = {"adopt": stage.live()[f"{name}-2"].id, **lifecycle}
    text = ", ".join(f"{field}: {value}" for field, value in block.items())
    return stage.write(
        **{
            f"{name}-2": a_sleeper(f"{name}-2", EVERY_KIND[name], image=image, lifecycle=f"{{{text}}}"),
        }
    )


def carried(one: Workload) -> list[str]:
    """List the fleets that the marks on a workload name with its own name in their key."""
    found: list[str] = []

    def walk(tree: Any) -> None:
        if isinstance(tree, dict | list):
            for item in tree.values() if isinstance(tree, dict) else tree:
                walk(item)
        elif isinstance(tree, str) and (known := mark_from_text(tree)):
            found.extend([known.fleet_id] if known.key.endswith(f"/{one.name}") else [])

    walk(one.spec)
    return found


@pytest.mark.parametrize("image", ["busybox:1", "busybox:2"])
@pytest.mark.parametrize("name", IN_PLACE)
def test_where_a_mark_can_be_written_one_update_makes_it_ours(by_mina: Made, name: str, image: str) -> None:
    made = by_mina(name)
    claimed(made, name, image=image)
    before = mark(made)

    applied = made.apply()
    sent = made.mutations(before)
    again = made.apply()

    one = made.live()[f"{name}-2"]
    assert [entry.method for entry in sent] == [IN_PLACE[name]]
    assert carried(one) == [FLEET_ID]
    assert image_of(one) == image
    assert one.created_by == "mina"
    assert applied.exit_code() is again.exit_code() is ExitCode.IN_ORDER
    assert made.mutations(before) == sent
    (change,) = (c for c in made.plan().plan.changes if c.key.name == f"{name}-2")
    assert change.hint.startswith("lifecycle.adopt can go")


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_was_adopted_with_a_mark_is_ours_in_all_that_follows(stage: Stage, name: str) -> None:
    Made(stage, is_copied=False)(name)
    claimed(stage, name).apply()
    stage.remove(f"{name}-2")
    before = mark(stage)

    stage.apply()

    assert effects(stage, before) == Counter({("delete", f"{name}-2"): 1})


@pytest.mark.parametrize("name", FIXED)
def test_where_no_mark_can_be_written_nothing_is_sent_and_it_is_never_pruned(
    by_mina: Made, name: str
) -> None:
    made = by_mina(name)
    claimed(made, name)
    before, was = mark(made), record(made.live()[f"{name}-2"])

    applied = made.apply()
    kept = {c.key.name: c.reason for c in made.plan().plan.changes}[f"{name}-2"]
    healthy = {verdict.key.name: verdict.health.phase for verdict in made.health()}
    made.remove(f"{name}-2").apply(allow=(f"delete={EVERY_KIND[name]}/{name}-2",))

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert kept == "adopted, no mark can be written"
    assert healthy[f"{name}-2"] == "Running"
    assert made.mutations(before) == []
    assert record(made.live()[f"{name}-2"]) == was


@pytest.mark.parametrize("name", FIXED)
def test_its_replacement_is_ours_with_a_mark(by_mina: Made, name: str) -> None:
    made = by_mina(name)
    claimed(made, name, image="busybox:2")
    before = mark(made)
    refused = made.apply()
    assert made.mutations(before) == []

    replaced = claimed(made, name, image="busybox:2", onImmutableChange="Replace").apply()

    assert outcome_of(refused, f"{name}-2").result is Result.REFUSED
    assert replaced.exit_code() is ExitCode.IN_ORDER
    assert effects(made, before) == Counter({("delete", f"{name}-2"): 1, ("create", f"{name}-2"): 1})
    assert FLEET_ID in carried(made.live()[f"{name}-2"])
    assert made.plan().plan.is_empty  # its line names the old id, and does no harm


def test_a_replacement_of_an_adopted_object_that_was_cut_off_is_taken_up(by_mina: Made) -> None:
    made = by_mina("train")
    claimed(made, "train", image="busybox:2", onImmutableChange="Replace")
    before = mark(made)
    made.emulator.faults.add(Fault("POST /api/v1/workloads/trainings", status=403))

    failed = made.apply()
    made.emulator.faults.clear()
    again = made.apply()

    assert failed.exit_code() is ExitCode.PARTIAL
    assert again.exit_code() is ExitCode.IN_ORDER
    assert effects(made, before) == Counter({("delete", "train-2"): 1, ("create", "train-2"): 1})


@pytest.mark.parametrize("name", ["train", "chat"])
def test_another_id_than_the_live_one_touches_nothing(by_mina: Made, name: str) -> None:
    made = by_mina(name)
    claimed(made, name, onImmutableChange="Replace", image="busybox:2")
    old = made.live()[f"{name}-2"]
    made.emulator.world.remove(old.id)
    new = made_by_mina(made, old, f"{name}-2", dict(old.spec))
    before = mark(made)

    applied = made.apply()

    why = outcome_of(applied, f"{name}-2").why
    assert old.id in why
    assert new in why
    assert made.mutations(before) == []


def _made_anew(stage: Stage, one: Workload) -> None:
    stage.emulator.world.remove(one.id)
    made_by_mina(stage, one, one.name, dict(one.spec))


def _marked_by_others(stage: Stage, one: Workload) -> None:
    """Let another fleet write its mark on it."""

    def theirs(known: Mark) -> Mark:
        key = f"{known.key.rpartition('/')[0]}/{one.name}"
        return replace(known, fleet_id="0123456789abcdef", fleet="other", key=key)

    ours = stage.live()[one.name.removesuffix("-2")].spec
    marked = remarked({field: ours[field] for field in ("annotations", "environmentVariables")}, theirs)
    stage.emulator.world.edit_spec(one.id, marked, by="others")


@pytest.mark.parametrize(
    ("move", "why"),
    [(_made_anew, "it is gone"), (_marked_by_others, "its mark says foreign")],
    ids=["made anew", "marked by others"],
)
@pytest.mark.parametrize("name", ["train", "chat"])
def test_what_moved_between_plan_and_write_is_not_taken(
    stage: Stage, name: str, move: Callable[[Stage, Workload], None], why: str
) -> None:
    Made(stage, is_copied=False)(name)
    claimed(stage, name, image="busybox:2", onImmutableChange="Replace")
    before = mark(stage)

    applied = apply_hearing(stage, between=lambda: move(stage, stage.live()[f"{name}-2"]))

    outcome = outcome_of(applied, f"{name}-2")
    assert outcome.result is Result.FAILED
    assert outcome.why == f"changed since the plan: {why}"
    assert stage.mutations(before) == []


def test_a_lost_answer_of_an_adoption_is_resolved_by_reading(by_mina: Made) -> None:
    made = by_mina("chat")
    claimed(made, "chat")
    before = mark(made)
    made.emulator.faults.add(Fault(WRITES, kind="lost"))

    applied = made.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(made, before) == Counter({("update", "chat-2"): 1})


def test_a_mark_that_did_not_take_is_named(by_mina: Made) -> None:
    made = by_mina("chat")
    claimed(made, "chat")
    made.emulator.faults.add(Fault("PATCH /api/v1/workloads/inferences/.*", kind="empty_object", status=202))

    applied = made.apply()

    outcome = outcome_of(applied, "chat-2")
    assert (outcome.action, outcome.result) == (Action.ADOPT, Result.FAILED)
    assert outcome.why == "accepted, but did not take: our mark"
    assert applied.exit_code() is ExitCode.PARTIAL


@pytest.mark.parametrize("name", IN_PLACE)
def test_who_names_it_with_adopt_takes_it_over_once(by_mina: Made, name: str) -> None:
    made = by_mina(name)
    made.write(**{f"{name}-2": a_sleeper(f"{name}-2", EVERY_KIND[name])})
    before = mark(made)

    refused = made.apply()
    named = made.apply(adopt=(f"{EVERY_KIND[name]}/{name}-2",))
    sent = made.mutations(before)
    again = made.apply()

    assert outcome_of(refused, f"{name}-2").result is Result.REFUSED
    assert named.exit_code() is again.exit_code() is ExitCode.IN_ORDER
    assert [entry.method for entry in sent] == [IN_PLACE[name]]
    assert FLEET_ID in carried(made.live()[f"{name}-2"])


@pytest.mark.parametrize("name", FIXED)
def test_adopt_by_name_is_refused_where_no_mark_can_be_written(by_mina: Made, name: str) -> None:
    made = by_mina(name)
    made.write(**{f"{name}-2": a_sleeper(f"{name}-2", EVERY_KIND[name])})
    before, live = mark(made), made.live()[f"{name}-2"]

    applied = made.apply(adopt=(f"{EVERY_KIND[name]}/{name}-2",))

    (change,) = [c for c in made.plan().plan.changes if c.key.name == f"{name}-2"]
    assert outcome_of(applied, f"{name}-2").result is Result.REFUSED
    assert f"lifecycle: {{adopt: {live.id}}}" in change.hint
    assert made.mutations(before) == []


def test_adopt_by_name_takes_nothing_from_another_fleet_and_creates_nothing(stage: Stage) -> None:
    Made(stage, is_copied=False)("chat")
    _marked_by_others(stage, stage.live()["chat-2"])
    stage.write(**{name: a_sleeper(name, "Inference") for name in ("chat-2", "new")})
    before = mark(stage)

    applied = stage.apply(adopt=("Inference/chat-2", "Inference/new"))

    assert {outcome_of(applied, name).result for name in ("chat-2", "new")} == {Result.REFUSED}
    assert stage.mutations(before) == []


@pytest.mark.parametrize(
    ("word", "said"),
    [("Inference/nobody", "names no manifest"), ("Cluster/c", "names no manifest")],
)
def test_adopt_names_one_manifest(stage: Stage, word: str, said: str) -> None:
    stage.write(chat=a_sleeper("chat", "Inference"))

    with pytest.raises(UsageError, match=said):
        stage.plan(adopt=(word,))
