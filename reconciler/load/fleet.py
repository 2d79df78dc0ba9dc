"""The fleet file: found upwards, read with the manifests' discipline, turned into a Fleet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.errors import FleetError
from reconciler.fleet import Fleet, Limits, Store, Target
from reconciler.hosts import is_loopback
from reconciler.load.files import Unreadable, read_file
from reconciler.problem import Location, Problem
from reconciler.resource import EMPTY, HealthPolicy, Json, Lifecycle
from reconciler.secret import names_credential
from reconciler.validate import credentials, stored_fleet_schema
from reconciler.validate.interpolation import uses_in
from reconciler.validate.judge import judge_for
from reconciler.validate.places import at_value, without_secrets
from reconciler.validate.policy import health_from, lifecycle_from, not_honoured, seconds
from reconciler.yaml import FILE_LIMITS, Document, parse

NAME = "reconciler.yaml"
_INTERPOLATED = ("url", "auth", "clusterApi")


def find_fleet(cwd: Path) -> Path:
    """Find the fleet file in a folder or above it. Raises FleetError (RC202) where there is none."""
    folder = Path(os.path.realpath(cwd))
    for place in (folder, *folder.parents):
        if (place / NAME).is_file():
            return place / NAME
    what = f"no {NAME} in {folder} or above it"
    hint = "run reconciler init, or name one with --fleet FILE"
    raise FleetError(problems=[Problem("RC202", what, hint=hint)])


def load_fleet(path: str | Path | None = None, *, cwd: Path, environ: Mapping[str, str] = EMPTY) -> Fleet:
    """Read a fleet file, the one found upwards from `cwd` where none is named. Nothing is resolved.

    A folder stands for the reconciler.yaml in it.

    Of `environ` only RECONCILER_FLEET is read, which names a file where `path` does not. Raises
    FleetError with every problem.
    """
    named = path or environ.get("RECONCILER_FLEET")
    absolute = cwd / named if named else find_fleet(cwd)
    absolute = absolute / NAME if absolute.is_dir() else absolute
    shown = os.path.relpath(absolute, cwd)
    shown = str(absolute) if shown.startswith("..") else shown
    document = _document(absolute, shown)
    problems = [*judge_for(stored_fleet_schema()).problems(document), *credentials.check(document)]
    if not any(problem.is_error for problem in problems):
        problems += [*_clear_text(document), *_interpolations(document)]
        problems += [*_policies(document), *_journal(document)]
    if any(problem.is_error for problem in problems):
        raise FleetError(problems=sorted(map(_of_the_fleet, problems), key=_in_file_order))
    return _fleet(document, shown, str(Path(os.path.realpath(absolute)).parent))


def _document(path: Path, shown: str) -> Document:
    try:
        parsed = parse(read_file(path, shown, FILE_LIMITS.bytes), shown)
    except Unreadable as error:
        code = "RC100" if os.path.lexists(path) else "RC202"
        raise FleetError(problems=[replace(error.problem, code=code)]) from error
    if parsed.problems:
        raise FleetError(problems=parsed.problems)
    if len(parsed.documents) != 1 or not isinstance(parsed.documents[0].value, dict):
        what = f"{len(parsed.documents)} documents, where one is needed"
        if len(parsed.documents) == 1:
            what = "the document is not a mapping of fields"
        raise FleetError(problems=[Problem("RC201", what, Location(shown), hint="run reconciler init")])
    return parsed.documents[0]


def _in_file_order(problem: Problem) -> tuple[int, int]:
    return (problem.location.line, problem.location.column) if problem.location else (0, 0)


def _of_the_fleet(problem: Problem) -> Problem:
    """Keep what is said about a value, under the fleet's own code where it is about shape."""
    is_shape = problem.code in ("RC103", "RC104", "RC105", "RC108", "RC109")
    return without_secrets(replace(problem, code="RC201") if is_shape else problem)


def _clear_text(document: Document) -> Iterator[Problem]:
    """Find credentials of targets that git would keep, whatever they look like; an emulator has none."""
    for name, block in document.value["targets"].items():
        if _is_here(block.get("url") or ""):
            continue
        for field, value in (block.get("auth") or {}).items():
            if isinstance(value, str) and names_credential(field) and not [*uses_in(value)]:
                what = f"targets.{name}.auth.{field} is written out"
                hint = "write ${{ secrets.NAME }}, and give NAME to the run as an environment variable"
                problem = Problem("RC112", what, why="git keeps it for ever", hint=hint)
                yield replace(at_value(document, f"/targets/{name}/auth/{field}", problem), excerpt="")


def _is_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _interpolations(document: Document) -> Iterator[Problem]:
    for pointer, use in uses_in(document.value):
        parts = pointer.split("/")
        is_allowed = len(parts) > 3 and parts[1] == "targets" and parts[3] in _INTERPOLATED
        if not is_allowed:
            hint = "only url, auth and clusterApi of a target are interpolated"
            yield at_value(
                document, pointer, Problem("RC111", f"{use.text[:60]} stands in a wrong place", hint=hint)
            )
        elif not use.store:
            hint = "write ${{ vars.NAME }} or ${{ secrets.NAME }}"
            yield at_value(document, pointer, Problem("RC111", "not an interpolation", hint=hint))
        elif parts[3] != "auth" and use.name not in document.value.get(use.store, ()):
            what = f"{use.store}.{use.name} is not listed under {use.store}:"
            yield at_value(document, pointer, Problem("RC111", what, hint=f"add {use.name} to {use.store}:"))


def _policies(document: Document) -> Iterator[Problem]:
    for field, problem in not_honoured(document.value.get("lifecycle")):
        yield at_value(document, f"/lifecycle/{field}", problem)


def _journal(document: Document) -> Iterator[Problem]:
    """Find what is wrong with the `journal:` block beyond its shape."""
    block = document.value.get("journal") or {}
    if block.get("store") != "git":
        for field in ("remote", "leaseTimeout"):
            if block.get(field) is not None:
                hint = "write store: git, or leave it out"
                problem = Problem("RC201", f"journal.{field} is for store: git", hint=hint)
                yield at_value(document, f"/journal/{field}", problem)
        return
    if wrong := _remote_problem(block.get("remote") or Store().remote):
        yield at_value(document, "/journal/remote", wrong)
    stated = block.get("leaseTimeout")
    if stated is not None and not 60 <= seconds(stated) <= 86_400:
        problem = Problem("RC201", f"journal.leaseTimeout is {stated}", hint="write 1m to 24h, such as 15m")
        yield at_value(document, "/journal/leaseTimeout", problem)


def _remote_problem(remote: str) -> Problem | None:
    """Say why git must not be given a remote: it is an option or a program to git, or holds a password."""
    if re.match(r"https?://[^/]*@|[a-z+]+://[^/]*:[^/]*@", remote, re.IGNORECASE):
        what = "journal.remote holds a credential"
        return Problem("RC201", what, hint="name the remote (origin), or let git's credential helper know it")
    if remote.startswith("-") or "::" in remote or not remote.isprintable():
        return Problem("RC201", "journal.remote is no name or URL of a git remote", hint="write origin")
    return None


def _store(block: Mapping[str, Json]) -> Store:
    usual = Store()
    stated = block.get("leaseTimeout")
    return Store(
        is_shared=block.get("store") == "git",
        remote=block.get("remote") or usual.remote,
        lease_timeout_s=usual.lease_timeout_s if stated is None else seconds(stated),
    )


def _fleet(document: Document, shown: str, root: str) -> Fleet:
    value: Mapping[str, Json] = document.value
    stated = {key: item for key, item in value.items() if item is not None}
    return Fleet(
        id=value["metadata"]["id"],
        name=value["metadata"]["name"],
        file=shown,
        root=root,
        targets={name: _target(document, name, block) for name, block in value["targets"].items()},
        manifests=tuple(stated.get("manifests", ("manifests",))),
        vars=tuple(stated.get("vars", ())),
        secrets=tuple(stated.get("secrets", ())),
        limits=_limits(stated.get("guard", {})),
        journal=_store(stated.get("journal", {})),
        allowed_hosts=tuple(stated.get("allowedHosts", ())),
        lifecycle=stated.get("lifecycle", {}),
        health=stated.get("health", {}),
        default_lifecycle=lifecycle_from(value.get("lifecycle"), Lifecycle()),
        default_health=health_from(value.get("health"), HealthPolicy()),
    )


def _target(document: Document, name: str, block: Mapping[str, Json]) -> Target:
    scope = block.get("scope") or {}
    scopes = [*(scope.get("projects") or ()), *(scope.get("workspaces") or ())]
    settings = {key: value for key, value in block.items() if value is not None}
    places = {path: document.place(f"/targets/{name}/{path.replace('.', '/')}") for path in _paths(settings)}
    return Target(name, block["provider"], block.get("url") or "", tuple(scopes), settings, places)


def _paths(settings: Mapping[str, Json]) -> Iterator[str]:
    for key, value in settings.items():
        yield key
        if isinstance(value, Mapping):
            yield from (f"{key}.{inner}" for inner in value if "/" not in inner and "." not in inner)


def _limits(guard: Mapping[str, Json]) -> Limits:
    usual = Limits()
    destroy, create = guard.get("maxDestroy") or {}, guard.get("maxCreate") or {}

    def stated(block: Mapping[str, Json], field: str, default: float) -> float:
        value = block.get(field)
        return float(default if value is None else value)

    return Limits(
        destroy_count=int(stated(destroy, "count", usual.destroy_count)),
        destroy_percent=stated(destroy, "percent", usual.destroy_percent),
        create_count=int(stated(create, "count", usual.create_count)),
        create_percent=stated(create, "percent", usual.create_percent),
        gpu_hours=stated(guard, "maxGpuHoursLost", usual.gpu_hours),
    )
