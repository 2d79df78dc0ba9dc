"""What others need is deleted after them, and not at all where one of them could not be."""

from __future__ import annotations

from pathlib import Path

from reconciler.emulator.faults import Fault
from reconciler.errors import ExitCode
from reconciler.outcome import Result
from tests.scenarios.oracle import a_sleeper, mark, outcome_of
from tests.scenarios.stage import Stage, staged

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

    applied = stage.apply()

    assert deleted(stage, before) == ["a-top", "m-mid", "z-base"]
    assert [outcome.is_leaving for outcome in applied.outcomes] == [True] * 3
    assert stage.steps[-1].text == "delete accepted, it is going away"


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


def test_needs_count_across_projects(stage: Stage) -> None:
    needs = "[{kind: Workspace, name: store, project: team-a}]"
    stage.write(
        **{f"keep-{n}": a_sleeper(f"keep-{n}", "Workspace") for n in range(4)},
        store=a_sleeper("store", "Workspace"),
        web=a_sleeper("web", "Workspace", "team-b", dependsOn=needs),
    ).apply()
    before = mark(stage.remove("store", "web"))

    stage.apply()

    assert deleted(stage, before) == ["web", "store"]


def test_the_last_manifest_tells_what_was_needed(stage: Stage) -> None:
    """The mark was written under an older manifest, and then the file moved."""
    chained(stage)
    swapped = "[{kind: Workspace, name: a-top}]"
    stage.write(**{"a-top": a_sleeper("a-top", "Workspace"), "m-mid": a_sleeper("m-mid", "Workspace")})
    stage.write(**{"z-base": a_sleeper("z-base", "Workspace", dependsOn=swapped)})
    (stage.root / "manifests" / "z-base.yaml").rename(stage.root / "manifests" / "moved.yaml")
    stage.commit().apply()
    before = mark(stage.remove("a-top", "m-mid", "moved"))

    stage.apply()

    assert deleted(stage, before) == ["z-base", "m-mid", "a-top"]


def test_without_history_the_names_give_the_order(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", is_git=False) as stage:
        chained(stage).remove(*CHAIN)
        before = mark(stage)

        stage.apply(allow=tuple(f"delete=Workspace/{name}" for name in CHAIN))

        assert deleted(stage, before) == ["z-base", "m-mid", "a-top"]


def test_a_rerun_after_a_failed_delete_ends_what_is_left_in_order(stage: Stage) -> None:
    chained(stage).remove(*CHAIN)
    stage.emulator.faults.add(Fault("DELETE .*", status=403, json={"code": 403, "message": "no"}))
    before = mark(stage)

    first = stage.apply()
    again = stage.apply()

    assert (first.exit_code(), again.exit_code()) == (ExitCode.PARTIAL, ExitCode.IN_ORDER)
    assert deleted(stage, before) == ["a-top", "m-mid", "z-base"]


def test_what_a_kept_one_needs_is_kept_until_consent_names_it(stage: Stage) -> None:
    keep = "{onRemove: Keep}"
    chained(stage).write(
        **{
            "a-top": a_sleeper(
                "a-top", "Workspace", lifecycle=keep, dependsOn="[{kind: Workspace, name: m-mid}]"
            )
        }
    )
    stage.remove(*CHAIN)
    before = mark(stage)

    kept = stage.apply_as_typed()
    stage.apply(allow=("delete=Workspace/m-mid", "delete=Workspace/z-base"))

    assert kept is None
    assert deleted(stage, before) == ["m-mid", "z-base"]
    assert "a-top" in stage.live()


def test_a_delete_that_frees_a_name_waits_for_what_needs_it(stage: Stage) -> None:
    chained(stage).remove("a-top", "m-mid").write(**{"z-base": a_sleeper("z-base", "Training")})
    before = mark(stage)

    stage.apply()

    acts = [(e.verb, e.name) for entry in stage.mutations(before) for e in entry.effects]
    assert acts == [("delete", "a-top"), ("delete", "m-mid"), ("delete", "z-base"), ("create", "z-base")]
