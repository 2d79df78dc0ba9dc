"""Of every kind, what others made stays as it is: foreign, unclaimed, and with a mark copied from ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.providers.runai.marks import OURS
from tests.scenarios.oracle import (
    EVERY_KIND,
    WRITES,
    a_sleeper,
    apply_hearing,
    effects,
    every_kind,
    made_by_mina,
    mark,
    names,
    outcome_of,
    record,
    remarked,
    touched,
)
from tests.scenarios.stage import Stage
from tests.scenarios.test_ownership import renamed

SORTS = ("foreign", "copied", "unclaimed")


@pytest.fixture
def crowd(stage: Stage) -> Iterator[Stage]:
    """Give a workload of ours of each kind beside three of others, which must stay as they are."""
    every_kind(stage).apply()
    world = stage.emulator.world
    ids = []
    for name, kind in EVERY_KIND.items():
        ours = stage.live()[name]
        foreign = renamed(f"{name}-foreign", kind=kind, fleet_id="0123456789abcdef")
        specs = (remarked(dict(ours.spec), foreign), dict(ours.spec), unmarked(ours.spec))
        ids += [
            made_by_mina(stage, ours, f"{name}-{sort}", spec, phase="Running")
            for sort, spec in zip(SORTS, specs, strict=True)
        ]
    before = {id_: record(world.workload(id_)) for id_ in ids}
    since = mark(stage)
    yield stage
    assert touched(stage.mutations(since), ids) == []
    assert {id_: record(world.workload(id_)) for id_ in ids} == before


def unmarked(tree: Any) -> Any:
    """Give a spec without anything of ours, wherever it stands."""
    if isinstance(tree, dict):
        return {key: unmarked(item) for key, item in tree.items() if key not in OURS}
    if isinstance(tree, list):
        return [unmarked(item) for item in tree if not (isinstance(item, dict) and item.get("name") in OURS)]
    return tree


def test_an_apply_that_changes_and_prunes_every_kind_leaves_them(crowd: Stage) -> None:
    kept = changed(crowd)
    since = mark(crowd)

    applied = crowd.apply(allow=consents(kept))

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert {name for _, name in effects(crowd, since)} == set(EVERY_KIND)


@pytest.mark.parametrize("sort", SORTS)
def test_manifests_of_their_names_are_refused(sort: str, crowd: Stage) -> None:
    since = mark(crowd)
    theirs = {f"{name}-{sort}": kind for name, kind in EVERY_KIND.items()}
    crowd.write(**{name: a_sleeper(name, kind, image="busybox:9") for name, kind in theirs.items()})

    applied = crowd.apply(allow=tuple(f"replace={kind}/{name}" for name, kind in theirs.items()))

    assert {name: outcome_of(applied, name).result for name in theirs} == dict.fromkeys(
        theirs, Result.REFUSED
    )
    assert effects(crowd, since) == {}


def test_they_are_shown_and_are_no_drift(crowd: Stage) -> None:
    drift = crowd.drift()

    assert drift.items == ()
    assert len(crowd.plan().plan.strangers) == len(SORTS) * len(EVERY_KIND)


@pytest.mark.parametrize("fault", [{"status": 403}, {"kind": "lost"}], ids=["refused", "lost"])
def test_an_apply_that_fails_half_way_leaves_them(crowd: Stage, fault: Mapping[str, Any]) -> None:
    kept = changed(crowd)
    for nth in (2, 4, 6):
        crowd.emulator.faults.add(Fault(WRITES, nth=nth, **fault))

    crowd.apply(allow=consents(kept))
    crowd.emulator.faults.clear()
    again = crowd.apply(allow=consents(kept))

    assert again.exit_code() is ExitCode.IN_ORDER
    assert names(crowd) & {*EVERY_KIND} == {*kept}


def changed(stage: Stage) -> dict[str, str]:
    """Change every other kind in git and take the rest away; give those that stay."""
    kept = dict(list(EVERY_KIND.items())[::2])
    stage.remove(*(name for name in EVERY_KIND if name not in kept))
    stage.write(**{name: a_sleeper(name, kind, image="busybox:2") for name, kind in kept.items()})
    return kept


def consents(kinds: Mapping[str, str]) -> tuple[str, ...]:
    return ("destroy=99", *(f"replace={kind}/{name}" for name, kind in kinds.items()))


EDITS: Mapping[str, Callable[[Any], Any]] = {
    "removed": unmarked,
    "given to another fleet": lambda spec: remarked(spec, lambda m: replace(m, fleet_id="0123456789abcdef")),
    "given to another name": lambda spec: remarked(spec, lambda m: replace(m, key=f"{m.key}-not")),
}
edits = pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)


def edit_all(stage: Stage, edit: Callable[[Any], Any]) -> None:
    """Let a person change the mark of every object."""
    for one in stage.live().values():
        stage.emulator.world.edit_spec(one.id, edit_to(one.spec, edit(dict(one.spec))), by="mina")


def edit_to(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Give the edit that makes one spec of another: what is gone is null."""
    changes: dict[str, Any] = dict.fromkeys(old)
    for name, value in new.items():
        was = old.get(name)
        changes[name] = edit_to(was, value) if isinstance(was, dict) and isinstance(value, dict) else value
    return changes


@edits
def test_objects_whose_mark_a_person_changed_are_no_longer_touched(
    stage: Stage, edit: Callable[[Any], Any]
) -> None:
    every_kind(stage).apply()
    edit_all(stage, edit)
    stage.clock.advance(60)
    before = mark(every_kind(stage, image="busybox:2"))
    allow = ("empty", "shrunk", *consents(EVERY_KIND))
    deletes = tuple(f"delete={kind}/{name}" for name, kind in EVERY_KIND.items())

    refused = stage.apply(allow=allow)
    removed = stage.remove(*EVERY_KIND).apply(allow=(*allow, *deletes))

    assert {one.result for one in refused.outcomes} == {Result.REFUSED}
    assert (refused.exit_code(), removed.exit_code()) == (ExitCode.REFUSED, ExitCode.IN_ORDER)
    assert stage.mutations(before) == []


@edits
def test_a_mark_changed_between_plan_and_write_stops_each_write(
    stage: Stage, edit: Callable[[Any], Any]
) -> None:
    every_kind(stage).apply()
    before = mark(every_kind(stage, image="busybox:2"))

    applied = apply_hearing(stage, between=lambda: edit_all(stage, edit), allow=consents(EVERY_KIND))

    assert {one.result for one in applied.outcomes} == {Result.FAILED}
    assert all(one.why.startswith("changed since the plan: its mark says") for one in applied.outcomes)
    assert stage.mutations(before) == []


def test_objects_made_anew_between_plan_and_write_are_not_touched(stage: Stage) -> None:
    def swap() -> None:
        for one in stage.live().values():
            stage.emulator.world.remove(one.id)
            made_by_mina(stage, one, one.name, dict(one.spec), phase="Running")

    every_kind(stage).apply()
    kept = changed(stage)
    before = mark(stage)

    applied = apply_hearing(stage, between=swap, allow=consents(kept))

    assert {outcome_of(applied, name).result for name in kept} == {Result.FAILED}
    assert stage.mutations(before) == []
    assert {one.created_by for one in stage.live().values()} == {"mina"}


def test_names_taken_by_strangers_between_plan_and_create_are_left_to_them(stage: Stage) -> None:
    every_kind(stage).apply()
    likes = stage.live()
    stage.remove(*EVERY_KIND).apply(allow=("empty", "shrunk", "destroy=99"))
    stage.clock.advance(60)
    before = mark(every_kind(stage, image="busybox:2"))

    def take() -> None:
        for name, one in likes.items():
            made_by_mina(stage, one, name, unmarked(dict(one.spec)), phase="Running")

    applied = apply_hearing(stage, between=take)

    problems = [outcome_of(applied, name).problem for name in likes]
    assert [problem and problem.code for problem in problems] == ["RC430"] * len(EVERY_KIND)
    assert effects(stage, before) == {}
