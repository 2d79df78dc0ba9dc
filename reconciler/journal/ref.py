"""The ref: one commit in a git remote that holds the lease and the memory, changed only by compare and swap.

Nothing of the checkout is touched: objects are made by git's plumbing, and only this one ref is fetched
and pushed. Each commit stands alone, so that what is fetched stays small.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from reconciler.errors import FleetError, NoStore
from reconciler.history.git import SECONDS, git, how_to_reach
from reconciler.journal import lease as leases
from reconciler.journal import memory as memories
from reconciler.journal.lease import Lease
from reconciler.journal.records import Memory
from reconciler.problem import Problem

LEASE, MEMORY = "lease.json", "memory.json"
QUICKLY = 20.0
_LARGEST = {LEASE: 1 << 16, MEMORY: 1 << 23}
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_BUSY = re.compile("lock|failed to update ref")  # somebody else is pushing at this moment
_TRIES = 5
_OURS = {f"GIT_{who}_{what}": word
         for who in ("AUTHOR", "COMMITTER")
         for what, word in (("NAME", "reconciler"), ("EMAIL", "reconciler@localhost"))}  # fmt: skip
_NO_PROGRAMS = ("-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null")
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--no-recurse-submodules",
          "--no-auto-maintenance")  # fmt: skip


_NOTHING = Memory()


@dataclass(frozen=True, slots=True)
class Seen:
    """Tell what a ref held at one moment. `commit` is "" where there is no ref yet.

    `lease` is None where the commit holds none that we can read; then `generation` is the commit's.
    """

    commit: str = ""
    lease: Lease | None = None
    memory: Memory = _NOTHING

    @property
    def generation(self) -> str:
        """Name this holding, for whoever releases it."""
        return str(self.lease.generation) if self.lease else self.commit[:12]


class Ref:
    """Read and change one fleet's ref. Everything raises NoStore where the remote does not answer."""

    def __init__(self, folder: Path, remote: str, fleet_id: str) -> None:
        self.folder, self.remote = folder, remote
        self.name = f"refs/reconciler/{fleet_id}"

    def where(self) -> str:
        """Ask the remote which commit the ref is at; "" where there is no such ref."""
        listed = self._reaching("ls-remote", "--", self.remote, self.name, seconds=QUICKLY)
        if listed is None or listed.returncode != 0:
            raise self._failure(_words(listed))
        for line in listed.stdout.decode(errors="replace").splitlines():
            commit, _, name = line.partition("\t")
            if name == self.name and _COMMIT.fullmatch(commit):
                return commit
        return ""

    def read(self) -> Seen:
        """Read the lease and the memory. What is there and cannot be understood is no lease."""
        for _ in range(_TRIES):
            commit = self.where()
            if not commit:
                return Seen()
            if self._holds(commit) or self._fetched(commit):
                return self._seen(commit)
        raise self._failure("the ref moves at each try to read it, or is no commit")

    def swap(self, seen: Seen, lease: Lease, memory: Memory) -> Seen | None:
        """Put a new commit in the place of the one seen, or give None where the ref is no longer there.

        A push whose answer is lost is looked up: it has taken if the ref is at the new commit.
        """
        new, said = self._commit(lease, memory), ""
        for _ in range(_TRIES):
            said = self._pushed(seen.commit, new)
            if said == "" or (now := self.where()) == new:
                return Seen(new, lease, memory)
            if now != seen.commit:
                return None
            if not _BUSY.search(said):
                break
        raise self._failure(said)

    # -- how --

    def _pushed(self, old: str, new: str) -> str:
        """Push a commit if the ref is at the old one; say "" where it took, else why not."""
        guard = f"--force-with-lease={self.name}:{old}"
        answer = self._reaching(*_PUSH, guard, "--", self.remote, f"{new}:{self.name}")
        if answer is None:
            return "git gave no answer in time"
        return "" if answer.returncode == 0 else _words(answer) or "git push failed"

    def _fetched(self, commit: str) -> bool:
        """Fetch the ref; False where it has moved on from this commit."""
        answer = self._reaching(*_FETCH, "--", self.remote, self.name)
        if answer is None or (answer.returncode != 0 and b"couldn't find remote ref" not in answer.stderr):
            raise self._failure(_words(answer))
        return self._holds(commit)

    def _holds(self, commit: str) -> bool:
        found = git(self.folder, "cat-file", "-e", f"{commit}^{{tree}}")
        return found is not None and found.returncode == 0

    def _seen(self, commit: str) -> Seen:
        listed = self._made("ls-tree", "-l", "-z", "--full-tree", commit)
        blobs: dict[str, str] = {}
        for entry in listed.split("\0"):
            about, _, name = entry.partition("\t")
            _, kind, blob, size = (about.split() + [""] * 4)[:4]
            if kind == "blob" and name in _LARGEST and size.isdecimal() and int(size) <= _LARGEST[name]:
                blobs[name] = blob
        texts = {name: self._blob(blob) for name, blob in blobs.items()}
        lease = leases.from_json(texts[LEASE]) if LEASE in texts else None
        return Seen(commit, lease, memories.from_json(texts.get(MEMORY, b"")))

    def _blob(self, blob: str) -> bytes:
        shown = git(self.folder, "cat-file", "blob", blob)
        return shown.stdout if shown is not None and shown.returncode == 0 else b""

    def _commit(self, lease: Lease, memory: Memory) -> str:
        """Make the objects in this clone's store; nothing points to them until they are pushed."""
        files = {LEASE: leases.to_json(lease), MEMORY: memories.to_json(memory)}
        blobs = {name: self._made("hash-object", "-w", "--stdin", given=text) for name, text in files.items()}
        entries = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in sorted(blobs.items()))
        tree = self._made("mktree", given=entries.encode())
        word = f"{'held' if lease.is_held else 'free'}, generation {lease.generation}"
        return self._made("commit-tree", tree, "-m", word)

    def _made(self, *arguments: str, given: bytes = b"") -> str:
        """Run a command of this clone and give what it prints. Raises FleetError outside git."""
        answer = git(self.folder, *arguments, given=given, environ=_OURS)
        if answer is None or answer.returncode != 0:
            raise FleetError(problems=[_no_clone(self.folder, _words(answer))])
        return answer.stdout.decode(errors="replace").strip()

    def _reaching(self, *arguments: str, seconds: float = SECONDS) -> CompletedProcess[bytes] | None:
        return git(self.folder, *_NO_PROGRAMS, *arguments, environ=how_to_reach(), seconds=seconds)

    def _failure(self, said: str) -> NoStore:
        problem = Problem(
            "RC321",
            "the git remote of the journal does not do what it should",
            why=f'git says: "{said}"',
            hint=f"try: git ls-remote {self.remote}; it needs read access for plan, write access for apply",
            subject=f"{self.remote} {self.name}",
        )
        return NoStore(problems=[problem])


def _words(answer: CompletedProcess[bytes] | None) -> str:
    """Quote git on one line: what it refused, else the end of what it said, and never a password."""
    if answer is None:
        return "no git, or no answer in time"
    said = (answer.stdout + b"\n" + answer.stderr).decode(errors="replace")
    refused = re.findall(r"^!\t[^\t]*\t(.*)$", said, re.MULTILINE)
    lines = refused or [
        line for line in said.splitlines() if line.startswith(("fatal:", "error:", "remote:"))
    ]
    plain = re.sub(r"://[^/\s@]*@", "://", "; ".join(lines or said.split("\n")).strip("; "))
    return plain[:300]


def _no_clone(folder: Path, said: str) -> Problem:
    return Problem(
        "RC321",
        "journal.store is git, and the fleet file lies in no git repository that can be written",
        why=f'git says: "{said}"',
        hint="run it in a clone, or write journal: {store: local}",
        subject=str(folder),
    )
