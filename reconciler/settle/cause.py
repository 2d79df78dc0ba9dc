"""The first line of a log that says why, among all those that only say that. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_LONGEST = 300

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")
_PREFIX = re.compile(
    r"^(?:"
    r"\[(?:rank|Rank )?\d+\]:? "  # [rank0]:  [0]:
    r"|\([\w .=-]{0,60}pid=\d+[\w .=,-]{0,60}\) "  # (EngineCore_0 pid=123)
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* "  # a time stamp
    r"|(?:ERROR|CRITICAL|FATAL) \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]+\] ?"  # ERROR 10-12 09:14:03 [core.py:700]
    r")+"
)

CAUSES = re.compile(
    r"CUDA out of memory|HIP out of memory|OutOfMemoryError|OOMKilled|[Oo]ut of memory"
    r"|Cannot allocate memory|No available memory for the cache blocks"
    r"|ErrImagePull|ImagePullBackOff|InvalidImageName|[Ff]ailed to pull image"
    r"|manifest (?:\S+ )?(?:unknown|not found)"
    r"|pull access denied|No such file or directory|[Pp]ermission denied|[Aa]ddress already in use"
    r"|[Cc]ommand not found|executable file not found|exec format error|No space left on device"
    r"|ModuleNotFoundError|ImportError|NCCL WARN|NCCL error|RCCL error|no CUDA-capable device"
    r"|CUDA driver version is insufficient|unrecognized arguments|invalid choice|gated repo|401 Client Error"
    r"|403 Client Error|Read-only file system|[Tt]emporary failure in name resolution|[Nn]o route to host"
    r"|Segmentation fault|Illegal instruction|Bus error|[Cc]onnection refused|\bpanic: "
    r"|MountVolume\.\w+ failed"
    r"|secret \"[^\"]+\" not found|configmap \"[^\"]+\" not found|persistentvolumeclaim \"[^\"]+\" not found",
)
"""What stands in a line that names a cause, whoever wrote it."""

FOLLOW_UPS = re.compile(
    r"See root cause above|ChildFailedError|failed \(exitcode|exit ?code:? *-?\d+|SIGTERM|Sending process \d+"
    r"|died with|terminate called after|Terminating|Engine core initialization failed|EngineCore failed"
    r"|EngineDeadError|process group has NOT been destroyed|Watchdog caught|[Bb]roken pipe|Connection reset"
    r"|Back-off (?:restarting|pulling)|The above exception|During handling of the above|Error in atexit"
    r"|root_cause|another rank|Some NCCL operations have failed|Shutting down|BrokenProcessPool"
)
"""What stands in a line that only tells of somebody else's failure."""

_QUIET = re.compile(r"\b(?:DEBUG|INFO|WARN(?:ING)?|[a-z]*[wW]arning)\b:?")
_EXCEPTION = re.compile(
    r"^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Exit|Failure|Timeout|NotFound)\b(?:: .*)?$"
)
TRACEBACK = "Traceback (most recent call last):"
_WEAK = re.compile(r"\b(?:[Ee]rror|ERROR|FATAL|[Ff]atal|CRITICAL|[Ff]ailed|cannot|Killed)\b")


def causal_line(lines: Iterable[str]) -> str:
    """Pick the first line that names a cause; "" where none does.

    A known cause or the end of the first traceback comes first, then an exception whose traceback was
    cut off, then anything that says "error". Lines that follow from another failure are never picked.
    """
    clean = [_bare(line) for line in lines]
    found = _known(clean) or _first(_EXCEPTION, clean) or _first(_WEAK, clean)
    return found[:_LONGEST]


def _bare(line: str) -> str:
    return _PREFIX.sub("", _ESCAPES.sub("", line).rstrip())


def _known(lines: Sequence[str]) -> str:
    """Find the first known cause or end of a traceback, whichever comes first."""
    inside, ends = _tracebacks(lines)
    for number, line in enumerate(lines):
        says_why = number in ends or (number not in inside and _names_a_cause(line))
        if says_why and not FOLLOW_UPS.search(line):
            return line.strip()
    return ""


def _names_a_cause(line: str) -> bool:
    if not CAUSES.search(line):
        return False
    return "NCCL WARN" in line or not _QUIET.search(line)


def _tracebacks(lines: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """Number the lines inside tracebacks, and the lines that end one by naming the exception."""
    inside, ends = set[int](), set[int]()
    is_inside = False
    for number, line in enumerate(lines):
        if TRACEBACK in line:
            is_inside = True
        elif is_inside and line and not line[0].isspace():
            is_inside = False
            if _EXCEPTION.match(line):
                ends.add(number)
            continue
        if is_inside:
            inside.add(number)
    return frozenset(inside), frozenset(ends)


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> str:
    """Find the first line of a pattern that is neither quiet nor a follow-up."""
    for line in lines:
        if pattern.search(line) and not FOLLOW_UPS.search(line) and not _QUIET.search(line):
            return line.strip()
    return ""
