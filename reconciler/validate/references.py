"""References: what each manifest says must come first, found among the manifests of the fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.problem import Problem
from reconciler.resource import Json, Resource, ResourceKey
from reconciler.validate.declare import Declared
from reconciler.validate.following import followed_by, neighbours_of
from reconciler.validate.places import at_value
from reconciler.validate.suggest import near
from reconciler.yaml import Document


def with_references(
    declared: Sequence[Declared], broken: Sequence[Document] = ()
) -> tuple[list[Resource], list[Problem]]:
    """Resolve what each manifest depends on. Names in `broken` documents are not called undeclared."""
    promised = {_named(document.value) for document in broken}
    by_name: dict[tuple[str, str, str], list[ResourceKey]] = {}
    for one in declared:
        key = one.resource.key
        by_name.setdefault((key.kind.casefold(), key.scope, key.name), []).append(key)
    resources, problems = [], []
    neighbours = neighbours_of(declared)
    for one in declared:
        keys: list[ResourceKey] = []
        for index, reference in enumerate(one.document.value.get("dependsOn") or ()):
            found, problem = _referenced(one, index, reference, by_name)
            keys += [found] if found is not None else []
            is_promised = (reference["kind"], reference["name"]) in promised
            problems += [problem] if problem and not is_promised else []
        followed, unknown = followed_by(one, neighbours, promised)
        problems += unknown
        resources.append(replace(one.resource, depends_on=tuple(keys), follows=tuple(followed)))
    return resources, problems


def _named(value: Json) -> tuple[str, str]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return (str(value.get("kind")), str(name)) if isinstance(value, dict) else ("", "")


def _referenced(
    one: Declared,
    index: int,
    reference: Mapping[str, Json],
    by_name: Mapping[tuple[str, str, str], list[ResourceKey]],
) -> tuple[ResourceKey | None, Problem | None]:
    own = one.resource.key
    scope = reference.get("project") or reference.get("workspace") or own.scope
    kind, name = reference["kind"], reference["name"]
    found = by_name.get((kind.casefold(), scope, name), []) or by_name.get((kind.casefold(), "", name), [])
    for key in sorted(found, key=lambda key: key.target != own.target):
        if key != own:
            return key, None
    if found:
        problem = Problem("RC122", f"{own} depends on itself", hint="delete the reference")
        return None, at_value(one.document, f"/dependsOn/{index}/name", problem)
    known = [f"{key.kind}/{key.name}" for keys in by_name.values() for key in keys if key.scope == scope]
    best = near(f"{kind}/{name}", known)
    hint = f'did you mean "{best}"?' if best else "declare it, or delete the reference"
    problem = Problem("RC121", f"{kind}/{name} is not declared in {scope or 'the fleet'}", hint=hint)
    return None, at_value(one.document, f"/dependsOn/{index}/name", problem)
