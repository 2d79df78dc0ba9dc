"""References: what each manifest says must come first, found among the manifests of the fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.problem import Problem
from reconciler.resource import Json, Resource, ResourceKey
from reconciler.validate.declare import Declared
from reconciler.validate.places import at_value, value_at
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
    for one in declared:
        keys: list[ResourceKey] = []
        for index, reference in enumerate(one.document.value.get("dependsOn") or ()):
            found, problem = _referenced(one, index, reference, by_name)
            keys += [found] if found is not None else []
            is_promised = (reference["kind"], reference["name"]) in promised
            problems += [problem] if problem and not is_promised else []
        followed, unknown = _followed(one, declared, promised)
        problems += unknown
        resources.append(replace(one.resource, depends_on=tuple(keys), follows=tuple(followed)))
    return resources, problems


def _followed(
    one: Declared, declared: Sequence[Declared], promised: set[tuple[str, str]]
) -> tuple[list[ResourceKey], list[Problem]]:
    """Find the jobs for which the platform holds an object back, by the names that its spec lists."""
    keys: list[ResourceKey] = []
    problems: list[Problem] = []
    for pointer, name in _names_followed(one):
        found = [other for other in declared if _is_named(other, name, one.resource.key)]
        job = next((other for other in found if other.kind.ends(other.resource.spec)), None)
        if job is None:
            is_promised = not found and any(name == promise for _, promise in promised)
            problems += [] if is_promised else [_no_job(one, pointer, name, found, declared)]
        elif job is one:
            what = f"{one.resource.key} depends on itself"
            problems.append(
                at_value(one.document, pointer, Problem("RC122", what, hint="delete the reference"))
            )
        else:
            keys.append(job.resource.key)
    return keys, problems


def _names_followed(one: Declared) -> Iterator[tuple[str, str]]:
    for pointer in one.kind.follows:
        listed = value_at(one.document.value, pointer)
        for index, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str):
                yield f"{pointer}/{index}", name


def _is_named(other: Declared, name: str, own: ResourceKey) -> bool:
    key = other.resource.key
    return (key.target, key.scope, key.name) == (own.target, own.scope, name)


def _no_job(
    one: Declared, pointer: str, name: str, found: Sequence[Declared], declared: Sequence[Declared]
) -> Problem:
    """Say why a name is none of a job that can be waited for."""
    own = one.resource.key
    if found:
        kind = found[0].kind.name
        what = f"{kind}/{name} never finishes, so that this would wait for ever"
        hint = f"write dependsOn: [{{kind: {kind}, name: {name}}}], which waits until it is healthy"
        return at_value(one.document, pointer, Problem("RC107", what, hint=hint))
    jobs = [o for o in declared if o is not one and o.kind.ends(o.resource.spec)]
    names = [o.resource.key.name for o in jobs if _is_named(o, o.resource.key.name, own)]
    best = near(name, names)
    hint = f'did you mean "{best}"?' if best else "declare it, or delete the reference"
    problem = Problem("RC121", f'no job "{name}" is declared in {own.scope}', hint=hint)
    return at_value(one.document, pointer, problem)


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
