"""One apply of a fleet at a time on one machine: the kernel's lock, freed even when we are killed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reconciler.errors import StalePlan

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
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as held:
                holder = os.read(file, 32).decode("ascii", "replace").strip() or "unknown"
                os.close(file)
                raise StalePlan(f"another apply of this fleet is running (pid {holder})") from held
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        return cls(file)

    def free(self) -> None:
        """Let go; the file stays, since removing it could let two holders in."""
        os.close(self.file)
