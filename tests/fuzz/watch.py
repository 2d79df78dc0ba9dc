"""Watching: give inputs to a reading process, and hold it to its limits of time and memory."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LIMIT_S = 2.0
"""The processor's time for one input. A shared machine may take several times as long over it."""
PATIENCE = 10
LIMIT_BYTES = 128 << 20
_START_S = 30.0


@dataclass
class Report:
    """Sum up a run. `faults` holds what went wrong, with the input that did it."""

    tried: int = 0
    slowest_s: float = 0.0
    peak_bytes: int = 0
    faults: list[tuple[str, bytes]] = field(default_factory=list)

    def __str__(self) -> str:
        """Write one line: inputs tried, faults, slowest input, peak memory above the start."""
        return (
            f"{self.tried:,} inputs, {len(self.faults)} faults, slowest {self.slowest_s * 1000:.0f} ms, "
            f"peak {self.peak_bytes / (1 << 20):.0f} MiB above the start"
        )


class Watch:
    """Keep one reading process, a new one after it had to be ended."""

    def __init__(self, subject: str = "read") -> None:
        self.report = Report()
        self._subject = subject
        self._process, self._base = self._started()

    def give(self, data: bytes) -> str:
        """Let it read one input; give what went wrong, or nothing."""
        assert self._process.stdin
        try:
            self._process.stdin.write(len(data).to_bytes(4, "big") + data)
            self._process.stdin.flush()
            answer = self._answer(LIMIT_S * PATIENCE)
        except OSError:
            answer = {}
        fault = self._judged(answer)
        self.report.tried += 1
        if fault:
            self.report.faults.append((fault, data))
            self.close()
            self._process, self._base = self._started()
        return fault

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _judged(self, answer: dict[str, object] | None) -> str:
        if answer is None:
            return f"no answer within {LIMIT_S * PATIENCE:g} s"
        if not answer:
            return "the process ended"
        seconds, peak = float(str(answer["seconds"])), int(str(answer["peak"])) - self._base
        self.report.slowest_s = max(self.report.slowest_s, seconds)
        self.report.peak_bytes = max(self.report.peak_bytes, peak)
        if seconds > LIMIT_S:
            return f"it took {seconds:.1f} s"
        if peak > LIMIT_BYTES:
            return f"it held {peak >> 20} MiB"
        return str(answer["fault"])

    def _started(self) -> tuple[subprocess.Popen[bytes], int]:
        words = [sys.executable, "-m", "tests.fuzz.worker", self._subject]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ready = self._answer(_START_S)
        assert ready, "the reading process did not start"
        return self._process, int(str(ready["peak"]))

    def _answer(self, within_s: float) -> dict[str, object] | None:
        """Wait for a line; None where none comes in time, nothing where the process ended."""
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], within_s)[0]:
            return None
        line = self._process.stdout.readline()
        found: dict[str, object] = json.loads(line) if line else {}
        return found


@contextmanager
def watching(subject: str = "read") -> Iterator[Watch]:
    """Keep a watch, and end its process with it."""
    watch = Watch(subject)
    try:
        yield watch
    finally:
        watch.close()
