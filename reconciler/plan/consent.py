"""Consents: the closed list of words with which a person lets one guarded thing happen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.resource import ResourceKey

FLAGS = ("empty", "shrunk", "older-commit")
WORDS = "destroy=N, create=N, gpu-hours=N, replace=KEY, delete=KEY, empty, shrunk, older-commit"


@dataclass(frozen=True, slots=True)
class Consents:
    """Hold what `--allow` and RECONCILER_ALLOW said. Numbers are new limits; keys are as typed."""

    destroy: int | None = None
    create: int | None = None
    gpu_hours: float | None = None
    replace: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    def allows_replace(self, key: ResourceKey) -> bool:
        """Tell whether `replace=KEY` names this object."""
        return any(key.answers_to(words) for words in self.replace)

    def allows_delete(self, key: ResourceKey) -> bool:
        """Tell whether `delete=KEY` names this object."""
        return any(key.answers_to(words) for words in self.delete)


def parse_consents(words: Iterable[str]) -> Consents:
    """Read consent words, several in one separated by commas or spaces.

    Raises ValueError naming the word and the whole list.
    """
    numbers: dict[str, float] = {}
    keys: dict[str, list[str]] = {"replace": [], "delete": []}
    flags: set[str] = set()
    for word in (part for text in words for part in text.replace(",", " ").split()):
        name, has_value, value = word.partition("=")
        if name in FLAGS and not has_value:
            flags.add(name)
        elif name in keys and value:
            keys[name].append(value)
        elif name in ("destroy", "create", "gpu-hours") and value.isascii() and value.isdigit():
            numbers[name] = int(value)
        else:
            raise ValueError(f'"{word}" is not a consent; there are {WORDS}')
    return Consents(
        destroy=None if "destroy" not in numbers else int(numbers["destroy"]),
        create=None if "create" not in numbers else int(numbers["create"]),
        gpu_hours=numbers.get("gpu-hours"),
        replace=tuple(keys["replace"]),
        delete=tuple(keys["delete"]),
        flags=frozenset(flags),
    )
