"""A digest binds what was reviewed: one for each plan, whatever it was written or read like."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from reconciler.errors import ExitCode, StalePlan
from reconciler.yaml import parse
from tests.scenarios.oracle import EVERY_KIND, a_sleeper, every_kind
from tests.scenarios.stage import Stage

VARIANTS = 40


def documents(image: str) -> list[Any]:
    texts = (a_sleeper(name, kind, image=image) for name, kind in EVERY_KIND.items())
    return [parse(text.encode(), "m.yaml").documents[0].value for text in texts]


def shuffled(tree: Any, chance: random.Random) -> Any:
    """Give the same value with its keys in another order."""
    if isinstance(tree, dict):
        keys = chance.sample(sorted(tree), len(tree))
        return {key: shuffled(tree[key], chance) for key in keys}
    return [shuffled(item, chance) for item in tree] if isinstance(tree, list) else tree


def spread(stage: Stage, wanted: Sequence[Any], chance: random.Random) -> None:
    """Write the documents into files of any names, in any order, in any spelling."""
    shutil.rmtree(stage.root / "manifests")
    (stage.root / "manifests").mkdir()
    files: dict[str, list[str]] = {}
    for document in chance.sample(wanted, len(wanted)):
        text = json.dumps(shuffled(document, chance), indent=chance.choice([None, 1, 4]))
        files.setdefault(chance.choice("abcdef"), []).append(text)
    for name, texts in files.items():
        (stage.root / "manifests" / f"{name}.yaml").write_text("\n# more\n---\n".join(texts))
    stage.commit()


@pytest.fixture
def reviewed(stage: Stage) -> Stage:
    """Give a fleet that has been applied and whose images git has changed since."""
    every_kind(stage).apply()
    return every_kind(stage, image="busybox:2")


def test_every_way_to_write_one_fleet_has_one_digest(reviewed: Stage) -> None:
    wanted, digests = documents("busybox:2"), {reviewed.plan().plan.digest}
    for seed in range(VARIANTS):
        spread(reviewed, wanted, random.Random(seed))
        digests.add(reviewed.plan().plan.digest)

    assert len(digests) == 1


def test_what_would_be_created_is_bound_as_well(stage: Stage) -> None:
    digests = {
        stage.write(one=a_sleeper("one", image=image)).plan().plan.digest
        for image in ("busybox:1", "busybox:2")
    }

    assert len(digests) == 2


def test_the_plan_that_was_expected_is_carried_out(reviewed: Stage) -> None:
    digest = reviewed.plan().plan.digest

    applied = reviewed.apply(expect_digest=digest[:8])

    assert applied.exit_code() is ExitCode.PARTIAL  # what cannot change in place is refused, as planned
    assert {entry.method for entry in reviewed.mutations()[len(EVERY_KIND) :]} == {"PATCH", "PUT"}


def a_new_manifest(stage: Stage) -> None:
    stage.write(more=a_sleeper("more"))


def a_change_behind_our_back(stage: Stage) -> None:
    stage.emulator.world.edit_spec(stage.live()["chat"].id, {"image": "busybox:7"}, by="admin")


def an_object_made_anew(stage: Stage) -> None:
    old = stage.live()["chat"]
    stage.emulator.world.remove(old.id)
    stage.emulator.world.add_workload(
        kind="Inference", project="team-a", name="chat", spec=dict(old.spec), created_by="mina"
    )


@pytest.mark.parametrize("move", [a_new_manifest, a_change_behind_our_back, an_object_made_anew])
def test_where_git_or_the_live_state_moved_nothing_is_changed(move: Any, reviewed: Stage) -> None:
    digest = reviewed.plan().plan.digest
    move(reviewed)
    since = reviewed.emulator.ledger.mark()

    with pytest.raises(StalePlan) as refused:
        reviewed.apply(expect_digest=digest)

    assert refused.value.exit_code is ExitCode.STALE
    assert [problem.code for problem in refused.value.problems] == ["RC309"]
    assert reviewed.mutations(since) == []
