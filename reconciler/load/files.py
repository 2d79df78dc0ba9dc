"""Files: found in a fixed order, opened without following what leads away, read up to a limit."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.problem import Location, Problem

SUFFIXES = (".yaml", ".yml")
_LFS = b"version https://git-lfs.github.com/spec/"
_DEEPEST = 32
_WHY_NOT = {
    PermissionError: "permission denied",
    FileNotFoundError: "no such file or folder",
    IsADirectoryError: "it is a folder",
}


class Unreadable(Exception):
    """Report one file or folder that cannot be read, as a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.what)


def unreadable(shown: str, what: str, hint: str = "") -> Unreadable:
    """Make the error for a path that cannot be read."""
    why = "what cannot be read is unknown, and unknown is never empty"
    return Unreadable(Problem("RC100", f"cannot read {shown}: {what}", Location(shown), why=why, hint=hint))


def read_file(path: Path, shown: str, most_bytes: int, *, root: Path | None = None) -> bytes:
    """Read a regular file of at most so many bytes. Raises Unreadable; never blocks on a pipe or device."""
    _refuse_escape(path, shown, root)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(shown, _words(error)) from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise unreadable(shown, "it is not a regular file", "only files and folders are read")
    with os.fdopen(descriptor, "rb") as file:
        if about.st_size > most_bytes:
            raise _too_large(shown, most_bytes)
        return _content(file.read(most_bytes + 1), shown, most_bytes)


def _content(data: bytes, shown: str, most_bytes: int) -> bytes:
    if len(data) > most_bytes:
        raise _too_large(shown, most_bytes)
    if data.startswith(_LFS):
        raise unreadable(shown, "it is a Git LFS pointer, not the file", "run git lfs pull")
    return data


def _too_large(shown: str, most_bytes: int) -> Unreadable:
    return unreadable(shown, f"it is larger than {most_bytes:,} bytes", "split it, or move data out of it")


def manifest_files(folder: Path, shown: str, root: Path) -> Iterator[tuple[Path, str]]:
    """Walk a folder for YAML files, hidden ones left out, in the order of their names. Raises Unreadable."""
    yield from _walk(folder, shown, root, seen=frozenset())


def _walk(folder: Path, shown: str, root: Path, seen: frozenset[Path]) -> Iterator[tuple[Path, str]]:
    _refuse_escape(folder, shown, root)
    real = Path(os.path.realpath(folder))
    if real in seen or len(seen) > _DEEPEST:
        raise unreadable(shown, "a link leads back to a folder above it", "delete the link")
    for name, is_folder in _entries(folder, shown):
        path, below = folder / name, name if shown == "." else f"{shown.rstrip('/')}/{name}"
        if is_folder:
            yield from _walk(path, below, root, seen | {real})
        elif name.endswith(SUFFIXES):
            yield path, below


def _entries(folder: Path, shown: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise unreadable(shown, _words(error)) from error
    return sorted(found)


def _refuse_escape(path: Path, shown: str, root: Path | None) -> None:
    """Refuse what a symbolic link leads out of the root, so that a checkout cannot read the machine."""
    if root is None:
        return
    real = Path(os.path.realpath(path))
    if real != root and root not in real.parents:
        raise unreadable(shown, "a link leads out of its folder", "put the file itself there")


def _words(error: OSError) -> str:
    return _WHY_NOT.get(type(error), (error.strerror or type(error).__name__).casefold())
