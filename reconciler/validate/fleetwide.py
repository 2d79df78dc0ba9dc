"""Rules over all manifests at once: no object twice, no circle of dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.problem import Problem
from reconciler.resource import Resource, ResourceKey
from reconciler.validate.declare import Declared
from reconciler.validate.places import at_key, at_value
from reconciler.yaml import Document


def duplicates(every: Iterable[Declared]) -> Iterator[Problem]:
    """Find objects that two manifests declare, and names that clash across kinds."""
    first: dict[tuple[str, ...], Declared] = {}
    for one in every:
        before = first.setdefault(one.holds_name, one)
        if before is one:
            continue
        key, other = one.resource.key, before.resource.key
        what = f"{key} is declared twice" if key == other else f"{key} has the name of {other}"
        why = "" if key == other else f"names are unique in a {one.kind.scope_word} across these kinds"
        place = before.document.place("/metadata/name")
        hint = f"the other is at {place}; rename or delete one"
        yield at_value(one.document, "/metadata/name", Problem("RC120", what, why=why, hint=hint))


def cycles(resources: Sequence[Resource], documents: Mapping[ResourceKey, Document]) -> Iterator[Problem]:
    """Find circles of dependencies, each once, at the first manifest of the circle."""
    needs = {resource.key: (*resource.depends_on, *resource.follows) for resource in resources}
    done: set[ResourceKey] = set()
    for start in needs:
        circle = _circle_from(start, needs, done)
        if circle:
            first = min(circle)
            turned = circle[circle.index(first) :] + circle[: circle.index(first)]
            words = " → ".join(str(key) for key in (*turned, first))
            problem = Problem(
                "RC122", f"a circle of dependencies: {words}", hint="delete one of the references"
            )
            yield at_key(documents[first], "/dependsOn", problem)


def _circle_from(
    start: ResourceKey, needs: Mapping[ResourceKey, tuple[ResourceKey, ...]], done: set[ResourceKey]
) -> list[ResourceKey]:
    """Walk from one key without recursion; give the first circle met, marking what was walked."""
    path: list[ResourceKey] = []
    on_path: set[ResourceKey] = set()
    todo: list[tuple[ResourceKey, bool]] = [(start, False)]
    circle: list[ResourceKey] = []
    while todo:
        key, is_leaving = todo.pop()
        if is_leaving:
            path.pop()
            on_path.discard(key)
            done.add(key)
        elif key in on_path:
            circle = circle or path[path.index(key) :]
        elif key not in done:
            path.append(key)
            on_path.add(key)
            todo.append((key, True))
            todo += [(need, False) for need in needs.get(key, ())]
    return circle
