"""What a signature is, and what stands in lines that name no cause though they sound like it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from reconciler.cause.kind import Cause


class Weight(IntEnum):
    """Grade how much a line says, the most first.

    ROOT: it names what went wrong. PEER: ranks failed each other, which a failure of any one of them
    brings about. ENDING: it tells how a process ended, and not why.
    """

    ROOT = 3
    PEER = 2
    ENDING = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """Recognise several ways of saying one cause.

    `words` are in lower case: no line without one of them can match. `is_loud`: its writer calls it a
    warning and it is none.
    """

    cause: Cause
    words: tuple[str, ...]
    ways: tuple[str, ...]
    pattern: re.Pattern[str]
    weight: Weight
    is_loud: bool


def row(
    cause: Cause, words: str, *ways: str, weight: Weight = Weight.ROOT, is_loud: bool = False
) -> Signature:
    """Make a row of the table; `words` are parted by commas."""
    return Signature(cause, tuple(words.split(",")), ways, re.compile("|".join(ways)), weight, is_loud)


CONSEQUENCE = re.compile(
    r"See (?:root cause|stack trace).{0,12}above|stack trace for root cause|ChildFailedError"
    r"|failed \(exitcode: (?!-)|SIGTERM"
    r"|Sending process \d+|Terminating|Engine core init|EngineCore failed|EngineDeadError"
    r"|EngineCore encountered|died unexpectedly"
    r"|process group has NOT been destroyed|[Bb]roken ?[Pp]ipe|Connection reset|Connection closed by"
    r"|Back-off restarting"
    r"|remote process exited|Some NCCL operations have failed|taking the entire process down"
    r"|watchdog thread terminated"
    r"|Exception \(either an error or timeout\) detected|flight recorder|BrokenProcessPool"
    r"|ActorDiedError|WorkerCrashedError"
    r"|exited unexpectedly|HorovodInternalError|Error in atexit|Exception ignored in|CalledProcessError"
    r"|KeyboardInterrupt|SystemExit"
    r"|sigkill_handler|sigquit from|WorkerProc (?:initialization )?failed|Process received signal"
    r"|Fatal Python error: Aborted"
    r"|^Aborted|Unable to retrieve some image pull secrets|terminate called"
)
"""What stands in a line that only tells of a failure that is named elsewhere."""

HARMLESS = re.compile(
    r"NCCL WARN (?:Call to ibv_open_device|MSCCL|Missing \"iommu|NET/IB : No device)|ncclNetPlugin"
    r"|caller indicates that this is not a failure"
    r"|\bPASSED\b|\bok$|\b[Rr]etry(?:ing)?\b|\btrying again\b|\btry later\b|\battempt \d|attempts? left"
    r"|[Nn]ot a failure|Received request "
)
"""What stands in a line that has the words of a cause and is none."""
