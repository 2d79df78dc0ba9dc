"""Explained codes: problem codes and exit codes, with an example and a way out of each.

The texts are files, so that a test can compare them with what the program says and the docs hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from reconciler.errors import ExitCode
from reconciler.explain.told import CodeTold, ExitTold
from reconciler.problem import CODES

_TEXTS = Path(__file__).parent / "codes"


def code_told(word: str) -> CodeTold | None:
    """Explain a problem code, `RC103` or `103`; None for what is none."""
    code = word.strip().upper()
    code = f"RC{code}" if code.isdecimal() else code
    if code not in CODES:
        return None
    texts = _texts()[code]
    return CodeTold(code, CODES[code], texts["means"], texts["example"].strip("\n"), texts["mend"])


def exit_told(word: str) -> ExitTold | None:
    """Explain an exit code by its number or its name; None for what is none."""
    asked = word.strip().casefold()
    return next((told for told in exits() if asked in (str(int(told.code)), told.label)), None)


@cache
def exits() -> tuple[ExitTold, ...]:
    """Give every exit code with its texts."""
    texts = _read("exits")
    return tuple(ExitTold(code, texts[code.label]["means"], texts[code.label]["mend"]) for code in ExitCode)


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for part in ("manifests", "lints", "fleet", "plans", "platform", "health"):
        found |= _read(part)
    return found


def _read(name: str) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((_TEXTS / f"{name}.toml").read_text(encoding="utf-8"))
