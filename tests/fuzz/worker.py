"""The reading process: takes inputs on stdin, reads each, and tells what came of it.

A message is a length in four bytes and so many bytes. The answer is a line of JSON: how it ended, in how
many seconds of the processor, and the most memory that this process has held so far, in bytes.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from reconciler.fleet import Fleet, Target
from reconciler.problem import Problem
from reconciler.providers import kinds
from reconciler.validate import validate
from reconciler.yaml import FILE_LIMITS, parse

_TARGET = Target("prod", "runai", "https://acme.run.ai")
_FLEET = Fleet("7f3a9c04d2b81e66", "fuzz", "reconciler.yaml", "/fleet", {"prod": _TARGET})


def read(data: bytes) -> str:
    """Read bytes as the program does, and judge what it says. Raises where it does."""
    parsed = parse(data, "m.yaml")
    checked = validate(parsed.documents, _FLEET, kinds=kinds())
    lines = data.count(b"\n") + data.count(b"\r") + 1
    problems = (*parsed.problems, *checked.problems)
    least = 0 if len(data) > FILE_LIMITS.bytes else 1  # a file that is too large has no place but itself
    strayed = [problem for problem in problems if not _is_inside(problem, least, lines)]
    return f"a problem points nowhere: {strayed[0].what}" if strayed else ""


def _is_inside(problem: Problem, least: int, lines: int) -> bool:
    place = problem.location
    return place is not None and place.file == "m.yaml" and least <= place.line <= lines + 1


def hold(_: bytes) -> str:
    """Hold more memory than is allowed, to see that it is noticed."""
    return "" if len(b"x" * (200 << 20)) else "x"


def hang(_: bytes) -> str:
    """Take longer than is allowed, to see that it is noticed."""
    time.sleep(60)
    return ""


def spin(_: bytes) -> str:
    """Work longer than is allowed, to see that it is noticed."""
    end = time.process_time() + 0.4
    while time.process_time() < end:
        pass
    return ""


def crash(data: bytes) -> str:
    """Raise, to see that it is noticed."""
    raise ValueError(data)


SUBJECTS: dict[str, Callable[[bytes], str]] = {
    "read": read,
    "hold": hold,
    "hang": hang,
    "spin": spin,
    "crash": crash,
}


def main(subject: str) -> None:
    """Answer until stdin ends."""
    inlet, work = sys.stdin.buffer, SUBJECTS[subject]
    work_warmed(work)
    while head := inlet.read(4):
        data = inlet.read(int.from_bytes(head, "big"))
        began = time.process_time()
        try:
            fault = work(data)
        except BaseException as error:  # noqa: BLE001 - whatever comes is what is looked for
            fault = f"{type(error).__name__}: {str(error)[:200]}"
        _tell(fault, time.process_time() - began)


def work_warmed(work: Callable[[bytes], str]) -> None:
    """Load what is loaded once, and tell how much memory that takes."""
    if work is read:
        for kind in kinds().values():
            read(f"apiVersion: {kind.api_version}\nkind: {kind.name}\nmetadata: {{}}\nspec: {{}}\n".encode())
    _tell("", 0.0)


def _tell(fault: str, seconds: float) -> None:
    peak = _peak()
    sys.stdout.write(json.dumps({"fault": fault, "seconds": seconds, "peak": peak}) + "\n")
    sys.stdout.flush()


def _peak() -> int:
    """Give the most bytes held so far; on Linux getrusage would count those of the parent as well."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(sys.argv[1])
