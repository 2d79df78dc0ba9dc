"""Entered: when a run of a job first came into git, whatever file and folder held it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import FleetError
from reconciler.history import History
from reconciler.history.entered import Origin, Sought, entered, origin_of
from reconciler.mark import digest_of
from tests.factories import FLEET, TRAINING, a_key
from tests.test_history import Repo

JOB = a_key("job")
START = datetime(2026, 1, 1, tzinfo=UTC)
FILE = "reconciler.yaml"
ORIGIN = Origin(None, ("m",))


class Dated(Repo):
    """Commit as of a day of the year."""

    def on(self, day: int, **files: str | None) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GIT_COMMITTER_DATE", (START + timedelta(days=day)).isoformat())
            return self.commit({path(name): text for name, text in files.items()})

    def on_branch(self, name: str) -> None:
        self.git("checkout", "-q", "-b", name)

    def merge(self, day: int, name: str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GIT_COMMITTER_DATE", (START + timedelta(days=day)).isoformat())
            self.git("checkout", "-q", "main")
            self.git("merge", "-q", "--no-ff", "-m", "merge", name)


def path(name: str) -> str:
    """Write `m__job` as `m/job.yaml`."""
    return name.replace("__", "/") + ".yaml"


@pytest.fixture
def repo(tmp_path: Path) -> Dated:
    return Dated(tmp_path / "repo")


def a_document(image: str = "a", name: str = "job", more: str = "") -> str:
    return f"kind: Training\nmetadata: {{name: {name}}}\nspec: {{image: {image}}}\n{more}"


def a_run(run_id: str) -> str:
    return f"lifecycle: {{runId: {run_id}}}\n"


def sought(image: str = "a", run_id: str = "", name: str = "job") -> Sought:
    def is_it(document: Mapping[str, Any]) -> bool:
        return document.get("metadata") == {"name": name}

    return Sought(name, is_it, TRAINING, digest_of({"image": image}), run_id)


def day(seconds: int | None) -> int | None:
    return None if seconds is None else (datetime.fromtimestamp(seconds, UTC) - START).days


def entered_on(
    repo: Repo, wanted: Sought | None = None, origin: Origin = ORIGIN, folders: tuple[str, ...] = ("m",)
) -> tuple[int | None, int | None]:
    """Tell on which days the run came, and its runId."""
    found = entered(repo.history(), {JOB: wanted or sought()}, folders, origin)[JOB]
    return day(found.run), day(found.run_id)


def test_a_run_came_with_the_commit_that_first_had_its_spec(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))
    repo.on(2, m__job=a_document("b"))
    repo.on(3, m__job=a_document("b") + "# a comment\n")

    assert entered_on(repo, sought("b")) == (2, 1)


def test_what_was_never_committed_never_came(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))
    (repo.folder / "m" / "job.yaml").write_text(a_document("b"))

    assert entered_on(repo, sought("b"))[0] is None


def test_a_raised_run_id_is_a_run_of_its_own(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a", more=a_run("first")))
    repo.on(2, m__job=a_document("b", more=a_run("second")))
    repo.on(3, m__job=a_document("a", more=a_run("second")))

    assert entered_on(repo, sought("a", "second")) == (3, 2)


def test_what_is_changed_back_came_when_it_was_first_there(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))
    repo.on(2, m__job=a_document("b"))
    repo.on(3, m__job=None)
    repo.on(4, m__job=a_document("a"))

    assert entered_on(repo)[0] == 1


def test_a_document_is_followed_through_other_files_and_spellings(repo: Dated) -> None:
    repo.on(1, m__all=a_document("x", "other") + "---\n" + a_document("a"))
    repo.on(
        2,
        m__all=a_document("x", "other"),
        m__deep__job='spec: {"image": "a"}\nkind: Training\nmetadata: {name: job}\n',
    )
    repo.on(3, m__deep__job=None, m__job=a_document("a"))

    assert entered_on(repo)[0] == 1


def test_a_copy_outside_of_the_fleets_folders_is_not_in_it(repo: Dated) -> None:
    repo.on(1, drafts__job=a_document("a"))
    repo.on(2, m__job=a_document("a"))

    assert entered_on(repo)[0] == 2


def test_a_merge_brings_what_it_merges(repo: Dated) -> None:
    repo.on(1, m__other=a_document("x", "other"))
    repo.on_branch("side")
    repo.on(2, m__job=a_document("a"))
    repo.git("checkout", "-q", "main")
    repo.on(3, m__other=a_document("y", "other"))
    repo.merge(30, "side")

    assert entered_on(repo)[0] == 30


def test_a_first_commit_counts_whatever_the_configuration_says(repo: Dated) -> None:
    repo.git("config", "log.showRoot", "false")
    repo.git("config", "diff.renames", "copies")
    repo.git("config", "log.diffMerges", "off")
    repo.on(1, m__job=a_document("a"))

    assert entered_on(repo)[0] == 1


def test_files_that_cannot_be_read_as_a_whole_are_still_searched(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a") + "---\na: {\n")
    repo.on(2, m__broken="\x00", m__job="%YAML 1.2\n---\n" + a_document("b") + "...\n")

    assert entered_on(repo)[0] == 1
    assert entered_on(repo, sought("b"))[0] == 2


def test_a_word_that_begins_with_dashes_ends_no_document(repo: Dated) -> None:
    repo.on(
        1, m__job=a_document("x", "y") + "--- # next\nkind: Training\n---note: x\n" + a_document("a")[15:]
    )

    assert entered_on(repo)[0] == 1


def test_links_and_other_files_are_no_manifests(repo: Dated) -> None:
    (repo.folder / "m").mkdir()
    (repo.folder / "m" / "job.yaml").symlink_to("notes.md")
    (repo.folder / "m" / "notes.md").write_text(a_document("a"))
    repo.on(1)

    assert entered_on(repo) == (None, None)


def test_no_job_is_older_than_its_fleet(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))

    assert entered_on(repo, origin=Origin(int((START + timedelta(days=20)).timestamp()), ()))[0] == 20


def test_a_run_id_that_the_fleet_gives_came_with_it(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))
    origin = Origin(None, (), "second", int((START + timedelta(days=5)).timestamp()))

    assert entered_on(repo, sought("a", "second"), origin) == (5, 5)
    assert entered_on(repo, sought("a", "first"), origin) == (None, None)


def test_a_folder_outside_of_the_repository_holds_nothing(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))

    assert entered_on(repo, folders=("/elsewhere", "../up"))[0] is None


def test_many_versions_are_read_in_pieces(repo: Dated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.history.entered._AT_ONCE", 2)
    for number in range(5):
        repo.on(number, m__job=a_document(f"v{number}"))

    assert entered_on(repo, sought("v4"))[0] == 4


def test_a_clone_without_all_files_is_no_answer(repo: Dated) -> None:
    repo.on(1, m__job=a_document("a"))
    blob = repo.git("rev-parse", "HEAD:m/job.yaml")
    (repo.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    with pytest.raises(FleetError) as raised:
        entered_on(repo)

    assert raised.value.problems[0].code == "RC306"


# -- where a fleet comes from -------------------------------------------------------------------------


def a_fleet(more: str = "", id_: str = FLEET) -> str:
    return f"apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {{name: ml, id: {id_}}}\n{more}"


def origin(
    history: History, file: str = FILE, run_id: str = ""
) -> tuple[int | None, tuple[str, ...], int | None]:
    found = origin_of(history, file, FLEET, run_id)
    return day(found.born), found.folders, day(found.run_id_since)


def test_a_fleet_is_as_old_as_its_id(repo: Dated) -> None:
    repo.on(1, reconciler=a_fleet(id_="ff" * 8))
    repo.on(2, reconciler=a_fleet())
    repo.on(3, reconciler=a_fleet("manifests: [jobs, ../up]\n"))

    assert origin(repo.history()) == (2, ("manifests", "jobs", "../up"), None)


def test_a_fleet_that_moved_with_its_folders_is_followed(repo: Dated) -> None:
    repo.on(1, reconciler=a_fleet(), manifests__job=a_document("a"))
    repo.on(2, other="a: 1")
    repo.on(
        3, reconciler=None, manifests__job=None, ml__reconciler=a_fleet(), ml__manifests__job=a_document("a")
    )

    born, folders, _ = origin(repo.history(), "ml/reconciler.yaml")

    assert (born, folders) == (1, ("ml/manifests", "manifests"))
    assert entered_on(repo, folders=folders)[0] == 1


def test_a_fleet_that_is_a_copy_of_another_is_new(repo: Dated) -> None:
    repo.on(1, dev__reconciler=a_fleet(id_="ff" * 8), dev__manifests__job=a_document("a"))
    repo.on(9, prod__reconciler=a_fleet(), prod__manifests__job=a_document("a"))

    assert origin(repo.history(), "prod/reconciler.yaml")[:2] == (9, ("prod/manifests",))


def test_the_fleets_own_run_id_has_a_day_of_its_own(repo: Dated) -> None:
    repo.on(1, reconciler=a_fleet())
    repo.on(2, reconciler=a_fleet(a_run("second")))
    repo.on(3, reconciler=a_fleet(a_run("second") + "vars: [A]\n"))

    assert origin(repo.history(), run_id="second")[2] == 2


@pytest.mark.parametrize("file", ["nowhere.yaml", "/elsewhere/reconciler.yaml"])
def test_a_fleet_file_that_git_does_not_have_says_nothing(repo: Dated, file: str) -> None:
    repo.on(1, other="a: 1")

    assert origin(repo.history(), file) == (None, (), None)
