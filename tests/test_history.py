"""History: what git knows, read without trusting its environment."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import FleetError
from reconciler.history import History
from reconciler.history.blame import Blame, Part
from reconciler.plan.change import Commit
from reconciler.yaml import parse


class Repo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=dev", "-c", "user.email=dev@example.com", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", str(self.folder), *who, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "change", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def history(self) -> History:
        opened = History.open(self.folder)
        assert opened is not None
        return opened


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def named(name: str) -> str:
    return f"kind: Training\nmetadata: {{name: {name}}}\n"


NAMED_JOB = {"kind": "Training", "metadata": {"name": "job"}}


def last_of_job(repo: Repo, path: str) -> Mapping[str, Any] | None:
    """Ask for the last version of the manifest whose name is job."""

    def is_job(document: Mapping[str, Any]) -> bool:
        return document.get("metadata") == {"name": "job"}

    return repo.history().last_version(path, is_job, name="job", folders=[repo.folder])[0]


def test_head_is_a_commit_a_time_in_utc_and_a_branch(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-01T10:00:00+02:00")
    commit = repo.commit({"a.yaml": "a: 1"})

    head = repo.history().head

    assert (head.commit, head.time, head.branch) == (commit, "2026-11-01T08:00:00Z", "main")


def test_a_detached_head_has_no_branch(repo: Repo) -> None:
    repo.commit({"a.yaml": "a: 1"})
    repo.git("checkout", "-q", "--detach")

    assert repo.history().head.branch == ""


def test_outside_git_there_is_no_history(tmp_path: Path) -> None:
    assert History.open(tmp_path) is None


def test_before_the_first_commit_there_is_no_history(repo: Repo) -> None:
    assert History.open(repo.folder) is None


def test_without_git_there_is_no_history(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.commit({})
    monkeypatch.setenv("PATH", "/nowhere")

    assert History.open(repo.folder) is None


def test_ancestors_are_what_head_can_reach(repo: Repo) -> None:
    first = repo.commit({"a.yaml": "a: 1"})
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit({"b.yaml": "b: 1"})
    repo.git("checkout", "-q", "main")
    second = repo.commit({"c.yaml": "c: 1"})

    history = repo.history()

    assert [history.is_ancestor(commit) for commit in (first, second, first[:8])] == [True] * 3
    assert not any(history.is_ancestor(commit) for commit in (side, "0" * 40, "", "--help", "HEAD", "main"))


def test_a_commit_that_head_lacks_is_looked_for_on_branches_local_ones_first(repo: Repo) -> None:
    repo.commit({"a.yaml": "a: 1"})
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit({"b.yaml": "b: 1"})
    repo.git("update-ref", "refs/remotes/origin/shared", side)
    amended = repo.commit({"c.yaml": "c: 1"})
    repo.git("commit", "-q", "--amend", "-m", "another")
    repo.git("checkout", "-q", "main")

    history = repo.history()

    assert [history.branch_with(commit) for commit in (side, side[:8], amended)] == ["side", "side", ""]
    assert [history.branch_with(commit) for commit in ("0" * 40, "", "--all", "side")] == [None] * 4
    repo.git("branch", "-q", "-D", "side")
    assert history.branch_with(side) == "origin/shared"


def test_tracked_files_are_manifests_below_the_folders(repo: Repo) -> None:
    repo.commit({"m/a.yaml": "a: 1", "m/ü b.yml": "b: 1", "m/read.md": "x", "elsewhere/c.yaml": "c: 1"})

    assert repo.history().tracked([repo.folder / "m"]) == {"m/a.yaml", "m/ü b.yml"}
    assert repo.history().tracked([]) == frozenset()


def test_a_folder_is_a_folder_and_no_pattern(repo: Repo) -> None:
    repo.commit({"m/a.yaml": "a: 1", "*/b.yaml": "b: 1"})

    assert repo.history().tracked([repo.folder / "*"]) == {"*/b.yaml"}


def test_files_that_git_does_not_track_and_tracked_ones_that_were_not_loaded_differ(repo: Repo) -> None:
    repo.commit({"m/a.yaml": "a: 1", "m/b.yaml": "b: 1"})
    (repo.folder / "m" / "new.yaml").write_text("n: 1")
    folder = repo.folder / "m"

    history = repo.history()

    assert history.differing([folder / "a.yaml", folder / "new.yaml"], [folder]) == ("m/b.yaml", "m/new.yaml")
    assert history.differing([folder / "a.yaml", folder / "b.yaml"], [folder]) == ()


def test_a_fleet_below_the_top_names_files_from_the_top(repo: Repo) -> None:
    repo.commit({"platform/m/a.yaml": "a: 1"})
    history = History.open(repo.folder / "platform")

    assert history is not None
    assert history.path_of(repo.folder / "platform" / "m" / "a.yaml") == "platform/m/a.yaml"


def test_a_link_to_the_checkout_names_the_same_files(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"m/a.yaml": "a: 1"})
    (tmp_path / "link").symlink_to(repo.folder)

    history = History.open(tmp_path / "link")

    assert history is not None
    assert history.path_of(tmp_path / "link" / "m" / "a.yaml") == "m/a.yaml"


def test_without_a_path_the_last_version_is_found_wherever_it_stood(repo: Repo) -> None:
    kept = named("job") + "lifecycle: {onRemove: Keep}\n"
    repo.commit({"a.yaml": named("job"), "c.yaml": "note: the job\n"})
    repo.commit({"a.yaml": None, "b.yaml": kept})
    assert last_of_job(repo, "") == {**NAMED_JOB, "lifecycle": {"onRemove": "Keep"}}
    repo.commit({"b.yaml": None})

    last = last_of_job(repo, "")

    assert last == {**NAMED_JOB, "lifecycle": {"onRemove": "Keep"}}


def test_the_last_version_of_a_removed_manifest_is_found(repo: Repo) -> None:
    repo.commit({"a.yaml": named("old")})
    repo.commit({"a.yaml": named("job") + "lifecycle: {onRemove: Keep}\n---\n" + named("other")})
    repo.commit({"a.yaml": named("other")})
    repo.commit({"a.yaml": None})

    last = last_of_job(repo, "a.yaml")

    assert last == {"kind": "Training", "metadata": {"name": "job"}, "lifecycle": {"onRemove": "Keep"}}
    none = repo.history().last_version("a.yaml", lambda _: False, name="job", folders=[repo.folder])
    assert none[0] is None
    assert last_of_job(repo, "never.yaml") is None


def test_the_commit_that_took_a_manifest_out_is_told(repo: Repo) -> None:
    repo.commit({"a.yaml": named("job"), "b.yaml": named("other")})
    repo.commit({"a.yaml": None})
    by = repo.history().head.commit
    repo.commit({"b.yaml": "a: 1"})

    removed = repo.history().last_version("a.yaml", bool, name="job", folders=[repo.folder])
    there = repo.history().last_version("b.yaml", bool, name="other", folders=[repo.folder])

    assert removed[1:] == (by, "a.yaml")
    assert there[1:] == ("", "b.yaml")


def test_a_version_that_is_not_yaml_is_passed_over(repo: Repo) -> None:
    repo.commit({"a.yaml": named("job")})
    repo.commit({"a.yaml": "a: [1\n"})

    assert last_of_job(repo, "a.yaml") is not None


@pytest.mark.parametrize("edit", [True, False], ids=["while it moved", "after it moved"])
def test_the_last_version_of_a_manifest_that_moved_is_found_where_it_went(repo: Repo, *, edit: bool) -> None:
    kept = named("job") + "lifecycle: {onRemove: Keep}\n"
    repo.commit({"a.yaml": named("job"), "b.yaml": named("other")})
    repo.commit({"a.yaml": None, "m/c.yaml": kept if edit else named("job"), "b.yaml": "a: 1"})
    repo.commit({"m/c.yaml": None})
    repo.commit({"d.yml": kept, "b.yaml": "job: 2"})
    repo.commit({"d.yml": None})

    last = last_of_job(repo, "a.yaml")

    assert last == {"kind": "Training", "metadata": {"name": "job"}, "lifecycle": {"onRemove": "Keep"}}


def test_a_manifest_that_moved_there_and_back_is_found(repo: Repo) -> None:
    repo.commit({"a.yaml": named("job")})
    repo.commit({"a.yaml": None, "b.yaml": named("job")})
    repo.commit({"b.yaml": None, "a.yaml": named("job") + "new: true"})
    repo.commit({"a.yaml": None})

    last = last_of_job(repo, "b.yaml")

    assert last is not None
    assert last["new"] is True


def test_where_a_manifest_may_have_moved_to_too_many_files_nothing_is_known(repo: Repo) -> None:
    repo.commit({"a.yaml": named("job")})
    repo.commit({"a.yaml": None, **{f"b{n}.yaml": named(f"job-{n}") for n in range(101)}})

    assert last_of_job(repo, "a.yaml") is None


@pytest.mark.parametrize(
    "path",
    ["../a.yaml", "m/../../a.yaml", "/etc/passwd", "a\0b", "\ud800", "-x", ":(glob)**", "x" * 300_000],
)
def test_a_path_that_lies_in_no_repository_has_no_versions(repo: Repo, path: str) -> None:
    repo.commit({"a.yaml": named("job")})

    assert last_of_job(repo, path) is None


def test_a_shallow_clone_says_so(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.yaml": "a: 1"})
    repo.commit({"a.yaml": "a: 2"})
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "shallow"))

    shallow = History.open(tmp_path / "shallow")

    assert shallow is not None
    assert shallow.is_shallow
    assert not repo.history().is_shallow


def test_the_environment_cannot_point_elsewhere(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repo.commit({"a.yaml": "a: 1"})
    other = Repo(tmp_path / "other")
    other.commit({"b.yaml": "b: 1"})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))

    assert repo.history().head.commit == commit


def test_the_checkout_cannot_run_programs(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a.yaml": named("job"), ".gitattributes": "*.yaml diff=spy"})
    repo.commit({"a.yaml": None})
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    spy.chmod(0o755)
    for setting in ("core.fsmonitor", "diff.spy.textconv", "diff.spy.command", "diff.external"):
        repo.git("config", setting, str(spy))

    assert repo.history().tracked([repo.folder]) == frozenset()
    assert last_of_job(repo, "a.yaml") is not None
    assert not (tmp_path / "ran").exists()


def test_reading_leaves_the_checkout_as_it_was(repo: Repo) -> None:
    repo.commit({"a.yaml": "a: 1"})
    before = sorted((p, p.stat().st_mtime_ns) for p in (repo.folder / ".git").rglob("*"))

    history = repo.history()
    history.differing([repo.folder / "a.yaml"], [repo.folder])
    history.last_version("a.yaml", lambda _: True, name="job", folders=[repo.folder])

    assert sorted((p, p.stat().st_mtime_ns) for p in (repo.folder / ".git").rglob("*")) == before


def test_a_question_that_git_cannot_answer_is_no_empty_answer(repo: Repo) -> None:
    repo.commit({"a.yaml": "a: 1"})
    history = repo.history()
    (repo.folder / ".git" / "index").write_bytes(b"broken")

    with pytest.raises(FleetError, match="git status failed"):
        history.is_edited([repo.folder])


def test_a_deletion_that_is_not_committed_proves_nothing(repo: Repo) -> None:
    repo.commit({"a.yaml": "a: 1", "b.yaml": "b: 1"})
    repo.git("rm", "-q", "b.yaml")

    history = repo.history()

    assert history.differing([repo.folder / "a.yaml"], [repo.folder]) == ("b.yaml",)
    assert history.is_edited([repo.folder])


# -- which commit ------------------------------------------------------------------------------------------


def a_job(image: str = "a", name: str = "job", more: str = "") -> str:
    return f"kind: Training\nmetadata: {{name: {name}}}\nspec:\n  image: {image}\n{more}"


def is_job(document: Mapping[str, Any]) -> bool:
    return document.get("metadata") == {"name": "job"}


def image_of(document: Mapping[str, Any] | None) -> Any:
    return document["spec"].get("image") if document else None


def is_there(document: Mapping[str, Any] | None) -> bool:
    return document is not None


def changed_by(repo: Repo, *, part: Part = image_of, path: str = "m/job.yaml") -> str:
    """Ask who last changed a part of the job as it lies there; "" for nobody."""
    here = [each.value for each in parse((repo.folder / path).read_bytes(), path).documents]
    now = next((each for each in here if is_job(each)), None)
    found = Blame(repo.history()).last_change(path, is_job, part, now)
    return found.hash if found else ""


def test_a_field_was_last_changed_by_the_newest_commit_that_gave_it_its_value(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job("a")})
    changed = repo.commit({"m/job.yaml": a_job("b")})
    repo.commit({"m/job.yaml": "# a comment\n" + a_job("b", more="  args: x\n")})
    repo.commit({"m/other.yaml": a_job("c", "other")})

    assert changed_by(repo) == changed


def test_a_field_that_went_there_and_back_was_changed_by_the_way_back(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job("a")})
    repo.commit({"m/job.yaml": a_job("b")})
    back = repo.commit({"m/job.yaml": a_job("a")})

    assert changed_by(repo) == back


def test_a_field_that_left_was_changed_by_the_commit_that_took_it_out(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job(more="  args: x\n")})
    taken = repo.commit({"m/job.yaml": a_job()})
    repo.commit({"m/job.yaml": a_job("b")})

    args = changed_by(repo, part=lambda document: document["spec"].get("args") if document else None)

    assert args == taken


def test_a_document_came_with_the_commit_that_first_had_it(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job(name="other")})
    added = repo.commit({"m/job.yaml": a_job(name="other") + "---\n" + a_job()})
    repo.commit({"m/job.yaml": a_job() + "---\n" + a_job("z", name="other")})

    assert changed_by(repo, part=is_there) == added


def test_the_author_and_the_time_are_those_of_the_commit(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-01T10:00:00+02:00")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Zoë <\u202e> 日本")
    commit = repo.commit({"m/job.yaml": a_job()})

    found = Blame(repo.history()).last_change("m/job.yaml", is_job, is_there, {})

    assert found == Commit(commit, datetime(2026, 11, 1, 8, tzinfo=UTC), "Zoë \u202e 日本")


@pytest.mark.parametrize("edit", [a_job("b"), a_job(name="renamed")], ids=["changed", "renamed"])
def test_what_is_not_committed_is_nobodys(repo: Repo, edit: str) -> None:
    repo.commit({"m/job.yaml": a_job()})
    (repo.folder / "m/job.yaml").write_text(edit)

    assert changed_by(repo) == ""


def test_a_merge_is_not_named_for_what_one_side_brought(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job("a") + "  x1: 1\n# 1\n# 2\n# 3\n# 4\n"})
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit({"m/job.yaml": a_job("b") + "  x1: 1\n# 1\n# 2\n# 3\n# 4\n"})
    repo.git("checkout", "-q", "main")
    repo.commit({"m/job.yaml": a_job("a") + "  x1: 1\n# 1\n# 2\n# 3\n# 4\nlabels: {a: b}\n"})
    repo.git("merge", "-q", "--no-edit", "side")

    assert changed_by(repo) == side


def test_of_more_than_a_hundred_commits_the_old_ones_name_nobody(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job()})
    stream = "".join(
        f"commit refs/heads/main\ncommitter d <d@x> {1_800_000_000 + n} +0000\ndata 0\n"
        + (f"from {repo.git('rev-parse', 'HEAD')}\n" if n == 0 else "")
        + f"M 100644 inline m/job.yaml\ndata <<E\n{a_job(more=f'  args: {n}' + chr(10))}E\n\n"
        for n in range(100)
    )
    subprocess.run(
        ["git", "-C", str(repo.folder), "fast-import", "--quiet"], input=stream, text=True, check=True
    )
    repo.git("reset", "-q", "--hard")

    assert changed_by(repo) == ""
    assert changed_by(repo, part=lambda document: document["spec"]["args"] if document else None)


@pytest.mark.parametrize("path", ["../m/job.yaml", "/etc/passwd", "nowhere.yaml", "-x", ""])
def test_a_path_that_git_does_not_know_names_nobody(repo: Repo, path: str) -> None:
    repo.commit({"m/job.yaml": a_job()})

    assert Blame(repo.history()).last_change(path, is_job, is_there, {}) is None
    assert Blame(repo.history()).removal(path, is_job) is None


def test_one_is_not_true_and_the_order_of_keys_says_nothing(repo: Repo) -> None:
    first = repo.commit({"m/job.yaml": a_job("{a: 1, b: 2}")})
    repo.commit({"m/job.yaml": a_job("{b: 2, a: 1}")})

    assert changed_by(repo) == first

    changed = repo.commit({"m/job.yaml": a_job("{a: true, b: 2}")})

    assert changed_by(repo) == changed


def test_a_removal_is_the_commit_that_took_the_document_out(repo: Repo) -> None:
    repo.commit({"m/job.yaml": a_job() + "---\n" + a_job(name="other")})
    taken = repo.commit({"m/job.yaml": a_job(name="other")})
    repo.commit({"m/job.yaml": a_job("b", name="other")})

    found = Blame(repo.history()).removal("m/job.yaml", is_job)

    assert found is not None
    assert found.hash == taken


@pytest.mark.parametrize("files", [{"m/job.yaml": a_job()}, {"m/job.yaml": a_job(name="other")}])
def test_what_is_there_or_never_was_has_no_removal(repo: Repo, files: dict[str, str | None]) -> None:
    repo.commit(files)

    assert Blame(repo.history()).removal("m/job.yaml", is_job) is None


def test_a_setting_that_prints_signatures_or_follows_renames_changes_no_answer(repo: Repo) -> None:
    commit = repo.commit({"m/job.yaml": a_job()})
    for setting in ("log.showSignature", "log.follow", "log.decorate", "color.ui"):
        repo.git("config", setting, "always" if setting == "color.ui" else "true")

    assert changed_by(repo) == commit
