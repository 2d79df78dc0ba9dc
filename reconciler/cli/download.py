"""Logs into a file: byte for byte, all or nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from reconciler.cli.voice import Voice
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.follow import Source

_TELL_EVERY = 4 * 1024 * 1024
_LONGEST = 1024 * 1024
_HELD = 64 * 1024
"""So much of a line that is copied in parts waits for its rest: a secret may begin in it."""


class Place(click.Path):
    """Read the name of a file that can be written."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Give its path."""
        if value in ("", "-"):
            self.fail(f'"{value}" names no file; leave --download out to print the log', param, ctx)
        return super().convert(value, param, ctx)


async def keep(pieces: AsyncIterator[tuple[Source, bytes]], voice: Voice, file: Path) -> None:
    """Write logs to a file byte for byte, all or nothing, and tell how much there is so far.

    Known secrets are taken out, and of several logs each line begins with whose it is.
    """
    copy, size, told = Copy(voice.scrubber.scrub), 0, 0
    try:
        with _opened(file) as out:
            async for source, piece in pieces:
                size += out.write(copy.take(source, piece))
                if voice.is_live and size - told >= _TELL_EVERY:
                    told = size
                    voice.stand(f"{file}: {size / 1024**2:.0f} MiB\n")
            size += out.write(copy.finish())
    except OSError as wrong:
        raise UsageError(f"cannot write {file}: {os.strerror(wrong.errno or 0)}") from wrong
    finally:
        if voice.is_live:
            voice.stand("")
    voice.talk(f"wrote {copy.lines:,} lines, {size / 1024**2:.1f} MiB, to {file}\n")


class Copy:
    """Copy logs line by line, each byte as it is. A line over 1 MiB is copied in parts."""

    def __init__(self, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub
        self._source: Source | None = None
        self._rest = b""
        self._is_within = False
        self.lines = 0

    def take(self, source: Source, piece: bytes) -> bytes:
        """Give what is to be written now."""
        before = b"" if source is self._source or self._source is None else self._ended()
        self._source = source
        whole, end, self._rest = (self._rest + piece).rpartition(b"\n")
        ready = whole + end
        if len(self._rest) >= _LONGEST:
            clean = self._clean(self._rest)
            ready, self._rest = ready + clean[:-_HELD], clean[-_HELD:]
        return before + self._labelled(ready)

    def finish(self) -> bytes:
        """Give the end of a last line that has none."""
        rest, self._rest = self._labelled(self._rest), b""
        self.lines += self._is_within
        return rest

    def _ended(self) -> bytes:
        """End the log before, so that the next begins on a line of its own."""
        rest = self.finish()
        is_open, self._is_within = self._is_within, False
        return rest + b"\n" * is_open

    def _labelled(self, ready: bytes) -> bytes:
        if not ready:
            return b""
        self.lines += ready.count(b"\n")
        label = label_of(self._source).encode() if self._source else b""
        goes_on, self._is_within = self._is_within, not ready.endswith(b"\n")
        if label:
            head = b"" if goes_on else label
            ready = head + ready[:-1].replace(b"\n", b"\n" + label) + ready[-1:]
        return self._clean(ready)

    def _clean(self, ready: bytes) -> bytes:
        text = ready.decode(errors="surrogateescape")  # what is no UTF-8 comes back as the bytes it was
        return ready if (clean := self._scrub(text)) == text else clean.encode(errors="surrogateescape")


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file that will be there whole or not at all; a pipe or a device is written to as it is."""
    place = Path(os.path.realpath(file))
    if place.exists() and not place.is_file():
        with place.open("wb") as out:
            yield out
        return
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def label_of(source: Source) -> str:
    """Give what each line of a log begins with, "" where it is the only one."""
    return f"{source.label} | " if source.is_one_of_several else ""
