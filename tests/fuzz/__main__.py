"""`make fuzz`: read changed texts for FUZZ_SECONDS, from FUZZ_SEED on; faults are kept in fuzz-faults/."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.fuzz.inputs import inputs
from tests.fuzz.watch import Report, watching

FAULTS = Path("fuzz-faults")


def main() -> int:
    """Run until the time is over; give 1 where anything went wrong."""
    seconds, seed = float(os.environ.get("FUZZ_SECONDS", "300")), int(os.environ.get("FUZZ_SEED", "1"))
    end = time.monotonic() + seconds
    with watching() as watch:
        for data in inputs(seed):
            if time.monotonic() > end:
                break
            if fault := watch.give(data):
                _keep(watch.report, fault, data)
    sys.stdout.write(f"seed {seed}: {watch.report}\n")
    return bool(watch.report.faults)


def _keep(report: Report, fault: str, data: bytes) -> None:
    FAULTS.mkdir(exist_ok=True)
    path = FAULTS / f"{len(report.faults):03}.yaml"
    path.write_bytes(data)
    sys.stdout.write(f"{path}: {fault}\n")


if __name__ == "__main__":
    sys.exit(main())
