"""Pod: one part of a spec that describes a container, with what lints ask of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from reconciler.finding import Part, found, items_of
from reconciler.pointer import pointer_to
from reconciler.problem import Problem
from reconciler.program import Program, program_of
from reconciler.resource import Json


@dataclass(frozen=True)
class Pod:
    """Hold the fields of one container, nulls left out, and the pointer they stand at.

    `has_template`: a template may bring what is not stated.
    """

    pointer: str
    spec: Mapping[str, Json]
    has_template: bool = False

    @cached_property
    def program(self) -> Program:
        """Read what the container starts."""
        return program_of(self.spec.get("command"), self.spec.get("args"))

    @property
    def own(self) -> Part:
        """Give the container itself as a part."""
        return Part(self.pointer, self.spec)

    def at(self, *path: str) -> str:
        """Give the pointer of a field below it."""
        return pointer_to(path, self.pointer)

    def part(self, name: str) -> Part:
        """Find an object of this container; without fields where it is not stated."""
        found = self.spec.get(name)
        return Part(self.at(name), found if isinstance(found, Mapping) else {})

    def items(self, *names: str) -> Iterator[Part]:
        """Walk the items of a list of this container."""
        owner = self.part(names[0]) if len(names) > 1 else self.own
        yield from items_of(owner, names[-1])

    @property
    def starts_at(self) -> str:
        """Point at what it starts: its arguments, or its command where there are none."""
        return self.at("args" if "args" in self.spec else "command")


def containers(tree: Json, pointer: str = "/spec") -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Find the containers of every pod in a Kubernetes manifest, with their pointers."""
    if not isinstance(tree, Mapping):
        return
    for name, value in tree.items():
        below = pointer_to((name,), pointer)
        if name == "containers":
            yield from ((item.pointer, item.fields) for item in items_of(Part(pointer, tree), name))
        elif isinstance(value, list):
            for item in items_of(Part(pointer, tree), name):
                yield from containers(item.fields, item.pointer)
        else:
            yield from containers(value, below)


def warned(code: str, pointer: str, says: str, hint: str) -> Problem:
    """Report what is probably not meant; the message starts with the field's path."""
    return found(code, pointer, says, hint, warning=True)
