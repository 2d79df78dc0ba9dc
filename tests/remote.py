"""A git remote on disk, clones of it, and the holders that ask for its lease."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.journal.hold import Holding
from reconciler.journal.lease import myself
from reconciler.journal.ref import Ref
from tests.factories import FLEET
from tests.fakes import FakeClock

TIMEOUT_S = 900.0
NAME = f"refs/reconciler/{FLEET}"
_WHO = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str, given: str = "") -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *_WHO, *words],
        input=given,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass
class Remote:
    """Hold a bare repository, and the clock that everybody goes by."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)

    @classmethod
    def made(cls, folder: Path, *more: str) -> Remote:
        subprocess.run(["git", "init", "-q", "--bare", *more, str(folder)], check=True, capture_output=True)
        return cls(folder)

    def ref(self, name: str) -> Ref:
        """Give the ref as a clone of its own sees it."""
        clone = self.folder.parent / f"clone-{name}"
        if not clone.exists():
            subprocess.run(["git", "init", "-q", str(clone)], check=True, capture_output=True)
            git(clone, "remote", "add", "origin", str(self.folder))
        return Ref(clone, "origin", FLEET)

    def take(self, name: str, *, clock: FakeClock | None = None) -> Holding:
        me = myself({"USER": name}, host=f"{name}-host", pid=7, run=f"run of {name}")
        return Holding.take(self.ref(name), me, clock=clock or self.clock, timeout_s=TIMEOUT_S)

    @property
    def commit(self) -> str:
        """Give the commit that the ref is at."""
        return git(self.folder, "rev-parse", "--verify", NAME)

    def put(self, **files: str) -> None:
        """Write whatever into the ref, as somebody else might. Dots in names are written as _."""
        blobs = {
            name.replace("_", "."): git(self.folder, "hash-object", "-w", "--stdin", given=text)
            for name, text in files.items()
        }
        tree = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in sorted(blobs.items()))
        made = git(self.folder, "mktree", given=tree)
        git(self.folder, "update-ref", NAME, git(self.folder, "commit-tree", made, "-m", "x"))
