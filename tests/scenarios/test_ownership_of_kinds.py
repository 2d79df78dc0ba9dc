"""Of every kind, what others made stays as it is: foreign, unclaimed, and with a mark copied from ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.errors import ExitCode
from reconciler.outcome import Result
from reconciler.providers.runai.marks import OURS
from tests.scenarios.oracle import (
    EVERY_KIND,
    a_sleeper,
    effects,
    every_kind,
    mark,
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
            world.add_workload(
                kind=ours.kind,
                project="team-a",
                name=f"{name}-{sort}",
                spec=spec,
                created_by="mina",
                phase="Running",
                master=ours.master,
                sync=ours.sync,
                shown_as=ours.shown_as,
            )
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
    since = mark(crowd)
    kept = dict(list(EVERY_KIND.items())[::2])
    crowd.remove(*(name for name in EVERY_KIND if name not in kept))
    crowd.write(**{name: a_sleeper(name, kind, image="busybox:2") for name, kind in kept.items()})

    applied = crowd.apply(allow=("destroy=99", *(f"replace={kind}/{name}" for name, kind in kept.items())))

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
