"""Declare: from the words of a command line to the objects git wants. Offline, and light to import."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.clock import Clock
from reconciler.declare.narrow import Narrowing
from reconciler.declare.wish import with_state
from reconciler.errors import ManifestError, UsageError
from reconciler.fleet import Fleet
from reconciler.kind import Kind
from reconciler.load import Loaded, load_fleet, load_manifests
from reconciler.problem import Problem
from reconciler.providers import kinds
from reconciler.resource import Resource
from reconciler.secret import Scrubber
from reconciler.validate import validate
from reconciler.validate.suggest import near

if TYPE_CHECKING:  # a validation plans nothing, and is to start fast
    from reconciler.plan.consent import Consents
    from reconciler.plan.saved import Saved


@dataclass(frozen=True, slots=True)
class Request:
    """Hold what the command line asked for. `inputs` are paths, `-`, or KIND/NAME.

    `strict` makes every warning about a manifest an error. `expect_digest` is how the digest of the
    plan must begin; "" for any. `run` names ended jobs to run once more, `adopt` live objects to take over.
    `saved` is the plan that must come out again, whose words these are. `state` is what the manifests would
    want if somebody changed them; "" for what they say.
    """

    fleet: str = ""
    inputs: tuple[str, ...] = ()
    selector: str = ""
    targets: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    prune: bool = True
    partial: bool = False
    allow: tuple[str, ...] = ()
    strict: bool = False
    expect_digest: str = ""
    run: tuple[str, ...] = ()
    adopt: tuple[str, ...] = ()
    saved: Saved | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Hold the doors to this machine that a run uses; tests own them. `tell` hears of long waits.

    `draw` gives so many random bytes.
    """

    environ: Mapping[str, str]
    cwd: Path
    clock: Clock
    read_stdin: Callable[[], bytes]
    scrubber: Scrubber
    tell: Callable[[str], None] = lambda _: None
    draw: Callable[[int], bytes] = os.urandom


@dataclass(frozen=True, slots=True)
class Checked:
    """Tell what validation found: errors and warnings, and how much was read."""

    fleet: Fleet
    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...]
    documents: int
    files: int


@dataclass(frozen=True)
class Declared:
    """Hold what git says; `resources` are those that this run is about."""

    request: Request
    fleet: Fleet
    resources: tuple[Resource, ...]
    narrowing: Narrowing
    problems: tuple[Problem, ...]
    loaded: Loaded
    cwd: Path

    @cached_property
    def consents(self) -> Consents:
        """Read the consents. Raises UsageError for a word that is none."""
        from reconciler.plan.consent import parse_consents

        try:
            return parse_consents(self.request.allow)
        except ValueError as wrong:
            raise UsageError(str(wrong)) from wrong

    @property
    def checked(self) -> Checked:
        """Give what `validate` shows; where paths narrow the run only the problems of their files."""
        files = self.narrowing.files
        shown = [p for p in self.problems if files is None or not p.location or p.location.file in files]
        documents, read = len(self.loaded.documents), len(self.loaded.files)
        if self.narrowing.why:
            documents, read = len(self.resources), len({r.source.file for r in self.resources})
        return Checked(
            fleet=self.fleet,
            resources=self.resources,
            problems=tuple(shown),
            documents=documents,
            files=read if files is None else len(files),
        )

    def raise_errors(self) -> None:
        """Raise ManifestError with every problem when one of them is an error."""
        if any(problem.is_error for problem in self.problems):
            raise ManifestError(problems=self.problems)


def declare(request: Request, world: World) -> Declared:
    """Load, validate and narrow. Raises FleetError for a bad fleet file, UsageError for bad words."""
    fleet = load_fleet(request.fleet or None, cwd=world.cwd, environ=world.environ)
    _must_have(fleet, request.targets)
    words = tuple(word for word in request.inputs if _names_object(word, world.cwd))
    paths = tuple(word for word in request.inputs if word not in words)
    is_inside = bool(paths) and all(_is_in_fleet(path, fleet, world.cwd) for path in paths)
    loaded = load_manifests(
        () if is_inside else paths, fleet=fleet, cwd=world.cwd, read_stdin=world.read_stdin
    )
    unread = {p.location.file for p in loaded.problems if p.location and not is_inside}
    is_whole = not any(problem.is_error for problem in loaded.problems)
    checked = validate(loaded.documents, fleet, kinds=kinds(), is_whole=is_whole)
    narrowing = Narrowing(
        files=_files_below(paths, loaded, world.cwd) | unread if paths and "-" not in paths else None,
        words=words,
        selector=request.selector,
        targets=request.targets,
        projects=request.projects,
        stdin="-" in paths,
    )
    problems = (*(_of_a_name(problem, paths) for problem in loaded.problems), *checked.problems)
    if request.strict:
        problems = tuple(problem.strictly for problem in problems)
    resources = _kept(narrowing, checked.resources, problems)
    if not any(problem.is_error for problem in problems):
        _must_finish(request.run, resources)
        _must_carry_marks(request.adopt, resources)
        if request.state:
            resources = with_state(resources, request.state, {kind.name: kind for kind in kinds().values()})
    return Declared(
        request=request,
        fleet=fleet,
        resources=resources,
        narrowing=narrowing,
        problems=problems,
        loaded=loaded,
        cwd=world.cwd,
    )


def _of_a_name(problem: Problem, paths: Sequence[str]) -> Problem:
    """Tell the reader of a path that is not there, and could be a name, how objects are named."""
    word = problem.location.file if problem.location else ""
    if problem.code != "RC100" or word not in paths or "." in word:
        return problem
    kind, _, name = word.rpartition("/")
    best = near(kind.rpartition("/")[2], {name for _, name in kinds()}) if kind else ""
    if best:
        return replace(problem, hint=f'did you mean "{best}/{name}"? Else check the path')
    return problem if kind else replace(problem, hint="check the path; an object is named KIND/NAME")


def _must_have(fleet: Fleet, targets: tuple[str, ...]) -> None:
    if unknown := [name for name in targets if name not in fleet.targets]:
        best = near(unknown[0], fleet.targets)
        hint = f'did you mean "{best}"?' if best else f"it has {', '.join(fleet.targets)}"
        raise UsageError(f"the fleet has no target {', '.join(unknown)}; {hint}")


def _kept(
    narrowing: Narrowing, resources: tuple[Resource, ...], problems: tuple[Problem, ...]
) -> tuple[Resource, ...]:
    try:
        kept = narrowing.keep(resources)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from wrong
    if not any(problem.is_error for problem in problems) and (lost := narrowing.unmatched(resources)):
        raise UsageError("; ".join(_unmatched(word, resources) for word in lost))
    if resources and not kept and narrowing.is_by_words:
        raise UsageError(f"{narrowing.why}: matches none of the {len(resources)} manifests")
    return kept


_SEVERAL = 3


def _unmatched(word: str, resources: Sequence[Resource]) -> str:
    """Say why a word does not name one manifest, and what may be meant."""
    named = sorted(str(resource.key) for resource in resources if resource.key.answers_to(word))
    if named:
        return f"{word}: names several manifests: {', '.join(named[:_SEVERAL])}; write one of them"
    spelt = [f"{resource.key.kind}/{resource.key.name}" for resource in resources]
    best = near(word, spelt if word.count("/") == 1 else map(str, (r.key for r in resources)))
    return f"{word}: names no manifest; " + (f'did you mean "{best}"?' if best else "write SCOPE/Kind/name")


def _must_finish(words: tuple[str, ...], resources: tuple[Resource, ...]) -> None:
    """Check that each word of --run names one declared job."""
    for word in words:
        named, kind = _the_one("--run", word, resources)
        if not kind.ends(named.spec):
            raise UsageError(f"--run {word}: it runs until it is removed; --run is for jobs, which finish")


def _must_carry_marks(words: tuple[str, ...], resources: tuple[Resource, ...]) -> None:
    """Check that each word of --adopt names one declared object of a kind that carries marks."""
    for word in words:
        _, kind = _the_one("--adopt", word, resources)
        if not kind.support.carries_mark:
            raise UsageError(f"--adopt {word}: a {kind.name} is claimed by being declared")


def _the_one(option: str, word: str, resources: tuple[Resource, ...]) -> tuple[Resource, Kind]:
    """Find the one manifest that a word names. Raises UsageError for none or several."""
    named = [resource for resource in resources if resource.key.answers_to(word)]
    if len(named) != 1:
        what = "several manifests" if named else "no manifest"
        raise UsageError(f"{option} {word}: names {what}; write SCOPE/Kind/name")
    return named[0], {kind.name: kind for kind in kinds().values()}[named[0].key.kind]


def _names_object(word: str, cwd: Path) -> bool:
    """Tell whether a word names an object (`Kind/name`, `scope/Kind/name`) and not a path."""
    if "/" not in word or (cwd / word).exists():
        return False
    names = {name.casefold() for _, name in kinds()}
    return any(part.casefold() in names for part in word.rpartition(":")[2].split("/")[:-1])


def _is_in_fleet(path: str, fleet: Fleet, cwd: Path) -> bool:
    if path == "-":
        return False
    place = (cwd / path).resolve()
    folders = [(Path(fleet.root) / folder).resolve() for folder in fleet.manifests]
    return place.exists() and any(place.is_relative_to(folder) for folder in folders)


def _files_below(paths: tuple[str, ...], loaded: Loaded, cwd: Path) -> frozenset[str]:
    roots = [(cwd / path).resolve() for path in paths]
    return frozenset(
        file for file in loaded.files if any((cwd / file).resolve().is_relative_to(root) for root in roots)
    )
