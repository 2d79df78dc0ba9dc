"""Kind of a document: which of the known ones it declares, or what it is instead."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.field import plain
from reconciler.fleet import Fleet
from reconciler.kind import Kind
from reconciler.problem import Problem
from reconciler.resource import Json
from reconciler.validate.kubernetes import EXTERNAL, is_list, is_object
from reconciler.validate.places import at_key, at_value, shown_name
from reconciler.validate.suggest import did_you_mean
from reconciler.yaml import Document

Kinds = Mapping[tuple[str, str], Kind]


def kind_of(document: Document, kinds: Kinds, fleet: Fleet) -> tuple[Kind | None, list[Problem]]:
    """Find the kind of a document, or say what is wrong with its apiVersion and kind.

    Hints are of the platforms that the fleet has.
    """
    usual = {key: kind for key, kind in kinds.items() if fleet.targets_of(kind.provider)} or kinds
    value = document.value
    if not isinstance(value, dict):
        problem = Problem("RC102", "a document is not a mapping of fields", hint=_first_lines(usual))
        return None, [at_value(document, "", problem)]
    missing = [field for field in ("apiVersion", "kind") if not isinstance(value.get(field), str)]
    if missing:
        problem = Problem("RC102", f"a document has no {' and no '.join(missing)}", hint=_first_lines(usual))
        return None, [at_key(document, f"/{missing[0]}" if missing[0] in value else "", problem)]
    kind = kinds.get((value["apiVersion"], value["kind"]))
    return kind, [] if kind else [_unknown(document, kinds, usual)]


def _first_lines(kinds: Kinds) -> str:
    """Show how a manifest starts, by the commonest sort: a job that finishes."""
    usual = next((kind for kind in kinds.values() if kind.finishes), None)
    if usual is None:
        return "start it with apiVersion: and kind:"
    return f"start it with apiVersion: {usual.api_version} and kind: {usual.name}, for example"


def _unknown(document: Document, kinds: Kinds, usual: Kinds) -> Problem:
    version, name = document.value["apiVersion"], document.value["kind"]
    elsewhere = _elsewhere(document.value, usual)
    if elsewhere:
        return at_value(document, "/kind", elsewhere)
    versions = {known for known, _ in kinds}
    if version not in versions:
        homes = [known for known, kind in kinds if kind == name]
        hint = f"write apiVersion: {homes[0]}" if homes else did_you_mean(version, versions)
        problem = Problem("RC102", f'unknown apiVersion "{shown_name(version)}"', hint=hint)
        return at_value(document, "/apiVersion", problem)
    return at_value(document, "/kind", _unknown_kind(version, name, kinds))


def _unknown_kind(version: str, name: str, kinds: Kinds) -> Problem:
    here = [kind for (known, _), kind in kinds.items() if known == version]
    called = {plain(word): kind.name for kind in here for word in kind.called}
    if plain(name) in called:
        hint = f"write kind: {called[plain(name)]}"
    else:
        hint = did_you_mean(name, [kind.name for kind in here])
    return Problem("RC102", f'unknown kind "{shown_name(name)}" in {version}', hint=hint)


def _elsewhere(value: Mapping[str, Json], kinds: Kinds) -> Problem | None:
    """Name a document that belongs to something else, as a whole."""
    name = value["kind"]
    if name == "Fleet":
        return Problem("RC102", "a fleet file is not a manifest", hint="keep it outside the manifests folder")
    if is_list(value):
        hint = "write each of its items as a document of its own, with --- between them"
        return Problem("RC102", "a list of objects is not a manifest", hint=hint)
    if not is_object(value):
        return None
    own = next(iter(kinds.values()), None)
    wrapped = f"declare kind: {EXTERNAL} with this object under spec.manifest" if _has_external(kinds) else ""
    namesake = next((version for version, kind in kinds if kind == name), "")
    own_fields = f"write apiVersion: {namesake}, and in spec that kind's own fields" if namesake else ""
    hint = wrapped or own_fields or (did_you_mean(name, [kind for _, kind in kinds]) if own else "")
    return Problem("RC102", f"{name} is a kind of Kubernetes, not of this fleet's platforms", hint=hint)


def _has_external(kinds: Kinds) -> bool:
    return any(kind == EXTERNAL for _, kind in kinds)
