"""The only writer: every byte a command prints or saves goes through here.

In order: known secrets are taken out, unseen characters spelled out, CI commands broken, signs the
encoding lacks replaced, the leak guard asked once more, colour added. Then it is written at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from stat import S_ISREG
from typing import TYPE_CHECKING, TextIO

from click import echo_via_pager

from reconciler.errors import ExitCode, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.problem import Problem
    from reconciler.secret import Scrubber

_CI_NAMES = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD")
_NO = ("", "0", "false")
DEFAULT_WIDTH = 120
_ROWS = 24
_UP_AND_CLEAR = "\r\x1b[{}A\x1b[J"


TEXT_FORMATS = ("table", "wide", "name", "markdown", "yaml")
ERROR_FORMATS = ("json", "jsonl", "junit", "sarif", "codequality", "markdown")


@dataclass(frozen=True, slots=True)
class Output:
    """Say one form a result is wanted in, and the file for it; "" is stdout."""

    format: str
    file: str = ""

    @property
    def is_text(self) -> bool:
        """Tell whether people read it."""
        return self.format in TEXT_FORMATS


class Withheld(ReconcilerError):
    """Report that the leak guard found a secret in something about to be written."""

    exit_code = ExitCode.WITHHELD


class Voice:
    """Speak for one command line: results, talk and complaints, each to its stream."""

    def __init__(
        self,
        words: Sequence[str] = (),
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.words = tuple(words)
        self.environ = os.environ if environ is None else environ
        self.is_quiet, self.verbosity, self.is_debug, self.color = False, 0, False, "auto"
        self.outputs: tuple[Output, ...] = ()
        self._out = sys.stdout if out is None else out
        self._err = sys.stderr if err is None else err
        self._scrubber: Scrubber | None = None
        self._closed: set[int] = set()
        self._standing = ""
        self.lost = ""

    @property
    def scrubber(self) -> Scrubber:
        """Give the scrubber that learns this run's secrets."""
        if self._scrubber is None:
            from reconciler.secret import Scrubber  # nothing to scrub until a world is opened

            self._scrubber = Scrubber()
        return self._scrubber

    @property
    def is_ci(self) -> bool:
        """Tell whether a CI runner reads what is written."""
        return any(self.environ.get(name, "").lower() not in _NO for name in _CI_NAMES)

    @property
    def is_live(self) -> bool:
        """Tell whether lines on stderr may be rewritten in place: a terminal, outside CI."""
        return self._is_terminal(self._err) and not self.is_ci and self.environ.get("TERM") != "dumb"

    @property
    def can_ask(self) -> bool:
        """Tell whether somebody is there to answer a question."""
        return self._is_terminal(sys.stdin) and self._is_terminal(self._err)

    @property
    def is_on_terminal(self) -> bool:
        """Tell whether a person reads the result, not a file, a pipe or a CI runner."""
        return self._is_terminal(self._out) and not self.is_ci

    @property
    def is_heard(self) -> bool:
        """Tell whether stdout still takes something: not once its reader went away, or the disk is full."""
        return id(self._out) not in self._closed

    @property
    def width(self) -> int:
        """Give the columns to write for: COLUMNS, the terminal's, or 120."""
        if (columns := self.environ.get("COLUMNS", "")).isdecimal() and int(columns) > 0:
            return int(columns)
        try:
            return os.get_terminal_size(self._out.fileno()).columns or DEFAULT_WIDTH
        except (OSError, ValueError):
            return DEFAULT_WIDTH

    @property
    def screen(self) -> tuple[int, int]:
        """Give the columns and rows of the terminal behind stderr, as they are now."""
        try:
            size = os.get_terminal_size(self._err.fileno())
        except (OSError, ValueError):
            return self.width, _ROWS
        return size.columns or self.width, size.lines or _ROWS

    @property
    def has_text_result(self) -> bool:
        """Tell whether stdout is for people in this run, not a document for a machine."""
        return all(output.file or output.is_text for output in self.outputs)

    def result(self, text: str) -> None:
        """Write a result for people to stdout."""
        self._write(self._out, text)

    def show(self, text: str) -> None:
        """Write text for people: to stdout, or to stderr when stdout carries a document."""
        (self.result if self.has_text_result else self.talk)(text)

    def talk(self, text: str) -> None:
        """Write progress or a hint to stderr, unless asked to be quiet."""
        if not self.is_quiet:
            self._write(self._err, text)

    def complain(self, text: str) -> None:
        """Write a problem to stderr, always."""
        self._write(self._err, text)

    def command(self, text: str) -> None:
        """Write our own commands to the CI runner, on stderr; the one way around their breaking."""
        self._write(self._err, text, is_ours=True)

    def byway(self, *, is_error: bool = False) -> int | None:
        """Give the descriptor for bytes as they are, which are not ours to read, such as a container's.

        None where they have to be text and come through here: a CI runner reads them, not a file, or there is
        no descriptor.
        """
        stream = self._err if is_error else self._out
        try:
            number = stream.fileno()
            is_file = S_ISREG(os.fstat(number).st_mode)
        except (OSError, ValueError):
            return None
        return number if is_file or not self.is_ci else None

    def annotate(self, findings: Callable[[], Sequence[Problem]]) -> None:
        """Show findings beside the code, where GitHub runs us."""
        if self.environ.get("GITHUB_ACTIONS") == "true":
            from reconciler.report.annotations import annotations_text

            self.command(annotations_text(findings()))

    def stand(self, block: str, above: str = "") -> None:
        """Keep a block standing at the end of a live terminal, below all else that is written to stderr.

        It takes the place of the block before; `above` is written over it for good.
        """
        if not self.is_quiet:
            text, control = self._ready(self._err, above + block, is_ours=False), self._erased()
            self._standing = block
            self._put(self._err, control + text)

    def document(self, text: str, file: str = "") -> None:
        """Write a document for machines to a file, or to stdout."""
        text = self._clean(text, file or "stdout")
        if file:
            _save(Path(file), text)
        else:
            self._put(self._out, text)

    def keep(self, text: str, file: str, seal: Callable[[str], str]) -> None:
        """Write a document for this user alone, whole or not at all, sealed when all else is done."""
        _save_private(Path(file), seal(self._clean(text, file)))

    def page(self, text: str) -> None:
        """Write a result for people through a pager where it is longer than the terminal it goes to."""
        if not self.is_on_terminal or text.count("\n") < get_terminal_size().lines:
            self.result(text)
        else:
            echo_via_pager(self._ready(self._out, text, is_ours=False), color=self._has_colour(self._out))

    def publish(self, makers: Mapping[str, Callable[[], str]], *, pages: bool = False) -> None:
        """Write a result in every format asked for; a table where stdout got none. `pages` a long one."""
        show = self.page if pages else self.result
        for output in self.outputs:
            text = makers[output.format]()
            if output.file or not output.is_text:
                self.document(text, output.file)
            else:
                show(text)
        if all(output.file for output in self.outputs):
            show(makers["table"]())

    def explain(self, error: ReconcilerError) -> None:
        """Give the error in every form that was asked for and that has one."""
        wanted = [output for output in self.outputs if output.format in ERROR_FORMATS]
        if wanted and not isinstance(error, UsageError | Withheld):
            from reconciler.report.errors import error_forms

            makers = error_forms(error)
            for output in wanted:
                text = makers[output.format]()
                if output.file or not output.is_text:
                    self.document(text, output.file)
                else:
                    self.result(text)

    def close(self) -> None:
        """Flush; a reader that went away is no failure of ours."""
        for stream in (self._out, self._err):
            self._put(stream, "")

    def _write(self, stream: TextIO, text: str, *, is_ours: bool = False) -> None:
        standing, control = (self._standing, self._erased()) if stream is self._err else ("", "")
        self._put(stream, control + self._ready(stream, text + standing, is_ours=is_ours))

    def _erased(self) -> str:
        """Give what takes the standing block away, however wide the terminal has become since."""
        if not self._standing:
            return ""
        from reconciler.report.table import cells  # who lets a block stand has loaded it

        columns, _ = self.screen
        rows = sum(max(1, -(-cells(line) // columns)) for line in self._standing.splitlines())
        return _UP_AND_CLEAR.format(rows)

    def _ready(self, stream: TextIO, text: str, *, is_ours: bool) -> str:
        from reconciler.report import safe  # pure and small; loaded with the first word

        text = safe.block(text if self._scrubber is None else self._scrubber.scrub(text))
        if self.is_ci and not is_ours:
            text = safe.for_ci(text)
        text = self._clean(safe.for_encoding(text, stream.encoding or "utf-8"), "the terminal")
        if not self._has_colour(stream):
            return text
        from reconciler.report.paint import painted

        return painted(text)

    def _clean(self, text: str, where: str) -> str:
        """Scrub, and refuse to go on if a secret is still there."""
        if self._scrubber is None:
            return text
        text = self._scrubber.scrub(text)
        if self._scrubber.finds(text):
            raise Withheld(f"a secret stood in what was to be written to {where}; it was withheld")
        return text

    def _put(self, stream: TextIO, text: str) -> None:
        """Write at once. A stream that takes no more is left alone: apply goes on without it.

        A reader that went away is no failure; what else keeps output from being written is kept in `lost`.
        """
        if id(stream) in self._closed:
            return
        try:
            stream.write(text)
            stream.flush()
        except (BrokenPipeError, ValueError):
            self._leave(stream)
        except OSError as wrong:
            self.lost = wrong.strerror or str(wrong)
            self._leave(stream)

    def _leave(self, stream: TextIO) -> None:
        self._closed.add(id(stream))
        _silence(stream)

    def _is_terminal(self, stream: TextIO | None) -> bool:
        return stream is not None and not stream.closed and stream.isatty()

    def _has_colour(self, stream: TextIO) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if any(self.environ.get(name, "") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            return True
        if self.environ.get("CLICOLOR") == "0" or self.environ.get("TERM") == "dumb":
            return False
        return self._is_terminal(stream)


def _silence(stream: TextIO) -> None:
    """Point a broken stream at nothing, so that Python's own flush at the end stays silent."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)


def _save(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = _part_of(path)
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as wrong:
        with suppress(OSError):
            part.unlink()
        raise ReconcilerError(f"cannot write {path}: {wrong.strerror}") from wrong


def _save_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all, also when the power fails."""
    part = _part_of(path)
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as wrong:
        with suppress(OSError):
            part.unlink()
        raise ReconcilerError(f"cannot write {path}: {wrong.strerror}") from wrong


def _part_of(path: Path) -> Path:
    """Name the file that is written first and then put in the place of the other."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _sync_folder(folder: Path) -> None:
    """Let the disk know of a new name; a file system that cannot is left alone."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
