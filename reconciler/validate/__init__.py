"""Validate manifests offline: schema first, then what a schema cannot say, every error with its place.

Lives here: the schemas, the words for their errors, the semantic checks. May touch nothing but the
documents and the fleet it is given, and the schema files of this release. Reaches no network, reads no
environment, resolves no secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.fleet import Fleet
from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.resource import Resource
from reconciler.stored import kind_schema, stored_fleet_schema
from reconciler.validate import credentials, interpolation
from reconciler.validate.declare import (
    Declared,
    check_envelope,
    check_spec,
    declare,
    target_of,
)
from reconciler.validate.fleetwide import cycles, duplicates
from reconciler.validate.ignored import ignored_fields
from reconciler.validate.judge import Judge, judge_for
from reconciler.validate.kind import Kinds, kind_of
from reconciler.validate.kubernetes import EXTERNAL
from reconciler.validate.newer import newer_fields
from reconciler.validate.places import keyed_pointers, without_secrets
from reconciler.validate.references import with_references
from reconciler.yaml import Document

__all__ = ["Validated", "stored_fleet_schema", "validate"]


@dataclass(frozen=True, slots=True)
class Validated:
    """Hold the resources of all documents without an error, and every problem in file order."""

    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Tell whether nothing but warnings was found."""
        return not any(problem.is_error for problem in self.problems)


def validate(
    documents: Sequence[Document], fleet: Fleet, *, kinds: Kinds, is_whole: bool = True
) -> Validated:
    """Check every document and build the resources they declare. Interpolations stay as written.

    `is_whole` False: more is declared in files that could not be read, so nothing is called undeclared.
    """
    reading = _Reading(fleet, kinds)
    for document in documents:
        _read(document, reading)
    problems = [*reading.problems, *duplicates(reading.declared)]
    resources, unknown = with_references(reading.declared, reading.broken)
    sources = {one.resource.key: one.document for one in reading.declared}
    problems += [*(p for p in unknown if is_whole or p.code != "RC121"), *cycles(resources, sources)]
    told = {without_secrets(problem) for problem in problems}
    return Validated(tuple(resources), tuple(sorted(told, key=_in_file_order)))


@dataclass(slots=True)
class _Reading:
    """Grow what one call finds. `broken` are the documents that declare nothing for their errors."""

    fleet: Fleet
    kinds: Kinds
    judges: dict[tuple[str, str], Judge] = field(default_factory=dict)
    declared: list[Declared] = field(default_factory=list)
    broken: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _read(document: Document, reading: _Reading) -> None:
    found = [*credentials.check(document)]
    kind, unknown = kind_of(document, reading.kinds, reading.fleet)
    found += unknown
    one = None
    if kind is not None:
        one, problems = _judged(document, kind, reading)
        found += problems
    if one is None:
        reading.broken.append(document)
    else:
        reading.declared.append(one)
    if found:
        keyed = {indexed: key for key, indexed in keyed_pointers(document.value).items()}
        reading.problems += [replace(p, pointer=keyed.get(p.pointer, p.pointer)) for p in found]


def _judged(document: Document, kind: Kind, reading: _Reading) -> tuple[Declared | None, list[Problem]]:
    name = (kind.api_version, kind.name)
    has_external = (kind.api_version, EXTERNAL) in reading.kinds and kind.name != EXTERNAL
    judge = reading.judges.get(name) or judge_for(kind_schema(kind), kind, has_external=has_external)
    reading.judges[name] = judge
    rejected = [*judge.problems(document), *ignored_fields(document, judge.root)]
    found = [*interpolation.check(document, reading.fleet), *rejected]
    target, without = target_of(document, kind, reading.fleet)
    envelope = [*check_envelope(document, kind, target)]
    envelope += newer_fields(document, kind, judge.root, target) if target else []
    found = [*_unless_said(found, envelope), *without, *envelope]
    if rejected or target is None:
        return None, found
    one = declare(document, kind, target, reading.fleet)
    said = {problem.location for problem in found if problem.code == "RC130"}
    more = [p for p in check_spec(one) if p.code != "RC130" or p.location not in said]
    return one, [*found, *more]


def _unless_said(found: Sequence[Problem], envelope: Sequence[Problem]) -> list[Problem]:
    """Leave out what a schema says of a lifecycle field where its own rule says more."""
    said = {problem.pointer for problem in envelope if problem.code == "RC110"}
    return [problem for problem in found if problem.pointer not in said]


def _in_file_order(problem: Problem) -> tuple[str, int, int, str, str]:
    place = problem.location
    return (place.file, place.line, place.column, problem.code, problem.what) if place else ("", 0, 0, "", "")
