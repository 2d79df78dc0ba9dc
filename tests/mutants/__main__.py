"""`make mutants`: plant each bug in a copy of the checkout, and see the tests named with it fail.

`python -m tests.mutants WORD...` plants those alone that have one of the words in their file or sentence.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.mutant import Mutant
from tests.mutants.planted import PLANTED

ROOT = Path(__file__).resolve().parents[2]
_LONGEST_S = 600
_FAILED = 1
"""How pytest ends when a test fails. Any other end, as for code that cannot be read, proves nothing."""


def main(words: Sequence[str] = ()) -> int:
    """Print what became of each; give 1 where one lives."""
    began, alive = time.monotonic(), 0
    chosen = [one for one in PLANTED if not words or any(word in f"{one.file} {one.what}" for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        _copied(copy)
        for mutant in chosen:
            is_killed = killed(mutant, copy)
            alive += not is_killed
            sys.stdout.write(f"{'killed' if is_killed else 'ALIVE '}  {mutant.file}: {mutant.what}\n")
            sys.stdout.flush()
    dead = len(chosen) - alive
    sys.stdout.write(f"{dead} of {len(chosen)} planted bugs killed, {time.monotonic() - began:.0f} s\n")
    return bool(alive)


def killed(mutant: Mutant, copy: Path) -> bool:
    """Tell whether a test fails with this bug in the copy, which is as it was afterwards."""
    file = copy / "reconciler" / mutant.file
    text = file.read_text()
    file.write_text(text.replace(mutant.right, mutant.wrong))
    try:
        words = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-cov", *mutant.tests]
        command = [sys.executable, "-m", "pytest", *words]
        done = subprocess.run(command, cwd=copy, capture_output=True, timeout=_LONGEST_S)
        return done.returncode == _FAILED
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(text)


def _copied(copy: Path) -> None:
    """Copy what git has of this checkout, as it lies here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
