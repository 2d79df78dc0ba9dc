"""Following: the jobs that a spec lists by name, for which the platform itself holds an object back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.problem import Problem
from reconciler.resource import ResourceKey
from reconciler.validate.declare import Declared
from reconciler.validate.places import at_value, value_at
from reconciler.validate.suggest import near

Neighbours = Mapping[tuple[str, str], Mapping[str, Sequence[Declared]]]
"""What is declared in each scope of each target, by its name."""


def neighbours_of(declared: Sequence[Declared]) -> Neighbours:
    """Sort manifests by where they live and what they are called."""
    found: dict[tuple[str, str], dict[str, list[Declared]]] = {}
    for one in declared:
        key = one.resource.key
        found.setdefault((key.target, key.scope), {}).setdefault(key.name, []).append(one)
    return found


def followed_by(
    one: Declared, neighbours: Neighbours, promised: Collection[tuple[str, str]]
) -> tuple[list[ResourceKey], list[Problem]]:
    """Find the jobs that one manifest follows. What is `promised`, by kind and name, is not undeclared."""
    keys: list[ResourceKey] = []
    problems: list[Problem] = []
    own = one.resource.key
    here = neighbours[own.target, own.scope]
    for pointer, name in _names(one):
        found = here.get(name, ())
        job = next((other for other in found if _ends(other)), None)
        if job is not None and job is not one:
            keys.append(job.resource.key)
        elif job is one:
            problem = Problem("RC122", f"{own} depends on itself", hint="delete the reference")
            problems.append(at_value(one.document, pointer, problem))
        elif found or name not in {other for _, other in promised}:
            problem = _endless(found[0], name) if found else _unknown(one, name, here)
            problems.append(at_value(one.document, pointer, problem))
    return keys, problems


def _names(one: Declared) -> Iterator[tuple[str, str]]:
    for pointer in one.kind.follows:
        listed = value_at(one.document.value, pointer)
        for index, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str):
                yield f"{pointer}/{index}", name


def _ends(one: Declared) -> bool:
    return one.kind.ends(one.resource.spec)


def _endless(other: Declared, name: str) -> Problem:
    kind = other.kind.name
    what = f"{kind}/{name} never finishes, so that this would wait for ever"
    hint = f"write dependsOn: [{{kind: {kind}, name: {name}}}], which waits until it is healthy"
    return Problem("RC107", what, hint=hint)


def _unknown(one: Declared, name: str, here: Mapping[str, Sequence[Declared]]) -> Problem:
    jobs = [known for known, found in here.items() if any(_ends(each) and each is not one for each in found)]
    best = near(name, jobs)
    hint = f'did you mean "{best}"?' if best else "declare it, or delete the reference"
    return Problem("RC121", f'no job "{name}" is declared in {one.resource.key.scope}', hint=hint)
