"""A terminal as far as our progress uses one: lines that wrap and scroll, carriage returns, up and clear."""

from __future__ import annotations

import io
import re

_PIECE = re.compile(r"\x1b\[(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]")


class Terminal(io.StringIO):
    """Say that it is a terminal, and keep what its screen shows; `past` is what has scrolled away."""

    def __init__(self, rows: int = 24, columns: int = 100) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns
        self.past: list[str] = []
        self.screen: list[str] = [""]
        self._row = self._column = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        for piece in _PIECE.finditer(text):
            self._take(piece[0], int(piece[1] or 1), piece[2] or "")
        return super().write(text)

    @property
    def shown(self) -> list[str]:
        """Give the lines on the screen, without the empty ones below."""
        return "\n".join(self.screen).rstrip("\n").split("\n")

    @property
    def all(self) -> list[str]:
        """Give the lines that scrolled away and those on the screen, without the empty ones."""
        return [line for line in (*self.past, *self.screen) if line]

    def resize(self, rows: int, columns: int) -> None:
        """Take another size; long lines wrap anew and the cursor stays at the end, as they do today."""
        lines = self.shown
        self.rows, self.columns = rows, columns
        self.screen, self._row, self._column = [""], 0, 0
        for piece in "".join(f"{line}\n" for line in lines):
            self._take(piece, 1, "")

    def _take(self, piece: str, number: int, command: str) -> None:
        if command == "A":
            self._row = max(0, self._row - number)
        elif command == "J":
            self.screen[self._row] = self.screen[self._row][: self._column]
            del self.screen[self._row + 1 :]
        elif command:
            assert command == "m", f"progress has no use for ESC[{command}"
        elif piece == "\r":
            self._column = 0
        elif piece == "\n":
            self._down()
        else:
            if self._column == self.columns:
                self._down()
            line = self.screen[self._row].ljust(self._column)
            self.screen[self._row] = line[: self._column] + piece + line[self._column + 1 :]
            self._column += 1

    def _down(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self.screen):
            self.screen.append("")
        if self._row == self.rows:
            self.past.append(self.screen.pop(0))
            self._row -= 1
