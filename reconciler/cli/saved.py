"""The file of a saved plan: written by `plan --out`, read by `apply --plan`."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import span_of

if TYPE_CHECKING:
    from reconciler.cli.options import Chosen, Consents
    from reconciler.cli.voice import Voice
    from reconciler.declare import Request, World
    from reconciler.fleet import Fleet
    from reconciler.plan.saved import Asked, Saved
    from reconciler.reconcile import Planned
    from reconciler.report.jsonform import Document
    from reconciler.resource import Json

LARGEST = 64 << 20
"""So many bytes may a saved plan have; ten thousand changes make about ten million."""

_DEEPEST = 64
_LONGEST_LIFE = timedelta(days=30)
_DEFAULT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Keep:
    """Say into which file a plan is saved and how long it is good."""

    file: str
    life: timedelta = _DEFAULT_LIFE


def keep_of(file: str | None, life: str, chosen: Chosen) -> Keep | None:
    """Read --out and --expires-in; None where no plan is to be saved. Raises click.UsageError."""
    if file is None:
        if life:
            raise click.UsageError("--expires-in says how long a saved plan is good; it needs --out FILE")
        return None
    if "-" in chosen.inputs:
        raise click.UsageError(
            "what comes on stdin cannot be read again; to save the plan, put it in a folder"
        )
    if why := _unwritable(Path(file)):
        raise click.UsageError(f'--out "{file}" cannot be written: {why}')
    return Keep(file, _lifetime(life) if life else _DEFAULT_LIFE)


def _unwritable(path: Path) -> str:
    """Say why a file cannot be put there; "" if it can."""
    if not path.name:
        return "it names no file"
    if not path.parent.is_dir():
        return f"{path.parent}: no such folder"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{path.parent}: it cannot be written"
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        return "it is not a regular file"
    return ""


def _lifetime(text: str) -> timedelta:
    life = span_of(text) or timedelta(0)
    if not timedelta(0) < life <= _LONGEST_LIFE:
        raise click.UsageError(f'--expires-in "{text}": write how long, up to 720h, like 30m, 24h or 1h30m')
    return life


def keep_plan(
    keep: Keep,
    planned: Planned,
    document: Document,
    *,
    fleet: Fleet,
    request: Request,
    world: World,
    voice: Voice,
) -> None:
    """Save a plan as the document that it is, with what binds it."""
    from reconciler.history.repeat import addresses
    from reconciler.plan.saved import Issued, sealed
    from reconciler.report.jsonform import json_text, stamp
    from reconciler.report.savedform import saved_document

    now = world.clock.now()
    issued = Issued(
        created=now,
        expires=now + keep.life,
        nonce=world.draw(16).hex(),
        asked=_asked(request),
        urls=addresses(fleet, planned.plan.targets, world),
    )
    voice.keep(json_text(saved_document(document, planned.plan, issued)), keep.file, sealed)
    voice.talk(f"saved the plan in {keep.file}, good until {stamp(issued.expires)}\n")


def _asked(request: Request) -> Asked:
    from reconciler.plan.saved import Asked

    return Asked(**{field.name: getattr(request, field.name) for field in fields(Asked)})


def repeat_words(keep: Keep, request: Request) -> str:
    """Write the command that applies a plan that was saved."""
    fleet = ("--fleet", request.fleet) if request.fleet else ()
    return shlex.join(["reconciler", "apply", *fleet, "--plan", keep.file])


def request_again(file: str, chosen: Chosen, consents: Consents, *, expect_digest: str) -> Request:
    """Give the request that a saved plan was made for, to plan again and compare.

    Raises click.UsageError where the command line says more of it, BrokenPlan for a file that is none.
    """
    from reconciler.declare import Request

    words = _words(chosen, consents)
    if said := [name for name, value in words.items() if value]:
        raise click.UsageError(f"--plan says what the run is about; leave out {', '.join(said)}")
    saved = load_plan(file)
    return Request(fleet=chosen.fleet, expect_digest=expect_digest, saved=saved, **asdict(saved.issued.asked))


def _words(chosen: Chosen, consents: Consents) -> dict[str, object]:
    """Give what a run is about by the names that people know it under."""
    return {
        "PATH and KIND/NAME": chosen.inputs,
        "--selector": chosen.selector,
        "--target": chosen.targets,
        "--project": chosen.projects,
        "--strict": chosen.strict,
        "--no-prune": consents.no_prune,
        "--partial": consents.partial,
        "--run": consents.runs,
        "--adopt": consents.adopts,
        "--allow": consents.allow,
    }


def load_plan(file: str) -> Saved:
    """Open the file of a saved plan. Raises BrokenPlan for one that is none, or not as it was saved."""
    from reconciler.errors import BrokenPlan
    from reconciler.load.files import Unreadable, read_file
    from reconciler.problem import Location, Problem

    try:
        return plan_in(read_file(Path(file), file, LARGEST))
    except Unreadable as wrong:
        raise BrokenPlan(problems=[replace(wrong.problem, why="", hint="")]) from wrong
    except ValueError as wrong:
        what = "the file is no saved plan, or not as it was saved"
        hint = "copy it again, or make a new plan with plan --out"
        raise BrokenPlan(
            problems=[Problem("RC310", what, Location(file), why=str(wrong), hint=hint)]
        ) from wrong


def plan_in(data: bytes) -> Saved:
    """Read a saved plan: its bytes as they were sealed, its JSON strict. Raises ValueError saying why not."""
    from reconciler.plan.saved import check_seal, read_saved
    from reconciler.transport.strict import read_json

    check_seal(data)
    return read_saved(_shallow(read_json(data)))


def _shallow(document: Json) -> Json:
    """Give a document back. Raises ValueError where it is nested deeper than any plan."""
    level = [document]
    for _ in range(_DEEPEST):
        inner = [part for part in level if isinstance(part, Mapping | list) and part]
        if not inner:
            return document
        level = [item for part in inner for item in (part.values() if isinstance(part, Mapping) else part)]
    raise ValueError("it is nested too deeply")
