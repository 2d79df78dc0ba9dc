"""The journal's file: appended under a lock, flushed to the disk before each write to a platform."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

from reconciler.clock import Clock
from reconciler.errors import FleetError, StalePlan
from reconciler.journal.finished import finished_in, newest, unseen
from reconciler.journal.hold import Holding
from reconciler.journal.lock import Lock
from reconciler.journal.memory import joined
from reconciler.journal.records import (
    Intent,
    Memory,
    Record,
    begun_plans,
    from_lines,
    half_done,
    learn,
    to_line,
    worth_keeping,
)
from reconciler.plan.known import Ran
from reconciler.problem import Problem
from reconciler.resource import EMPTY

LARGEST = 1 << 20
"""Above this many bytes, opening the journal keeps only what a next run can learn from."""


class WriteAhead(Protocol):
    """Take an intent before each write to a platform, and its result after."""

    async def confirm(self) -> None:
        """Make sure that this run still may write. Raises StalePlan, or NoStore where nobody can tell."""
        ...

    def intent(self, key: str, action: str, *, digest: str = "", object_id: str = "") -> str:
        """Note on the disk what is about to be sent, and give the operation's id. May raise OSError."""
        ...

    def result(self, op: str, state: str, *, object_id: str = "") -> None:
        """Note how it went: ok, failed or unknown. Never raises."""
        ...


class Journal:
    """Keep one fleet's journal open for one apply. A context manager: leaving frees the lock.

    `memory` is what the runs before left. A run that is not ended by `end(clean=True)` is unclean.
    """

    def __init__(
        self, folder: Path, *, clock: Clock, lock: Lock, file: int, memory: Memory, size: int
    ) -> None:
        self.folder, self.memory = folder, memory
        self._clock, self._lock, self._file, self._size = clock, lock, file, size
        self._run = uuid.uuid4().hex[:12]
        self._ops = 0
        self._in_doubt: dict[str, Intent] = {}
        self._has_doubt = False
        self._written: list[Record] = []
        self._holding: Holding | None = None
        self._left: Memory | None = None
        self._is_broken = False

    @classmethod
    def open(cls, fleet_id: str, *, clock: Clock, environ: Mapping[str, str] = os.environ) -> Self:
        """Take the fleet's lock on this machine and open its journal for writing.

        Raises StalePlan while another apply of this fleet runs here, and FleetError where the journal
        cannot be kept: a write that is not noted first must not be sent.
        """
        folder = journal_folder(fleet_id, environ)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            lock = Lock.take(folder / "lock")
            try:
                return cls._opened(folder, clock, lock)
            except OSError:
                lock.free()
                raise
        except OSError as failure:
            raise FleetError(problems=[_unwritable(folder, failure)]) from failure

    @classmethod
    def _opened(cls, folder: Path, clock: Clock, lock: Lock) -> Self:
        path = folder / "journal.jsonl"
        records, size = _read(path)
        if size > LARGEST:
            size = _rewrite(path, worth_keeping(records))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINKS, 0o600)
        path.chmod(0o600)
        os.ftruncate(file, size)
        return cls(folder, clock=clock, lock=lock, file=file, memory=learn(records), size=size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and free the lock; twice does no harm."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._lock.free()

    def share(self, holding: Holding) -> None:
        """Write under a lease from now on, with what its ref remembers joined to what this machine does."""
        self._holding = holding
        self.memory = joined(self.memory, holding.memory)

    @property
    def lost(self) -> StalePlan | None:
        """Tell why this run may no longer write: somebody took its lease."""
        return self._holding.lost if self._holding else None

    @property
    def has_sent(self) -> bool:
        """Tell whether an intent was noted, so that something may have been sent."""
        return self._ops > 0

    async def confirm(self) -> None:
        """Make sure that this run still may write. Raises StalePlan, or NoStore where nobody can tell."""
        if self._holding:
            await self._holding.confirm()

    async def publish(self) -> None:
        """Let other machines know at once what this run has begun. Raises as `confirm` does."""
        if self._holding:
            await self._holding.keep(self.left)

    def start(self, *, commit: str = "", digest: str = "", plan: str = "") -> None:
        """Note that a run begins, with the commit and the digest of its plan. Raises FleetError.

        `plan` is the nonce of the saved plan that is carried out, "" for none.
        """
        begin = {"do": "start", "at": self._now(), "pid": os.getpid(), "commit": commit, "digest": digest}
        try:
            self._append({**begin, "plan": plan} if plan else begin)
        except OSError as failure:
            raise FleetError(problems=[_unwritable(self.folder, failure)]) from failure

    def intent(self, key: str, action: str, *, digest: str = "", object_id: str = "") -> str:
        """Note on the disk what is about to be sent, and give the operation's id. May raise OSError."""
        op = f"{self._run}-{self._ops}"
        self._append(
            {"do": "intent", "op": op, "key": key, "action": action, "digest": digest, "id": object_id}
        )
        self._ops += 1
        self._in_doubt[op] = Intent(op, key, action, digest, object_id)
        return op

    def result(self, op: str, state: str, *, object_id: str = "") -> None:
        """Note how it went: ok, failed or unknown. A result that cannot be noted makes the run unclean."""
        if state in ("ok", "failed"):
            self._in_doubt.pop(op, None)
        else:
            self._has_doubt = True
        try:
            self._append({"do": "result", "op": op, "state": state, "id": object_id})
        except OSError:
            self._has_doubt = True

    def end(
        self,
        *,
        clean: bool = True,
        owned: Mapping[str, int] = EMPTY,
        declared: int = 0,
        finished: Mapping[str, Ran] = EMPTY,
    ) -> bool:
        """Note the end of the run with what is live and ours now; True if it counts as clean.

        It does only if nothing is in doubt: every intent has its result on the disk. `finished` are the
        runs seen finished, by the key's full name; they are remembered for good.
        """
        is_clean = clean and not self._in_doubt and not self._has_doubt
        at = self._now()
        record: Record = {"do": "end", "at": at, "clean": is_clean}
        new = finished_in(unseen(finished, self.memory.finished))
        try:
            self._append({**record, "owned": dict(owned), "declared": declared, "finished": new})
        except OSError:
            return False
        runs = newest(self.memory.finished, finished)
        if is_clean:
            self._left = Memory(True, owned=dict(owned), declared=declared, at=at, finished=runs)
        return is_clean

    @property
    def left(self) -> Memory:
        """Tell what this run leaves to the next one: unclean, until it has ended clean."""
        doubtful = tuple(self._in_doubt.values())
        left = self._left or replace(self.memory, ended_clean=False, doubtful=doubtful)
        return replace(
            left,
            half_done=half_done(self._written, self.memory.half_done),
            used_plans=begun_plans(self._written, self.memory.used_plans),
        )

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="seconds")

    def _append(self, record: Record) -> None:
        """Append one line and flush it to the disk. Once that failed, nothing more is written in this run:
        what follows a torn line would be lost with it.
        """
        if self._is_broken:
            raise OSError("the journal could not be written earlier in this run")
        line = to_line({**record, "run": self._run})
        self._is_broken = True
        written = os.write(self._file, line)
        if written != len(line):
            os.ftruncate(self._file, self._size)
            raise OSError("the disk is full")
        os.fsync(self._file)
        self._is_broken = False
        self._size += len(line)
        self._written.append(record)


_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def journal_folder(fleet_id: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Name the folder of a fleet's journal: below XDG_STATE_HOME, else `~/.local/state`, on every system.

    Raises FleetError where there is neither, or where the fleet's id is no file name.
    """
    if not fleet_id or "/" in fleet_id or "\\" in fleet_id or fleet_id.startswith("."):
        raise FleetError(problems=[Problem("RC201", f'the fleet id "{fleet_id}" cannot name a folder')])
    state, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    if os.path.isabs(state):
        return Path(state) / "reconciler" / fleet_id
    if not os.path.isabs(home):
        raise FleetError(
            problems=[
                Problem(
                    "RC203",
                    "neither XDG_STATE_HOME nor HOME is set",
                    why="apply notes each write in a journal before it is sent, and has no place for it",
                    hint="set XDG_STATE_HOME to a folder that this user can write",
                )
            ]
        )
    return Path(home) / ".local" / "state" / "reconciler" / fleet_id


def remembered(fleet_id: str, environ: Mapping[str, str] = os.environ) -> Memory:
    """Look into a fleet's journal without lock or trace; an empty Memory where there is none to read."""
    try:
        records, _ = _read(journal_folder(fleet_id, environ) / "journal.jsonl")
    except (OSError, FleetError):
        return Memory()
    return learn(records)


def _read(path: Path) -> tuple[list[Record], int]:
    try:
        return from_lines(path.read_bytes())
    except FileNotFoundError:
        return [], 0


def _rewrite(path: Path, records: list[Record]) -> int:
    """Put a shorter journal in the place of a long one, at no moment leaving none."""
    data = b"".join(to_line(record) for record in records)
    fresh = path.with_suffix(".new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINKS, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    return len(data)


def _unwritable(folder: Path, failure: OSError) -> Problem:
    return Problem(
        "RC100",
        f"the journal cannot be kept: {failure.strerror or failure}",
        why="apply notes each write before it is sent, so that a lost answer is never sent twice",
        hint="make the folder writable, or set XDG_STATE_HOME to one that is",
        subject=str(folder),
    )
