"""What loses its manifest is deleted: by a whole plan, from a whole history, and only what is ours."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.declare import Request
from reconciler.emulator.runai import Switches
from reconciler.errors import ExitCode
from reconciler.outcome import Applied
from reconciler.plan import Action
from reconciler.reconcile import Session, Stop
from tests.scenarios.oracle import EVERY_KIND, a_sleeper, codes, effects, every_kind, mark, names, refusal
from tests.scenarios.stage import Stage, a_manifest, staged

DONE = "{image: busybox:1, command: sleep, args: '5'}"


def pruned(stage: Stage, since: int) -> set[str]:
    """Name what was deleted after a mark; nothing else may have been sent."""
    assert {verb for verb, _ in effects(stage, since)} <= {"delete"}
    return {name for _, name in effects(stage, since)}


def actions(stage: Stage, **request: Any) -> dict[str, Action]:
    return {change.key.name: change.action for change in stage.plan(**request).plan.changes}


def reasons(stage: Stage, **request: Any) -> dict[str, str]:
    return {change.key.name: change.reason for change in stage.plan(**request).plan.changes}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a fleet whose manifest of `old` is gone, for runs that must leave it alone."""
    with staged(tmp_path_factory.mktemp("prune") / "repo") as stage:
        stage.write(
            train=a_sleeper(),
            note=a_sleeper("note", "Workspace").replace(
                "project: team-a}", "project: team-a, labels: {app: x}}"
            ),
            old=a_sleeper("old"),
        ).apply()
        stage.remove("old")
        yield stage


def test_a_removed_manifest_of_each_kind_is_a_delete(stage: Stage) -> None:
    stage.write(
        **{f"keep-{n}": a_sleeper(f"keep-{n}") for n in range(4)},
        train=a_sleeper(),
        note=a_sleeper("note", "Workspace"),
        chat=a_sleeper("chat", "Inference"),
        done=a_manifest("done", spec=DONE),
    ).apply()
    stage.clock.advance(60)
    before = mark(stage.remove("train", "note", "chat", "done"))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert pruned(stage, before) == {"train", "note", "chat", "done"}
    assert names(stage) == {f"keep-{n}" for n in range(4)}


@pytest.mark.parametrize("shows_env", [True, False])
def test_a_kind_whose_list_shows_no_mark_is_deleted_like_any_other(tmp_path: Path, shows_env: bool) -> None:
    with staged(tmp_path / "repo", switches=Switches(list_env=shows_env)) as stage:
        stage.write(keep=a_sleeper("keep"))
        every_kind(stage).apply()
        before = mark(stage.remove(*EVERY_KIND))

        applied = stage.apply(allow=("destroy=7", "shrunk"))

        assert applied.exit_code() is ExitCode.IN_ORDER
        assert pruned(stage, before) == set(EVERY_KIND)


@pytest.mark.parametrize(("name", "kind"), EVERY_KIND.items())
def test_newer_work_of_any_kind_is_not_undone(stage: Stage, name: str, kind: str) -> None:
    stage.write(keep=a_sleeper("keep"))
    older = stage.git("rev-parse", "HEAD")
    stage.apply()
    stage.write(new=a_sleeper(name, kind)).apply()
    stage.git("checkout", "-q", older)

    assert refusal(stage).exit_code is ExitCode.STALE


def test_a_document_taken_out_of_a_file_is_a_delete(stage: Stage) -> None:
    stage.write(all="---\n".join([a_sleeper("one"), a_sleeper("two")])).apply()
    before = mark(stage.write(all=a_sleeper("one")))

    stage.apply()

    assert pruned(stage, before) == {"two"}


def test_a_manifest_moved_to_another_file_is_nothing(stage: Stage) -> None:
    stage.write(one=a_sleeper("one")).apply()
    before = mark(stage.remove("one").write(moved=a_sleeper("one")))

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.mutations(before) == []


@pytest.mark.parametrize(
    ("lifecycle", "why"),
    [("{onRemove: Keep}", "onRemove: Keep"), ("{protect: true}", "protected (lifecycle.protect)")],
    ids=["onRemove: Keep", "protect"],
)
def test_what_its_last_manifest_keeps_is_kept(stage: Stage, lifecycle: str, why: str) -> None:
    stage.write(keep=a_sleeper("keep"), old=a_sleeper("old", lifecycle=lifecycle)).apply()
    before = mark(stage.remove("old"))

    applied = stage.apply(allow=("delete=Training/old",))

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert stage.mutations(before) == []
    assert reasons(stage)["old"] == why


def test_the_last_manifest_decides_and_not_the_mark_of_an_older_one(stage: Stage) -> None:
    stage.write(
        keep=a_sleeper("keep"),
        freed=a_sleeper("freed", lifecycle="{onRemove: Keep}"),
        kept=a_sleeper("kept"),
    ).apply()
    stage.write(freed=a_sleeper("freed"), kept=a_sleeper("kept", lifecycle="{onRemove: Keep}"))
    before = mark(stage.remove("freed", "kept"))

    stage.apply()

    assert pruned(stage, before) == {"freed"}


def test_the_last_manifest_decides_also_where_it_moved_to_another_file(stage: Stage) -> None:
    stage.write(keep=a_sleeper("keep"), old=a_sleeper("old")).apply()
    stage.remove("old").write(moved=a_sleeper("old", lifecycle="{onRemove: Keep}"))
    stage.root.joinpath("manifests/moved.yaml").rename(stage.root / "manifests/again.yaml")
    before = mark(stage.commit().remove("again"))

    stage.apply()

    assert stage.mutations(before) == []
    assert reasons(stage)["old"] == "onRemove: Keep"


NARROWED: Mapping[str, Mapping[str, Any]] = {
    "a label": {"selector": "app=x"},
    "a path": {"inputs": ("manifests/train.yaml",)},
    "the folder": {"inputs": ("manifests",)},
    "KIND/NAME": {"inputs": ("Training/train",)},
    "--target": {"targets": ("prod",)},
    "--project": {"projects": ("team-a",)},
}


@pytest.mark.parametrize("request_", NARROWED.values(), ids=NARROWED)
def test_a_narrowed_run_prunes_nothing_and_says_so(shared: Stage, request_: Mapping[str, Any]) -> None:
    before = mark(shared)

    planned = shared.plan(**request_)
    applied = shared.apply(**request_)

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert shared.mutations(before) == []
    assert not planned.plan.prune.is_on
    assert "narrowed" in planned.plan.prune.why
    assert "old" not in {change.key.name for change in planned.plan.changes}


def test_manifests_from_stdin_prune_nothing(shared: Stage) -> None:
    before = mark(shared)
    world = replace(shared.world(), read_stdin=lambda: a_sleeper().encode())

    async def applied() -> Applied:
        async with Session.opened(Request(inputs=("-",)), world) as session:
            return await session.apply(await session.plan(), listen=lambda _: None, stop=Stop())

    assert asyncio.run(applied()).exit_code() is ExitCode.IN_ORDER
    assert shared.mutations(before) == []


def test_no_prune_lists_what_it_leaves(shared: Stage) -> None:
    before = mark(shared)

    applied = shared.apply(prune=False)

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert shared.mutations(before) == []
    assert reasons(shared, prune=False)["old"] == "not pruned: --no-prune"


def test_a_manifest_that_git_does_not_track_switches_prune_off(shared: Stage) -> None:
    stray = shared.root / "manifests" / "stray.yaml"
    stray.write_text(a_sleeper())
    (shared.root / "manifests" / "train.yaml").rename(shared.root / "train.aside")
    try:
        planned = shared.plan()
    finally:
        (shared.root / "train.aside").rename(shared.root / "manifests" / "train.yaml")
        stray.unlink()

    assert not planned.plan.prune.is_on
    assert "stray.yaml" in planned.plan.prune.why
    assert not planned.plan.having(Action.DELETE)


def test_a_tracked_manifest_that_is_not_in_the_folder_switches_prune_off(shared: Stage) -> None:
    file = shared.root / "manifests" / "train.yaml"
    text = file.read_text()
    file.unlink()
    before = mark(shared)
    try:
        applied = shared.apply()
        planned = shared.plan()
    finally:
        file.write_text(text)

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert shared.mutations(before) == []
    assert "train.yaml" in planned.plan.prune.why


def test_the_same_fleet_without_any_of_this_prunes(shared: Stage) -> None:
    assert actions(shared)["old"] is Action.DELETE


# -- what git knows ----------------------------------------------------------------------------------


def cloned(stage: Stage, name: str, *words: str) -> Stage:
    """Give the same control plane seen from a clone of the repository."""
    place = stage.root.parent / name
    stage.git("clone", "-q", *words, f"file://{stage.root}", str(place))
    return replace(stage, root=place, steps=[])


def test_a_shallow_clone_that_would_prune_is_rejected_and_told_how_to_fetch_more(stage: Stage) -> None:
    stage.write(keep=a_sleeper("keep"), old=a_sleeper("old")).apply()
    shallow = cloned(stage.remove("old"), "shallow", "--depth=1")

    error = refusal(shallow)

    assert error.exit_code is ExitCode.REJECTED
    assert "fetch-depth: 0" in error.problems[0].hint
    assert shallow.apply(prune=False).exit_code() is ExitCode.IN_ORDER
    assert names(stage) == {"keep", "old"}


def test_a_shallow_clone_with_nothing_to_prune_is_enough(stage: Stage) -> None:
    stage.write(keep=a_sleeper("keep"))
    shallow = cloned(stage, "shallow", "--depth=1")

    assert shallow.apply().exit_code() is ExitCode.IN_ORDER
    assert names(stage) == {"keep"}


@pytest.fixture
def branched(stage: Stage) -> Stage:
    """Give main after a branch that it lacks was applied: `old` was made by the branch."""
    stage.write(keep=a_sleeper("keep")).apply()
    stage.git("checkout", "-qb", "branch")
    stage.write(old=a_sleeper("old")).apply()
    stage.git("checkout", "-q", "main")
    return stage


def test_what_a_commit_made_that_this_clone_lacks_is_kept_and_a_consent_overrules(branched: Stage) -> None:
    stage = branched.write(keep=a_sleeper("keep"))
    before = mark(stage)

    kept = stage.apply()
    sent_by_kept = stage.mutations(before)
    reason, notes = reasons(stage)["old"], stage.plan().plan.notes
    overruled = stage.apply(allow=("delete=Training/old",))

    assert (kept.exit_code(), overruled.exit_code()) == (ExitCode.IN_ORDER, ExitCode.IN_ORDER)
    assert sent_by_kept == []
    assert reason.endswith(", which is not in HEAD's history")
    assert [note.hint.partition(":")[0] for note in notes if note.code == "RC306"] == [
        'branch "branch" has it'
    ]
    assert pruned(stage, before) == {"old"}


def test_an_older_commit_run_again_is_stale_and_a_consent_overrules(branched: Stage) -> None:
    error = refusal(branched)
    before = mark(branched)

    applied = branched.apply(allow=("older-commit",))

    assert error.exit_code is ExitCode.STALE
    assert codes(error) == ["RC307"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert branched.mutations(before) == []
    assert reasons(branched)["old"].endswith(", which is not in HEAD's history")


def test_a_re_run_of_an_older_commit_does_not_undo_the_newer_one(stage: Stage) -> None:
    stage.write(keep=a_sleeper("keep"))
    older = stage.git("rev-parse", "HEAD")
    stage.apply()
    stage.write(chat=a_sleeper("chat", "Inference")).apply()
    stage.git("checkout", "-q", older)

    error = refusal(stage)

    assert error.exit_code is ExitCode.STALE
    assert names(stage) == {"keep", "chat"}


# -- nothing is declared -----------------------------------------------------------------------------


def test_an_empty_folder_is_refused_and_deletes_nothing(stage: Stage) -> None:
    stage.write(one=a_sleeper("one")).apply()
    stage.remove("one")
    (stage.root / "manifests").mkdir(exist_ok=True)

    error = refusal(stage)

    assert error.exit_code is ExitCode.REFUSED
    assert "RC304" in codes(error)
    assert names(stage) == {"one"}


@pytest.mark.parametrize("text", ["", "---\n", "# nothing here\n"])
def test_a_file_that_declares_nothing_is_refused_and_deletes_nothing(stage: Stage, text: str) -> None:
    stage.write(one=a_sleeper("one")).apply()
    stage.write(one=text)

    error = refusal(stage)

    assert error.exit_code in (ExitCode.REFUSED, ExitCode.REJECTED)
    assert names(stage) == {"one"}


def test_a_missing_manifests_folder_is_rejected(stage: Stage) -> None:
    stage.write(one=a_sleeper("one")).apply()
    shutil.rmtree(stage.root / "manifests")

    assert refusal(stage).exit_code is ExitCode.REJECTED


@pytest.mark.parametrize("path", ["manifest", "manifests/nope.yaml", "../elsewhere"])
def test_a_path_that_does_not_exist_is_rejected(shared: Stage, path: str) -> None:
    assert refusal(shared, inputs=(path,)).exit_code is ExitCode.REJECTED


def test_outside_git_the_running_are_kept_and_the_finished_are_deleted(tmp_path: Path) -> None:
    with staged(tmp_path / "repo", is_git=False) as stage:
        stage.write(
            keep=a_sleeper("keep"), runs=a_sleeper("runs"), done=a_manifest("done", spec=DONE)
        ).apply()
        stage.clock.advance(60)
        before = mark(stage.remove("runs", "done"))

        applied = stage.apply()

        assert applied.exit_code() is ExitCode.IN_ORDER
        assert pruned(stage, before) == {"done"}
        assert reasons(stage)["runs"] == "git history does not know its manifest, and it is live"
        assert stage.apply(allow=("delete=Training/runs",)).exit_code() is ExitCode.IN_ORDER
        assert pruned(stage, before) == {"done", "runs"}


# -- too much at once --------------------------------------------------------------------------------


def on_another_machine(stage: Stage) -> Stage:
    """Give the same without the journal, as each fresh runner has it."""
    return replace(stage, environ={**stage.environ, "XDG_STATE_HOME": str(stage.root.parent / "elsewhere")})


def test_five_of_eight_removed_are_refused_and_a_consent_to_five_is_enough(stage: Stage) -> None:
    stage.write(**{f"job-{n}": a_sleeper(f"job-{n}") for n in range(8)}).apply()
    before = mark(stage.remove(*(f"job-{n}" for n in range(5))))
    stage = on_another_machine(stage)

    error = refusal(stage)
    fewer = refusal(stage, allow=("destroy=4",))
    applied = stage.apply(allow=("destroy=5",))

    assert (error.exit_code, fewer.exit_code) == (ExitCode.REFUSED, ExitCode.REFUSED)
    assert codes(error) == ["RC302"]
    assert "--allow destroy=5" in error.problems[0].hint
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert pruned(stage, before) == {f"job-{n}" for n in range(5)}


def test_a_machine_that_knew_the_eight_names_the_second_consent_at_once(stage: Stage) -> None:
    stage.write(**{f"job-{n}": a_sleeper(f"job-{n}") for n in range(8)}).apply()
    before = mark(stage.remove(*(f"job-{n}" for n in range(5))))

    error = refusal(stage)
    applied = stage.apply(allow=("destroy=5,shrunk",))

    assert codes(error) == ["RC302", "RC308"]
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert len(pruned(stage, before)) == 5


def test_three_of_eight_removed_need_no_consent_and_finished_jobs_do_not_count(stage: Stage) -> None:
    stage.write(
        **{f"job-{n}": a_sleeper(f"job-{n}") for n in range(8)},
        **{f"done-{n}": a_manifest(f"done-{n}", spec=DONE) for n in range(4)},
    ).apply()
    stage.clock.advance(60)
    before = mark(stage.remove("job-0", "job-1", "job-2", *(f"done-{n}" for n in range(4))))
    stage = on_another_machine(stage)

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert len(pruned(stage, before)) == 7
