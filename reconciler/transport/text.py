"""Turn bytes that come in pieces into lines of text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

LONGEST_LINE = 1024 * 1024


class Lines:
    """Cut a stream of bytes into lines, whatever the pieces it arrives in.

    Characters may be split over pieces; bytes that are no UTF-8 become the replacement character.
    A line without end is given out in parts of `LONGEST_LINE` characters.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._states_ends = False

    def feed(self, piece: bytes, *, ends_line: bool = False) -> Iterator[str]:
        """Give the lines that a piece completes.

        `ends_line`: the piece is a message of its own, so its end is the end of a line, unless it
        stops within a character, or messages before it ended in a line feed: then each line does.
        """
        self._states_ends |= piece.endswith(b"\n")
        self._rest += self._decoder.decode(piece)
        *whole, self._rest = self._rest.split("\n")
        yield from (line.removesuffix("\r") for line in whole)
        goes_on = self._states_ends or bool(self._decoder.getstate()[0])
        if self._rest and ((ends_line and not goes_on) or len(self._rest) >= LONGEST_LINE):
            yield self._rest.removesuffix("\r")
            self._rest = ""

    def finish(self) -> Iterator[str]:
        """Give what is left when nothing more will come."""
        last = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        if last:
            yield last.removesuffix("\r")
