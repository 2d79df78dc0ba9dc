"""History: what git knows of the manifests. Reads only, through the git program, never through a shell."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from reconciler.errors import FleetError
from reconciler.history.git import git
from reconciler.load.files import SUFFIXES
from reconciler.problem import Problem
from reconciler.yaml import parse

_MOST_VERSIONS = 100
_LARGEST = 1 << 20
_LONGEST_PATH = 4096
_LATEST = 253_402_300_799  # the last second of the year 9999
_COMMIT = re.compile(r"[0-9a-f]{7,64}")

Document = Mapping[str, Any] | None
Wanted = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Head:
    """Name the commit that is checked out. `time` is RFC 3339 in UTC; `branch` is "" when detached."""

    commit: str
    time: str
    branch: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """Name one file as one commit brought it: its path, the hash of its text, the commit and its time."""

    commit: str
    seconds: int
    path: str
    blob: str


class History:
    """Answer questions about the git repository that a fleet lies in.

    Uncommitted edits are no history: only what HEAD can reach counts. Paths are relative to the top
    of the repository, with `/` between their parts.
    """

    def __init__(self, top: Path, head: Head, *, is_shallow: bool) -> None:
        self.top, self.head, self.is_shallow = top, head, is_shallow
        self._ancestors: dict[str, bool] = {}

    @classmethod
    def open(cls, root: Path | str) -> Self | None:
        """Open the repository that a folder lies in; None outside git, without commits, or without git.

        Raises FleetError where there is a repository that git refuses to read: that is not "no history".
        """
        told = ("--is-shallow-repository", "--abbrev-ref", "HEAD", "--show-toplevel")
        asked = git(Path(root), "rev-parse", *told)
        if asked is None or asked.returncode != 0:
            if asked is not None and b"dubious ownership" in asked.stderr:
                raise FleetError(problems=[_unsafe(root)])
            return None
        shallow, branch, top = asked.stdout.decode(errors="surrogateescape").rstrip("\n").split("\n", 2)
        shown = git(Path(root), "log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD", "--")
        if shown is None or shown.returncode != 0:
            return None
        commit, _, seconds = shown.stdout.decode("ascii").strip().partition(" ")
        name = "" if branch == "HEAD" else branch.encode(errors="surrogateescape").decode(errors="replace")
        return cls(Path(top), Head(commit, rfc3339(int(seconds)), name), is_shallow=shallow == "true")

    def is_ancestor(self, commit: str) -> bool:
        """Tell whether HEAD's history has a commit; False also for one that this clone does not know."""
        if commit not in self._ancestors:
            known = bool(_COMMIT.fullmatch(commit))
            self._ancestors[commit] = known and self._succeeds("merge-base", "--is-ancestor", commit, "HEAD")
        return self._ancestors[commit]

    def branch_with(self, commit: str) -> str | None:
        """Name a branch that has a commit, local ones first; "" for none, None where this clone lacks it."""
        named = f"{commit}^{{commit}}"
        if not _COMMIT.fullmatch(commit) or not self._succeeds("rev-parse", "-q", "--verify", named):
            return None
        places = ("refs/heads", "refs/remotes")
        return self._output(
            "for-each-ref", "--count=1", f"--contains={commit}", "--format=%(refname:short)", *places
        ).rstrip("\n")

    def path_of(self, file: Path | str) -> str:
        """Name a file as the repository does; one outside of it keeps its own name."""
        path = Path(os.path.abspath(file))
        for place in (path, path.resolve()):
            if place.is_relative_to(self.top):
                return place.relative_to(self.top).as_posix()
        return Path(file).as_posix()

    def tracked(self, folders: Iterable[Path | str]) -> frozenset[str]:
        """List the manifest files that HEAD holds below folders, files standing for themselves.

        HEAD and not the index: a deletion that is not committed proves nothing yet.
        """
        paths = [self.path_of(folder) for folder in folders]
        if not paths:
            return frozenset()
        listed = self._output("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", "--", *paths)
        return frozenset(name for name in listed.split("\0") if name.endswith(SUFFIXES))

    def is_edited(self, paths: Iterable[Path | str]) -> bool:
        """Tell whether anything at or below these paths is not as HEAD has it."""
        named = [self.path_of(path) for path in paths]
        inside = [name for name in named if not name.startswith("/")]
        return bool(inside) and bool(
            self._output("status", "--porcelain", "-z", "--untracked-files=all", "--", *inside)
        )

    def differing(self, files: Iterable[Path | str], folders: Iterable[Path | str]) -> tuple[str, ...]:
        """Name what is loaded and not tracked, or tracked below the folders and not loaded, sorted.

        With such a difference, a missing manifest proves nothing.
        """
        loaded = {self.path_of(file) for file in files}
        return tuple(sorted(loaded ^ self.tracked(folders)))

    def last_version(
        self, path: str, wanted: Wanted, *, name: str, folders: Iterable[Path | str]
    ) -> tuple[Document, str, str]:
        """Find the newest committed document that is wanted, the commit that took it out, and its file.

        None where git knows none; no commit where it has not left. Looks at the newest hundred commits that
        touch the file, HEAD first. Where the document left the file, it may stand in another one below the
        folders since; `name` is a word that it holds. Without a path it is looked for in every file that ever
        held that word. Documents are as written, before interpolation.
        """
        if not path:
            commits = self._output("rev-list", "HEAD").split()
            return self._last_of(self.naming(name, "HEAD", folders), wanted, commits)
        found, removed_by = self._newest(path, wanted)
        if not removed_by or found is None:
            return found, "", path
        since = self._output("rev-list", f"{removed_by}^..HEAD").split()
        files = self.naming(name, f"{removed_by}^..HEAD", folders) - {path}
        return self._last_of(files, wanted, since, (found, removed_by, path))

    def _last_of(
        self,
        files: Collection[str],
        wanted: Wanted,
        commits: Sequence[str],
        *known: tuple[Document, str, str],
    ) -> tuple[Document, str, str]:
        """Find the document that was taken out last, or is still there, in some files or known before.

        Each comes with the commit that took it out; the newest of `commits` is the first.
        """
        if len(files) > _MOST_VERSIONS:
            return None, "", ""
        later = [(*self._newest(file, wanted), file) for file in sorted(files)]
        ended = [(document, by if by in commits else "", file) for document, by, file in later if document]
        return min(
            [*ended, *known], key=lambda end: commits.index(end[1]) if end[1] else -1, default=(None, "", "")
        )

    def _newest(self, path: str, wanted: Wanted) -> tuple[Document, str]:
        """Find the newest document of one file that is wanted, and the commit that took it out again."""
        if not _lies_inside(path):
            return None, ""
        commits = self._output("rev-list", f"--max-count={_MOST_VERSIONS}", "HEAD", "--", path)
        removed_by = ""
        for commit in commits.split():
            if document := next(filter(wanted, self.documents(commit, path)), None):
                return document, removed_by
            removed_by = commit
        return None, ""

    def log(self, path: str) -> list[str]:
        """List the newest hundred commits that touch a file, HEAD first, on two lines each.

        `commit HASH PARENT...`, the parents being the next ones that touch it, and `SECONDS AUTHOR`.
        """
        if not _lies_inside(path):
            return []
        shown = ("--parents", "--encoding=UTF-8", "--format=%ct %aN")
        told = self._output("rev-list", *shown, f"--max-count={_MOST_VERSIONS}", "HEAD", "--", path)
        return told.split("\n")[:-1]

    def naming(self, name: str, commits: str, folders: Iterable[Path | str]) -> frozenset[str]:
        """List the manifests that name a thing more or less often after some of a range of commits."""
        paths = [path for path in map(self.path_of, folders) if _lies_inside(path)]
        safely = ("--no-textconv", "--no-ext-diff", "--no-renames")
        shown = (*safely, "--name-only", "-z", "-m", "--format=")
        listed = self._output("log", *shown, f"-S{name}", commits, "--", *paths)
        return frozenset(file for file in listed.split("\0") if file.endswith(SUFFIXES))

    def brought(self, paths: Iterable[str], until: str = "HEAD") -> Sequence[Brought]:
        """List every file that HEAD's own line of commits brought at or below paths, the oldest first.

        That line follows first parents: what a merge brings in comes with the merge. `until` names the
        commit to end with. Links and what is no manifest are left out.
        """
        inside = [path for path in paths if _lies_inside(path)]
        if not inside:
            return ()
        plain = ("--no-show-signature", "--no-renames", "--no-color", "--no-abbrev", "--raw", "-z")
        line = ("--first-parent", "-m", "--reverse", "--format=%H %ct")
        config = ("-c", "log.showRoot=true", "-c", "log.follow=false")
        return [*_brought(self._output(*config, "log", *plain, *line, until, "--", *inside).split("\0"))]

    def has_parent(self, commit: str) -> bool:
        """Tell whether a commit has a commit before it."""
        return self._succeeds("rev-parse", "--quiet", "--verify", f"{commit}^")

    def lost(self, commit: str) -> Sequence[str]:
        """List the files that a commit took out of the tree of its first parent."""
        shown = ("-r", "--no-commit-id", "--no-renames", "--diff-filter=D", "--name-only", "-z")
        return self._output("diff-tree", *shown, f"{commit}^", commit).split("\0")[:-1]

    def blobs(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Read files by their names as objects, `COMMIT:PATH` or a hash, in one go.

        Raises FleetError where one is missing: a clone without all files is no whole history.
        """
        asked = "".join(f"{name}\n" for name in names).encode(errors="surrogateescape")
        answer = git(self.top, "cat-file", "--batch", given=asked)
        told = answer.stdout if answer is not None and answer.returncode == 0 else b""
        found: dict[str, bytes] = {}
        start = 0
        for name in names:
            end = told.find(b"\n", start)
            words = told[start : max(start, end)].split()
            if len(words) != 3 or words[1] != b"blob" or not words[2].isdigit():
                raise FleetError(problems=[_incomplete(name, self.top)])
            start = end + 1 + int(words[2])
            found[name] = told[end + 1 : start]
            start += 1
        return found

    def documents(self, commit: str, path: str) -> Sequence[Mapping[str, Any]]:
        """Read a file as one commit has it; nothing where the commit removed it or it is not YAML."""
        shown = git(self.top, "cat-file", "blob", f"{commit}:{path}")
        if shown is None or shown.returncode != 0 or len(shown.stdout) > _LARGEST:
            return ()
        return [d.value for d in parse(shown.stdout, path).documents if isinstance(d.value, Mapping)]

    def _succeeds(self, *arguments: str) -> bool:
        answer = git(self.top, *arguments)
        return answer is not None and answer.returncode == 0

    def _output(self, *arguments: str) -> str:
        """Run git and give what it prints. Raises FleetError: a failed answer is not an empty one."""
        answer = git(self.top, *arguments)
        if answer is None or answer.returncode != 0:
            said = answer.stderr.decode(errors="replace").strip() if answer else "no answer in time"
            what = f"git {arguments[0]} failed: {said[:200]}"
            raise FleetError(problems=[Problem("RC306", what, subject=str(self.top))])
        return answer.stdout.decode(errors="surrogateescape")


def _lies_inside(path: str) -> bool:
    """Tell whether a path can be one of a repository; marks hold what anybody wrote there."""
    try:
        length = len(os.fsencode(path))
    except UnicodeEncodeError:
        return False
    is_relative = not path.startswith("/") and ".." not in path.split("/")
    return is_relative and 0 < length <= _LONGEST_PATH and "\0" not in path


def rfc3339(seconds: int) -> str:
    """Write seconds since 1970 in UTC; what no calendar has becomes the nearest time that one has."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _brought(told: Sequence[str]) -> Iterator[Brought]:
    """Read what `git log --raw -z` tells: `HASH SECONDS`, of each file its modes and hashes, its path."""
    commit, seconds, words = "", 0, iter(told)
    for word in words:
        word = word.lstrip("\n")
        if word.startswith(":"):
            _, mode, _, blob, _ = word.split()
            path = next(words)
            if mode.startswith("100") and path.endswith(SUFFIXES):
                yield Brought(commit, seconds, path, blob)
        elif word:
            commit, _, time = word.partition(" ")
            seconds = int(time)


def _incomplete(name: str, top: Path) -> Problem:
    return Problem(
        "RC306",
        f"git lacks an earlier version of a manifest: {name}",
        why="a clone that lacks files (--filter) cannot tell what has run",
        hint="clone without --filter, or fetch the rest: git fetch --refetch --no-filter",
        subject=str(top),
    )


def _unsafe(root: Path | str) -> Problem:
    return Problem(
        "RC306",
        "git refuses to read this repository: its folder belongs to another user",
        why="without history nothing tells what may be pruned",
        hint=f"git config --global --add safe.directory {Path(root).resolve()}",
        subject=str(root),
    )
