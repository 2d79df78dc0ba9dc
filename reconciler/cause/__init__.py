"""Cause: why a workload is not well, read from what its pods printed and what the platform says of them.

`line.py` reads one line, `table.py` holds what stands in a line that names a cause (`match.py` looks it up),
`trace.py` finds where tracebacks end, `pulse.py` whether a program went on, `diagnose.py` weighs it all.
Pure: lines in, a diagnosis out, in time linear in their length.
"""

from reconciler.cause.diagnose import Diagnosis, diagnose, names_no_failure
from reconciler.cause.evidence import Evidence, evidence_of
from reconciler.cause.kind import ABOUT, About, Cause
from reconciler.cause.line import read

__all__ = [
    "ABOUT",
    "About",
    "Cause",
    "Diagnosis",
    "Evidence",
    "diagnose",
    "evidence_of",
    "names_no_failure",
    "read",
]
