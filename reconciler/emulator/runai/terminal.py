"""Behave as a terminal between a keyboard and a program: echo, lines, erasing, Ctrl-C and Ctrl-D."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_INTERRUPT, _END, _KILL, _ESCAPE = 0x03, 0x04, 0x15, 0x1B
_ERASES = frozenset({0x08, 0x7F})
_LONGEST = 4096  # what a line of input may hold; more is refused with a bell


@dataclass(frozen=True, slots=True)
class Happening:
    """What a key does: an echo, a line or the end for the program, or an interrupt."""

    kind: Literal["echo", "line", "end", "interrupt"]
    data: bytes = b""


class Terminal:
    """The line discipline in its usual mode. The program reads whole lines."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        self.rows = rows
        self.columns = columns
        self._line = bytearray()
        self._is_escaped = False

    def feed(self, typed: bytes) -> Iterator[Happening]:
        """Take keys, and tell what they do."""
        for byte in typed:
            if self._is_escaped:  # the keys with arrows mean nothing here
                self._is_escaped = not (byte == 0x7E or (0x41 <= byte <= 0x7A and byte != 0x5B))
            else:
                yield from self._key(byte)

    def shown(self, data: bytes) -> bytes:
        """Give output as a screen needs it: a line feed returns, too."""
        return data.replace(b"\n", b"\r\n")

    def _key(self, byte: int) -> Iterator[Happening]:
        if byte in b"\r\n":
            yield Happening("echo", b"\r\n")
            yield self._flushed(b"\n")
        elif byte == _INTERRUPT:
            self._line.clear()
            yield Happening("echo", b"^C\r\n")
            yield Happening("interrupt")
        elif byte == _END:
            yield self._flushed(b"") if self._line else Happening("end")
        elif byte == _ESCAPE:
            self._is_escaped = True
        elif byte in _ERASES or byte == _KILL:
            yield from self._erased(everything=byte == _KILL)
        elif len(self._line) >= _LONGEST:
            yield Happening("echo", b"\a")
        else:
            self._line.append(byte)
            yield Happening("echo", bytes([byte]))

    def _flushed(self, end: bytes) -> Happening:
        line = bytes(self._line) + end
        self._line.clear()
        return Happening("line", line)

    def _erased(self, *, everything: bool) -> Iterator[Happening]:
        while self._line:
            while self._line and self._line.pop() & 0xC0 == 0x80:
                pass  # a character goes whole
            yield Happening("echo", b"\b \b")
            if not everything:
                return
