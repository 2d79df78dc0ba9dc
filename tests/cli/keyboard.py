"""Type command lines into a real terminal, or into no terminal at all, without a process for each."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
import threading
from dataclasses import dataclass, field
from typing import TextIO

import pytest

from reconciler.cli import main

_ROWS = 40


@dataclass
class Keyboard:
    """Run commands as if typed; `width` 0 is a pipe where a terminal would be. Keeps all that was shown."""

    monkeypatch: pytest.MonkeyPatch
    width: int
    environ: dict[str, str] = field(default_factory=dict)
    is_terminal: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_terminal = self.width > 0
        for name, value in {"TERM": "xterm-256color", **self.environ}.items():
            self.monkeypatch.setenv(name, value)

    def types(self, *words: str, answer: str = "", code: int = 0) -> str:
        """Type a command line, and an answer to what it may ask; give all that came, stdout and stderr."""
        ours, theirs = os.openpty() if self.is_terminal else os.pipe()
        if self.is_terminal:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, self.width, 0, 0))
        shown: list[bytes] = []
        reader = threading.Thread(target=_read, args=(ours, shown, answer))
        reader.start()
        try:
            ended = self._run(words, theirs)
        finally:
            os.close(theirs)
            reader.join()
            os.close(ours)
        said = b"".join(shown).decode()
        assert ended == code, said
        return said

    def _run(self, words: tuple[str, ...], end: int) -> int:
        with self.monkeypatch.context() as patch:
            streams = {name: _stream(end, mode) for name, mode in (("stdout", "w"), ("stderr", "w"))}
            if self.is_terminal:
                streams["stdin"] = _stream(end, "r")
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            try:
                return main(words)
            finally:
                for stream in streams.values():
                    stream.close()


def _stream(end: int, mode: str) -> TextIO:
    return open(os.dup(end), mode, encoding="utf-8")  # type: ignore[return-value]  # the mode is a text mode


def _read(end: int, into: list[bytes], answer: str) -> None:
    """Read until the other end is closed, which a terminal tells by an error; answer the first question."""
    while True:
        try:
            piece = os.read(end, 65536)
        except OSError:
            return
        if not piece:
            return
        into.append(piece)
        if answer and b"".join(into).endswith(b"[y/N] "):
            os.write(end, f"{answer}\n".encode())
            answer = ""
