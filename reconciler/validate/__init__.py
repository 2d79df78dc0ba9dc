"""Validate manifests offline: schema first, then what a schema cannot say, every error with its place.

Lives here: the schemas, the words for their errors, the semantic checks. May touch nothing but the
documents and the fleet it is given, and the schema files of this release. Reaches no network, reads no
environment, resolves no secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    with_references,
)
from reconciler.validate.fleetwide import cycles, duplicates
from reconciler.validate.judge import Judge, judge_for
from reconciler.validate.places import at_key, at_value, keyed_pointers
from reconciler.validate.suggest import did_you_mean
from reconciler.yaml import Document

__all__ = ["Validated", "stored_fleet_schema", "validate"]

Kinds = Mapping[tuple[str, str], Kind]


@dataclass(frozen=True, slots=True)
class Validated:
    """Hold the resources of all documents without an error, and every problem in file order."""

    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Tell whether nothing but warnings was found."""
        return not any(problem.is_error for problem in self.problems)


def validate(documents: Sequence[Document], fleet: Fleet, *, kinds: Kinds) -> Validated:
    """Check every document and build the resources they declare. Interpolations stay as written."""
    reading = _Reading(fleet, kinds)
    for document in documents:
        _read(document, reading)
    problems = [*reading.problems, *duplicates(reading.declared)]
    resources, unknown = with_references(reading.declared, reading.broken)
    sources = {one.resource.key: one.document for one in reading.declared}
    problems += [*unknown, *cycles(resources, sources)]
    return Validated(tuple(resources), tuple(sorted(set(problems), key=_in_file_order)))


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
    kind, unknown = _kind_of(document, reading.kinds)
    found += unknown
    one = None
    if kind is not None:
        one, problems = _judged(document, kind, reading)
        found += problems
    if one is None:
        reading.broken.append(document)
    else:
        reading.declared.append(one)
    keyed = {indexed: key for key, indexed in keyed_pointers(document.value).items()}
    reading.problems += [replace(p, pointer=keyed.get(p.pointer, p.pointer)) for p in found]


def _judged(document: Document, kind: Kind, reading: _Reading) -> tuple[Declared | None, list[Problem]]:
    name = (kind.api_version, kind.name)
    judge = reading.judges.get(name) or judge_for(kind_schema(kind), kind)
    reading.judges[name] = judge
    rejected = judge.problems(document)
    found = [*interpolation.check(document, reading.fleet), *rejected]
    target, without = target_of(document, kind, reading.fleet)
    envelope = [*check_envelope(document, kind, target)]
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


def _kind_of(document: Document, kinds: Kinds) -> tuple[Kind | None, list[Problem]]:
    value = document.value
    if not isinstance(value, dict):
        problem = Problem("RC102", "a document is not a mapping of fields", hint=_first_lines(kinds))
        return None, [at_value(document, "", problem)]
    missing = [field for field in ("apiVersion", "kind") if not isinstance(value.get(field), str)]
    if missing:
        problem = Problem("RC102", f"a document has no {' and no '.join(missing)}", hint=_first_lines(kinds))
        return None, [at_key(document, f"/{missing[0]}" if missing[0] in value else "", problem)]
    kind = kinds.get((value["apiVersion"], value["kind"]))
    return kind, [] if kind else [_unknown_kind(document, kinds)]


def _first_lines(kinds: Kinds) -> str:
    """Show how a manifest starts, by the commonest sort: a job that finishes."""
    usual = next((kind for kind in kinds.values() if kind.finishes), None)
    if usual is None:
        return "start it with apiVersion: and kind:"
    return f"start it with apiVersion: {usual.api_version} and kind: {usual.name}, for example"


def _unknown_kind(document: Document, kinds: Kinds) -> Problem:
    version, name = str(document.value["apiVersion"]), str(document.value["kind"])
    versions = {known for known, _ in kinds}
    if name == "Fleet":
        problem = Problem(
            "RC102", "a fleet file is not a manifest", hint="keep it outside the manifests folder"
        )
        return at_value(document, "/kind", problem)
    if version not in versions:
        problem = Problem(
            "RC102", f'unknown apiVersion "{version[:60]}"', hint=did_you_mean(version, versions)
        )
        return at_value(document, "/apiVersion", problem)
    names = [kind for known, kind in kinds if known == version]
    problem = Problem("RC102", f'unknown kind "{name[:60]}" in {version}', hint=did_you_mean(name, names))
    return at_value(document, "/kind", problem)


def _in_file_order(problem: Problem) -> tuple[str, int, int, str, str]:
    place = problem.location
    return (place.file, place.line, place.column, problem.code, problem.what) if place else ("", 0, 0, "", "")
