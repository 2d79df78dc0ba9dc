"""`lock show` and `lock release`, and what people read when the lease is in their way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.journal import Journal
from reconciler.journal.hold import Holding
from reconciler.journal.lease import myself
from reconciler.journal.ref import Ref
from reconciler.journal.store import journal_folder
from tests.cli.scene import FLEET_ID, Said, Scene
from tests.fakes import FakeClock
from tests.remote import NAME, git
from tests.scenarios.stage import DrivenClock

Golden = Callable[[str, str], None]
GITHUB = {
    "USER": "alice",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/gpu",
    "GITHUB_RUN_ID": "42",
}


@pytest.fixture
def scene(plain: Scene, tmp_path: Path) -> Scene:
    """Set a scene whose journal is in a git ref."""
    git(tmp_path, "init", "-q", "--bare", str(tmp_path / "state.git"))
    plain.git("remote", "add", "origin", str(tmp_path / "state.git"))
    with (plain.root / "reconciler.yaml").open("a") as file:
        file.write("journal: {store: git}\n")
    return plain.declare("train")


@pytest.fixture
def alone(plain: Scene) -> Scene:
    """Set a scene whose journal is this machine's."""
    return plain.declare("train")


@pytest.fixture
def hold(golden: Golden) -> Callable[[str, Said, int], None]:
    """Hold what was said against its golden file, and its code."""

    def check(name: str, said: Said, code: int) -> None:
        golden(f"messages/{name}.txt", said.text)
        assert said.code == code, said.text
        if code:
            assert said.last == f"reconciler: {ExitCode(code).label} (exit {code})"

    return check


Hold = Callable[[str, Said, int], None]


def hold_lease(scene: Scene) -> Holding:
    """Let somebody else hold the lease."""
    me = myself(GITHUB, host="runner-7", pid=4711, run="a", commit="c0ffee1")
    clock = DrivenClock(scene.emulator.clock)  # type: ignore[arg-type]  # a scene's clock is driven
    return Holding.take(Ref(scene.root, "origin", FLEET_ID), me, clock=clock, timeout_s=900)


def pass_time(scene: Scene, seconds: float) -> None:
    scene.emulator.clock.advance(seconds)  # type: ignore[attr-defined]  # a scene's clock is driven


def put(scene: Scene, text: str) -> str:
    """Write what is no lease into the ref, and give the commit."""
    blob = git(scene.root, "hash-object", "-w", "--stdin", given=text)
    tree = git(scene.root, "mktree", given=f"100644 blob {blob}\tlease.json\n")
    commit = git(scene.root, "commit-tree", tree, "-m", "x")
    git(scene.root, "push", "-q", "--force", "origin", f"{commit}:{NAME}")
    return commit


# -- in the way of apply -------------------------------------------------------------------------------


def test_an_apply_that_meets_another_says_whose_and_how_to_look(scene: Scene, hold: Hold) -> None:
    hold_lease(scene)
    pass_time(scene, 40)

    hold("lease-held", scene.types("apply", "--yes", "-q"), 7)
    assert scene.changes == []


def test_an_apply_whose_remote_is_away_says_what_git_says(scene: Scene, hold: Hold, tmp_path: Path) -> None:
    (tmp_path / "state.git").rename(tmp_path / "gone")

    hold("lease-remote-away", scene.types("apply", "--yes", "-q"), 6)
    assert scene.changes == []


def test_a_plan_whose_remote_is_away_goes_on_and_notes_it(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "state.git").rename(tmp_path / "gone")

    plan, drift = scene.types("plan"), scene.types("drift")

    assert (plan.code, drift.code) == (0, 3)
    assert "note[RC321]: the git remote of the journal" in plan.err
    assert "note[RC321]: the git remote of the journal" in drift.err


def test_an_apply_goes_through_and_leaves_the_lease_free(scene: Scene) -> None:
    assert scene.types("apply", "--yes").code == 0
    assert scene.types("apply", "--yes").code == 0

    shown = json.loads(scene.types("lock", "show", "-o", "json").out)

    assert (shown["state"], shown["generation"], shown["endedClean"]) == ("free", "2", True)


# -- show ----------------------------------------------------------------------------------------------


def test_a_held_lease_is_shown(scene: Scene, hold: Hold) -> None:
    hold_lease(scene)
    pass_time(scene, 40)

    hold("lock-held", scene.types("lock", "show"), 0)


def test_an_expired_lease_is_shown_as_such(scene: Scene, hold: Hold) -> None:
    hold_lease(scene)
    pass_time(scene, 901)

    hold("lock-expired", scene.types("lock", "show"), 0)


def test_a_free_lease_is_shown(scene: Scene) -> None:
    assert scene.types("lock", "show").out.startswith("free: nothing is applying this fleet\n")


def test_a_lease_is_a_document_too(scene: Scene) -> None:
    hold_lease(scene)

    shown = json.loads(scene.types("lock", "show", "-o", "json").out)

    assert shown["document"] == "lock"
    assert (shown["store"], shown["state"], shown["holder"]) == (
        "git",
        "held",
        "alice on runner-7 (pid 4711)",
    )
    assert (shown["generation"], shown["url"]) == ("1", "https://github.com/acme/gpu/actions/runs/42")


def test_what_is_no_lease_is_shown_and_can_be_freed(scene: Scene) -> None:
    commit = put(scene, "nonsense")

    assert scene.types("lock", "show").out.startswith("unreadable: ")
    assert scene.types("apply", "--yes").code == 6
    assert scene.types("lock", "release", "--generation", commit[:12]).code == 0
    assert scene.types("apply", "--yes").code == 0


def test_the_lock_of_a_machine_is_shown_with_its_pid(alone: Scene) -> None:
    assert alone.types("lock", "show").out.startswith("free: ")
    with Journal.open(FLEET_ID, clock=FakeClock()):
        lock = journal_folder(FLEET_ID) / "lock"
        pid = lock.read_text().strip()

        assert alone.types("lock", "show").out.startswith(f"held by pid {pid}\n")


# -- release -------------------------------------------------------------------------------------------


def test_the_exact_generation_frees_it(scene: Scene) -> None:
    hold_lease(scene)

    said = scene.types("lock", "release", "--generation", "1")

    assert (said.code, said.out) == (0, "released generation 1, of alice on runner-7 (pid 4711)\n")
    assert json.loads(scene.types("lock", "show", "-o", "json").out)["state"] == "free"
    assert scene.types("apply", "--yes").code == 0


def test_another_generation_does_not(scene: Scene, hold: Hold) -> None:
    hold_lease(scene)

    hold("lock-generation-moved-on", scene.types("lock", "release", "--generation", "2"), 7)
    assert json.loads(scene.types("lock", "show", "-o", "json").out)["state"] == "held"


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_where_nobody_can_be_asked_a_generation_is_needed(scene: Scene, more: tuple[str, ...]) -> None:
    hold_lease(scene)

    said = scene.types("lock", "release", *more)

    assert said.code == 2
    assert "reconciler lock release --generation 1" in said.err


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 8), ("", 8)])
def test_on_a_terminal_it_asks(scene: Scene, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    hold_lease(scene)
    monkeypatch.setattr("reconciler.cli.voice.Voice.can_ask", True)
    monkeypatch.setattr("builtins.input", lambda: answer)

    said = scene.types("lock", "release")

    assert said.code == code
    assert "Release generation 1, held by alice on runner-7 (pid 4711), renewed 0.0s ago?" in said.err


def test_yes_on_a_terminal_is_not_asked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    hold_lease(scene)
    monkeypatch.setattr("reconciler.cli.voice.Voice.can_ask", True)

    assert scene.types("lock", "release", "--yes").code == 0


def test_what_is_free_stays_so(scene: Scene) -> None:
    assert scene.types("lock", "release").out == "free already\n"


def test_a_free_lock_of_a_machine_stays_so(alone: Scene) -> None:
    assert alone.types("lock", "release").out == "free already\n"


def test_the_lock_of_a_machine_is_left_to_its_kernel(alone: Scene) -> None:
    with Journal.open(FLEET_ID, clock=FakeClock()):
        said = alone.types("lock", "release")

    assert said.code == 8
    assert "the kernel frees it when that process ends" in said.err
