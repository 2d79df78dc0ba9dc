"""What others need is deleted after them, and not at all where one of them could not be."""

from __future__ import annotations

from reconciler.emulator.faults import Fault
from reconciler.outcome import Result
from tests.scenarios.oracle import a_sleeper, mark, outcome_of
from tests.scenarios.stage import Stage

CHAIN = {"a-top": "m-mid", "m-mid": "z-base", "z-base": ""}
"""Each with what it needs. By name alone the base would go first: the last name does."""


def chained(stage: Stage, **blocks: str) -> Stage:
    stage.write(**{f"keep-{n}": a_sleeper(f"keep-{n}", "Workspace") for n in range(4)})
    for name, need in CHAIN.items():
        needs = {"dependsOn": f"[{{kind: Workspace, name: {need}}}]"} if need else {}
        stage.write(**{name: a_sleeper(name, "Workspace", **needs, **blocks)})
    stage.apply()
    return stage


def deleted(stage: Stage, since: int) -> list[str]:
    return [e.name for entry in stage.mutations(since) for e in entry.effects if e.verb == "delete"]


def test_what_lost_its_manifest_goes_in_reverse_of_its_needs(stage: Stage) -> None:
    chained(stage).remove(*CHAIN)
    before = mark(stage)

    stage.apply()

    assert deleted(stage, before) == ["a-top", "m-mid", "z-base"]


def test_what_a_remaining_one_needs_is_not_deleted(stage: Stage) -> None:
    chained(stage).remove(*CHAIN)
    top = stage.live()["a-top"].id
    stage.emulator.faults.add(
        Fault(f"DELETE .*{top}.*", status=403, json={"code": 403, "message": "no"}, forever=True)
    )
    before = mark(stage)

    applied = stage.apply()

    assert deleted(stage, before) == []
    assert [outcome_of(applied, name).result for name in ("m-mid", "z-base")] == [Result.SKIPPED] * 2
    assert "a-top needs it and was not deleted" in outcome_of(applied, "m-mid").why
