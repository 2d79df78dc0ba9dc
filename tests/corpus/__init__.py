"""Logs of workloads as real programs print them, each with what it is: what classifiers are held to.

A log is held out where the sha256 of its file name is a multiple of 3: it may be measured, and nothing
may be made to fit it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

LOGS = Path(__file__).with_name("logs")
NONE = "none"
CAUSES = (
    NONE,
    "gpu-memory",
    "host-memory",
    "collective",
    "image",
    "reference",
    "disk",
    "traceback",
    "command",
    "quota",
    "node",
    "crash",
    "assertion",
)
POD = "pod-0"
_MODULUS = 3


@dataclass(frozen=True, slots=True)
class Labelled:
    """Hold one log and its label; `logs/labels.toml` says what each part means."""

    file: str
    cause: str
    line: int = 0
    rank: int | None = None
    pod: str = ""
    split: bool = False
    reason: str = ""
    exit_code: int | None = None
    events: tuple[str, ...] = ()

    @property
    def is_held_out(self) -> bool:
        """Tell whether nothing may be made to fit it."""
        return int(sha256(self.file.encode()).hexdigest(), 16) % _MODULUS == 0

    @property
    def lines(self) -> tuple[str, ...]:
        """Give its lines as they were printed."""
        return tuple((LOGS / self.file).read_bytes().decode().removesuffix("\n").split("\n"))

    @property
    def causal_line(self) -> str:
        """Give the line that says why, without the name of a pod before it; "" where none does."""
        line = self.lines[self.line - 1] if self.line else ""
        return line.partition(" | ")[2] if self.split else line

    @property
    def pods(self) -> Mapping[str, tuple[str, ...]]:
        """Give the lines of each pod, in the order the pods first spoke."""
        if not self.split:
            return MappingProxyType({POD: self.lines})
        pods: dict[str, list[str]] = {}
        for line in self.lines:
            name, _, text = line.partition(" | ")
            pods.setdefault(name, []).append(text)
        return MappingProxyType({name: tuple(texts) for name, texts in pods.items()})


@cache
def read() -> tuple[Labelled, ...]:
    """Read every label, in the order of the file names."""
    labels = tomllib.loads((LOGS / "labels.toml").read_text())
    return tuple(
        Labelled(file, **{**label, "events": tuple(label.get("events", ()))})
        for file, label in sorted(labels.items())
    )
