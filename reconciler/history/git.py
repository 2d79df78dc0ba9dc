"""The door to the git program: never through a shell, never asking anybody, never for ever."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.resource import EMPTY

SECONDS = 60.0
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--literal-pathspecs", "--no-pager")
_REACHING = (
    "GIT_ASKPASS",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSH_",
    "GIT_SSL_CA",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
)


def git(
    folder: Path,
    *arguments: str,
    given: bytes = b"",
    environ: Mapping[str, str] = EMPTY,
    seconds: float = SECONDS,
) -> subprocess.CompletedProcess[bytes] | None:
    """Run git in a folder; None where there is no git or no answer in time.

    `given` is what it reads on standard input, `environ` what is added to its environment.
    """
    try:
        return subprocess.run(  # noqa: S603 - no shell; arguments are ours, paths follow `--`
            ["git", "-C", str(folder), *_QUIET, *arguments],  # noqa: S607 - the user's own git, from PATH
            capture_output=True,
            check=False,
            env=_environment() | dict(environ),
            input=given,
            start_new_session=True,  # Ctrl-C is ours to answer, and nothing can ask at our terminal
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def how_to_reach() -> dict[str, str]:
    """Give the part of this environment by which git reaches a remote, without what would ask a person."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_REACHING)}
    return {**kept, "SSH_ASKPASS_REQUIRE": "never"}


def _environment() -> dict[str, str]:
    """Give git this environment without what would point it elsewhere or let it ask; configuration stays."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    config = {name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG_")}
    ours = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    return kept | config | ours
