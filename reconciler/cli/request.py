"""Between click and the story: the request that was typed, and the doors to this machine."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from reconciler.cli.options import Chosen, Consents
from reconciler.cli.voice import Voice
from reconciler.clock import SystemClock
from reconciler.declare import Request, World

_NONE = Consents()


def request_of(
    chosen: Chosen,
    voice: Voice,
    consents: Consents = _NONE,
    *,
    expect_digest: str = "",
) -> Request:
    """Give the request; consents also come from RECONCILER_ALLOW."""
    more = voice.environ.get("RECONCILER_ALLOW", "").replace(",", " ").split()
    return Request(
        fleet=chosen.fleet,
        inputs=chosen.inputs,
        selector=chosen.selector,
        targets=chosen.targets,
        projects=chosen.projects,
        prune=not consents.no_prune,
        partial=consents.partial,
        allow=(*consents.allow, *more),
        strict=chosen.strict,
        expect_digest=expect_digest,
        run=consents.runs,
        adopt=consents.adopts,
    )


def world_of(voice: Voice) -> World:
    """Open this machine's doors."""
    return World(
        environ=voice.environ,
        cwd=Path.cwd(),
        clock=SystemClock(),
        read_stdin=lambda: sys.stdin.buffer.read(),
        scrubber=voice.scrubber,
        tell=lambda words: voice.talk(f"{words}\n"),
    )


def apply_command(request: Request) -> str:
    """Write the command that applies to this fleet, for hints that go on with words of their own."""
    return shlex.join(["reconciler", "apply", *(["--fleet", request.fleet] if request.fleet else [])])


def apply_words(request: Request) -> str:
    """Write the command that applies what this request planned: the same part of the fleet, no more."""
    options = [("--fleet", request.fleet), ("-l", request.selector)]
    options += [("--target", name) for name in request.targets]
    options += [("-p", name) for name in request.projects] + [("--allow", word) for word in request.allow]
    options += [("--run", name) for name in request.run] + [("--adopt", name) for name in request.adopt]
    words = [word for name, value in options if value for word in (name, value)]
    flags = (
        ("--no-prune", not request.prune),
        ("--partial", request.partial),
        ("--strict", request.strict),
    )
    words += [flag for flag, holds in flags if holds]
    return shlex.join(["reconciler", "apply", *words, *request.inputs])
