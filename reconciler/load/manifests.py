"""Manifests: the documents of all inputs, with everything that cannot be read or parsed."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.fleet import Fleet
from reconciler.load.files import Unreadable, manifest_files, read_file, unreadable
from reconciler.problem import Location, Problem
from reconciler.resource import EMPTY
from reconciler.validate.places import without_secrets
from reconciler.yaml import FILE_LIMITS, Document, Parsed, parse

MOST_BYTES = 32 << 20
MOST_DOCUMENTS = 5_000
_STDIN_LIMITS = replace(FILE_LIMITS, bytes=MOST_BYTES, nodes=2_000_000)
_STDIN = "-"
_NO_PATH = "check the path; without one, all that manifests: in the fleet file names is read"
_EMPTY = "the fleet file names it; git keeps no empty folder: put a .gitkeep into one that may be empty"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold the documents of all inputs in order, the problems, and the files that were read.

    `files` are written as in the places of documents: relative to the working directory.
    """

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    paths: Mapping[str, Path] = EMPTY

    def path_of(self, file: str) -> Path:
        """Give the absolute path of a file that was read, links in it resolved."""
        return self.paths[file]

    @property
    def is_whole(self) -> bool:
        """Tell whether every file was readable and every document understood."""
        return not self.problems


@dataclass(slots=True)
class _Reading:
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    bytes: int = 0


def load_manifests(
    inputs: Sequence[str], fleet: Fleet, *, cwd: Path, read_stdin: Callable[[], bytes] | None = None
) -> Loaded:
    """Read files, folders and `-`; without inputs, what the fleet names. Nothing unreadable is skipped.

    Inputs are relative to `cwd`, the fleet's own to its folder. A file given twice is read once.
    """
    reading = _Reading()
    with _collector_paused():
        if not inputs:
            for name in fleet.manifests:
                _read(Path(fleet.root) / name, cwd, fleet, reading, is_own=True)
        for name in inputs:
            if name == _STDIN:
                _read_stdin(read_stdin, reading)
            else:
                _read(cwd / name, cwd, fleet, reading)
    paths = {shown: Path(real) for real, shown in reading.files.items()}
    return Loaded(tuple(reading.documents), tuple(reading.problems), tuple(paths), paths)


def _read(path: Path, base: Path, fleet: Fleet, reading: _Reading, *, is_own: bool = False) -> None:
    shown = _shown(path, base)
    try:
        if not os.path.lexists(path):
            raise unreadable(shown, "no such file or folder", _EMPTY if is_own else _NO_PATH)
        for file, name in _files(path, shown, fleet):
            _read_file(file, name, _root(path), reading)
    except Unreadable as error:
        reading.problems.append(error.problem)


def _files(path: Path, shown: str, fleet: Fleet) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield path, shown
        return
    own = os.path.realpath(Path(fleet.root) / Path(fleet.file).name)
    for file, name in manifest_files(path, shown, _root(path)):
        if os.path.realpath(file) != own:
            yield file, name


def _root(path: Path) -> Path:
    """Give the folder that links below an input must stay in."""
    return Path(os.path.realpath(path if path.is_dir() else path.parent))


def _read_file(file: Path, shown: str, root: Path, reading: _Reading) -> None:
    real = os.path.realpath(file)
    if real in reading.files:
        return
    try:
        data = read_file(file, shown, FILE_LIMITS.bytes, root=root)
    except Unreadable as error:
        reading.problems.append(error.problem)
        return
    reading.files[real] = shown
    reading.bytes += len(data)
    if reading.bytes > MOST_BYTES:
        raise unreadable(shown, f"the manifests have more than {MOST_BYTES:,} bytes", "split the fleet")
    _take(parse(data, shown), shown, reading)


def _read_stdin(read: Callable[[], bytes] | None, reading: _Reading) -> None:
    if read is None:
        reading.problems.append(unreadable("<stdin>", "there is no standard input").problem)
        return
    _take(parse(read(), "<stdin>", limits=_STDIN_LIMITS), "<stdin>", reading)


def _take(parsed: Parsed, shown: str, reading: _Reading) -> None:
    reading.documents += parsed.documents
    reading.problems += [without_secrets(problem) for problem in parsed.problems]
    if len(reading.documents) > MOST_DOCUMENTS:
        what = f"the manifests hold more than {MOST_DOCUMENTS:,} documents"
        raise Unreadable(Problem("RC100", what, Location(shown), hint="split the fleet"))


def _shown(path: Path, base: Path) -> str:
    """Write a path as people would type it here."""
    plain = Path(os.path.normpath(path))
    return str(plain.relative_to(base)) if plain.is_relative_to(base) else os.path.relpath(plain, base)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector: thousands of small values are made and none is let go."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
