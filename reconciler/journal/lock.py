"""One apply of a fleet at a time on one machine: the kernel's lock, freed even when we are killed."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reconciler.errors import StalePlan
from reconciler.journal.told import SHOW
from reconciler.problem import Problem

if sys.platform != "win32":
    import fcntl


@dataclass
class Lock:
    """Hold a file lock. On Windows nothing is locked."""

    file: int

    @classmethod
    def take(cls, path: Path) -> Self:
        """Take the lock, or raise StalePlan naming who holds it."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        if sys.platform != "win32":
            try:
                _flock(file)
            except BlockingIOError as held:
                holder = _read(file)
                os.close(file)
                raise StalePlan(problems=[_held(holder)]) from held
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        return cls(file)

    @staticmethod
    def holder(path: Path) -> str:
        """Name the process that holds the lock, without taking it: its pid, "unknown", or "" for nobody."""
        try:
            file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return ""
        try:
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return ""
        except BlockingIOError:
            return _read(file)
        finally:
            os.close(file)

    def free(self) -> None:
        """Let go; the file stays, since removing it could let two holders in."""
        os.close(self.file)


def _flock(file: int) -> None:
    """Lock a file. Who only looks at the lock has it for a moment; that is waited for."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.02)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(file: int) -> str:
    return os.read(file, 32).decode("ascii", "replace").strip() or "unknown"


def _held(holder: str) -> Problem:
    what = f"another apply of this fleet is running (pid {holder})"
    return Problem("RC320", what, hint=f"wait for it, or look with {SHOW}")
