"""What a planted bug is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """Say what goes wrong, the line of `file` that is right and stands there once, the wrong one, and the
    tests that notice.
    """

    what: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]
